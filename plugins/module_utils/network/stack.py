# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which interface lies upon which: VFs upon their PF, bonds upon members, bridges upon ports, VLANs upon a parent."""

from __future__ import annotations

from ..host import Host
from ..topology import pci

NET = "/sys/class/net"
STACKED = ("bond", "bridge", "vlan")


def interface_of(host: Host, name: str, address: str) -> str:
    """The interface of a NIC, by its name or else its PCI address; empty where there is none."""
    if name and host.exists(f"{NET}/{name}"):
        return name
    found = host.names(f"{pci.DEVICES}/{address}/net") if address else []
    return found[0] if found else ""


def vf_device(address: str, index: int) -> str:
    """The folder of a PF's VF."""
    return f"{pci.DEVICES}/{address}/virtfn{index}"


def kind(host: Host, interface: str) -> str:
    """``bond``, ``bridge``, ``vlan``, ``vf``, or ``nic`` for the rest."""
    stacked = pci.uevent(host, f"{NET}/{interface}").get("DEVTYPE", "")
    if stacked in STACKED:
        return stacked
    return "vf" if host.link(f"{NET}/{interface}/device/physfn") else "nic"


def lower(host: Host, interface: str) -> list[str]:
    """The interfaces right below."""
    found = _neighbours(host, interface, "lower_")
    return found or host.names(f"{NET}/{interface}/device/physfn/net")[:1]


def above(host: Host, interface: str) -> list[str]:
    """Bonds, bridges and VLANs upon an interface, the nearest first."""
    found: list[str] = []
    layer = [interface]
    while layer:
        over = [name for one in layer for name in _neighbours(host, one, "upper_") if kind(host, name) in STACKED]
        layer = [name for name in dict.fromkeys(over) if name not in found]
        found += layer
    return found


def height(host: Host, interface: str) -> int:
    """How many layers are below."""
    return 1 + max((height(host, one) for one in lower(host, interface)), default=-1)


def physical(host: Host, interface: str) -> bool:
    """Whether a device is behind the interface."""
    return host.exists(f"{NET}/{interface}/device")


def mtu(host: Host, interface: str) -> str | None:
    """The MTU now."""
    return host.read(f"{NET}/{interface}/mtu") if interface else None


def _neighbours(host: Host, interface: str, side: str) -> list[str]:
    return [name[len(side) :] for name in host.names(f"{NET}/{interface}") if name.startswith(side)]
