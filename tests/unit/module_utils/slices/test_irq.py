# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from planned import NICS, found, ids, plan, server


def nic_row(made):
    (row,) = made["irq"]["nics"]
    return row


def test_interrupts_go_to_housekeeping():
    irq = plan({})["irq"]
    assert irq == {"default_cpus": "0,4,8,12", "default_mask": "1111", "banned": "1-3,5-7,9-11,13-15", "nics": []}


def test_without_isolation_any_cpu_will_do():
    irq = plan({"isolated": "none"})["irq"]
    assert (irq["default_cpus"], irq["banned"]) == ("0-15", "")


@pytest.mark.parametrize(
    ("said", "cpus", "queue_cpus"),
    [
        ({}, "4,12", [4, 12, 4, 12]),
        ({"irqs": "housekeeping"}, "4,12", [4, 12, 4, 12]),
        ({"irqs": "isolated"}, "5-7,13-15", [5, 6, 7, 13]),
        ({"irqs": "cpus 1-2"}, "1-2", [1, 2, 1, 2]),
    ],
)
def test_queues_take_turns_on_cpus_of_the_nics_node(said, cpus, queue_cpus):
    made = plan({"nics": {"feed": {"name": "ens2", "queues": 4, **said}}})
    assert (nic_row(made)["cpus"], nic_row(made)["queue_cpus"]) == (cpus, queue_cpus)
    assert ids(made) == []


def test_without_a_word_the_queues_are_those_there_are():
    assert len(nic_row(plan({"nics": {"feed": {"name": "ens2"}}}))["queue_cpus"]) == 16


def test_a_node_without_housekeeping():
    made = plan({"housekeeping": "1 core per machine", "nics": {"feed": {"name": "ens2"}}})
    assert nic_row(made)["cpus"] == "0,8"
    assert "4-7,12-15" in found(made, "irqs-off-node")["remedy"]


def test_critical_cpus_are_not_to_be_interrupted():
    made = plan({"critical": "cpus 1,9", "nics": {"feed": {"name": "ens1", "irqs": "cpus 1-2"}}})
    assert "CPUs 1," in found(made, "irqs-on-critical")["message"]


def test_isolated_means_those_that_nothing_else_uses():
    made = plan({"critical": "cpus 1,9", "nics": {"feed": {"name": "ens1", "irqs": "isolated"}}})
    assert nic_row(made)["cpus"] == "2-3,10-11"


def test_no_cpu_is_left():
    made = plan({"nics": {"feed": {"name": "ens1", "irqs": "cpus 40"}}})
    assert found(made, "irqs-nowhere")["level"] == "error"


def test_vectors_of_x86_are_few():
    many = server(nics=[{**NICS[0], "irqs": "100-1099"}])
    assert "5 housekeeping CPUs" in found(plan({}, many), "irq-vectors-short")["remedy"]
    assert ids(plan({}, {**many, "arch": "aarch64"})) == []
