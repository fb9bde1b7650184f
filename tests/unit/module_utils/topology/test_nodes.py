# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""NUMA nodes, on what the captures do not show."""

from __future__ import annotations

import pytest
from fake_tree import tree

from ansible_collections.ull.metal.plugins.module_utils.cpuset import CpuSet
from ansible_collections.ull.metal.plugins.module_utils.topology.nodes import NODE, node_ids, read_nodes, size_name


def nodes_of(host, present="0-3", online=None):
    return read_nodes(host, CpuSet.parse(present), CpuSet.parse(online or present))


def test_a_kernel_without_numa_is_one_node(tmp_path):
    pools = "/sys/kernel/mm/hugepages/hugepages-2048kB"
    files = {"/proc/meminfo": "MemTotal:  1000 kB", f"{pools}/nr_hugepages": "8", f"{pools}/free_hugepages": "3"}
    nodes = nodes_of(tree(tmp_path, files), online="0-2")
    assert nodes.rows == [
        {
            "id": 0,
            "cpus": "0-2",
            "memory_bytes": 1024000,
            "distances": [10],
            "hugepages": [{"size": "2M", "total": 8, "free": 3}],
        }
    ]
    assert nodes.node_of == {0: 0, 1: 0, 2: 0, 3: 0}
    assert nodes.doubts == []


def test_sparse_nodes_and_one_of_memory_alone(tmp_path):
    """CXL or HBM memory: a node without CPUs."""
    files = {}
    for node, cpus in ((0, "0-1"), (4, "2-3"), (7, "")):
        files[f"{NODE}/node{node}/cpulist"] = cpus
        files[f"{NODE}/node{node}/meminfo"] = f"Node {node} MemTotal:  {node + 1} kB"
        files[f"{NODE}/node{node}/distance"] = "10 20 30"
    nodes = nodes_of(tree(tmp_path, files))
    assert [(row["id"], row["cpus"], row["memory_bytes"]) for row in nodes.rows] == [
        (0, "0-1", 1024),
        (4, "2-3", 5120),
        (7, "", 8192),
    ]
    assert nodes.doubts == []


def test_an_offline_cpu_has_the_node_that_links_it(tmp_path):
    """Kernels since 2.6.33 leave offline CPUs out of cpulist, and keep the links."""
    files = {f"{NODE}/node0/cpulist": "0-1", f"{NODE}/node1/cpulist": "2", f"{NODE}/node1/cpu3": None}
    nodes = nodes_of(tree(tmp_path, files), online="0-2")
    assert nodes.node_of == {0: 0, 1: 0, 2: 1, 3: 1}
    assert [row["cpus"] for row in nodes.rows] == ["0-1", "2"]


def test_one_node_that_lists_nothing_has_all(tmp_path):
    nodes = nodes_of(tree(tmp_path, {f"{NODE}/node0/cpulist": "rubbish", f"{NODE}/node0/distance": "10"}))
    assert nodes.rows[0]["cpus"] == "0-3"
    assert nodes.doubts == []


def test_cpus_of_no_node_are_doubted(tmp_path):
    files = {f"{NODE}/node0/cpulist": "0", f"{NODE}/node1/cpulist": "1"}
    nodes = nodes_of(tree(tmp_path, files))
    assert nodes.node_of == {0: 0, 1: 1}
    assert nodes.doubts[0] == "no node lists CPUs 2-3"


def test_overlapping_nodes_are_doubted(tmp_path):
    files = {f"{NODE}/node0/cpulist": "0-2", f"{NODE}/node1/cpumap": "e"}
    nodes = nodes_of(tree(tmp_path, files))
    assert [row["cpus"] for row in nodes.rows] == ["0-2", "3"]
    assert nodes.doubts[0] == "node 1 lists CPUs 1-2, which node 0 has"


@pytest.mark.parametrize("text", ["", "10", "10 x", "10 -1", "10 20 30"])
def test_a_table_of_distances_that_is_not_whole_is_none(tmp_path, text):
    files = {f"{NODE}/node{node}/distance": text for node in (0, 1)}
    nodes = nodes_of(tree(tmp_path, files))
    assert [row["distances"] for row in nodes.rows] == [[], []]
    assert "node 0 has no whole list of distances" in nodes.doubts


def test_only_nodes_that_are_online(tmp_path):
    host = tree(tmp_path, {f"{NODE}/node0": None, f"{NODE}/node1": None, f"{NODE}/online": "1"})
    assert node_ids(host) == [1]
    assert node_ids(tree(tmp_path / "other", {f"{NODE}/node0": None, f"{NODE}/online": "5"})) == [0]


@pytest.mark.parametrize(
    ("kib", "name"), [(64, "64K"), (2048, "2M"), (32768, "32M"), (1048576, "1G"), (16777216, "16G"), (1536, "1536K")]
)
def test_page_sizes(kib, name):
    assert size_name(kib) == name
