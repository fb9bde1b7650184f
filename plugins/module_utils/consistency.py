# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A last look at a whole plan: do its slices agree with each other? What this finds is a fault of the compiler."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .cpuset import CpuSet
from .finding import Finding
from .units import parse_size


def contradictions(plan: Mapping[str, Any]) -> list[Finding]:
    """Invariants that the plan breaks; run on plans without errors."""
    broken = [*_cpus(plan), *_memory(plan), *_kubelet(plan), *_vfs(plan)]
    remedy = "report it with the topology and the profile"
    return [Finding("plan-inconsistent", message, key, plan["host"], remedy) for key, message in broken]


def _cpus(plan: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    sets = {name: CpuSet.parse(text) for name, text in plan["cpus"].items()}
    if sets["housekeeping"] & sets["isolated"]:
        yield "cpus", f"CPUs {sets['housekeeping'] & sets['isolated']} are housekeeping and isolated"
    if sets["housekeeping"] | sets["isolated"] != sets["online"]:
        yield "cpus", "a CPU has no role"
    for name in ("tickless", "critical", "lcores", "idle"):
        if sets[name] - sets["isolated"]:
            yield f"cpus.{name}", f"CPUs {sets[name] - sets['isolated']} are not isolated"
    for name in ("critical", "lcores"):
        if sets[name] & sets["idle"]:
            yield f"cpus.{name}", f"CPUs {sets[name] & sets['idle']} are to be idle"
    both = sets["critical"] & sets["lcores"]
    if both and sets["critical"] != sets["lcores"]:
        yield "cpus.lcores", f"CPUs {both} are critical and lcores"
    if sets["isolated"] and CpuSet.parse(plan["irq"]["default_cpus"]) & sets["isolated"]:
        yield "irq.default_cpus", "interrupts go to isolated CPUs"


def _memory(plan: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for node in plan["numa"]:
        pools = [pool for pool in plan["hugepages"]["pools"] if pool["node"] == node["id"]]
        if sum(parse_size(pool["size"]) * pool["pages"] for pool in pools) > node["memory_bytes"]:
            yield "hugepages.pools", f"node {node['id']} has less memory"


def _kubelet(plan: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    kubelet = plan["kubelet"]
    if not kubelet:
        return
    reserved = CpuSet.parse(kubelet["reservedSystemCPUs"])
    isolated, online = CpuSet.parse(plan["cpus"]["isolated"]), CpuSet.parse(plan["cpus"]["online"])
    if isolated and reserved != online - isolated:
        yield "kubelet.reservedSystemCPUs", "reserved CPUs are not the complement of the isolated ones"
    per_node = [entry["limits"]["memory"] for entry in kubelet.get("reservedMemory", [])]
    parts = [kubelet[key]["memory"] for key in ("systemReserved", "kubeReserved")]
    parts.append(kubelet["evictionHard"]["memory.available"])
    if per_node and sum(map(_mebibytes, per_node)) != sum(map(_mebibytes, parts)):
        yield "kubelet.reservedMemory", "its sum is not that of systemReserved, kubeReserved and evictionHard"


def _mebibytes(text: str) -> int:
    return int(text[: -len("Mi")])


def _vfs(plan: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for nic in plan["nics"]:
        rows = [vf for vf in plan["vfs"] if vf["pf"] == nic["pci"] and vf["nic"] == nic["nic"]]
        if sorted(vf["index"] for vf in rows) != list(range(nic.get("numvfs", 0))):
            yield "vfs", f"the VFs of {nic['name'] or nic['pci']} are not numbered through"
