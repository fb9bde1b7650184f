# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is worth saying about a partition and a kernel on this machine."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .boot import cmdline
from .boot.loader import SUPPORTED
from .cpuset import CpuSet
from .finding import Finding
from .partition import Partition
from .profile import ROOT, Profile
from .units import human

# isolcpus=managed_irq came with Linux 5.6 (commit 11ea68f553e2); older kernels drop the whole argument.
MANAGED_IRQ_KERNEL = (5, 6)
# Within this many nanoseconds nothing on a shared CPU can be promised.
SHARED_CPU_NS = 20_000
_OFFLINING = ("nosmt", "maxcpus", "nr_cpus", "possible_cpus")


def machine_findings(topology: Mapping[str, Any]) -> list[Finding]:
    """Whether the machine can be tuned at all, and what is odd about it."""
    if topology["container"]:
        kind = topology["container"]
        remedy = "put its host into the inventory instead"
        return [Finding("container-target", f"this is a container ({kind})", "ansible_host", kind, remedy)]
    found = []
    if not topology["boot_loader"]:
        remedy = f"use {SUPPORTED}"
        found.append(Finding("boot-loader-unsupported", "no supported boot loader found", "boot loader", "", remedy))
    if topology["doubts"]:
        remedy = "update the firmware, or check the plan's nodes against the machine's manual"
        doubts = list(topology["doubts"])
        found.append(Finding("topology-doubt", "; ".join(doubts), "ull_topology.doubts", doubts, remedy))
    offline = CpuSet(cpu["id"] for cpu in topology["cpus"] if not cpu["online"])
    if offline:
        message = f"CPUs {offline} are offline"
        remedy = "bring them online before planning, or leave them"
        found.append(Finding("cpu-offline", message, "ull_topology.cpus", str(offline), remedy))
    return found


def partition_findings(profile: Profile, parts: Partition, topology: Mapping[str, Any]) -> list[Finding]:
    """What the partition means on this machine and its kernel."""
    return [
        *_kernel(profile, parts, topology),
        *_kinds(parts, topology),
        *_memory(parts, topology),
        *_caches(profile, parts, topology),
        *_budget(profile),
        *_offlining(profile),
    ]


def _kernel(profile: Profile, parts: Partition, topology: Mapping[str, Any]) -> Iterator[Finding]:
    release, flavour = topology["kernel"]["release"], topology["kernel"].get("flavour", "")
    match = re.match(r"(\d+)\.(\d+)", release)
    if parts.isolated and match and (int(match[1]), int(match[2])) < MANAGED_IRQ_KERNEL:
        message = f"kernel {release} does not know isolcpus=managed_irq"
        yield Finding("isolation-kernel-old", message, f"{ROOT}.isolated", str(parts.isolated), "install 5.6 or newer")
    if profile.kernel == "rt" and flavour == "generic":
        message = f"kernel {release} is not PREEMPT_RT"
        yield Finding("kernel-not-rt", message, f"{ROOT}.kernel", "rt", "install and boot a PREEMPT_RT kernel")
    if profile.kernel == "generic" and flavour == "rt":
        message = f"kernel {release} is PREEMPT_RT"
        yield Finding("kernel-is-rt", message, f"{ROOT}.kernel", "generic", "boot the generic kernel")


def _kinds(parts: Partition, topology: Mapping[str, Any]) -> Iterator[Finding]:
    kinds: dict[str, list[int]] = {}
    for cpu in topology["cpus"]:
        if cpu["id"] in parts.isolated and "kind" in cpu:
            kinds.setdefault(cpu["kind"], []).append(cpu["id"])
    if len(kinds) > 1:
        groups = {kind: str(CpuSet(cpus)) for kind, cpus in sorted(kinds.items())}
        message = "isolated CPUs are of several kinds: " + ", ".join(f"{k} {c}" for k, c in groups.items())
        fast = groups.get("P") or min(groups.values())
        remedy = f"isolate one kind, e.g. `isolated: cpus {fast}`"
        yield Finding("cpu-kinds-mixed", message, f"{ROOT}.isolated", str(parts.isolated), remedy)


def _memory(parts: Partition, topology: Mapping[str, Any]) -> Iterator[Finding]:
    having = [node for node in topology["nodes"] if node["memory_bytes"]]
    for node in topology["nodes"]:
        isolated = CpuSet.parse(node["cpus"]) & parts.isolated
        if isolated and not node["memory_bytes"] and having:
            message = f"node {node['id']} has no memory for its isolated CPUs {isolated}"
            rest = ", ".join(f"{n['id']} ({human(n['memory_bytes'])})" for n in having)
            remedy = f"populate its memory slots, or isolate CPUs of nodes {rest}"
            yield Finding("node-without-memory", message, f"{ROOT}.isolated", str(isolated), remedy)


def _caches(profile: Profile, parts: Partition, topology: Mapping[str, Any]) -> Iterator[Finding]:
    """Only where the node has an L3 group that would be better."""
    groups: dict[tuple[int, int, int], list[int]] = {}
    for cpu in topology["cpus"]:
        if cpu["online"] and cpu["l3"] >= 0:
            groups.setdefault((cpu["node"], cpu["package"], cpu["l3"]), []).append(cpu["id"])
    sets = {key: CpuSet(cpus) for key, cpus in groups.items()}
    for (node, _package, _l3), cpus in sets.items():
        free = [s for key, s in sets.items() if key[0] == node and s <= parts.isolated and not s & parts.critical]
        if cpus & parts.critical and cpus & parts.housekeeping and free:
            message = f"critical CPUs {cpus & parts.critical} share an L3 cache with housekeeping's"
            message += f" {cpus & parts.housekeeping}"
            remedy = f"choose them of CPUs {free[0]}"
            yield Finding("critical-shares-l3", message, f"{ROOT}.critical", str(profile.critical), remedy)


def _budget(profile: Profile) -> Iterator[Finding]:
    if 0 < profile.latency_budget_ns < SHARED_CPU_NS and profile.isolated.word == "none":
        message = f"a budget of {profile.latency_budget_ns} ns, and no CPU is isolated"
        remedy = "isolate CPUs: `isolated: rest`"
        yield Finding("budget-not-isolated", message, f"{ROOT}.latency_budget_ns", profile.latency_budget_ns, remedy)


def _offlining(profile: Profile) -> Iterator[Finding]:
    for index, token in enumerate(profile.boot_args):
        if cmdline.key(token) in _OFFLINING:
            message = f"{token} takes CPUs offline at the next boot"
            remedy = "use `smt: idle siblings` instead of nosmt, or plan again after the reboot"
            yield Finding("boot-arg-offlines-cpus", message, f"{ROOT}.boot_args[{index}]", token, remedy)
