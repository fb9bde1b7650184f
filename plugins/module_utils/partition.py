# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one CPU partition from which everything else is derived: profile x topology -> who runs where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .cpuset import CpuSet
from .finding import Finding
from .profile import ROOT, Cpus, Profile
from .settings import cpu_isolation


@dataclass(frozen=True)
class Partition:
    """Disjoint sets of online CPUs; ``tickless`` is a part of ``isolated``."""

    online: CpuSet
    housekeeping: CpuSet
    isolated: CpuSet
    tickless: CpuSet


def partition(profile: Profile, topology: Mapping[str, Any]) -> tuple[Partition, list[Finding]]:
    """Divide a machine's CPUs as a profile wants, and say what is wrong with it."""
    online = CpuSet(cpu["id"] for cpu in topology["cpus"] if cpu["online"])
    found: list[Finding] = []
    kept = CpuSet() if profile.housekeeping.word == "rest" else _choose(profile.housekeeping, online, topology)
    isolated = online - kept if profile.isolated.word == "rest" else _choose(profile.isolated, online - kept, topology)
    if profile.isolated.word == "cpus" and profile.housekeeping.word != "cpus":
        # An explicit list wins over a count; the count is what housekeeping has at least.
        kept = kept - isolated
    housekeeping = online - isolated
    if profile.isolated.word != "none" and not isolated:
        found.append(
            Finding(
                "nothing-isolated",
                f"housekeeping takes all of {online}",
                f"{ROOT}.housekeeping",
                _words(profile.housekeeping),
                "leave less to housekeeping, or say `isolated: none`",
            )
        )
    unassigned = online - kept - isolated
    if kept and unassigned:
        found.append(
            Finding("cpu-unassigned", f"CPUs {unassigned} join housekeeping", f"{ROOT}.isolated", str(unassigned), "")
        )
    tickless = isolated if profile.tickless.word == "isolated" else profile.tickless.cpus
    found += cpu_isolation.findings(isolated, tickless, topology, ROOT, kept)
    found += _node_findings(housekeeping, isolated, topology)
    return Partition(online, housekeeping, isolated & online, tickless & online), found


def _choose(intent: Cpus, among: CpuSet, topology: Mapping[str, Any]) -> CpuSet:
    """The CPUs an intent names; a count takes the lowest cores or CPUs of each place."""
    if not intent.count:
        return intent.cpus
    chosen = CpuSet()
    cores = cpu_isolation.cores(topology) if intent.unit == "core" else []
    for place in _places(intent.per, topology):
        if intent.unit == "core":
            for core in [core for core in cores if core & place & among][: intent.count]:
                chosen = chosen | (core & among)
        else:
            chosen = chosen | (place & among).take(intent.count)
    return chosen


def _places(per: str, topology: Mapping[str, Any]) -> list[CpuSet]:
    """The sets of CPUs that share a node, an L3 cache, a package, or the machine."""
    groups: dict[Any, int] = {}
    for cpu in topology["cpus"]:
        if cpu["online"]:
            # An L3 group never spans packages, but a kernel may number each package's from 0.
            place = {"node": cpu["node"], "l3": (cpu["package"], cpu["l3"]), "package": cpu["package"], "machine": 0}[
                per
            ]
            groups[place] = groups.get(place, 0) | 1 << cpu["id"]
    return [CpuSet.of_bits(bits) for bits in groups.values()]


def _node_findings(housekeeping: CpuSet, isolated: CpuSet, topology: Mapping[str, Any]) -> list[Finding]:
    return [
        Finding(
            "node-without-housekeeping",
            f"all CPUs of node {node['id']} ({node['cpus']}) are isolated",
            f"{ROOT}.housekeeping",
            str(housekeeping),
            "keep a core of each node: `housekeeping: 1 core per node`",
        )
        for node in topology["nodes"]
        if (CpuSet.parse(node["cpus"]) & isolated) and not CpuSet.parse(node["cpus"]) & housekeeping
    ]


def _words(intent: Cpus) -> str:
    if intent.count:
        return f"{intent.count} {intent.unit} per {intent.per}"
    return f"cpus {intent.cpus}" if intent.word == "cpus" else intent.word
