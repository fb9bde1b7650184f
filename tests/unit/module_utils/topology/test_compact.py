# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A topology fits 16 KiB at 256 CPUs, and nothing is lost."""

from __future__ import annotations

import copy
import json

import pytest
from captures import ALL, capture

from ansible_collections.ull.metal.plugins.module_utils.cpuset import CpuSet
from ansible_collections.ull.metal.plugins.module_utils.host import Host
from ansible_collections.ull.metal.plugins.module_utils.topology.compact import LIMIT, ORDER, compact, complete, size
from ansible_collections.ull.metal.plugins.module_utils.topology.reader import read_topology


def server(packages, cores, threads, l3_cores, *, nodes_a_package=1, nics=8, vfs=16):
    """A full-blown server's topology: every CPU, nodes with two page sizes, NICs with VFs."""
    count = packages * cores
    nodes = packages * nodes_a_package
    rows = [
        {
            "id": cpu,
            "package": cpu % count // cores,
            "core": cpu % count % cores,
            "siblings": str(CpuSet(cpu % count + count * thread for thread in range(threads))),
            "node": cpu % count * nodes // count,
            "l3": cpu % count // l3_cores * l3_cores,
            "online": True,
        }
        for cpu in range(count * threads)
    ]
    vm = read_topology(Host(str(capture("tuned-rt-4cpu-2node"))))
    physical = next(nic for nic in vm["nics"] if nic["sriov_total"])
    virtual = next(nic for nic in vm["nics"] if not nic["name"])
    node = {"memory_bytes": 405709250560, "distances": [10] * nodes, "hugepages": vm["nodes"][0]["hugepages"]}
    cpus_of = [str(CpuSet(row["id"] for row in rows if row["node"] == number)) for number in range(nodes)]
    return {
        **vm,
        "nodes": [{"id": number, "cpus": cpus, **node} for number, cpus in enumerate(cpus_of)],
        "cpus": rows,
        "nics": [{**physical, "irqs": "120-184"}] * nics + [virtual] * vfs,
    }


@pytest.mark.parametrize("name", ALL)
def test_every_capture_fits_and_comes_back(name):
    topology = read_topology(Host(str(capture(name))))
    small = compact(topology)
    assert size(small) <= LIMIT
    assert ("left_out" in small) == (len(topology["cpus"]) == 256)
    assert complete(json.loads(json.dumps(small))) == topology


@pytest.mark.parametrize(
    "machine",
    [
        pytest.param(server(2, 64, 2, 8, nodes_a_package=4), id="two EPYC of 64 cores, four nodes each"),
        pytest.param(server(2, 128, 1, 128), id="two Ampere of 128 cores without SMT"),
        pytest.param(server(8, 16, 2, 16), id="eight Xeons of 16 cores"),
        pytest.param(server(8, 8, 4, 1), id="POWER with four threads a core"),
    ],
)
def test_servers_of_256_cpus_fit_with_many_nics(machine):
    assert len(machine["cpus"]) == 256
    small = compact(machine)
    assert size(machine) > LIMIT >= size(small)
    assert complete(small) == machine


@pytest.mark.parametrize("limit", [1, 3000, 6000, 9000, 12000, 20000, 30000])
def test_no_more_is_left_out_than_needed(limit):
    machine = server(2, 64, 2, 8)
    small = compact(machine, limit)
    left_out = [(part, key) for part, keys in small.get("left_out", {}).items() for key in keys]
    assert left_out == list(ORDER[: len(left_out)])
    assert complete(small) == machine
    assert size(small) <= limit or left_out == list(ORDER)
    if left_out:
        assert size(compact(machine, size(small))) == size(small)


def test_values_differ_from_row_to_row():
    """Places in the list, as CPUs may be numbered sparsely; kinds of cores stay where they are."""
    topology = {"cpus": [], "nics": []}
    for cpu in range(8, 16):
        row = {"id": cpu, "package": 0, "core": cpu, "siblings": str(cpu), "node": 0, "l3": -1, "online": cpu % 3 != 0}
        topology["cpus"].append({**row, "kind": "P"} if cpu < 12 else {**row, "kind": "E", "capacity": 500})
    small = compact(topology, 1)
    assert small["left_out"]["cpus"]["online"] == [[True, "0,2-3,5-6"], [False, "1,4,7"]]
    assert small["cpus"][7] == {"id": 15, "kind": "E", "capacity": 500}
    assert complete(small) == topology


def test_nothing_is_changed_in_place():
    machine = server(2, 64, 2, 8)
    before = copy.deepcopy(machine)
    small = compact(machine)
    kept = copy.deepcopy(small)
    complete(small)
    assert (machine, small) == (before, kept)


def test_a_small_topology_is_left_alone():
    topology = {"cpus": [{"id": 0}], "nodes": []}
    assert compact(topology) is topology
    assert complete(topology) == topology
