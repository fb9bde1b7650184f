# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import ast
from pathlib import Path

import pytest

from ansible_collections.ull.metal.plugins.module_utils import finding as module
from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.finding import ERROR, KINDS, LEVELS, Finding, refuse

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"


def used() -> set[str]:
    """The constants of the sources, outside of the declarations themselves."""
    sources = (path for path in PLUGINS.rglob("*.py") if path.name != Path(module.__file__).name)
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in sources)
    return {node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)}


def made() -> set[str]:
    """The kinds of all findings that are made by name."""
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in PLUGINS.rglob("*.py"))
    calls = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args)
    return {
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "Finding" and isinstance(call.args[0], ast.Constant)
    }


def test_every_kind_in_use_is_declared():
    assert len(made()) > 10
    assert made() <= set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_used_and_says_why(kind):
    assert kind in used()
    assert KINDS[kind].level in LEVELS
    assert KINDS[kind].why.endswith(".")


def test_a_finding_knows_its_level_and_why():
    found = Finding("cpu-missing", "CPUs 9 are not online", "x.isolated", "9", "use CPUs of 0-3", "lab1").as_dict()
    assert (found["level"], found["why"]) == (ERROR, KINDS["cpu-missing"].why)


def test_only_errors_are_refused():
    note = Finding("cpu-unassigned", "CPUs 3 join housekeeping")
    error = Finding("cpu-missing", "CPUs 9 are not online", "x.isolated", "9", "use CPUs of 0-3", "lab1")
    refuse([note])
    with pytest.raises(UllError) as refused:
        refuse([note, error])
    assert str(refused.value) == (
        "host lab1: x.isolated = '9': CPUs 9 are not online (cpu-missing). Remedy: use CPUs of 0-3"
    )
