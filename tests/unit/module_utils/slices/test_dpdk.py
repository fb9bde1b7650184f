# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from planned import SERVER, found, ids, plan
from topologies import smt

FEED = {"nics": {"feed": {"name": "ens2"}}}
PAGES = {"hugepages": [{"size": "1G", "amount": "2 GiB", "where": "each node"}]}


def test_lcores_memory_and_arguments():
    made = plan({**FEED, **PAGES, "dpdk": {"lcores": "2 cores near nic feed", "memory": "2 GiB"}})
    assert made["dpdk"] == {
        "lcores": "5-6,13-14",
        "main_lcore": 5,
        "memory": [{"node": 1, "bytes": 2 << 30}],
        "eal_args": ["-l", "5-6,13-14", "--main-lcore", "5", "--socket-mem", "0,2048"],
    }
    assert ids(made) == []


def test_without_lcores_there_is_nothing():
    assert plan(FEED)["dpdk"] == {}


def test_lcores_and_the_critical_path_are_apart():
    made = plan({**FEED, **PAGES, "critical": "1 core near nic", "dpdk": {"lcores": "1 core near nic"}})
    assert (made["cpus"]["critical"], made["cpus"]["lcores"]) == ("5,13", "6,14")
    assert ids(made) == []


def test_lcores_can_be_the_critical_path():
    made = plan({**FEED, **PAGES, "critical": "1 core near nic", "dpdk": {"lcores": "critical"}})
    assert made["cpus"]["critical"] == made["cpus"]["lcores"] == made["dpdk"]["lcores"] == "5,13"
    assert ids(made) == []


def test_idle_siblings_do_not_poll():
    made = plan({**FEED, **PAGES, "smt": "idle siblings", "dpdk": {"lcores": "3 cores near nic"}})
    assert (made["cpus"]["lcores"], made["cpus"]["idle"]) == ("5-7", "9-11,13-15")
    assert made["cpus"]["isolated"] == "1-3,5-7,9-11,13-15"


@pytest.mark.parametrize(
    ("profile", "kind", "words"),
    [
        ({"dpdk": {"lcores": "cpus 4-5"}}, "dpdk-not-isolated", "nearest layout"),
        ({"dpdk": {"lcores": "4 cores near nic"}}, "dpdk-lcores-short", "5-7,13-15"),
        ({"dpdk": {"lcores": "cpus 5,13"}}, "dpdk-memory-short", "1 GiB for DPDK on node 1, which has none"),
        ({**PAGES, "dpdk": {"lcores": "cpus 1,9"}}, "dpdk-far-from-nic", "ens2 (node 1)"),
        ({"critical": "cpus 5,13", "dpdk": {"lcores": "cpus 5-6,13-14"}}, "cpu-two-roles", "5,13"),
    ],
)
def test_findings(profile, kind, words):
    finding = found(plan({**FEED, **profile}), kind)
    assert words in f"{finding['message']} {finding['remedy']}"


def test_memory_of_nodes_in_between_is_nothing():
    machine = {**SERVER, **smt(nodes=4, cores=2, threads=1), "nics": []}
    made = plan({**PAGES, "dpdk": {"lcores": "cpus 1,7"}}, machine)
    assert made["dpdk"]["eal_args"][-1] == "1024,0,0,1024"
