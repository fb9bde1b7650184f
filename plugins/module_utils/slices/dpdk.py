# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What DPDK applications get: lcores, memory per node, and their EAL arguments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..cpuset import CpuSet
from ..finding import Finding
from ..partition import Partition
from ..profile import ROOT, Profile
from ..selection import nic_nodes, nic_title, select_nics
from ..settings.hugepages import Pool
from ..units import human, parse_size, short


def dpdk_slice(
    profile: Profile,
    parts: Partition,
    pools: Sequence[Pool],
    vfs: Sequence[Mapping[str, Any]],
    topology: Mapping[str, Any],
) -> tuple[dict[str, Any], list[Finding]]:
    """Lcores, memory and arguments; empty where nothing polls."""
    if not parts.lcores:
        return {}, list(_no_lcores(profile, vfs))
    nodes = [node for node in topology["nodes"] if CpuSet.parse(node["cpus"]) & parts.lcores]
    asked = parse_size(profile.dpdk["memory"])
    memory = [{"node": node["id"], "bytes": asked} for node in nodes]
    made = {
        "lcores": str(parts.lcores),
        "main_lcore": parts.lcores.first,
        "memory": memory,
        "eal_args": _eal_args(parts.lcores, memory),
    }
    return made, [*_short(memory, pools), *_far(profile, nodes, topology)]


def _eal_args(lcores: CpuSet, memory: list[dict[str, int]]) -> list[str]:
    """--socket-mem takes MiB by the number of the node, 0 for those in between."""
    by_node = {entry["node"]: entry["bytes"] >> 20 for entry in memory}
    sizes = ",".join(str(by_node.get(node, 0)) for node in range(max(by_node, default=0) + 1))
    return ["-l", str(lcores), "--main-lcore", str(lcores.first), "--socket-mem", sizes]


def _no_lcores(profile: Profile, vfs: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    count = sum(vf["use"] == "dpdk" for vf in vfs)
    if count and profile.lcores.word == "none":
        message = f"{count} VFs are for DPDK and no CPU polls them"
        yield Finding("dpdk-without-lcores", message, f"{ROOT}.dpdk.lcores", "none", "e.g. `2 cores near nic`")


def _short(memory: list[dict[str, int]], pools: Sequence[Pool]) -> Iterator[Finding]:
    for entry in memory:
        mine = [pool for pool in pools if pool.node == entry["node"]]
        have = sum(pool.size * pool.pages for pool in mine)
        if entry["bytes"] > have:
            pages = ", ".join(f"{pool.pages} x {short(pool.size)}" for pool in mine) or "none"
            message = f"{human(entry['bytes'])} for DPDK on node {entry['node']}, which has {pages} of hugepages"
            remedy = f"add {{size: 1G, amount: {human(entry['bytes'])}, where: node {entry['node']}}} to hugepages"
            yield Finding("dpdk-memory-short", message, f"{ROOT}.dpdk.memory", human(entry["bytes"]), remedy)


def _far(profile: Profile, nodes: list[Mapping[str, Any]], topology: Mapping[str, Any]) -> Iterator[Finding]:
    nics = [nic for intent in profile.nics.values() for nic in select_nics(intent, topology)]
    near = nic_nodes(nics, topology)
    far = [node for node in nodes if node["id"] not in near]
    if nics and far and all(nic["node"] >= 0 for nic in nics):
        message = f"lcores on nodes {', '.join(str(node['id']) for node in far)} are far from " + ", ".join(
            f"{nic_title(nic)} (node {nic['node']})" for nic in nics
        )
        remedy = "say `lcores: 2 cores near nic`"
        yield Finding("dpdk-far-from-nic", message, f"{ROOT}.dpdk.lcores", str(profile.lcores), remedy)
