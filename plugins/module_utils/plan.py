# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plan of a host: profile x topology -> every role's slice. A pure function; the same input gives the same plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .boot import cmdline
from .consistency import contradictions
from .cpuset import CpuSet
from .finding import ERROR, Finding
from .machine_check import machine_findings, partition_findings
from .memory import memory_findings, plan_pools
from .partition import Partition, partition
from .profile import ROOT, Profile, read_profile
from .selection import select_nics
from .settings import cpu_isolation, hugepages
from .slices.dpdk import dpdk_slice
from .slices.irq import irq_slice
from .slices.kernel import kernel_slices
from .slices.kubelet import kubelet_slice
from .slices.nics import nics_slice
from .slices.placement import placement_slice
from .slices.vfs import IOMMU_ROLE, iommu_args, vf_table
from .topology.compact import complete

SCHEMA = 1
__all__ = ["SCHEMA", "compile_plan", "no_plan", "select_nics"]

_EMPTY = CpuSet()
_SETS = ("online", "housekeeping", "isolated", "tickless", "critical", "lcores", "idle")


@dataclass
class _Slices:
    """The slices of roles that have no domain yet, empty as long as nothing is planned."""

    irq: dict[str, Any] = field(default_factory=dict)
    nics: list[dict[str, Any]] = field(default_factory=list)
    vfs: list[dict[str, Any]] = field(default_factory=list)
    dpdk: dict[str, Any] = field(default_factory=dict)
    sysctl: dict[str, str] = field(default_factory=dict)
    sysfs: dict[str, str] = field(default_factory=dict)
    kubelet: dict[str, Any] = field(default_factory=dict)
    placement: dict[str, Any] = field(default_factory=dict)


def compile_plan(topology: Mapping[str, Any], declared: Any, host: str = "") -> dict[str, Any]:
    """Compile a host's plan.

    Args:
        topology: the fact ``ull_topology``, of the machine or of a stored snapshot.
        declared: the profile, as the inventory has it.
        host: inventory name, for the findings.

    Returns:
        ``schema, host, profile, latency_budget_ns, cpus, numa, findings`` and a slice for each role: ``boot_args,
        hugepages, cpu_isolation, irq, nics, vfs, dpdk, sysctl, sysfs, kubelet, placement``. With an error among the
        findings nothing may be applied.
    """
    topology = complete(dict(topology))
    profile, found = read_profile(declared)
    if profile is None or any(finding.level == ERROR for finding in found):
        return _result(host, topology, profile, None, [], _Slices(), found)
    found += machine_findings(topology)
    parts, more = partition(profile, topology)
    found += [*more, *partition_findings(profile, parts, topology)]
    pools, more = plan_pools(profile, topology)
    found += more
    slices, more = _slices(profile, parts, pools, topology)
    found += [*more, *memory_findings(profile, pools, topology), *_arguments(profile, parts, pools, slices, topology)]
    plan = _result(host, topology, profile, parts, pools, slices, found)
    if not any(finding.level == ERROR for finding in found):
        plan["findings"] += [{**finding.as_dict(), "host": host} for finding in contradictions(plan)]
    return plan


def no_plan(host: str, found: list[Finding]) -> dict[str, Any]:
    """The plan of a host of which nothing is known but what is wrong."""
    return _result(host, {"nodes": [], "arch": ""}, None, None, [], _Slices(), found)


def _slices(
    profile: Profile, parts: Partition, pools: list[hugepages.Pool], topology: Mapping[str, Any]
) -> tuple[_Slices, list[Finding]]:
    nics, found = nics_slice(profile, parts, topology)
    irq, irq_found = irq_slice(profile, parts, topology)
    vfs, vfs_found = vf_table(profile, topology)
    dpdk, dpdk_found = dpdk_slice(profile, parts, pools, vfs, topology)
    sysctl, sysfs, kernel_found = kernel_slices(profile, parts, topology)
    kubelet, kubelet_found = kubelet_slice(profile, parts, topology)
    placement, placement_found = placement_slice(profile, parts, topology)
    found = [*found, *irq_found, *vfs_found, *dpdk_found, *kernel_found, *kubelet_found, *placement_found]
    return _Slices(irq, nics, vfs, dpdk, sysctl, sysfs, kubelet, placement), found


def _result(
    host: str,
    topology: Mapping[str, Any],
    profile: Profile | None,
    parts: Partition | None,
    pools: list[hugepages.Pool],
    slices: _Slices,
    found: list[Finding],
) -> dict[str, Any]:
    parts = parts or Partition(_EMPTY, _EMPTY, _EMPTY, _EMPTY)
    cpus = {name: str(getattr(parts, name)) for name in _SETS}
    return {
        "schema": SCHEMA,
        "host": host,
        "profile": profile.name if profile else "",
        "latency_budget_ns": profile.latency_budget_ns if profile else 0,
        "cpus": cpus,
        "numa": [
            {"id": node["id"], "cpus": node["cpus"], "memory_bytes": node["memory_bytes"]} for node in topology["nodes"]
        ],
        "boot_args": {"sections": _sections(profile, parts, pools, slices, topology)},
        "hugepages": {"pools": [pool.as_dict() for pool in pools]},
        "cpu_isolation": {name: cpus[name] for name in ("isolated", "tickless", "housekeeping")},
        **vars(slices),
        "findings": [{**finding.as_dict(), "host": host} for finding in found],
    }


def _sections(
    profile: Profile | None,
    parts: Partition,
    pools: list[hugepages.Pool],
    slices: _Slices,
    topology: Mapping[str, Any],
) -> dict[str, list[str]]:
    """Kernel arguments by the role that wants them. An empty section stays: it takes back what an earlier plan set."""
    return {
        cpu_isolation.ROLE: cpu_isolation.boot_args(parts.isolated, parts.tickless, parts.housekeeping),
        hugepages.ROLE: hugepages.boot_args(pools),
        IOMMU_ROLE: iommu_args(slices.vfs, topology["arch"]),
        "boot_args": list(profile.boot_args) if profile else [],
    }


def _arguments(
    profile: Profile,
    parts: Partition,
    pools: list[hugepages.Pool],
    slices: _Slices,
    topology: Mapping[str, Any],
) -> list[Finding]:
    """Kernel arguments of the profile that the plan itself sets."""
    sections = _sections(profile, parts, pools, slices, topology)
    ours = cmdline.by_name([token for role, tokens in sections.items() if role != "boot_args" for token in tokens])
    return [
        Finding(
            "boot-arg-twice",
            f"the plan itself sets {' '.join(ours[cmdline.name(token)])}",
            f"{ROOT}.boot_args[{index}]",
            token,
            "remove it, and say what you want in the words of the profile",
        )
        for index, token in enumerate(profile.boot_args)
        if cmdline.name(token) in ours
    ]
