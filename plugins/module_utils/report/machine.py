# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A host as it stands on a map: nodes with their cores, memory and devices. From plan and topology; nothing is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..cpuset import CpuSet
from ..topology.compact import complete
from ..units import parse_size
from .cpu_roles import CpuRole, Partition

UNKNOWN = -1
GIGANTIC = 1 << 30


@dataclass(frozen=True)
class Thread:
    """A CPU, as the kernel counts them."""

    cpu: int
    role: CpuRole


@dataclass(frozen=True)
class Core:
    """The threads that share a core; ``kind`` is ``P`` or ``E`` where a machine has both."""

    package: int
    l3: int
    threads: tuple[Thread, ...]
    kind: str = ""


@dataclass(frozen=True)
class Cluster:
    """The cores of a node that share an L3 cache; ``name`` is empty where the node has only one such group."""

    name: str
    cores: tuple[Core, ...]


@dataclass(frozen=True)
class Pool:
    """Hugepages of one size."""

    size: str
    pages: int

    @property
    def bytes(self) -> int:
        """The memory they take."""
        return parse_size(self.size) * self.pages

    @property
    def look(self) -> str:
        """How they are drawn: ``gigantic`` pages, which only a boot gives for sure, or ``huge`` ones."""
        return "gigantic" if parse_size(self.size) >= GIGANTIC else "huge"


@dataclass
class Node:
    """A NUMA node and what hangs there; ``id`` is -1 for the place of what is unknown."""

    id: int
    cpus: str = ""
    memory: int = 0
    packages: tuple[int, ...] = ()
    clusters: tuple[Cluster, ...] = ()
    pools: tuple[Pool, ...] = ()
    nics: list[Mapping[str, Any]] = field(default_factory=list)
    gpus: list[Mapping[str, Any]] = field(default_factory=list)
    own_memory_of: list[str] = field(default_factory=list)

    @property
    def threads(self) -> list[Thread]:
        """All CPUs of the node, core by core."""
        return [thread for cluster in self.clusters for core in cluster.cores for thread in core.threads]


@dataclass(frozen=True)
class Machine:
    """The whole host. ``topology`` is empty for one of which only the plan is known."""

    nodes: tuple[Node, ...]
    distances: Mapping[int, Sequence[int]]
    virtual_nics: Sequence[Mapping[str, Any]]
    topology: Mapping[str, Any]

    @property
    def known(self) -> list[Node]:
        """The nodes that are there; without the place of what is unknown."""
        return [node for node in self.nodes if node.id != UNKNOWN]


def machine(plan: Mapping[str, Any], topology: Mapping[str, Any] | None) -> Machine:
    """Bring plan and topology together."""
    whole = complete(dict(topology)) if topology else {}
    roles = Partition(plan)
    rows = whole.get("nodes") or plan.get("numa") or []
    nodes = {row["id"]: _node(row, plan) for row in rows}
    for place, cores in _cores(whole, rows, roles).items():
        node = nodes.setdefault(place if place in nodes else UNKNOWN, Node(UNKNOWN))
        node.packages = tuple(sorted({core.package for core in cores if core.package >= 0}))
        node.clusters = _clusters(cores)
    for key in ("nics", "gpus"):
        for device in whole.get(key, []):
            place = device["node"] if device["node"] in nodes else UNKNOWN
            getattr(nodes.setdefault(place, Node(UNKNOWN)), key).append(device)
    for gpu in whole.get("gpus", []):
        if gpu.get("memory_node", UNKNOWN) in nodes and gpu.get("memory_node", UNKNOWN) != UNKNOWN:
            nodes[gpu["memory_node"]].own_memory_of.append(gpu["pci"])
    known = [nodes[row["id"]] for row in rows]
    return Machine(
        nodes=(*known, *(node for place, node in nodes.items() if place == UNKNOWN)),
        distances={row["id"]: row.get("distances") or [] for row in rows},
        virtual_nics=whole.get("virtual_nics", []),
        topology=whole,
    )


def vfs_of(nic: Mapping[str, Any], nics: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The VFs of a PF that are there."""
    return [other for other in nics if other.get("kind") == "vf" and nic["pci"] and other.get("pf") == nic["pci"]]


def irq_count(irqs: Any) -> int:
    """How many interrupts a list such as ``37-45,60`` has; their numbers may be larger than those of CPUs."""
    ranges = [part.split("-") for part in str(irqs or "").split(",")]
    return sum(int(ends[-1]) - int(ends[0]) + 1 for ends in ranges if all(end.isdecimal() for end in ends))


def _node(row: Mapping[str, Any], plan: Mapping[str, Any]) -> Node:
    pools = [pool for pool in plan["hugepages"]["pools"] if pool["node"] == row["id"] and pool["pages"]]
    ordered = sorted(
        (Pool(str(pool["size"]), pool["pages"]) for pool in pools), key=lambda pool: -parse_size(pool.size)
    )
    return Node(row["id"], row["cpus"], row["memory_bytes"], pools=tuple(ordered))


def _cores(whole: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], roles: Partition) -> dict[int, list[Core]]:
    """The cores of each node, the lowest CPU first."""
    if not whole:
        return {
            row["id"]: [Core(-1, -1, (Thread(cpu, roles.role(cpu)),)) for cpu in CpuSet.parse(row["cpus"])]
            for row in rows
            if row["cpus"]
        }
    nodes = {row["id"] for row in rows}
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for cpu in sorted(whole["cpus"], key=lambda cpu: cpu["id"]):
        place = cpu["node"] if cpu["node"] in nodes else UNKNOWN
        # an offline CPU has no siblings that the kernel would tell
        mates = cpu["siblings"] or f"{cpu['id']}"
        groups.setdefault((place, cpu["package"], cpu["l3"], mates), []).append(cpu)
    cores: dict[int, list[Core]] = {}
    for (place, package, l3, _mates), cpus in groups.items():
        threads = tuple(Thread(cpu["id"], roles.role(cpu["id"], cpu["online"])) for cpu in cpus)
        cores.setdefault(place, []).append(Core(package, l3, threads, str(cpus[0].get("kind") or "")))
    return cores


def _clusters(cores: Sequence[Core]) -> tuple[Cluster, ...]:
    """The groups by L3 cache, in the order of their first CPU; offline CPUs, which have none, last."""
    groups: dict[tuple[int, int], list[Core]] = {}
    for core in cores:
        groups.setdefault((core.package, core.l3), []).append(core)
    named = [key for key in groups if key[1] >= 0]
    packages = {package for package, _l3 in groups if package >= 0}
    made = []
    for package, l3 in sorted(groups, key=lambda key: (key[1] < 0 < len(named), _first(groups[key]))):
        words = [f"package {package}"] if len(packages) > 1 and package >= 0 else []
        words += [f"L3 {l3}"] if len(named) > 1 and l3 >= 0 else []
        made.append(Cluster(", ".join(words), tuple(groups[package, l3])))
    return tuple(made)


def _first(cores: Sequence[Core]) -> int:
    return min(core.threads[0].cpu for core in cores)
