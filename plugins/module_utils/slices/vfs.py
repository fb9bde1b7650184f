# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The table of virtual functions: which PF, who uses each, its driver and its addresses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..finding import Finding
from ..profile import ROOT, Profile
from ..selection import nic_title, select_nics

VFIO = "vfio-pci"
# DPDK drives these through their kernel driver: bifurcated, no IOMMU group is handed over.
BIFURCATED = ("mlx4_core", "mlx5_core", "mana")
IOMMU_ROLE = "dpdk"


def vf_table(profile: Profile, topology: Mapping[str, Any]) -> tuple[list[dict[str, Any]], list[Finding]]:
    """A row for each VF, and what is wrong with the groups on their NICs."""
    rows: list[dict[str, Any]] = []
    found: list[Finding] = []
    for name, intent in profile.nics.items():
        groups = intent.get("vfs", [])
        for nic in select_nics(intent, topology) if groups else []:
            rows += _of_nic(name, intent, nic)
            path = f"{ROOT}.nics.{name}.vfs"
            found += [*_count(nic, groups, path), *_mtus(intent, nic, path)]
            found += _iommu(nic, groups, topology, path)
    return rows, [*found, *_twice(rows)]


def iommu_args(rows: list[dict[str, Any]], arch: str) -> list[str]:
    """Kernel arguments that vfio-pci needs; AMD's IOMMU is on by itself, and ignores the Intel one's argument."""
    if not any(row["driver"] == VFIO for row in rows):
        return []
    return {"x86_64": ["intel_iommu=on", "iommu=pt"], "aarch64": ["iommu.passthrough=1"]}.get(arch, [])


def _of_nic(name: str, intent: Mapping[str, Any], nic: Mapping[str, Any]) -> list[dict[str, Any]]:
    groups = [(group, place) for group in intent["vfs"] for place in range(group["count"])]
    return [_row(name, intent, nic, group, place, index) for index, (group, place) in enumerate(groups)]


def _row(
    name: str, intent: Mapping[str, Any], nic: Mapping[str, Any], group: Mapping[str, Any], place: int, index: int
) -> dict[str, Any]:
    use = group.get("use", "kernel")
    row = {
        "nic": name,
        "pf": nic["pci"],
        "pf_name": nic["name"],
        "index": index,
        "use": use,
        "driver": VFIO if use == "dpdk" and nic["driver"] not in BIFURCATED else "",
        "mac": _count_up(group["mac"], place) if "mac" in group else _derived(nic.get("mac", ""), index),
        "vlan": group.get("vlan", 0),
        "qos": group.get("qos", 0),
        "trust": group.get("trust", False),
        "spoof_check": group.get("spoof_check", True),
        "max_tx_rate": group.get("max_tx_rate", 0),
        "node": nic["node"],
    }
    mtu = group.get("mtu", intent.get("mtu"))
    return {**row, "mtu": mtu} if mtu else row


def _count_up(mac: str, steps: int) -> str:
    return _mac((int(mac.replace(":", ""), 16) + steps) % (1 << 48))


def _derived(mac: str, index: int) -> str:
    """A local address: the PF's own last four bytes tell hosts apart, the second byte is the VF's number."""
    parts = mac.lower().split(":")
    if len(parts) != 6:
        return ""
    first = (int(parts[0], 16) | 2) & ~1
    return ":".join([f"{first:02x}", f"{index & 255:02x}", *parts[2:]])


def _mac(number: int) -> str:
    text = f"{number:012x}"
    return ":".join(text[place : place + 2] for place in range(0, 12, 2))


def _count(nic: Mapping[str, Any], groups: list[Mapping[str, Any]], path: str) -> Iterator[Finding]:
    wanted, title = sum(group["count"] for group in groups), nic_title(nic)
    if not nic["sriov_total"]:
        message = f"NIC {title} has no SR-IOV"
        yield Finding("nic-without-sriov", message, path, wanted, "use a NIC that has, e.g. `sriov: true`")
    elif wanted > nic["sriov_total"]:
        message = f"{title} has {nic['sriov_total']} VFs, {wanted} are asked for"
        yield Finding("vfs-exceed-nic", message, path, wanted, f"ask for {nic['sriov_total']} at most")
    elif nic.get("sriov_num", 0) not in (0, wanted):
        message = f"{title} has {nic['sriov_num']} VFs now; making them {wanted} destroys those first"
        yield Finding("vfs-recreated", message, path, wanted, "drain the host before tuning it")


def _mtus(intent: Mapping[str, Any], nic: Mapping[str, Any], path: str) -> Iterator[Finding]:
    most = intent.get("mtu", nic.get("mtu", 0))
    for place, group in enumerate(intent["vfs"]):
        if most and group.get("mtu", 0) > most:
            message = f"the MTU of {nic_title(nic)} is {most}"
            remedy = f"raise the NIC's mtu to {group['mtu']}, or use {most}"
            yield Finding("vf-mtu-above-pf", message, f"{path}[{place}].mtu", group["mtu"], remedy)


def _iommu(
    nic: Mapping[str, Any], groups: list[Mapping[str, Any]], topology: Mapping[str, Any], path: str
) -> Iterator[Finding]:
    vfio = any(group.get("use") == "dpdk" for group in groups) and nic["driver"] not in BIFURCATED
    if not vfio or nic.get("iommu_group", 0) >= 0:
        return
    title, args = nic_title(nic), topology["kernel"].get("args", "").split()
    wanted = {"x86_64": "intel_iommu=on", "aarch64": "iommu.passthrough=1"}.get(topology["arch"], "")
    if not wanted or wanted in args:
        message = f"NIC {title} has no IOMMU group"
        remedy = "switch VT-d, AMD-Vi or the SMMU on in the BIOS"
        yield Finding("iommu-missing", message, path, title, remedy)
    else:
        message = f"NIC {title} has no IOMMU group before the kernel is booted with {wanted}"
        yield Finding("iommu-after-boot", message, path, title, "reboot, as the plan says")


def _twice(rows: list[dict[str, Any]]) -> Iterator[Finding]:
    seen: dict[str, dict[str, Any]] = {}
    for row in rows:
        other = seen.setdefault(row["mac"], row)
        if row["mac"] and other is not row:
            message = f"VF {row['index']} of {row['nic']} has the MAC address of VF {other['index']} of {other['nic']}"
            path = f"{ROOT}.nics.{row['nic']}.vfs"
            yield Finding("vf-mac-twice", message, path, row["mac"], "set the groups' first addresses apart")
