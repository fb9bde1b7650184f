# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where interrupts are served: the default, and the queues of each NIC of the profile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..cpuset import CpuSet
from ..finding import Finding
from ..partition import Partition
from ..profile import ROOT, Profile
from ..selection import nic_title, select_nics

# arch/x86/include/asm/irq_vectors.h: 256 less the exceptions' 32 and some 20 of the system's
X86_VECTORS = 200


def irq_slice(profile: Profile, parts: Partition, topology: Mapping[str, Any]) -> tuple[dict[str, Any], list[Finding]]:
    """``default_*`` for what nobody places, ``banned`` for irqbalance, and a row for each NIC of the profile."""
    rows, found = [], []
    for name, intent in profile.nics.items():
        for nic in select_nics(intent, topology):
            cpus, more = _cpus_of(intent, nic, parts, topology, f"{ROOT}.nics.{name}.irqs")
            queues = intent.get("queues") or nic.get("queues", 0)
            rows.append(_row(nic, cpus, queues))
            found += more
    # Where nothing is isolated, the kernel's own defaults are as good.
    default = parts.housekeeping if parts.isolated else parts.online
    made = {
        "default_cpus": str(default),
        "default_mask": default.mask,
        "banned": str(parts.isolated),
        "nics": rows,
    }
    return made, [*found, *_vectors(parts, topology)]


def _row(nic: Mapping[str, Any], cpus: CpuSet, queues: int) -> dict[str, Any]:
    """Queues take turns on their CPUs."""
    each = list(cpus)
    return {
        "name": nic["name"],
        "pci": nic["pci"],
        "cpus": str(cpus),
        "mask": cpus.mask,
        "queue_cpus": [each[queue % len(each)] for queue in range(queues)] if each else [],
    }


def _cpus_of(
    intent: Mapping[str, Any], nic: Mapping[str, Any], parts: Partition, topology: Mapping[str, Any], path: str
) -> tuple[CpuSet, list[Finding]]:
    said = intent.get("irqs", "housekeeping")
    title = nic_title(nic)
    near = _node_cpus(nic, topology)
    if said.startswith("cpus "):
        cpus = CpuSet.parse(said[5:]) & parts.online
    elif said == "isolated":
        free = parts.isolated - parts.critical - parts.lcores - parts.idle
        cpus = free & near or free
    else:
        cpus = parts.housekeeping & near or parts.housekeeping
    if not cpus:
        remedy = f"use CPUs of {parts.online}, or `irqs: housekeeping`"
        return cpus, [Finding("irqs-nowhere", f"no CPU is left for the interrupts of {title}", path, said, remedy)]
    if cpus & (parts.critical | parts.lcores):
        busy = cpus & (parts.critical | parts.lcores)
        message = f"interrupts of {title} go to CPUs {busy}, which poll or are critical"
        return cpus, [Finding("irqs-on-critical", message, path, said, f"use {parts.housekeeping}")]
    if said == "housekeeping" and parts.isolated and not cpus & near:
        message = f"interrupts of {title} on node {nic['node']} go to CPUs {cpus} of other nodes"
        return cpus, [Finding("irqs-off-node", message, path, said, f"keep a core of {near} for housekeeping")]
    return cpus, []


def _node_cpus(nic: Mapping[str, Any], topology: Mapping[str, Any]) -> CpuSet:
    """The CPUs of the NIC's node; all, where the node is unknown or has none."""
    for node in topology["nodes"]:
        if node["id"] == nic["node"] and node["cpus"]:
            return CpuSet.parse(node["cpus"])
    return CpuSet(cpu["id"] for cpu in topology["cpus"])


def _vectors(parts: Partition, topology: Mapping[str, Any]) -> list[Finding]:
    """Interrupts of all NICs that are to move to housekeeping."""
    if topology["arch"] != "x86_64" or not parts.isolated:
        return []
    bits = 0
    for nic in topology["nics"]:
        bits |= _bits(nic.get("irqs", ""))
    wanted, room = bin(bits).count("1"), X86_VECTORS * len(parts.housekeeping)
    if wanted <= room:
        return []
    message = f"the NICs have {wanted} interrupts, CPUs {parts.housekeeping} have room for some {room}"
    remedy = f"fewer queues, or {-(-wanted // X86_VECTORS)} housekeeping CPUs at least"
    return [Finding("irq-vectors-short", message, f"{ROOT}.housekeeping", str(parts.housekeeping), remedy)]


def _bits(irqs: str) -> int:
    """Like CpuSet.parse, for interrupts, whose numbers may be higher than any CPU's."""
    bits = 0
    for part in filter(None, irqs.split(",")):
        first, _dash, last = part.partition("-")
        bits |= (1 << int(last or first) + 1) - (1 << int(first))
    return bits
