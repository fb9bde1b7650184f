# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The modules jumbo_frames and path_mtu, run as Ansible runs them: JSON in, JSON out."""

from __future__ import annotations

import importlib
import json

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from links import link_host

from ansible_collections.ull.metal.plugins.module_utils import module as frame

NICS = [{"name": "ens2", "mtu": 9000, "queues": 4}, {"name": "ens3"}]


@pytest.fixture
def run(capsys):
    def run(name: str, **args) -> dict:
        module = importlib.import_module(f"ansible_collections.ull.metal.plugins.modules.{name}")
        with patch_module_args(args), pytest.raises(SystemExit):
            module.main()
        return json.loads(capsys.readouterr().out)

    return run


def test_present_and_absent(tmp_path, monkeypatch, run):
    host = link_host(tmp_path)
    monkeypatch.setattr(frame, "Host", lambda *_args: host)
    assert run("jumbo_frames", nics=NICS, _ansible_check_mode=True)["changed"]
    assert host.mtus()["ens2"] == 1500
    made = run("jumbo_frames", nics=NICS)
    assert {state["name"]: state["status"] for state in made["states"]} == {
        "jumbo_frames.ens2": "in_sync",
        "jumbo_frames.ens2.7": "in_sync",
    }
    assert not run("jumbo_frames", nics=NICS)["changed"]
    assert run("jumbo_frames", state="absent")["changed"]
    assert set(host.mtus().values()) == {1500}


@pytest.mark.parametrize(("received", "failed"), [(3, False), (0, True)])
def test_path_mtu(monkeypatch, run, received, failed):
    def run_command(_module, argv, **_options):
        return 0, f"{argv[argv.index('-c') + 1]} packets transmitted, {received} received", ""

    monkeypatch.setattr(AnsibleModule, "run_command", run_command)
    result = run("path_mtu", peers=["10.1.0.2"], mtu=9000)
    assert (result.get("failed", False), result["paths"][0]["loss"]) == (failed, 100.0 if failed else 0.0)
    assert ("does not answer" in result.get("msg", "")) == failed
    assert bool(result.get("remedy")) == failed
