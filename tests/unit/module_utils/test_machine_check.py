# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import copy

import pytest
from planned import SERVER, found, ids, plan, server
from topologies import smt


def kernel(release="6.12.1", flavour="generic"):
    return server(kernel={"release": release, "flavour": flavour, "args": ""})


@pytest.mark.parametrize(
    ("topology", "profile", "kind", "words"),
    [
        (
            server(doubts=["node 1 lists CPUs 0-7", "no node lists CPUs 9"]),
            {},
            "topology-doubt",
            "no node lists CPUs 9",
        ),
        (kernel("5.4.0"), {}, "isolation-kernel-old", "5.6"),
        (kernel(), {"kernel": "rt"}, "kernel-not-rt", "PREEMPT_RT"),
        (kernel(flavour="rt"), {"kernel": "generic"}, "kernel-is-rt", "generic"),
        (SERVER, {"isolated": "none", "latency_budget_ns": 1000}, "budget-not-isolated", "1000 ns"),
        (SERVER, {"boot_args": ["quiet", "maxcpus=8"]}, "boot-arg-offlines-cpus", "maxcpus=8"),
        (smt(offline=[3]), {}, "cpu-offline", "CPUs 3"),
        (smt(nodes=1, cores=64, threads=1), {}, "housekeeping-starved", "keep 2 CPUs"),
        (smt(memory={0: 32, 1: 0}), {}, "node-without-memory", "node 1"),
    ],
)
def test_findings(topology, profile, kind, words):
    finding = found(plan(profile, topology), kind)
    assert words in f"{finding['message']} {finding['remedy']} {finding['path']}"


def test_what_is_well_is_not_spoken_of():
    assert ids(plan({"kernel": "rt"}, kernel(flavour="rt"))) == []
    assert ids(plan({"isolated": "none"}, kernel("5.4.0"))) == []
    assert ids(plan({"isolated": "none", "latency_budget_ns": 10**6})) == []


def test_fast_and_slow_cores():
    machine = copy.deepcopy(SERVER)
    for cpu in machine["cpus"]:
        cpu["kind"] = "E" if cpu["node"] else "P"
    assert "cpus 1-3,9-11" in found(plan({}, machine), "cpu-kinds-mixed")["remedy"]
    assert ids(plan({"isolated": "cpus 1-3,9-11", "housekeeping": "rest"}, machine)) == []


def test_critical_cpus_beside_housekeeping_where_another_cache_is_free():
    machine = smt(nodes=1, cores=8, threads=1)
    for cpu in machine["cpus"]:
        cpu["l3"] = cpu["id"] // 4 * 4
    assert "CPUs 4-7" in found(plan({"critical": "cpus 1-2"}, machine), "critical-shares-l3")["remedy"]
    assert ids(plan({"critical": "cpus 4-5"}, machine)) == []
    # one cache for all: there is no better place
    assert ids(plan({"critical": "cpus 1-2"}, smt(nodes=1, cores=8, threads=1))) == []


def test_pages_in_a_gpu():
    gpu = {"pci": "0004:04:00.0", "vendor": "10de", "driver": "nvidia", "node": 0, "memory_node": 255}
    machine = smt(memory={0: 32, 1: 32, 255: 16}, gpus=[gpu])
    pages = {"hugepages": [{"size": "2M", "amount": "2 MiB", "where": "node 255"}]}
    assert "0004:04:00.0" in found(plan(pages, machine), "hugepages-on-gpu")["message"]
    pages["hugepages"][0]["where"] = "each node"
    made = plan(pages, machine)
    assert [pool["node"] for pool in made["hugepages"]["pools"]] == [0, 1]
    assert ids(made) == []
