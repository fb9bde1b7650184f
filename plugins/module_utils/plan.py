# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plan of a host: profile x topology -> every role's slice. A pure function; the same input gives the same plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .boot import cmdline
from .boot.loader import SUPPORTED
from .cpuset import CpuSet
from .finding import ERROR, Finding
from .partition import Partition, partition
from .profile import ROOT, Profile, read_profile
from .settings import cpu_isolation, hugepages
from .topology.compact import complete

SCHEMA = 1


def compile_plan(topology: Mapping[str, Any], declared: Any, host: str = "") -> dict[str, Any]:
    """Compile a host's plan.

    Args:
        topology: the fact ``ull_topology``, of the machine or of a stored snapshot.
        declared: the profile, as the inventory has it.
        host: inventory name, for the findings.

    Returns:
        ``schema, host, profile, cpus, numa, findings`` and a slice for each role under the role's name: ``boot_args``,
        ``hugepages``, ``cpu_isolation``. With an error among the findings nothing may be applied.
    """
    topology = complete(dict(topology))
    profile, found = read_profile(declared)
    if profile is None or any(finding.level == ERROR for finding in found):
        return _result(host, topology, profile, None, [], found)
    found += _machine(topology)
    parts, more = partition(profile, topology)
    pools, pool_findings = _pools(profile, topology)
    found += [*more, *pool_findings, *_nics(profile, parts, topology), *_arguments(profile, parts, pools)]
    return _result(host, topology, profile, parts, pools, found)


def no_plan(host: str, found: list[Finding]) -> dict[str, Any]:
    """The plan of a host of which nothing is known but what is wrong."""
    return _result(host, {"nodes": []}, None, None, [], found)


def _result(
    host: str,
    topology: Mapping[str, Any],
    profile: Profile | None,
    parts: Partition | None,
    pools: list[hugepages.Pool],
    found: list[Finding],
) -> dict[str, Any]:
    empty = CpuSet()
    parts = parts or Partition(empty, empty, empty, empty)
    cpus = {name: str(getattr(parts, name)) for name in ("online", "housekeeping", "isolated", "tickless")}
    return {
        "schema": SCHEMA,
        "host": host,
        "profile": profile.name if profile else "",
        "cpus": cpus,
        "numa": [
            {"id": node["id"], "cpus": node["cpus"], "memory_bytes": node["memory_bytes"]} for node in topology["nodes"]
        ],
        "boot_args": {"sections": _sections(profile, parts, pools)},
        "hugepages": {"pools": [pool.as_dict() for pool in pools]},
        "cpu_isolation": {name: cpus[name] for name in ("isolated", "tickless", "housekeeping")},
        "findings": [{**finding.as_dict(), "host": host} for finding in found],
    }


def _sections(profile: Profile | None, parts: Partition, pools: list[hugepages.Pool]) -> dict[str, list[str]]:
    """Kernel arguments by the role that wants them. An empty section stays: it takes back what an earlier plan set."""
    return {
        cpu_isolation.ROLE: cpu_isolation.boot_args(parts.isolated, parts.tickless, parts.housekeeping),
        hugepages.ROLE: hugepages.boot_args(pools),
        "boot_args": list(profile.boot_args) if profile else [],
    }


def _arguments(profile: Profile, parts: Partition, pools: list[hugepages.Pool]) -> list[Finding]:
    """Kernel arguments of the profile that the plan itself sets."""
    sections = _sections(profile, parts, pools)
    ours = cmdline.by_name(sections[cpu_isolation.ROLE] + sections[hugepages.ROLE])
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


def _machine(topology: Mapping[str, Any]) -> list[Finding]:
    """Whether the machine can be tuned at all."""
    if topology["container"]:
        return [
            Finding(
                "container-target",
                f"this is a container ({topology['container']})",
                "ansible_host",
                topology["container"],
                "put its host into the inventory instead",
            )
        ]
    if not topology["boot_loader"]:
        return [
            Finding("boot-loader-unsupported", "no supported boot loader found", "boot loader", "", f"use {SUPPORTED}")
        ]
    return []


def _pools(profile: Profile, topology: Mapping[str, Any]) -> tuple[list[hugepages.Pool], list[Finding]]:
    """Hugepage intents as pools; intents for the same node and size add up."""
    pages: dict[tuple[int, int], int] = {}
    found: list[Finding] = []
    for index, intent in enumerate(profile.hugepages):
        nodes, more = _places(intent.where, profile, topology, f"{ROOT}.hugepages[{index}].where")
        found += more
        for node in nodes:
            pages[node, intent.size] = pages.get((node, intent.size), 0) + intent.amount // intent.size
    pools = [hugepages.Pool(node, size, count) for (node, size), count in sorted(pages.items())]
    return pools, found + hugepages.findings(pools, dict(topology), f"{ROOT}.hugepages")


def _places(where: str, profile: Profile, topology: Mapping[str, Any], path: str) -> tuple[list[int], list[Finding]]:
    """The nodes that ``each node``, ``node N``, ``nic`` or ``nic NAME`` mean on this machine."""
    if where == "each node":
        return [node["id"] for node in topology["nodes"] if node["memory_bytes"] and node["cpus"]], []
    if where.startswith("node "):
        return [int(where[5:])], []
    wanted = [where[4:]] if where.startswith("nic ") else list(profile.nics)
    nics = [nic for name in wanted for nic in select_nics(profile.nics[name], topology)]
    if not nics:
        return [], [
            Finding(
                "nic-not-found",
                f"no NIC of this machine is meant by {where!r}",
                path,
                where,
                "declare it under nics; the machine has " + (_names(topology["nics"]) or "none"),
            )
        ]
    unknown = [nic for nic in nics if nic["node"] < 0]
    found = [
        Finding("nic-node-unknown", f"the node of NIC {nic['name']} is unknown", path, where, "say `where: node N`")
        for nic in unknown
    ]
    first = min((node["id"] for node in topology["nodes"]), default=0)
    return sorted({nic["node"] if nic["node"] >= 0 else first for nic in nics}), found


def select_nics(selector: Mapping[str, Any], topology: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The physical NICs that match every key of a selector."""

    def matches(nic: Mapping[str, Any]) -> bool:
        plain = all(nic[key] == wanted for key, wanted in selector.items() if key != "sriov")
        return plain and selector.get("sriov", nic["sriov_total"] > 0) == (nic["sriov_total"] > 0)

    return [nic for nic in topology["nics"] if nic.get("kind", "physical") == "physical" and matches(nic)]


def _nics(profile: Profile, parts: Partition, topology: Mapping[str, Any]) -> list[Finding]:
    """NICs that are declared but absent, or on a node without an isolated CPU."""
    found = []
    nodes = {node["id"]: CpuSet.parse(node["cpus"]) for node in topology["nodes"]}
    for name, selector in profile.nics.items():
        path = f"{ROOT}.nics.{name}"
        nics = select_nics(selector, topology)
        if not nics:
            remedy = "the machine has " + (_names(topology["nics"]) or "none")
            found.append(Finding("nic-not-found", f"no NIC of this machine is {name!r}", path, dict(selector), remedy))
        found += [
            Finding(
                "nic-node-without-isolated",
                f"NIC {nic['name']} is on node {nic['node']}, the isolated CPUs {parts.isolated} are elsewhere",
                path,
                dict(selector),
                f"isolate CPUs of {nodes[nic['node']]}, or use a NIC on their node",
            )
            for nic in nics
            if nic["node"] in nodes and parts.isolated and not nodes[nic["node"]] & parts.isolated
        ]
    return found


def _names(nics: list[dict[str, Any]]) -> str:
    return ", ".join(f"{nic['name']} ({nic['driver']}, {nic['pci']})" for nic in nics if nic.get("kind") != "vf")
