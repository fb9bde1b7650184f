# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Network interfaces: PCI functions with or without one, VFs, and what is stacked upon them."""

from __future__ import annotations

import re
from typing import Any

from ..cpuset import CpuSet
from ..host import Host
from . import netlink, pci
from .values import as_number, number, real

NET = "/sys/class/net"
# "pf0vf3", "c1pf0sf88": an embedded switch's port towards a VF, on the PF's own PCI function
_REPRESENTOR = re.compile(r"(c\d+)?pf\d+(vf|sf)\d+\Z", re.ASCII)


def read_nics(host: Host, node_cpus: dict[int, CpuSet]) -> list[dict[str, Any]]:
    """Interfaces with a device behind them, and network functions without an interface (bound for DPDK): name "".

    In PCI order, then by name; those not on PCI last.
    """
    names: dict[str, list[str]] = {}
    for name in interfaces(host):
        if host.exists(f"{NET}/{name}/device") and not _is_representor(host, name):
            names.setdefault(_pci_of(host, name), []).append(name)
    bus = pci.addresses(host)
    network = [address for address in bus if address in names or _is_network(host, address)]
    # captures may hold the interface alone, and not the bus
    rest = sorted(address for address in names if address not in network and address)
    max_mtus = netlink.max_mtus() if host.live else {}
    found = [(address, name) for address in [*network, *rest, ""] for name in sorted(names.get(address, [""]))]
    return [_nic(host, name, address, node_cpus, max_mtus) for address, name in found if name or address]


def read_virtual_nics(host: Host, nics: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Bonds, bridges, VLANs and representors above the given NICs, directly or not.

    Only these matter to a plan (MTU goes through all layers); a host of containers has thousands that lead nowhere.
    """
    physical = {nic["name"] for nic in nics if nic["name"]}
    below = {name: _members(host, name) for name in interfaces(host) if name not in physical}
    kept = set(physical)
    while True:
        more = {name for name, members in below.items() if name not in kept and kept & set(members)}
        if not more:
            break
        kept |= more
    return [
        {"name": name, "kind": _kind(host, name), "members": [member for member in members if member in kept]}
        for name, members in sorted(below.items())
        if name in kept
    ]


def interfaces(host: Host) -> list[str]:
    """All interfaces but loopback. The folder also holds plain files, e.g. bonding_masters."""
    return [name for name in host.names(NET) if name != "lo" and host.names(f"{NET}/{name}")]


def _nic(host: Host, name: str, address: str, node_cpus: dict[int, CpuSet], max_mtus: dict[str, int]) -> dict[str, Any]:
    net = f"{NET}/{name}"
    device = f"{net}/device"
    function = f"{pci.DEVICES}/{address}"
    if not address or not host.exists(function):
        function = device
    physical = host.link(f"{function}/physfn")
    return {
        "name": name,
        "pci": address,
        "node": pci.node_of(host, real(host, function) or function, node_cpus),
        "driver": pci.driver(host, device if name else function),
        "sriov_total": number(host, f"{function}/sriov_totalvfs", 0),
        "sriov_num": number(host, f"{function}/sriov_numvfs", 0),
        "mtu": number(host, f"{net}/mtu", 0) if name else 0,
        "max_mtu": max_mtus.get(name, 0) if name else 0,
        "queues": sum(queue.startswith("rx-") for queue in host.names(f"{net}/queues")) if name else 0,
        "iommu_group": pci.iommu_group(host, function),
        "mac": (host.read(f"{net}/address") or "") if name else "",
        "speed": number(host, f"{net}/speed") if name else -1,
        "up": bool(name) and host.read(f"{net}/carrier") == "1",
        "kind": "vf" if physical else "physical",
        "pf": physical or "",
        "irqs": _irqs(host, function),
    }


def _pci_of(host: Host, name: str) -> str:
    device = f"{NET}/{name}/device"
    address = pci.owner(real(host, device)) or pci.uevent(host, device).get("PCI_SLOT_NAME", "")
    return address if pci.is_address(address) else ""


def _is_network(host: Host, address: str) -> bool:
    """Network controllers, and InfiniBand ones, which are of the serial bus class."""
    code = pci.class_of(host, address)
    return code >> 16 == 0x02 or code >> 8 == 0x0C06


def _is_representor(host: Host, name: str) -> bool:
    return bool(_REPRESENTOR.match(host.read(f"{NET}/{name}/phys_port_name") or ""))


def _irqs(host: Host, function: str) -> str:
    """The interrupt vectors, by number: names are the drivers' whim."""
    numbers = [as_number(name) for name in host.names(f"{function}/msi_irqs")]
    numbers = [irq for irq in numbers if irq >= 0] or [irq for irq in [number(host, f"{function}/irq")] if irq > 0]
    # of_bits, as interrupts may have higher numbers than CPUs
    return str(CpuSet.of_bits(sum(1 << irq for irq in set(numbers) if irq < 1 << 20)))


def _kind(host: Host, name: str) -> str:
    if _is_representor(host, name):
        return "representor"
    for folder, kind in (("bonding", "bond"), ("bridge", "bridge")):
        if host.exists(f"{NET}/{name}/{folder}"):
            return kind
    if host.exists(f"/proc/net/vlan/{name}"):
        return "vlan"
    return pci.uevent(host, f"{NET}/{name}").get("DEVTYPE", "virtual")


def _members(host: Host, name: str) -> list[str]:
    """The interfaces right below: bond and bridge members, a VLAN's parent, a representor's PF."""
    base = f"{NET}/{name}"
    lower = {entry[len("lower_") :] for entry in host.names(base) if entry.startswith("lower_")}
    members = lower | set(host.names(f"{base}/brif")) | set((host.read(f"{base}/bonding/slaves") or "").split())
    if _is_representor(host, name):
        members |= set(host.names(f"{base}/device/net")) - {name}
    return sorted(members)
