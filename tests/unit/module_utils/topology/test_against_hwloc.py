# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Field by field: what is read of each captured machine is what hwloc reads of it.

Where hwloc keeps back or loses what the kernel says, the rule is written out below, and tested as a rule.
"""

from __future__ import annotations

import hwloc
import pytest
from captures import ALL, capture

from ansible_collections.ull.metal.plugins.module_utils.cpuset import CpuSet
from ansible_collections.ull.metal.plugins.module_utils.host import Host
from ansible_collections.ull.metal.plugins.module_utils.topology.reader import read_topology

# In this capture the masks of CPU 3's package and of CPU 2's L3 cache were edited to CPUs 0-3. hwloc builds a group
# from the word of its lowest CPU alone, and so loses package 3 and that cache, though all other CPUs in them, and the
# list files of these two, tell the same sound story. Packages are read CPU by CPU, lists before masks: they stay.
_LOST_PACKAGE = {"40intel64-4n10c+pci-conflicts": (3, CpuSet(range(3, 40, 4)))}
_LOST_L3 = {"40intel64-4n10c+pci-conflicts": (2, CpuSet(range(2, 40, 4)))}

# All eight nodes list all eight CPUs. hwloc drops all but the first, and with them seven eighths of the memory. The
# kernel does allocate from each and keeps hugepage pools in each, so they stay, without CPUs, and are doubted.
_OVERLAPPING = {"8em64t-2s2ca2c-buggynuma": {1, 2, 3, 4, 5, 6, 7}}

# hwloc on POWER hides nodes that are a GPU's memory. They stay, without CPUs, named by the GPU's memory_node.
_OF_GPUS = {"nvidiagpunumanodes": {250, 251, 252, 253, 254, 255}}


class Machine:
    """A capture, as read by us and by hwloc."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.ours = read_topology(Host(str(capture(name))))
        self.hwloc = hwloc.read(capture(name))
        self.online = {row["id"]: row for row in self.ours["cpus"] if row["online"]}
        self.nodes = {row["id"]: row for row in self.ours["nodes"]}


@pytest.fixture(scope="module", params=ALL)
def machine(request):
    return Machine(request.param)


def test_online_cpus_are_hwlocs_processing_units(machine):
    assert set(machine.online) == machine.hwloc.pus


def test_packages(machine):
    package, cpus = _LOST_PACKAGE.get(machine.name, (-1, CpuSet()))
    lost = dict.fromkeys(cpus, package)
    assert all(machine.hwloc.packages[cpu] is None for cpu in lost)
    assert {cpu: row["package"] for cpu, row in machine.online.items()} == {
        **{cpu: -1 if number is None else number for cpu, number in machine.hwloc.packages.items()},
        **lost,
    }


def test_cores(machine):
    assert {cpu: row["core"] for cpu, row in machine.online.items()} == {
        cpu: -1 if core is None else core for cpu, core in machine.hwloc.cores.items()
    }


def test_siblings(machine):
    assert {cpu: CpuSet.parse(row["siblings"]) for cpu, row in machine.online.items()} == machine.hwloc.siblings


def test_l3_groups(machine):
    first, cpus = _LOST_L3.get(machine.name, (-1, CpuSet()))
    lost = dict.fromkeys(cpus, first)
    assert not lost.keys() & machine.hwloc.l3.keys()
    assert {cpu: row["l3"] for cpu, row in machine.online.items()} == {
        **dict.fromkeys(machine.hwloc.pus, -1),
        **{cpu: group.first for cpu, group in machine.hwloc.l3.items()},
        **lost,
    }


def test_nodes_cpus_and_memory(machine):
    kept_back = _OVERLAPPING.get(machine.name, set()) | _OF_GPUS.get(machine.name, set())
    assert set(machine.nodes) == set(machine.hwloc.nodes) | kept_back
    for number, theirs in machine.hwloc.nodes.items():
        row = machine.nodes[number]
        assert (CpuSet.parse(row["cpus"]), row["memory_bytes"]) == (theirs["cpus"], theirs["memory"])
    for number in kept_back:
        assert machine.nodes[number]["cpus"] == ""
        assert machine.nodes[number]["memory_bytes"] > 0


def test_each_cpus_node(machine):
    theirs = {cpu: number for number, node in machine.hwloc.nodes.items() for cpu in node["cpus"]}
    assert {cpu: row["node"] for cpu, row in machine.online.items()} == theirs


def test_distances(machine):
    numbers = list(machine.nodes)
    for number, theirs in machine.hwloc.distances.items():
        ours = dict(zip(numbers, machine.nodes[number]["distances"]))
        assert [ours[other] for other in machine.hwloc.distances] == theirs


def test_hugepages(machine):
    units = {"K": 1, "M": 1 << 10, "G": 1 << 20}
    for number, theirs in machine.hwloc.nodes.items():
        ours = {
            int(pool["size"][:-1]) * units[pool["size"][-1]]: pool["total"]
            for pool in machine.nodes[number]["hugepages"]
        }
        assert ours == theirs["hugepages"]


def test_interfaces_and_their_functions(machine):
    ours = {nic["name"]: nic["pci"] for nic in machine.ours["nics"] if nic["name"]}
    functions = {name: pci for name, pci in machine.hwloc.nics.items() if pci}
    assert functions.items() <= ours.items()
    assert set(ours) <= set(machine.hwloc.nics)


def test_nodes_of_network_functions_and_gpus(machine):
    ours = {row["pci"]: row["node"] for row in [*machine.ours["nics"], *machine.ours["gpus"]]}
    assert {pci for pci, function in machine.hwloc.functions.items() if function["class"] == 0x0200} <= set(ours)
    for address, node in ours.items():
        theirs = machine.hwloc.functions[address]["nodes"]
        assert node == (theirs.pop() if len(theirs) == 1 else -1)


def test_kinds_of_cores(machine):
    """hwloc knows kinds by frequency; like ours, they part the CPUs."""
    ours: dict[str, set[int]] = {}
    for cpu, row in machine.online.items():
        ours.setdefault(row.get("kind", ""), set()).add(cpu)
    if len(machine.hwloc.kinds) > 1:
        assert sorted(map(sorted, ours.values())) == sorted(map(sorted, machine.hwloc.kinds))
    else:
        assert list(ours) == [""]
