# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The modules of settings, run as Ansible runs them: JSON in, JSON out."""

from __future__ import annotations

import importlib
import json

import pytest
from ansible.module_utils.testing import patch_module_args
from machines import contents, debian
from topologies import smt

from ansible_collections.ull.metal.plugins.module_utils import module as frame
from ansible_collections.ull.metal.plugins.module_utils.plan import compile_plan
from ansible_collections.ull.metal.plugins.module_utils.topology.reader import read_topology

PRESENT = {
    "boot_args": {"sections": {"mine": ["skew_tick=1"]}},
    "hugepages": {"pools": [{"node": 1, "size": "1G", "pages": 4}, {"node": 0, "size": "2M", "pages": 8}]},
    "cpu_isolation": {"isolated": "1,5", "tickless": "1,5"},
}


@pytest.fixture
def host(tmp_path, monkeypatch):
    made = debian(tmp_path)
    monkeypatch.setattr(frame, "Host", lambda *_args: made)
    return made


@pytest.fixture
def run(capsys):
    def run(name: str, check_mode: bool = False, **args) -> dict:
        module = importlib.import_module(f"ansible_collections.ull.metal.plugins.modules.{name}")
        with patch_module_args({"_ansible_check_mode": check_mode, **args}), pytest.raises(SystemExit):
            module.main()
        return json.loads(capsys.readouterr().out)

    return run


@pytest.mark.parametrize("name", PRESENT)
def test_present_and_absent(host, run, name):
    before = contents(host)
    predicted = run(name, check_mode=True, **PRESENT[name])
    assert contents(host) == before
    made = run(name, **PRESENT[name])
    keys = ("changed", "states", "diff", "reboot_required")
    assert {key: made[key] for key in keys} == {key: predicted[key] for key in keys}
    assert (made["changed"], made["reboot_required"]) == (True, True)
    assert run("reboot_info")["required"]
    host.boot()
    again = run(name, **PRESENT[name])
    assert (again["changed"], again["reboot_required"], run("reboot_info")["required"]) == (False, False, False)
    assert run(name, state="absent")["changed"]
    host.boot()
    assert not run(name, state="absent")["changed"]


@pytest.mark.parametrize(
    ("name", "args", "variable", "value"),
    [
        ("boot_args", {"sections": {"mine": ["a b"]}}, "kernel arguments of mine", "a b"),
        ("hugepages", {"pools": [{"node": 0, "size": "1G", "pages": 40}]}, "hugepages on node 0", "40 x 1G"),
        ("cpu_isolation", {"isolated": "0-7"}, "cpu_isolation.isolated", "0-7"),
    ],
)
def test_a_failure_names_host_variable_value_and_remedy(host, run, name, args, variable, value):
    before = contents(host)
    failed = run(name, **args)
    assert failed["failed"]
    assert (failed["host"], failed["variable"], failed["value"]) == ("lab1", variable, value)
    assert failed["remedy"]
    assert all(part in failed["msg"] for part in ("lab1", variable, value, failed["remedy"]))
    assert contents(host) == before


def test_a_machine_is_called_by_its_own_name(run, tmp_path, monkeypatch):
    monkeypatch.setattr(frame.platform, "node", lambda: "server7")
    assert run("reboot_info", root=str(tmp_path))["host"] == "server7"


def test_the_states_of_a_whole_plan(host, run):
    plan = compile_plan(read_topology(host), {"hugepages": [{"size": "2M", "amount": "16 MiB", "where": "node 0"}]})
    found = run("settings_info", plan=plan)
    assert found["topology"]["nodes"] == read_topology(host)["nodes"]
    assert {state["status"] for state in found["states"]} == {"differs"}
    assert "hugepages.node0.2M" in {state["name"] for state in found["states"]}


def test_a_plan_of_another_machine(host, run):
    """The states can still be read: a CPU or node that is not there is a difference, not a failure."""
    plan = compile_plan(smt(nodes=4, cores=8), {"hugepages": [{"size": "2M", "amount": "2 MiB", "where": "node 3"}]})
    states = {state["name"]: state["running"] for state in run("settings_info", plan=plan)["states"]}
    assert states["hugepages.node3.2M"] is None
