# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from hypothesis import given
from topologies import profiles, smt, topologies, topology

from ansible_collections.ull.metal.plugins.module_utils.finding import ERROR
from ansible_collections.ull.metal.plugins.module_utils.partition import partition
from ansible_collections.ull.metal.plugins.module_utils.plan import compile_plan
from ansible_collections.ull.metal.plugins.module_utils.profile import read_profile
from ansible_collections.ull.metal.plugins.module_utils.settings.cpu_isolation import cores

SERVER = smt(nodes=2, cores=4, threads=2)  # cores 0,8 ... 7,15; node 0 has 0-3,8-11


def divide(machine, **declared):
    """housekeeping | isolated | tickless, and the kinds of findings."""
    profile, wrong = read_profile(declared)
    assert wrong == []
    parts, found = partition(profile, machine)
    return f"{parts.housekeeping} | {parts.isolated} | {parts.tickless}", [finding.id for finding in found]


@pytest.mark.parametrize(
    ("declared", "parts", "kinds"),
    [
        ({}, "0,4,8,12 | 1-3,5-7,9-11,13-15 | 1-3,5-7,9-11,13-15", []),
        ({"tickless": "none"}, "0,4,8,12 | 1-3,5-7,9-11,13-15 | ", []),
        ({"housekeeping": "1 core per machine"}, "0,8 | 1-7,9-15 | 1-7,9-15", ["node-without-housekeeping"]),
        ({"housekeeping": "2 cpus per node"}, "0-1,4-5 | 2-3,6-15 | 2-3,6-15", ["smt-split"]),
        ({"housekeeping": "cpus 0,4,8,12"}, "0,4,8,12 | 1-3,5-7,9-11,13-15 | 1-3,5-7,9-11,13-15", []),
        # a list wins over a count, a count takes the lowest of what housekeeping leaves
        ({"isolated": "cpus 1,9"}, "0,2-8,10-15 | 1,9 | 1,9", ["cpu-unassigned"]),
        ({"isolated": "cpus 4,12"}, "0-3,5-11,13-15 | 4,12 | 4,12", ["cpu-unassigned"]),
        ({"isolated": "1 per node"}, "0,2-4,6-8,10-12,14-15 | 1,5,9,13 | 1,5,9,13", ["cpu-unassigned"]),
        ({"isolated": "2 per node", "housekeeping": "rest", "tickless": "none"},
         "2-3,6-7,10-11,14-15 | 0-1,4-5,8-9,12-13 | ", ["cpu-0-isolated"]),
        ({"isolated": "cpus 1,9", "housekeeping": "rest"}, "0,2-8,10-15 | 1,9 | 1,9", []),
        ({"isolated": "cpus 1,9", "tickless": "cpus 1"}, "0,2-8,10-15 | 1,9 | 1", ["cpu-unassigned"]),
        ({"isolated": "none"}, "0-15 |  | ", []),
        ({"isolated": "cpus 1,9", "tickless": "cpus 1,2"}, "0,2-8,10-15 | 1,9 | 1-2",
         ["cpu-unassigned", "tickless-not-isolated"]),
        ({"isolated": "cpus 0-3", "housekeeping": "cpus 3-15"}, "4-15 | 0-3 | 0-3",
         ["cpu-overlap", "cpu-0-isolated", "cpu-0-isolated", "smt-split"]),
        ({"housekeeping": "cpus 0,8,40"}, "0,8 | 1-7,9-15 | 1-7,9-15", ["cpu-missing", "node-without-housekeeping"]),
        ({"housekeeping": "99 per node"}, "0-15 |  | ", ["nothing-isolated"]),
        ({"housekeeping": "rest", "isolated": "rest"}, " | 0-15 | 0-15",
         ["all-isolated", "cpu-0-isolated", "node-without-housekeeping", "node-without-housekeeping"]),
    ],
)  # fmt: skip
def test_intents_on_a_server(declared, parts, kinds):
    assert divide(SERVER, **declared) == (parts, kinds)


def test_l3_groups():
    machine = smt(nodes=1, cores=8, threads=1)
    for cpu in machine["cpus"]:
        cpu["l3"] = cpu["id"] // 4 * 4
    assert divide(machine, housekeeping="1 core per l3")[0] == "0,4 | 1-3,5-7 | 1-3,5-7"


def test_a_node_of_memory_alone_needs_no_housekeeping():
    machine = topology([(0, [0]), (0, [1])], memory={0: 16, 2: 64})
    assert divide(machine) == ("0 | 1 | 1", [])


def test_offline_cpus_have_no_part():
    machine = smt(nodes=1, cores=4, threads=2, offline=[4, 3])
    assert divide(machine) == ("0 | 1-2,5-7 | 1-2,5-7", [])


def test_the_boot_cpu_is_the_lowest_that_is_online():
    machine = smt(nodes=1, cores=4, threads=1, offline=[0])
    assert divide(machine) == ("1 | 2-3 | 2-3", [])


@given(topologies(), profiles())
def test_invariants(machine, declared):
    profile, _found = read_profile(declared)
    parts, found = partition(profile, machine)
    errors = {finding.id for finding in found if finding.level == ERROR}
    assert parts.online == parts.housekeeping | parts.isolated
    assert not parts.housekeeping & parts.isolated
    assert parts.tickless <= parts.isolated or "tickless-not-isolated" in errors
    for core in cores(machine):
        assert core <= parts.isolated or not core & parts.isolated or "smt-split" in errors
    assert parts.online.first not in parts.isolated or errors & {"cpu-0-isolated", "all-isolated"}
    assert parts.housekeeping or errors
    # A place that is not there, as of a NIC, is the whole plan's to say.
    whole = [found for found in compile_plan(machine, declared)["findings"] if found["level"] == ERROR]
    assert parts.isolated or profile.isolated.word == "none" or whole
