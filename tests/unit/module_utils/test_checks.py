# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from topologies import smt

from ansible_collections.ull.metal.plugins.module_utils.checks import checks
from ansible_collections.ull.metal.plugins.module_utils.plan import compile_plan
from ansible_collections.ull.metal.plugins.module_utils.setting import State

SERVER = smt(nodes=2)
PLAN = compile_plan(SERVER, {})


def failed(topology=SERVER, **state) -> dict[str, tuple[str, str, str]]:
    """Name to what was expected, what was found, and the hint."""
    columns = {"impact": "reboot", "declared": "1", "persisted": "1", "running": "1", **state}
    found = checks(PLAN, topology, [State("boot_args.x", "boot_args", **columns).as_dict()])
    return {check.name: (check.expected, check.found, check.hint) for check in found if not check.ok}


def test_all_is_well():
    assert failed() == {}
    assert [check.name for check in checks(PLAN, SERVER, [])] == ["numa.node0.cpus", "numa.node1.cpus"]


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ({"running": None}, {"boot_args.x": ("1", "not set", "a reboot is pending")}),
        ({"running": "2", "impact": "live"}, {"boot_args.x": ("1", "2", "run tune with the tag boot_args")}),
        ({"persisted": None}, {"boot_args.x (next boot)": ("1", "not set", "run tune with the tag boot_args")}),
        ({"declared": None}, {
            "boot_args.x": ("not set", "1", "run tune with the tag boot_args"),
            "boot_args.x (next boot)": ("not set", "1", "run tune with the tag boot_args"),
        }),
    ],
)  # fmt: skip
def test_settings(state, found):
    assert failed(**state) == found


def test_another_machine_than_the_planned_one():
    other = {**SERVER, "nodes": [{**SERVER["nodes"][0], "cpus": "0-3"}, {**SERVER["nodes"][1], "id": 2}]}
    hint = "the machine is not the one that was planned: plan it again"
    assert failed(other) == {
        "numa.node0.cpus": ("0-3,8-11", "0-3", hint),
        "numa.node1.cpus": ("4-7,12-15", "no such node", hint),
        "numa.node2.cpus": ("no such node", "4-7,12-15", hint),
    }
