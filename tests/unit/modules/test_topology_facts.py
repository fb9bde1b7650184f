# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module topology_facts, run as Ansible runs it: JSON in, JSON out."""

from __future__ import annotations

import json

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from captures import TUNED_VM, capture

from ansible_collections.ull.metal.plugins.modules import topology_facts


def run(capsys, **arguments):
    """The module's exit code and answer."""
    with patch_module_args(arguments), pytest.raises(SystemExit) as left:
        topology_facts.main()
    return left.value.code, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("check", [False, True])
def test_facts_of_a_capture(capsys, check):
    code, answer = run(capsys, root=str(capture(TUNED_VM)), _ansible_check_mode=check)
    assert code == 0
    assert not answer.get("changed")
    topology = answer["ansible_facts"]["ull_topology"]
    assert [node["cpus"] for node in topology["nodes"]] == ["0-1", "2-3"]
    assert topology["kernel"]["flavour"] == "rt"
    assert "left_out" not in topology


def test_a_large_machine_is_compact(capsys):
    _code, answer = run(capsys, root=str(capture("256ppc-8n8s4t")))
    assert len(json.dumps(answer["ansible_facts"]["ull_topology"])) < 16 * 1024
    assert len(answer["ansible_facts"]["ull_topology"]["cpus"]) == 256


def test_a_folder_without_a_machine_is_one_clear_error(capsys, tmp_path):
    code, answer = run(capsys, root=str(tmp_path))
    assert code == 1
    assert answer["failed"]
    assert answer["variable"] == "root"
    assert str(tmp_path) in answer["msg"]
    assert answer["remedy"]


def test_the_documented_keys_are_those_returned(capsys):
    _code, answer = run(capsys, root=str(capture(TUNED_VM)))
    documented = yaml.safe_load(topology_facts.RETURN)["ansible_facts"]["contains"]["ull_topology"]["contains"]
    topology = answer["ansible_facts"]["ull_topology"]
    assert set(documented) - {"left_out"} == set(topology)
    for key in ("nodes", "cpus", "nics"):
        assert set(documented[key]["sample"][0]) == set(topology[key][0])
