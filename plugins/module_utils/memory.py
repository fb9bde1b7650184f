# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The memory of each node: hugepage pools of the profile and the stores, and whether all of it fits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .finding import Finding
from .profile import ROOT, Profile
from .selection import nodes_meant
from .settings import hugepages
from .settings.hugepages import Pool
from .slices.kubelet import reserved_bytes
from .slices.placement import ordinary_bytes, store_pools
from .units import human


def plan_pools(profile: Profile, topology: Mapping[str, Any]) -> tuple[list[Pool], list[Finding]]:
    """Hugepage intents as pools; intents for the same node and size add up."""
    pages: dict[tuple[int, int], int] = {}
    found: list[Finding] = []
    for index, intent in enumerate(profile.hugepages):
        nodes, more = nodes_meant(intent.where, profile, topology, f"{ROOT}.hugepages[{index}].where")
        found += more
        for node in nodes:
            pages[node, intent.size] = pages.get((node, intent.size), 0) + intent.amount // intent.size
    for pool in store_pools(profile, topology):
        pages[pool.node, pool.size] = pages.get((pool.node, pool.size), 0) + pool.pages
    pools = [Pool(node, size, count) for (node, size), count in sorted(pages.items())]
    found += hugepages.findings(pools, topology, f"{ROOT}.hugepages")
    return pools, [*found, *_on_gpus(pools, topology)]


def memory_findings(profile: Profile, pools: list[Pool], topology: Mapping[str, Any]) -> list[Finding]:
    """Nodes where hugepages fit, but not with what kubelet and stores take besides."""
    found = []
    for node in topology["nodes"]:
        huge = sum(pool.size * pool.pages for pool in pools if pool.node == node["id"])
        kept, stores = reserved_bytes(profile, node), ordinary_bytes(profile, topology, node)
        if huge <= node["memory_bytes"] < huge + kept + stores:
            parts = {"hugepages": huge, "reserved for the system": kept, "data stores": stores}
            message = f"node {node['id']} has {human(node['memory_bytes'])}: " + ", ".join(
                f"{human(size)} {what}" for what, size in parts.items() if size
            )
            path = f"{ROOT}.{'stores' if stores else 'kubelet.reserved_memory'}"
            found.append(
                Finding("memory-exceeds-node", message, path, human(stores or kept), "ask for less of one of them")
            )
    return found


def _on_gpus(pools: list[Pool], topology: Mapping[str, Any]) -> Iterator[Finding]:
    gpus = {gpu["memory_node"]: gpu["pci"] for gpu in topology.get("gpus", []) if gpu["memory_node"] >= 0}
    for pool in pools:
        if pool.node in gpus and pool.pages:
            message = f"node {pool.node} is the memory of GPU {gpus[pool.node]}"
            remedy = "use a node with CPUs, or `where: each node`, which leaves it out"
            yield Finding("hugepages-on-gpu", message, f"{ROOT}.hugepages", pool.pages, remedy)
