# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The NUMA nodes: CPUs, memory, distances, hugepage pools."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ..cpuset import CpuSet
from ..host import Host
from .values import cpu_set, number, numbered

NODE = "/sys/devices/system/node"


class Nodes(NamedTuple):
    """The nodes' rows, the node of each CPU that has one, and what is odd about them."""

    rows: list[dict[str, Any]]
    node_of: dict[int, int]
    doubts: list[str]


def read_nodes(host: Host, present: CpuSet, online: CpuSet) -> Nodes:
    """A node's ``cpus`` are its online ones, as in the kernel; nodes of memory alone (HBM, CXL, a GPU's) have none."""
    ids = node_ids(host)
    if not ids:
        return Nodes([_whole_machine(host, online)], dict.fromkeys(present, 0), [])
    node_of, doubts = _node_of(host, ids, present)
    rows = [
        {
            "id": node,
            "cpus": str(CpuSet(cpu for cpu in online if node_of.get(cpu) == node)),
            "memory_bytes": _memory(host, f"{NODE}/node{node}/meminfo"),
            "distances": _distances(host, node, len(ids)),
            "hugepages": _hugepages(host, f"{NODE}/node{node}/hugepages"),
        }
        for node in ids
    ]
    doubts += [f"node {row['id']} has no whole list of distances" for row in rows if not row["distances"]]
    return Nodes(rows, node_of, doubts)


def node_ids(host: Host) -> list[int]:
    """The online nodes; offline ones have no folder."""
    folders = numbered(host, NODE, "node")
    listed = cpu_set(host, f"{NODE}/online")
    return [node for node in folders if listed and node in listed] or folders


def _node_of(host: Host, ids: list[int], present: CpuSet) -> tuple[dict[int, int], list[str]]:
    """The node of each CPU, and what is odd.

    A CPU that several nodes list belongs to the first: fake nodes (numa=fake) all list every CPU. The others keep their
    memory, which is real, and its hugepage pools.
    """
    node_of: dict[int, int] = {}
    linked: dict[int, int] = {}
    doubts = []
    for node in ids:
        listed = (cpu_set(host, f"{NODE}/node{node}/cpulist", f"{NODE}/node{node}/cpumap") or CpuSet()) & present
        taken = CpuSet(cpu for cpu in listed if cpu in node_of)
        if taken:
            doubts.append(f"node {node} lists CPUs {taken}, which node {node_of[taken.first]} has")
        node_of.update(dict.fromkeys(listed - taken, node))
        # newer kernels list online CPUs alone, but link the offline ones too
        for cpu in numbered(host, f"{NODE}/node{node}", "cpu"):
            linked.setdefault(cpu, node)
    node_of = {**{cpu: node for cpu, node in linked.items() if cpu in present}, **node_of}
    if not node_of and len(ids) == 1:
        node_of = dict.fromkeys(present, ids[0])
    homeless = present - CpuSet(node_of)
    return node_of, doubts + ([f"no node lists CPUs {homeless}"] if homeless else [])


def _distances(host: Host, node: int, count: int) -> list[int]:
    """To each online node, in ascending order of their numbers; empty where the table is not whole."""
    words = (host.read(f"{NODE}/node{node}/distance") or "").split()
    if len(words) != count or not all(re.match(r"\d{1,4}\Z", word, re.ASCII) for word in words):
        return []
    return [int(word) for word in words]


def _memory(host: Host, path: str) -> int:
    found = re.search(r"^(?:Node \d+ )?MemTotal:\s*(\d{1,15}) kB", host.read(path) or "", re.MULTILINE | re.ASCII)
    return int(found[1]) * 1024 if found else 0


def _hugepages(host: Host, folder: str) -> list[dict[str, Any]]:
    names = (re.match(r"hugepages-(\d{1,9})kB\Z", name, re.ASCII) for name in host.names(folder))
    return [
        {
            "size": size_name(kib),
            "total": number(host, f"{folder}/hugepages-{kib}kB/nr_hugepages", 0),
            "free": number(host, f"{folder}/hugepages-{kib}kB/free_hugepages", 0),
        }
        for kib in sorted(int(name[1]) for name in names if name)
    ]


def size_name(kib: int) -> str:
    """A page size as on the kernel's command line: 64K, 2M, 1G."""
    for unit, size in (("G", 1 << 20), ("M", 1 << 10)):
        if kib and kib % size == 0:
            return f"{kib // size}{unit}"
    return f"{kib}K"


def _whole_machine(host: Host, online: CpuSet) -> dict[str, Any]:
    """The one node of a kernel without NUMA."""
    return {
        "id": 0,
        "cpus": str(online),
        "memory_bytes": _memory(host, "/proc/meminfo"),
        "distances": [10],
        "hugepages": _hugepages(host, "/sys/kernel/mm/hugepages"),
    }
