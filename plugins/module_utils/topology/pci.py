# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PCI functions: their addresses, where they hang, and what drives them."""

from __future__ import annotations

import re

from ..cpuset import CpuSet
from ..host import Host
from .values import as_number, cpu_set, number, real

DEVICES = "/sys/bus/pci/devices"
# Domains have four digits, and more behind an Intel VMD (10000:00:02.0).
_ADDRESS = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\Z", re.ASCII)


def is_address(text: str) -> bool:
    """Whether this is a PCI address, e.g. 0000:3b:00.0."""
    return bool(_ADDRESS.match(text))


def addresses(host: Host) -> list[str]:
    """All PCI functions, in the order of the bus: hexadecimal, so VFs sort as numbers."""
    found = [name for name in host.names(DEVICES) if is_address(name)]
    return sorted(found, key=lambda name: [int(part, 16) for part in re.split("[:.]", name)])


def class_of(host: Host, address: str) -> int:
    """The class code, 0xCCSSPP; -1 where unknown."""
    text = host.read(f"{DEVICES}/{address}/class") or ""
    return int(text, 16) if re.match(r"0x[0-9a-f]{1,6}\Z", text, re.ASCII) else -1


def owner(path: str) -> str:
    """The PCI function a device path belongs to, be it itself or the parent of a virtio device.

    Empty for what is not on PCI, and for USB: its PCI function is the controller, not the device.
    """
    parts = path.split("/")
    if any(part.startswith("usb") for part in parts):
        return ""
    return next((part for part in reversed(parts) if is_address(part)), "")


def node_of(host: Host, path: str, node_cpus: dict[int, CpuSet]) -> int:
    """The NUMA node of a device, by its path: its own, that of the nearest parent that knows one, or -1.

    Firmware often tells the node of a root port alone. Where there are only local CPUs, their node is meant.
    """
    place = path
    while place.startswith("/sys/"):
        node = number(host, f"{place}/numa_node")
        if node in node_cpus:
            return node
        place = place.rsplit("/", 1)[0]
    local = cpu_set(host, f"{path}/local_cpus", f"{path}/local_cpulist")
    return next((node for node, cpus in node_cpus.items() if local and local <= cpus), -1)


def driver(host: Host, base: str) -> str:
    """The bound driver's name; empty for none."""
    return host.link(f"{base}/driver") or uevent(host, base).get("DRIVER", "")


def uevent(host: Host, base: str) -> dict[str, str]:
    """The device's uevent variables."""
    lines = (line.partition("=") for line in (host.read(f"{base}/uevent") or "").splitlines())
    return {key: value for key, _equals, value in lines}


def iommu_group(host: Host, base: str) -> int:
    """The IOMMU group's number; -1 without an IOMMU."""
    return as_number(host.link(f"{base}/iommu_group"))


def place(host: Host, address: str) -> str:
    """The device's folder with links resolved, so that its parents can be walked; its bus entry in a bare capture."""
    return real(host, f"{DEVICES}/{address}") or f"{DEVICES}/{address}"
