# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Topologies as the reader gives them: one in a line, and random ones for hypothesis."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from ansible_collections.ull.metal.plugins.module_utils.cpuset import CpuSet

GIB = 1 << 30


def topology(
    cores: Sequence[tuple[int, Sequence[int]]],
    memory: Mapping[int, int] | None = None,
    offline: Sequence[int] = (),
    nics: Sequence[Mapping[str, Any]] = (),
    **others: Any,
) -> dict[str, Any]:
    """A machine of ``(node, threads)`` a core, and so many GiB on each node; a node is a package and an L3 group.

    >>> topology([(0, [0, 4]), (0, [1, 5]), (1, [2, 6]), (1, [3, 7])])
    """
    cpus = []
    for number, (node, threads) in enumerate(cores):
        online = CpuSet(cpu for cpu in threads if cpu not in offline)
        first = min(cpu for other, mine in cores if other == node for cpu in mine)
        for cpu in threads:
            up = cpu in online
            row = {"id": cpu, "package": node, "core": number, "siblings": str(online), "node": node, "l3": first}
            dead = {"package": -1, "core": -1, "siblings": str(cpu), "l3": -1}
            cpus.append({**row, **({} if up else dead), "online": up})
    cpus.sort(key=lambda cpu: cpu["id"])
    memory = memory or dict.fromkeys({node for node, _threads in cores}, 32)
    return {
        "schema": 1,
        "arch": "x86_64",
        "container": "",
        "os": {"id": "debian", "version": "13", "family": "debian"},
        "boot_loader": "grub",
        "kernel": {"release": "6.12.10-amd64", "flavour": "generic", "args": ""},
        "nodes": [
            {
                "id": node,
                "cpus": str(CpuSet(cpu["id"] for cpu in cpus if cpu["online"] and cpu["node"] == node)),
                "memory_bytes": gib * GIB,
                "distances": [10 if other == node else 20 for other in sorted(memory)],
                "hugepages": [{"size": size, "total": 0, "free": 0} for size in ("2M", "1G")],
            }
            for node, gib in sorted(memory.items())
        ],
        "cpus": cpus,
        "nics": [nic(**{"name": f"eth{index}", **given}) for index, given in enumerate(nics)],
        "virtual_nics": [],
        "gpus": [],
        "doubts": [],
        **others,
    }


def nic(name: str, node: int = 0, driver: str = "ice", sriov_total: int = 0, kind: str = "physical") -> dict[str, Any]:
    """A NIC's row."""
    pci = f"0000:{node + 1:02x}:{len(name):02x}.0"
    found = {"name": name, "pci": pci, "node": node, "driver": driver, "sriov_total": sriov_total, "kind": kind}
    rest = {"sriov_num": 0, "mtu": 1500, "max_mtu": 9702, "queues": 8, "iommu_group": 7, "mac": "", "speed": 25000}
    return {**found, **rest, "up": True, "pf": "", "irqs": ""}


def smt(nodes: int = 2, cores: int = 4, threads: int = 2, **others: Any) -> dict[str, Any]:
    """A usual server: first all cores' first threads over the nodes, then the second ones."""
    every = nodes * cores
    made = [(core // cores, [core + thread * every for thread in range(threads)]) for core in range(every)]
    return topology(made, **others)


@st.composite
def topologies(draw: st.DrawFn) -> dict[str, Any]:
    """Machines with sparse nodes and CPUs, SMT of 1 to 8, offline CPUs, nodes of CPUs or of memory alone."""
    nodes = draw(st.lists(st.integers(0, 40), min_size=1, max_size=4, unique=True))
    threads = draw(st.sampled_from([1, 2, 4, 8]))
    per_node = [draw(st.integers(0, 5)) for _node in nodes]
    total = max(1, sum(per_node)) * threads
    gap = draw(st.sampled_from([1, 1, 1, 2, 8]))
    numbers = [number * gap for number in range(total)]
    if draw(st.booleans()):  # thread by thread, as on x86; otherwise core by core, as on POWER
        groups = [numbers[start :: total // threads] for start in range(total // threads)]
    else:
        groups = [numbers[start : start + threads] for start in range(0, total, threads)]
    owners = list(itertools.chain.from_iterable([node] * count for node, count in zip(nodes, per_node))) or nodes[:1]
    if draw(st.booleans()):
        owners = draw(st.permutations(owners))
    offline = draw(st.lists(st.sampled_from(numbers), max_size=total - 1, unique=True))
    memory = {node: draw(st.sampled_from([0, 1, 2, 8, 64])) for node in nodes}
    nics = draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "node": st.sampled_from([*nodes, -1]),
                    "driver": st.sampled_from(["ice", "igb", "mlx5_core"]),
                    "sriov_total": st.sampled_from([0, 8]),
                    "kind": st.sampled_from(["physical", "physical", "vf"]),
                }
            ),
            max_size=3,
        )
    )
    made = topology(list(zip(owners, groups)), memory, offline, nics)
    if draw(st.booleans()):  # several L3 groups a node
        for row in made["cpus"]:
            row["l3"] = row["id"] // 4 * 4 if row["online"] else -1
    return made


_CPUS = st.integers(0, 90)
_LISTS = st.lists(_CPUS, min_size=1, max_size=8).map(lambda cpus: f"cpus {CpuSet(cpus)}")
_COUNTS = st.builds(
    "{}{} per {}".format,
    st.integers(1, 9),
    st.sampled_from(["", " core", " cores", " cpu", " cpus"]),
    st.sampled_from(["node", "l3", "package", "machine"]),
)
_PAGES = st.sampled_from([("2M", "64 MiB"), ("2M", "4 GiB"), ("1G", "1 GiB"), ("1G", "8 GiB"), ("16M", "32 MiB")])
_WHERE = st.one_of(
    st.sampled_from(["each node", "nic", "nic feed", "nic other"]), st.integers(0, 41).map("node {}".format)
)
_MEANT = st.sampled_from([{"driver": "ice"}, {"sriov": True}, {"driver": "igb", "sriov": False}, {"name": "eth0"}])
_MACS = st.sampled_from(["02:00:5e:00:10:00", "02:00:5e:00:10:02"])
_VFS = st.fixed_dictionaries(
    {"count": st.integers(1, 9)},
    optional={
        "use": st.sampled_from(["dpdk", "kernel", "pod"]),
        "mac": _MACS,
        "vlan": st.integers(1, 4094),
        "mtu": st.sampled_from([1500, 9000]),
    },
)
_WANTED = st.fixed_dictionaries(
    {},
    optional={
        "min_speed": st.sampled_from(["10G", "100G"]),
        "mtu": st.sampled_from([1500, 9000, 65000]),
        "queues": st.integers(1, 20),
        "rings": st.sampled_from(["max", 4096]),
        "irqs": st.one_of(st.sampled_from(["housekeeping", "isolated"]), _LISTS),
        "vfs": st.lists(_VFS, max_size=2),
    },
)
_NICS = st.builds(lambda meant, wanted: {**meant, **wanted}, _MEANT, _WANTED)
_NEAR = st.builds(
    "{}{} near nic{}".format, st.integers(1, 4), st.sampled_from(["", " cpus"]), st.sampled_from(["", " feed"])
)
_MEMORY = st.sampled_from(["64 MiB", "1 GiB", "40 GiB"])
_STORE = st.fixed_dictionaries({"memory": _MEMORY}, optional={"where": st.sampled_from(["node 0", "node 3", "nic"])})


def profiles() -> st.SearchStrategy[dict[str, Any]]:
    """What the language of profiles can say."""
    return st.fixed_dictionaries(
        {},
        optional={
            "class": st.just("random"),
            "housekeeping": st.one_of(st.just("rest"), _LISTS, _COUNTS),
            "isolated": st.one_of(st.sampled_from(["rest", "none"]), _LISTS, _COUNTS, _NEAR),
            "critical": st.one_of(st.just("none"), _LISTS, _COUNTS, _NEAR),
            "smt": st.sampled_from(["whole cores", "idle siblings"]),
            "tickless": st.one_of(st.sampled_from(["isolated", "none"]), _LISTS),
            "nics": st.dictionaries(st.sampled_from(["feed", "other"]), _NICS, max_size=2),
            "hugepages": st.lists(
                st.builds(lambda pages, where: {"size": pages[0], "amount": pages[1], "where": where}, _PAGES, _WHERE),
                max_size=3,
            ),
            "boot_args": st.lists(st.sampled_from(["skew_tick=1", "nohz_full=1", "quiet", "nosmt"]), max_size=2),
            "dpdk": st.fixed_dictionaries(
                {},
                optional={
                    "lcores": st.one_of(st.sampled_from(["none", "critical"]), _LISTS, _COUNTS, _NEAR),
                    "memory": _MEMORY,
                },
            ),
            "kubelet": st.fixed_dictionaries(
                {},
                optional={
                    "version": st.sampled_from(["1.20", "1.34"]),
                    "cpu_manager": st.sampled_from(["static", "none"]),
                    "topology_manager": st.sampled_from(["single-numa-node", "none"]),
                    "memory_manager": st.sampled_from(["Static", "None"]),
                    "reserved_memory": _MEMORY,
                },
            ),
            "stores": st.fixed_dictionaries({}, optional={"postgresql": _STORE, "redis": _STORE}),
            "kernel": st.sampled_from(["any", "rt", "generic"]),
            "sysctl": st.sampled_from([{}, {"vm.swappiness": 10, "kernel.numa_balancing": "1"}]),
            "latency_budget_ns": st.sampled_from([0, 1000]),
        },
    )
