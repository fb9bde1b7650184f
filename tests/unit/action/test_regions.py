# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Actions over regions and snapshots, on the shipped inventories."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from topologies import smt

from ansible_collections.ull.metal.plugins.action import check_inventory, plan_regions, topology_snapshot

ROOT = Path(__file__).resolve().parents[3]


def act(module, args: dict, answer: dict | None = None, check_mode: bool = False) -> dict:
    task = MagicMock(args=args, async_val=0, check_mode=check_mode, diff=False)
    action = module.ActionModule(task, MagicMock(), MagicMock(), MagicMock(), MagicMock(), MagicMock())
    action._execute_module = lambda *_args, **_others: answer
    return action.run(task_vars={"inventory_hostname": "engine1"})


@pytest.fixture
def regions(tmp_path, monkeypatch):
    """Two regions in a folder of inventories, from which the run begins."""
    monkeypatch.chdir(tmp_path)
    for name in ("us-east-1", "us-west-2"):
        shutil.copytree(ROOT / "inventories" / name, tmp_path / "inventories" / name)
    return tmp_path / "inventories"


def change(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


def test_all_regions_are_planned_each_by_its_own_variables(regions):
    (regions / "us-west-2/group_vars/market_data.yml").write_text("ull_profile: {housekeeping: 4 cores per node}\n")
    result = act(plan_regions, {"below": "inventories"})
    assert (result["errors"], result["findings"]) == (0, [])
    assert "2 regions with 54 hosts planned offline; no errors" in result["text"]
    for name, housekeeping in (("us-east-1", "0-1"), ("us-west-2", "0-3")):
        plans = json.loads(Path(f"reports/{name}/plan.json").read_text(encoding="utf-8"))["plans"]
        (market,) = {plan["cpus"]["housekeeping"] for plan in plans if plan["profile"] == "market_data"}
        assert market == housekeeping
        assert {plan["source"] for plan in plans} == {"declared"}
        assert Path(result["reports"][name]).is_file()


def test_a_profile_that_does_not_fit_its_machine_is_an_error(regions):
    text = "ull_profile:\n  hugepages: [{size: 1G, amount: 768 GiB, where: each node}]\n"
    (regions / "us-east-1/group_vars/risk_engine.yml").write_text(text)
    result = act(plan_regions, {"below": "inventories", "report_dir": ""})
    assert result["errors"] == 3
    assert {finding["id"] for finding in result["findings"]} == {"hugepages-exceed-node"}
    assert not Path("reports").exists()


def test_a_stored_topology_counts_more_than_the_type(regions):
    (regions / "us-east-1/topology").mkdir()
    (regions / "us-east-1/topology/use1-control-a1.json").write_text(json.dumps(smt(nodes=1)))
    result = act(plan_regions, {"below": "inventories"})
    plans = json.loads(Path("reports/us-east-1/plan.json").read_text(encoding="utf-8"))["plans"]
    (plan,) = [plan for plan in plans if plan["host"] == "use1-control-a1"]
    assert (plan["source"], plan["cpus"]["online"]) == ("snapshot", "0-7")
    assert result["errors"] == 0


def test_one_inventory_is_checked_against_those_beside_it(regions):
    change(regions / "us-west-2/hosts.yml", "10.6.1.11", "10.0.1.11")
    west = act(check_inventory, {"inventories": ["inventories/us-west-2"]})
    assert west["checked"] == ["us-west-2"]
    assert {finding["id"] for finding in west["findings"]} == {"address-twice", "address-outside"}
    east = act(check_inventory, {"inventories": ["inventories/us-east-1/hosts.yml", "a,b,"]})
    assert [finding["path"] for finding in east["findings"]] == ["inventories/us-east-1/hosts.yml:7"]
    both = act(check_inventory, {"below": "inventories"})
    assert (both["checked"], both["errors"]) == (["us-east-1", "us-west-2"], 3)


def test_a_list_of_hosts_is_no_inventory_to_check():
    assert act(check_inventory, {"inventories": ["localhost,"]})["checked"] == []


def test_a_folder_without_inventories(tmp_path):
    result = act(check_inventory, {"below": str(tmp_path)})
    assert result["failed"]
    assert "no inventories" in result["msg"]


def stored(path: Path, topology: dict, **others) -> dict:
    return act(topology_snapshot, {"path": str(path)}, {"ansible_facts": {"ull_topology": topology}}, **others)


def test_a_topology_is_stored_once(tmp_path):
    path = tmp_path / "topology/engine1.json"
    assert stored(path, smt(), check_mode=True)["changed"]
    assert not path.exists()
    assert stored(path, smt())["changed"]
    again = stored(path, smt())
    assert (again["changed"], again["findings"]) == (False, [])
    assert json.loads(path.read_text(encoding="utf-8")) == smt()


def test_another_machine_is_reported_and_stored(tmp_path):
    path = tmp_path / "engine1.json"
    stored(path, smt())
    result = stored(path, smt(nodes=1))
    assert [(finding["id"], finding["host"]) for finding in result["findings"]] == [("topology-changed", "engine1")]
    assert json.loads(path.read_text(encoding="utf-8")) == smt(nodes=1)


def test_a_host_that_cannot_be_read_stores_nothing(tmp_path):
    failed = {"failed": True, "msg": "no python"}
    assert act(topology_snapshot, {"path": str(tmp_path / "x.json")}, failed) == failed
    assert not (tmp_path / "x.json").exists()
