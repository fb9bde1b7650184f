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
from .selection import meant, nic_nodes, nodes_meant
from .settings import cpu_isolation

# One housekeeping CPU for so many isolated ones still keeps up with their RCU callbacks and deferred work.
MOST_PER_HOUSEKEEPER = 32

_NONE = CpuSet()


@dataclass(frozen=True)
class Partition:
    """Sets of online CPUs.

    ``housekeeping`` and ``isolated`` are disjoint and all there are. Within ``isolated``: ``tickless``; ``critical`` and
    ``lcores``, disjoint unless the profile says that lcores are the critical ones; ``idle`` siblings without work.
    ``kept`` is what the profile asks for housekeeping; it is all that is reserved where nothing is isolated.
    """

    online: CpuSet
    housekeeping: CpuSet
    isolated: CpuSet
    tickless: CpuSet
    critical: CpuSet = _NONE
    lcores: CpuSet = _NONE
    idle: CpuSet = _NONE
    kept: CpuSet = _NONE


def partition(profile: Profile, topology: Mapping[str, Any]) -> tuple[Partition, list[Finding]]:
    """Divide a machine's CPUs as a profile wants, and say what is wrong with it."""
    choose = _Chooser(profile, topology)
    kept, isolated, found = _halves(profile, choose)
    online, housekeeping = choose.online, choose.online - isolated
    tickless = isolated if profile.tickless.word == "isolated" else profile.tickless.cpus
    found += cpu_isolation.findings(isolated, tickless, topology, ROOT, kept)
    found += _node_findings(housekeeping, isolated, topology)
    found += _starved(housekeeping, isolated & online)
    idle = _idle(isolated & online, topology) if profile.idle_siblings else CpuSet()
    work = (isolated & online) - idle
    critical, more = _role(profile.critical, work, choose, "critical", profile)
    found += more
    if profile.lcores.word == "critical":
        lcores, more = critical, []
    else:
        lcores, more = _role(profile.lcores, work - critical, choose, "dpdk", profile)
        more += _two_roles(profile.lcores, critical, topology)
    found += more
    parts = Partition(online, housekeeping, isolated & online, tickless & online, critical, lcores, idle, kept & online)
    return parts, found


def _halves(profile: Profile, choose: _Chooser) -> tuple[CpuSet, CpuSet, list[Finding]]:
    """Housekeeping as it is declared, and what is isolated."""
    online = choose.online
    found: list[Finding] = []
    kept = CpuSet() if profile.housekeeping.word == "rest" else choose(profile.housekeeping, online)
    if profile.isolated.word == "rest":
        isolated = online - kept
    else:
        isolated = choose(profile.isolated, online - kept)
        found += choose.places_missing(profile.isolated, "isolated")
    if profile.isolated.word == "cpus" and profile.housekeeping.word != "cpus":
        # An explicit list wins over a count; the count is what housekeeping has at least.
        kept = kept - isolated
    near_none = profile.isolated.near and not choose.places(profile.isolated)
    if profile.isolated.word != "none" and not isolated and not near_none:
        message = f"housekeeping takes all of {online}"
        remedy = "leave less to housekeeping, or say `isolated: none`"
        found.append(Finding("nothing-isolated", message, f"{ROOT}.housekeeping", str(profile.housekeeping), remedy))
    unassigned = online - kept - isolated
    if kept and unassigned and profile.isolated.word != "none":
        message = f"CPUs {unassigned} join housekeeping"
        found.append(Finding("cpu-unassigned", message, f"{ROOT}.isolated", str(profile.isolated)))
    return kept, isolated, found


class _Chooser:
    """The CPUs that an intent names on this machine; a count takes the lowest cores or CPUs of each place."""

    def __init__(self, profile: Profile, topology: Mapping[str, Any]) -> None:
        self.profile = profile
        self.topology = topology
        self.online = CpuSet(cpu["id"] for cpu in topology["cpus"] if cpu["online"])
        self.cores = cpu_isolation.cores(topology)

    def __call__(self, intent: Cpus, among: CpuSet) -> CpuSet:
        if not intent.count:
            return intent.cpus
        bits = 0
        for place in self.places(intent):
            bits |= self.lowest(intent, place & among).bits
        return CpuSet.of_bits(bits)

    def lowest(self, intent: Cpus, among: CpuSet) -> CpuSet:
        """So many cores, with what is there of their threads, or CPUs."""
        if intent.unit == "cpu":
            return among.take(intent.count)
        bits = 0
        for core in [core for core in self.cores if core & among][: intent.count]:
            bits |= (core & among).bits
        return CpuSet.of_bits(bits)

    def places(self, intent: Cpus) -> list[CpuSet]:
        """The sets of CPUs that share a node, an L3 cache, a package, the machine, or a node with a NIC."""
        if intent.near:
            nodes = nic_nodes(meant(intent.near, self.profile, self.topology), self.topology)
            return [CpuSet.parse(node["cpus"]) for node in self.topology["nodes"] if node["id"] in nodes]
        groups: dict[Any, int] = {}
        for cpu in self.topology["cpus"]:
            if cpu["online"]:
                # An L3 group never spans packages, but a kernel may number each package's from 0.
                keys = {"node": cpu["node"], "l3": (cpu["package"], cpu["l3"]), "package": cpu["package"], "machine": 0}
                groups[keys[intent.per]] = groups.get(keys[intent.per], 0) | 1 << cpu["id"]
        return [CpuSet.of_bits(bits) for bits in groups.values()]

    def places_missing(self, intent: Cpus, key: str) -> list[Finding]:
        """The NICs that an intent is near to, and the machine does not have."""
        if not intent.near:
            return []
        _nodes, found = nodes_meant(intent.near, self.profile, self.topology, f"{ROOT}.{key}")
        return found


def _role(intent: Cpus, among: CpuSet, choose: _Chooser, role: str, profile: Profile) -> tuple[CpuSet, list[Finding]]:
    """The isolated CPUs of a role; what an explicit list has beyond them is an error."""
    key = "critical" if role == "critical" else "dpdk.lcores"
    path, words = f"{ROOT}.{key}", str(intent)
    if intent.word == "none":
        return CpuSet(), []
    found = choose.places_missing(intent, key)
    if intent.word == "cpus":
        outside = intent.cpus - among
        if role == "dpdk" and profile.critical.word == "cpus":
            outside = outside - profile.critical.cpus
        if outside:
            found.append(_outside(outside, intent.cpus, among, choose, f"{role}-not-isolated", path))
        return intent.cpus & among, found
    short = [
        place
        for place in choose.places(intent)
        if _size(intent, choose.lowest(intent, place & among), choose) < intent.count and place
    ]
    # a place that has no isolated CPU at all was left out on purpose, unless none has
    short = [place for place in short if place & among or intent.near] if choose(intent, among) else short
    if short:
        message = f"{words} is asked for, and of CPUs {short[0]} {short[0] & among or 'none'} are free and isolated"
        kind = "critical-short" if role == "critical" else "dpdk-lcores-short"
        found.append(Finding(kind, message, path, words, "isolate more CPUs there, or ask for fewer"))
    return choose(intent, among), found


def _size(intent: Cpus, chosen: CpuSet, choose: _Chooser) -> int:
    return len(chosen) if intent.unit == "cpu" else sum(1 for core in choose.cores if core & chosen)


def _outside(outside: CpuSet, wanted: CpuSet, among: CpuSet, choose: _Chooser, kind: str, path: str) -> Finding:
    """Say so of CPU 0 in words of its own, and offer the nearest layout: as many CPUs that can be had."""
    near = wanted & among
    near = near | (among - near).take(len(wanted) - len(near))
    remedy = f"the nearest layout is cpus {near}" if near else "isolate CPUs for it"
    if choose.online.first in outside:
        message = f"CPU {choose.online.first} is the boot CPU, has to stay housekeeping and cannot be tickless"
    else:
        message = f"CPUs {outside} are not isolated for it"
    return Finding(kind, message, path, f"cpus {wanted}", remedy)


def _two_roles(lcores: Cpus, critical: CpuSet, topology: Mapping[str, Any]) -> list[Finding]:
    both = lcores.cpus & critical
    if not both:
        return []
    message = f"CPUs {both} are both critical and lcores"
    remedy = f"take {both} out of one of them, or say `lcores: critical`"
    return [Finding("cpu-two-roles", message, f"{ROOT}.dpdk.lcores", f"cpus {lcores.cpus}", remedy)]


def _idle(isolated: CpuSet, topology: Mapping[str, Any]) -> CpuSet:
    """All threads of isolated cores but the first."""
    bits = 0
    for core in cpu_isolation.cores(topology):
        bits |= (core & isolated).bits & ~(1 << max(core.first, 0))
    return CpuSet.of_bits(bits)


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


def _starved(housekeeping: CpuSet, isolated: CpuSet) -> list[Finding]:
    if not housekeeping or len(housekeeping) * MOST_PER_HOUSEKEEPER >= len(isolated):
        return []
    message = f"{len(housekeeping)} housekeeping CPUs ({housekeeping}) serve {len(isolated)} isolated ones"
    wanted = -(-len(isolated) // MOST_PER_HOUSEKEEPER)
    remedy = f"keep {wanted} CPUs at least, e.g. `housekeeping: 2 cores per node`"
    return [Finding("housekeeping-starved", message, f"{ROOT}.housekeeping", str(housekeeping), remedy)]
