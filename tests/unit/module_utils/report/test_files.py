# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
import json
from datetime import datetime, timezone

import pytest
from reported import planned, server

from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.report.files import region_of, write

NOW = datetime(2026, 8, 2, 10, 0, tzinfo=timezone.utc)


def test_both_files_are_written_and_replaced(tmp_path):
    for _turn in range(2):
        html, text = write(tmp_path / "a/b", [planned("a", server())], {"a": server(), "b": None}, "lab", NOW)
    assert sorted(path.name for path in (tmp_path / "a/b").iterdir()) == ["plan.html", "plan.json"]
    assert "2026-08-02 10:00 UTC" in html.read_text(encoding="utf-8")
    assert json.loads(text.read_text())["created"] == "2026-08-02T10:00:00+00:00"


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UllError) as wrong:
        write(tmp_path / "file/reports", [], {}, "lab", NOW)
    assert "plan_report_dir" in str(wrong.value)
    assert "Remedy: name a folder" in str(wrong.value)


def test_a_relative_folder_is_below_the_current_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path.__class__("reports/lab"), [], {}, "lab", NOW)
    assert (tmp_path / "reports/lab/plan.html").exists()


def test_region(tmp_path):
    folder = tmp_path / "ld4"
    folder.mkdir()
    (folder / "hosts.yml").write_text("")
    assert (
        region_of([str(folder)]) == region_of([str(folder / "hosts.yml")]) == region_of(["a,b,", str(folder)]) == "ld4"
    )
    assert region_of(["a,b,"]) == region_of(None) == "inventory"
