# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Virtual functions in sysfs: found by their PF's address and their number, bound, unbound, and who uses them."""

from __future__ import annotations

import contextlib
import json
import os
import re

from ..errors import UllError
from ..host import Host

DEVICES = "/sys/bus/pci/devices"
PROBE = "/sys/bus/pci/drivers_probe"
VFIO = "vfio-pci"
# Drivers that hand a device to user space.
USERSPACE = (VFIO, "uio_pci_generic", "igb_uio")
NONE = "none"

_ADDRESS = re.compile(r"[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\Z")
_VIRTFN = re.compile(r"virtfn(\d+)\Z", re.ASCII)


def is_address(text: str) -> bool:
    """Whether it is a whole PCI address, as sysfs writes it."""
    return bool(_ADDRESS.match(text))


def netdev(host: Host, pci: str) -> str:
    """The interface of a PCI function in this network namespace; empty for none."""
    names = host.names(f"{DEVICES}/{pci}/net")
    return names[0] if names else ""


def vf_address(host: Host, pf: str, index: int) -> str:
    """The PCI address of a VF; empty where there is none."""
    return host.link(f"{DEVICES}/{pf}/virtfn{index}") or ""


def vf_numbers(host: Host, pf: str) -> list[int]:
    """The numbers of the VFs there are, in their order: by name virtfn10 would come before virtfn2."""
    found = (_VIRTFN.match(name) for name in host.names(f"{DEVICES}/{pf}"))
    return sorted(int(match[1]) for match in found if match)


def driver(host: Host, pci: str) -> str:
    """The driver that a PCI function is bound to, or ``none``."""
    return host.link(f"{DEVICES}/{pci}/driver") or NONE


def override(host: Host, pci: str) -> str:
    """The only driver that may bind it; empty where any may."""
    text = host.read(f"{DEVICES}/{pci}/driver_override") or ""
    return "" if text == "(null)" else text


def unbind(host: Host, pci: str) -> None:
    """Take the driver away, if there is one."""
    if driver(host, pci) != NONE:
        host.poke(f"{DEVICES}/{pci}/driver/unbind", pci)


def bind(host: Host, pci: str, name: str) -> None:
    """Bind to this driver and no other, from now on."""
    if driver(host, pci) == name:
        return
    host.poke(f"{DEVICES}/{pci}/driver_override", name)
    unbind(host, pci)
    host.poke(PROBE, pci)


def release(host: Host, pci: str) -> None:
    """Let any driver bind it again; sysfs takes a line end for nothing."""
    if override(host, pci):
        host.poke(f"{DEVICES}/{pci}/driver_override", "\n")


def bind_kernel(host: Host, pf: str, pci: str) -> None:
    """Bind a VF to the driver that the kernel has for it.

    The module is loaded while the PF's autoprobe is as it was, so that it binds no other VF; then only this one is
    probed, with autoprobe on for that moment: without it the kernel binds no VF (pci_device_can_probe()).
    """
    release(host, pci)
    if driver(host, pci) in USERSPACE:
        unbind(host, pci)
    with contextlib.suppress(UllError):  # without such a module it stays unbound, which its row then says
        host.run(["modprobe", "-q", "-b", host.read(f"{DEVICES}/{pci}/modalias") or ""])
    if driver(host, pci) != NONE:
        return
    autoprobe = f"{DEVICES}/{pf}/sriov_drivers_autoprobe"
    before = host.read(autoprobe)
    if before == "0":
        host.poke(autoprobe, "1")
    try:
        host.poke(PROBE, pci)
    finally:
        if before == "0":
            host.poke(autoprobe, "0")


def users(host: Host, pci: str) -> list[str]:
    """Who uses a VF: processes by vfio, a container that has its interface, or this host's own network."""
    bound = driver(host, pci)
    if bound == NONE:
        return []
    if bound in USERSPACE:
        return holders(host, pci)
    name = netdev(host, pci)
    if not name:
        # its interface is there, but in another namespace: sysfs does not show it
        return ["another network namespace"] if host.exists(f"{DEVICES}/{pci}/net") else []
    above = [n for n in host.names(f"/sys/class/net/{name}") if n.startswith("upper_") or n == "master"]
    return [f"interface {name}"] if above or _has_address(host, name) else []


def holders(host: Host, pci: str) -> list[str]:
    """The processes that have a device of vfio-pci open. As long as they do, unbinding waits for them without end."""
    group = host.link(f"{DEVICES}/{pci}/iommu_group")
    paths = {f"/dev/vfio/devices/{name}" for name in host.names(f"{DEVICES}/{pci}/vfio-dev")}
    paths |= {f"/dev/vfio/{group}"} if group else set()
    found = []
    for process in host.names("/proc") if paths else []:
        if process.isdigit() and any(_target(host, f"/proc/{process}/fd/{fd}") in paths for fd in _fds(host, process)):
            found.append(f"process {process} ({host.read(f'/proc/{process}/comm') or '?'})")
    return found


def _has_address(host: Host, name: str) -> bool:
    """Whether it has an address that somebody gave it; link-local ones come by themselves."""
    try:
        said = json.loads(host.ask(["ip", "-j", "address", "show", "dev", name]) or "[]")
    except ValueError:
        return False
    return any(one.get("scope") == "global" for link in said for one in link.get("addr_info", []))


def _fds(host: Host, process: str) -> list[str]:
    return host.names(f"/proc/{process}/fd")


def _target(host: Host, path: str) -> str:
    try:
        return os.readlink(host.path(path))  # noqa: PTH115
    except OSError:  # the process has closed it, or is gone
        return ""
