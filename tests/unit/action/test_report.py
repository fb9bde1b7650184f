# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action that writes the report, on the controller alone."""

from __future__ import annotations

import json
from unittest.mock import MagicMock

import pytest
from reported import planned, server

from ansible_collections.ull.metal.plugins.action import report

PLANS = {"plans": [planned("lab1", server())], "topologies": {"lab1": server(), "lab2": None}}


def act(args: dict, check: bool = False, sources: tuple[str, ...] = ()) -> dict:
    task = MagicMock(args=args, async_val=0, check_mode=check, diff=False)
    action = report.ActionModule(task, MagicMock(), MagicMock(), MagicMock(), MagicMock(), MagicMock())
    return action.run(task_vars={"ansible_inventory_sources": list(sources)})


@pytest.mark.parametrize("check", [False, True])
def test_a_report_is_written_and_is_no_change(tmp_path, monkeypatch, check):
    inventory = tmp_path / "inventories" / "ld4"
    inventory.mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    result = act(PLANS, check, (str(inventory),))
    assert result == {
        "changed": False,
        "html": "reports/ld4/plan.html",
        "json": "reports/ld4/plan.json",
        "region": "ld4",
    }
    assert "lab1" in (tmp_path / result["html"]).read_text(encoding="utf-8")
    assert json.loads((tmp_path / result["json"]).read_text())["region"] == "ld4"


def test_a_folder_and_a_region_of_ones_own(tmp_path):
    result = act({**PLANS, "folder": f"{tmp_path}/of/{{region}}", "region": "fr2"})
    assert result["html"] == f"{tmp_path}/of/fr2/plan.html"
    assert (tmp_path / "of/fr2/plan.json").exists()


def test_no_folder_no_report(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert act({**PLANS, "folder": ""})["html"] == ""
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    result = act({**PLANS, "folder": str(tmp_path / "file")})
    assert result["failed"]
    assert result["variable"] == "plan_report_dir"
    assert "Remedy: name a folder" in result["msg"]
