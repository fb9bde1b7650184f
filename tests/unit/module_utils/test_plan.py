# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from topologies import GIB, profiles, smt, topologies

from ansible_collections.ull.metal.plugins.module_utils.cpuset import CpuSet
from ansible_collections.ull.metal.plugins.module_utils.finding import ERROR, KINDS, LEVELS, Finding
from ansible_collections.ull.metal.plugins.module_utils.plan import compile_plan, no_plan, select_nics
from ansible_collections.ull.metal.plugins.module_utils.settings import cpu_isolation, hugepages
from ansible_collections.ull.metal.plugins.module_utils.settings.boot_args import BootArgs
from ansible_collections.ull.metal.plugins.module_utils.settings.registry import DOMAINS, domains
from ansible_collections.ull.metal.plugins.module_utils.topology.compact import compact

NICS = [{"node": 0, "driver": "igb"}, {"node": 1, "driver": "ice", "sriov_total": 8}, {"node": -1, "driver": "bnxt_en"}]
SERVER = smt(nodes=2, cores=4, threads=2, nics=NICS)


def kinds(plan) -> dict[str, str]:
    """The findings' paths by their kind."""
    return {finding["id"]: finding["path"] for finding in plan["findings"]}


def pages(size: str, amount: str, where: str) -> dict:
    return {"hugepages": [{"size": size, "amount": amount, "where": where}]}


def pools(plan) -> dict[tuple[int, str], int]:
    return {(pool["node"], pool["size"]): pool["pages"] for pool in plan["hugepages"]["pools"]}


def test_a_slice_for_each_role():
    plan = compile_plan(SERVER, {**pages("1G", "4 GiB", "each node"), "boot_args": ["skew_tick=1"]}, "lab1")
    assert (plan["schema"], plan["host"], plan["findings"]) == (1, "lab1", [])
    assert plan["boot_args"]["sections"] == {
        "cpu_isolation": [
            "isolcpus=managed_irq,domain,1-3,5-7,9-11,13-15",
            "nohz_full=1-3,5-7,9-11,13-15",
            "rcu_nocbs=1-3,5-7,9-11,13-15",
            "irqaffinity=0,4,8,12",
        ],
        "hugepages": ["hugepagesz=1G", "hugepages=0:4,1:4"],
        "dpdk": [],
        "boot_args": ["skew_tick=1"],
    }
    assert plan["cpus"]["housekeeping"] == plan["cpu_isolation"]["housekeeping"] == "0,4,8,12"
    assert plan["numa"][1] == {"id": 1, "cpus": "4-7,12-15", "memory_bytes": 32 * GIB}
    assert set(DOMAINS) <= set(plan)


@pytest.mark.parametrize(
    ("where", "nodes"),
    [
        ("each node", [0, 1]),
        ("node 1", [1]),
        ("nic feed", [1]),
        ("nic slow", [0]),
        ("nic", [0, 1]),
    ],
)
def test_where_pages_go(where, nodes):
    profile = {"nics": {"feed": {"sriov": True}, "slow": {"driver": "igb"}}, **pages("2M", "64 MiB", where)}
    assert pools(compile_plan(SERVER, profile)) == {(node, "2M"): 32 for node in nodes}


def test_each_node_means_those_with_cpus_and_memory():
    machine = smt(nodes=2, memory={0: 32, 1: 0, 4: 96})
    assert pools(compile_plan(machine, pages("2M", "64 MiB", "each node"))) == {(0, "2M"): 32}


def test_intents_for_one_pool_add_up():
    both = [*pages("1G", "4 GiB", "each node")["hugepages"], *pages("1G", "2 GiB", "node 1")["hugepages"]]
    assert pools(compile_plan(SERVER, {"hugepages": both})) == {(0, "1G"): 4, (1, "1G"): 6}


@pytest.mark.parametrize(
    ("machine", "profile", "found"),
    [
        (SERVER, {"isolatd": "rest"}, {"profile-unknown-key": "ull_profile.isolatd"}),
        (SERVER, None, {"profile-bad-value": "ull_profile"}),
        (SERVER, {"isolated": "cpus 0-7", "housekeeping": "rest"},
         {"cpu-0-isolated": "ull_profile.tickless", "smt-split": "ull_profile.isolated"}),
        (SERVER, {"critical": "cpus 0-7"}, {"critical-not-isolated": "ull_profile.critical"}),
        (SERVER, pages("1G", "40 GiB", "node 0"), {"hugepages-exceed-node": "ull_profile.hugepages on node 0"}),
        (SERVER, pages("1G", "32 GiB", "node 0"), {"hugepages-crowd-node": "ull_profile.hugepages on node 0"}),
        (SERVER, pages("16M", "16 MiB", "node 0"), {"hugepages-size-missing": "ull_profile.hugepages (16M on node 0)"}),
        (SERVER, pages("1G", "1 GiB", "node 3"), {"hugepages-node-missing": "ull_profile.hugepages (1G on node 3)"}),
        (SERVER, pages("1G", "1 GiB", "nic"), {"nic-not-found": "ull_profile.hugepages[0].where"}),
        (SERVER, pages("1G", "1 GiB", "nic feed"), {"nic-not-found": "ull_profile.hugepages[0].where"}),
        (SERVER, {"nics": {"feed": {"driver": "mlx5_core"}}}, {"nic-not-found": "ull_profile.nics.feed"}),
        (SERVER, {"nics": {"feed": {"driver": "mlx5_core"}}, **pages("1G", "1 GiB", "nic")},
         {"nic-not-found": "ull_profile.nics.feed"}),
        (SERVER, {"nics": {"feed": {"driver": "bnxt_en"}}, **pages("2M", "2 MiB", "nic feed")},
         {"nic-node-unknown": "ull_profile.hugepages[0].where"}),
        (SERVER, {"isolated": "cpus 1,9", "housekeeping": "rest", "nics": {"feed": {"driver": "ice"}}},
         {"nic-node-without-isolated": "ull_profile.nics.feed"}),
        (SERVER, {"boot_args": ["quiet", "nohz-full=3"]}, {"boot-arg-twice": "ull_profile.boot_args[1]"}),
        (SERVER, {"boot_args": ["default_hugepagesz=1G"], **pages("1G", "1 GiB", "node 0")},
         {"boot-arg-twice": "ull_profile.boot_args[0]"}),
        (SERVER, {"boot_args": ["nohz_full=3"], "tickless": "none"}, {}),
        ({**SERVER, "container": "docker"}, {}, {"container-target": "ansible_host"}),
        ({**SERVER, "boot_loader": ""}, {}, {"boot-loader-unsupported": "boot loader"}),
        ({**SERVER, "kernel": {"release": "5.15.0"}}, pages("1G", "1 GiB", "node 0"),
         {"hugepages-kernel-old": "ull_profile.hugepages"}),
        (smt(nodes=1, cores=1, threads=2), {}, {"nothing-isolated": "ull_profile.housekeeping"}),
    ],
)  # fmt: skip
def test_findings(machine, profile, found):
    plan = compile_plan(machine, profile, "lab1")
    assert kinds(plan) == found
    for finding in plan["findings"]:
        assert finding["host"] == "lab1"
        assert finding["why"] == KINDS[finding["id"]].why
        assert finding["remedy"]


def test_selectors():
    def names(**selector):
        return [nic["name"] for nic in select_nics(selector, SERVER)]

    assert names(driver="ice") == names(sriov=True) == names(name="eth1") == ["eth1"]
    assert names(sriov=False) == ["eth0", "eth2"]
    assert names(pci=SERVER["nics"][0]["pci"]) == ["eth0"]
    assert names(driver="ice", sriov=False) == []
    with_vf = {**SERVER, "nics": [{**SERVER["nics"][1], "kind": "vf"}]}
    assert select_nics({"driver": "ice"}, with_vf) == []


def test_the_plan_of_a_host_of_which_nothing_is_known():
    plan = no_plan("lab1", [Finding("topology-missing", "none is stored")])
    assert kinds(plan) == {"topology-missing": ""}
    assert set(plan) == set(compile_plan(SERVER, {}))


@given(topologies())
def test_a_compact_snapshot_gives_the_same_plan(machine):
    assert compile_plan(compact(machine, limit=0), {}) == compile_plan(machine, {})


@given(topologies(), profiles(), st.sampled_from(["6.12.1", "5.15.0", "?"]))
def test_invariants(machine, declared, release):
    machine["kernel"]["release"] = release
    given_machine, given_profile = copy.deepcopy(machine), copy.deepcopy(declared)
    plan = compile_plan(machine, declared, "lab1")
    assert (machine, declared) == (given_machine, given_profile), "the input was changed"
    assert compile_plan(given_machine, given_profile, "lab1") == plan
    assert json.loads(json.dumps(plan)) == plan
    assert {finding["level"] for finding in plan["findings"]} <= set(LEVELS)
    errors = {finding["id"] for finding in plan["findings"] if finding["level"] == ERROR}
    assert "plan-inconsistent" not in errors
    sizes = {"2M": 2 << 20, "1G": 1 << 30, "16M": 16 << 20}
    for node in machine["nodes"]:
        asked = sum(sizes[size] * count for (where, size), count in pools(plan).items() if where == node["id"])
        assert asked <= node["memory_bytes"] or errors & {"hugepages-exceed-node", "hugepages-node-missing"}
    if errors:
        return
    isolated, tickless, housekeeping = (
        CpuSet.parse(plan["cpu_isolation"][name]) for name in ("isolated", "tickless", "housekeeping")
    )
    assert tickless <= isolated
    assert str(housekeeping | isolated) == plan["cpus"]["online"]
    if plan["kubelet"]:
        reserved = CpuSet.parse(plan["kubelet"]["reservedSystemCPUs"])
        assert not isolated or reserved == housekeeping
    for name in ("critical", "lcores", "idle"):
        assert CpuSet.parse(plan["cpus"][name]) <= isolated
    assert not isolated & CpuSet.parse(plan["irq"]["default_cpus"]) or not isolated
    assert all(nic["cpus"] for nic in plan["irq"]["nics"])
    for placed in plan["placement"].values():
        assert placed["cpus"]
        assert CpuSet.parse(placed["cpus"]) <= housekeeping
    assert cpu_isolation.findings(isolated, tickless, machine, "x", housekeeping) == []
    declared_pools = [hugepages.Pool.of(pool, "x") for pool in plan["hugepages"]["pools"]]
    assert ERROR not in {finding.level for finding in hugepages.findings(declared_pools, machine)}
    # the arguments of the plan are those that the domains of its other slices set themselves
    made = {domain.role: domain for domain in domains(plan)}
    sections = BootArgs(**plan["boot_args"]).sections
    assert sections["hugepages"] == hugepages.boot_args(declared_pools)
    assert sections["cpu_isolation"] == cpu_isolation.boot_args(isolated, tickless, housekeeping)
    assert set(made) == set(DOMAINS)


def test_the_critical_path_on_cores_0_to_7():
    """What the source of the requirements asks for, the planner cannot give: it offers the nearest layout."""
    machine = smt(nodes=1, cores=16, threads=2)
    (finding,) = compile_plan(machine, {"critical": "cpus 0-7", "smt": "idle siblings"})["findings"]
    assert "CPU 0 is the boot CPU" in finding["message"]
    assert finding["remedy"] == "the nearest layout is cpus 1-8"
    plan = compile_plan(machine, {"critical": "cpus 1-8", "smt": "idle siblings"})
    assert (plan["cpus"]["critical"], kinds(plan)) == ("1-8", {})
    isolated = compile_plan(machine, {"isolated": "cpus 0-7,16-23", "housekeeping": "rest"})
    assert "the nearest layout is cpus 1-8,17-24" in [finding["remedy"] for finding in isolated["findings"]]
