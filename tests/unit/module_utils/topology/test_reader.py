# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The whole topology, of random machines and of random damage: what is sound is read exactly, the rest never raises."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from captures import ALL, capture
from fake_tree import tree
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.ull.metal.plugins.module_utils.cpuset import CpuSet
from ansible_collections.ull.metal.plugins.module_utils.host import Host
from ansible_collections.ull.metal.plugins.module_utils.topology.compact import compact, complete
from ansible_collections.ull.metal.plugins.module_utils.topology.cpus import CPU
from ansible_collections.ull.metal.plugins.module_utils.topology.nodes import NODE
from ansible_collections.ull.metal.plugins.module_utils.topology.reader import read_topology

# What the documentation promises.
CONTRACT = {
    "nodes": {"id", "cpus", "memory_bytes", "distances", "hugepages"},
    "cpus": {"id", "package", "core", "siblings", "node", "l3", "online"},
    "nics": {
        "name",
        "pci",
        "node",
        "driver",
        "sriov_total",
        "sriov_num",
        "mtu",
        "max_mtu",
        "queues",
        "iommu_group",
    },
}
GARBAGE = ["", "rubbish", "-1", "99999999999", "0-", "0-8191", "ffffffff,ffffffff", "0-3", "1", "\0\xff", "0x020000"]


@st.composite
def machines(draw):
    """Rows of CPUs and nodes: packages of one or two nodes, cores of some threads, numbered at random, some offline."""
    packages, nodes, cores, threads = (draw(st.integers(1, most)) for most in (2, 2, 2, 3))
    numbers = draw(st.permutations(range(packages * nodes * cores * threads)))
    node_ids = draw(st.lists(st.integers(0, 40), min_size=packages * nodes, max_size=packages * nodes, unique=True))
    offline = draw(st.sets(st.sampled_from(numbers), max_size=len(numbers) - 1))
    places = [(p, n, c) for p in range(packages) for n in range(nodes) for c in range(cores)]
    cpus = []
    for index, (package, node, core) in enumerate(places):
        group = CpuSet(numbers[index * threads : (index + 1) * threads]) - CpuSet(offline)
        start = index // cores * cores * threads
        l3 = (CpuSet(numbers[start : start + cores * threads]) - CpuSet(offline)).first
        for cpu in numbers[index * threads : (index + 1) * threads]:
            row = {"id": cpu, "package": package, "core": node * cores + core, "siblings": str(group)}
            row |= {"node": node_ids[package * nodes + node], "l3": l3, "online": True}
            gone = {"package": -1, "core": -1, "siblings": str(cpu), "l3": -1, "online": False}
            cpus.append({**row, **gone} if cpu in offline else row)
    return {"cpus": sorted(cpus, key=lambda row: row["id"]), "nodes": sorted(node_ids), "gpu_node": draw(st.booleans())}


def files_of(machine):
    """The tree a kernel would show of it; the last node may be one of memory alone, above all others."""
    rows = machine["cpus"]
    nodes = [*machine["nodes"], 99] if machine["gpu_node"] else machine["nodes"]
    files = {f"{CPU}/online": str(CpuSet(row["id"] for row in rows if row["online"]))}
    for row in rows:
        base = f"{CPU}/cpu{row['id']}"
        files[f"{base}/online"] = "1" if row["online"] else "0"
        files[f"{NODE}/node{row['node']}/cpu{row['id']}/x"] = ""
        if row["online"]:
            files[f"{base}/topology/physical_package_id"] = str(row["package"])
            files[f"{base}/topology/core_id"] = str(row["core"])
            files[f"{base}/topology/core_cpus_list"] = row["siblings"]
            files[f"{base}/cache/index3/level"] = "3"
            files[f"{base}/cache/index3/shared_cpu_list"] = str(CpuSet(r["id"] for r in rows if r["l3"] == row["l3"]))
    for node in nodes:
        files[f"{NODE}/node{node}/cpulist"] = str(CpuSet(r["id"] for r in rows if r["node"] == node and r["online"]))
        files[f"{NODE}/node{node}/meminfo"] = f"Node {node} MemTotal: 1024 kB"
        files[f"{NODE}/node{node}/distance"] = " ".join("10" if other == node else "20" for other in nodes)
        files[f"{NODE}/node{node}/hugepages/hugepages-2048kB/nr_hugepages"] = "4"
    for number, node in enumerate(nodes):
        base = f"/sys/bus/pci/devices/0000:81:{number:02x}.0"
        files |= {f"{base}/class": "0x020000", f"{base}/numa_node": str(node), f"{base}/sriov_totalvfs": "7"}
        files[f"/sys/class/net/eth{number}/device/uevent"] = f"PCI_SLOT_NAME=0000:81:{number:02x}.0"
    return files


def invariants(topology):
    """What holds of every topology, however odd the tree."""
    assert json.loads(json.dumps(topology)) == topology
    for part, keys in CONTRACT.items():
        assert all(keys <= set(row) for row in topology[part])
    rows = {row["id"]: row for row in topology["cpus"]}
    assert list(rows) == sorted(rows)
    for cpu, row in rows.items():
        siblings = CpuSet.parse(row["siblings"])
        assert cpu in siblings
        assert all(rows[other]["siblings"] == row["siblings"] for other in siblings)
        assert row["online"] or len(siblings) == 1
        assert row["l3"] == -1 or (row["l3"] <= cpu and rows[row["l3"]]["l3"] == row["l3"])
        assert row["package"] >= -1 and row["core"] >= -1
    taken = CpuSet()
    for node in topology["nodes"]:
        cpus = CpuSet.parse(node["cpus"])
        assert not taken & cpus
        assert all(rows[cpu]["node"] == node["id"] and rows[cpu]["online"] for cpu in cpus)
        assert node["memory_bytes"] >= 0
        assert len(node["distances"]) in (0, len(topology["nodes"]))
        taken = taken | cpus
    known = {node["id"] for node in topology["nodes"]} | {-1}
    assert {row["node"] for part in ("cpus", "nics", "gpus") for row in topology[part]} <= known
    assert complete(compact(topology, 1)) == topology


def read(files):
    with tempfile.TemporaryDirectory() as folder:
        return read_topology(tree(Path(folder), files))


@settings(max_examples=40)
@given(machines())
def test_a_sound_machine_is_read_exactly(machine):
    topology = read(files_of(machine))
    invariants(topology)
    assert topology["cpus"] == machine["cpus"]
    assert [node["id"] for node in topology["nodes"]] == [*machine["nodes"], *([99] if machine["gpu_node"] else [])]
    assert [nic["node"] for nic in topology["nics"]] == [node["id"] for node in topology["nodes"]]
    assert topology["doubts"] == []


@settings(max_examples=60)
@given(machines(), st.data())
def test_a_damaged_machine_is_read_as_far_as_it_goes(machine, data):
    files = files_of(machine)
    paths = sorted(files)
    harm = data.draw(st.dictionaries(st.sampled_from(paths), st.sampled_from([*GARBAGE, None]), max_size=15))
    removed = data.draw(st.sets(st.sampled_from(paths), max_size=15))
    invariants(read({path: text for path, text in {**files, **harm}.items() if path not in removed}))


@pytest.mark.parametrize("name", ALL)
def test_captures_hold_the_invariants(name):
    invariants(read_topology(Host(str(capture(name)))))


def test_an_empty_tree_gives_an_empty_machine():
    topology = read({})
    invariants(topology)
    assert (topology["schema"], topology["cpus"], topology["nics"], topology["gpus"]) == (1, [], [], [])
    assert [(node["id"], node["cpus"], node["memory_bytes"]) for node in topology["nodes"]] == [(0, "", 0)]


def test_this_host_is_read():
    topology = read_topology(Host("/"))
    invariants(topology)
    assert topology["cpus"]
    assert topology["kernel"]["release"]
