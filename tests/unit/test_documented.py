# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every module, filter, action, callback and role is documented and whole."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ROLES = sorted(path for path in (ROOT / "roles").iterdir() if path.is_dir())


def plugins(kind: str) -> list[Path]:
    return sorted(path for path in (ROOT / "plugins" / kind).glob("*.py") if path.name != "__init__.py")


def constants(path: Path) -> dict[str, Any]:
    """The YAML of a plugin's DOCUMENTATION, EXAMPLES and RETURN."""
    found = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            found[node.targets[0].id] = yaml.safe_load(node.value.value)
    return found


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def undescribed(options: dict[str, Any]) -> list[str]:
    """Options without a description, at any depth."""
    found = [name for name, option in options.items() if not option.get("description")]
    inner = (option.get("suboptions") or option.get("options") or {} for option in options.values())
    return found + [name for each in inner for name in undescribed(each)]


@pytest.mark.parametrize("path", [*plugins("modules"), *plugins("filter")], ids=lambda path: path.stem)
def test_plugins(path):
    found = constants(path)
    documentation = found["DOCUMENTATION"]
    assert documentation.get("module", documentation.get("name")) == path.stem
    for key in ("short_description", "description", "author", "version_added"):
        assert documentation[key]
    assert undescribed(documentation.get("options", {})) == []
    assert f"ull.metal.{path.stem}" in str(found["EXAMPLES"])
    assert undescribed(found["RETURN"] or {}) == []


@pytest.mark.parametrize("path", plugins("modules"), ids=lambda path: path.stem)
def test_modules_tell_of_check_mode(path):
    attributes = constants(path)["DOCUMENTATION"]["attributes"]
    assert attributes["check_mode"]["support"] in ("full", "none")
    assert ("action" in attributes) == (ROOT / "plugins/action" / path.name).exists()


@pytest.mark.parametrize("path", plugins("action"), ids=lambda path: path.stem)
def test_actions_are_documented_by_a_module_of_their_name(path):
    assert (ROOT / "plugins/modules" / path.name).exists()


@pytest.mark.parametrize("path", plugins("callback"), ids=lambda path: path.stem)
def test_callbacks(path):
    documentation = constants(path)["DOCUMENTATION"]
    assert documentation["name"] == path.stem
    assert undescribed(documentation["options"]) == []


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_roles(role):
    for file in ("README.md", "defaults/main.yml", "meta/main.yml", "meta/argument_specs.yml", "tasks/main.yml"):
        assert (role / file).is_file(), f"{role.name} has no {file}"
    assert load(role / "meta/main.yml")["galaxy_info"]["description"]
    entries = load(role / "meta/argument_specs.yml")["argument_specs"]
    defaults = load(role / "defaults/main.yml") or {}
    options = {name: option for entry in entries.values() for name, option in entry["options"].items()}
    assert all(entry["short_description"] for entry in entries.values())
    assert undescribed(options) == []
    assert [name for name in {**defaults, **options} if not name.startswith(f"{role.name}_")] == []
    required = {name for name, option in options.items() if option.get("required")}
    assert set(defaults) == set(options) - required


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_every_task_has_a_name_and_a_module_by_its_whole_name(role):
    for path in sorted(role.glob("tasks/*.yml")) + sorted(role.glob("handlers/*.yml")):
        for task in load(path):
            assert task["name"], path
            assert "block" in task or any(word.count(".") == 2 for word in task), (path, task["name"])
