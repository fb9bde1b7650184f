# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Actions, with the module that they run on the host played by the test."""

from __future__ import annotations

import json
from unittest.mock import MagicMock

import pytest
from ansible.errors import AnsibleConnectionFailure
from topologies import smt

from ansible_collections.ull.metal.plugins.action import plan, validate

SERVER = smt()
STATES = [{"name": "boot_args.x", "role": "boot_args", "impact": "reboot", "status": "in_sync"}]


def act(module, args: dict, answers: dict) -> tuple[dict, list[str]]:
    """The action's result, and the modules it ran. An answer is a module's result, or what is raised instead."""
    task = MagicMock(args=args, async_val=0, check_mode=False, diff=False)
    action = module.ActionModule(task, MagicMock(), MagicMock(), MagicMock(), MagicMock(), MagicMock())
    asked = []

    def execute(name, module_args=None, task_vars=None):
        asked.append(name)
        if isinstance(answers[name], Exception):
            raise answers[name]
        return answers[name]

    action._execute_module = execute
    return action.run(task_vars={"inventory_hostname": "lab1", "ansible_host": "192.0.2.1"}), asked


TOPOLOGY, SETTINGS = "ull.metal.topology_facts", "ull.metal.settings_info"
ALIVE = {TOPOLOGY: {"ansible_facts": {"ull_topology": SERVER}}, SETTINGS: {"states": STATES}}
DEAD = {TOPOLOGY: AnsibleConnectionFailure("no route to host")}
BROKEN = {TOPOLOGY: {"failed": True, "msg": "no python"}}


@pytest.fixture
def snapshot(tmp_path):
    path = tmp_path / "lab1.json"
    path.write_text(json.dumps(SERVER))
    return str(path)


def findings(result) -> list[str]:
    return [finding["id"] for finding in result["plan"]["findings"]]


def test_a_host_that_answers_is_read(snapshot):
    result, asked = act(plan, {"profile": {"isolated": "rest"}, "snapshot": snapshot}, ALIVE)
    assert asked == [TOPOLOGY, SETTINGS]
    assert (result["changed"], findings(result), result["plan"]["source"]) == (False, [], "host")
    assert result["plan"]["states"] == STATES
    assert result["ansible_facts"] == {"ull_plan": result["plan"], "ull_topology": SERVER}


def test_a_declaration_with_errors_is_not_compared_with_the_host():
    result, asked = act(plan, {"profile": {"isolated": "cpus 1"}}, ALIVE)
    assert asked == [TOPOLOGY]
    assert "smt-split" in findings(result)
    assert result["plan"]["states"] == []


def test_settings_that_cannot_be_read_are_no_settings_in_sync():
    closed = {**ALIVE, SETTINGS: {"failed": True, "msg": "closed", "remedy": "read as root"}}
    result, _asked = act(plan, {"profile": {"isolated": "rest"}}, closed)
    assert findings(result) == ["settings-unreadable"]
    assert result["plan"]["findings"][0]["remedy"] == "read as root"


def test_a_host_that_does_not_answer_is_planned_from_its_snapshot(snapshot):
    result, _asked = act(plan, {"profile": {"isolated": "rest"}, "snapshot": snapshot}, DEAD)
    assert (findings(result), result["plan"]["source"]) == (["topology-stored"], "snapshot")
    assert "no route to host" in result["plan"]["findings"][0]["message"]
    assert result["plan"]["cpus"]["online"] == "0-15"


@pytest.mark.parametrize(
    ("source", "answers", "kinds"),
    [
        ("auto", DEAD, ["host-unreachable", "topology-missing"]),
        ("host", DEAD, ["host-unreachable"]),
        ("host", BROKEN, ["topology-unreadable"]),
        ("snapshot", {}, ["topology-missing"]),
    ],
)
def test_a_host_of_which_nothing_is_known(tmp_path, source, answers, kinds):
    args = {"profile": {"isolated": "rest"}, "snapshot": str(tmp_path / "none.json"), "source": source}
    result, _asked = act(plan, args, answers)
    assert findings(result) == kinds
    assert {finding["host"] for finding in result["plan"]["findings"]} == {"lab1"}
    assert all(finding["remedy"] for finding in result["plan"]["findings"])


def test_only_the_snapshot_is_read_where_that_is_asked_for(snapshot):
    result, asked = act(plan, {"profile": {"isolated": "rest"}, "snapshot": snapshot, "source": "snapshot"}, {})
    assert (asked, result["plan"]["source"]) == ([], "snapshot")


def test_a_finding_that_is_accepted_ends_nothing(snapshot):
    nics = {"trading": {"driver": "nosuch"}}
    accepted = [{"id": "nic-not-found", "reason": "arrives on Monday", "until": "2999-12-31"}]
    arguments = {"profile": {"isolated": "rest", "nics": nics}, "snapshot": snapshot}
    result, asked = act(plan, {**arguments, "accepted_findings": accepted}, ALIVE)
    assert [finding["level"] for finding in result["plan"]["findings"]] == ["accepted"]
    assert asked == [TOPOLOGY, SETTINGS]
    late = [{**accepted[0], "until": "2001-01-01"}]
    result, _asked = act(plan, {**arguments, "accepted_findings": late}, ALIVE)
    assert findings(result) == ["nic-not-found", "acceptance-expired"]


def test_a_machine_that_is_not_the_one_of_its_snapshot(tmp_path):
    path = tmp_path / "lab1.json"
    path.write_text(json.dumps(smt(nodes=1)))
    result, _asked = act(plan, {"profile": {"isolated": "rest"}, "snapshot": str(path)}, ALIVE)
    (finding,) = result["plan"]["findings"]
    assert (finding["id"], finding["level"], finding["host"]) == ("topology-changed", "note", "lab1")


def test_validation():
    made = act(plan, {"profile": {"isolated": "rest"}}, ALIVE)[0]["plan"]
    columns = {"declared": "1", "persisted": "1", "running": "1"}
    good = {SETTINGS: {"topology": SERVER, "states": [{**STATES[0], **columns}]}}
    result, _asked = act(validate, {"plan": made}, good)
    assert ("failed" in result, result["failed_checks"], len(result["checks"])) == (False, [], 3)
    bad = {SETTINGS: {"topology": SERVER, "states": [{**STATES[0], **columns, "running": "2"}]}}
    result, _asked = act(validate, {"plan": made}, bad)
    assert (result["failed"], result["failed_checks"]) == (True, ["boot_args.x"])
    assert "lab1: 2 of 3 checks passed" in result["msg"]


def test_a_host_that_cannot_be_read_is_not_valid():
    failed = {"failed": True, "msg": "no python"}
    assert act(validate, {"plan": {}}, {SETTINGS: failed})[0] == failed
