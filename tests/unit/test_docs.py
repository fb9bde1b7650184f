# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The generated pages are current, and what they describe is whole."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import pytest

from ansible_collections.ull.metal.plugins.module_utils.kinds import GROUPS, KINDS, LEVELS
from ansible_collections.ull.metal.plugins.module_utils.profile import read_profile
from ansible_collections.ull.metal.plugins.module_utils.profile_schema import SCHEMA
from ansible_collections.ull.metal.plugins.module_utils.slices.kernel import KNOBS

ROOT = Path(__file__).resolve().parents[2]
CODE = sorted([*(ROOT / "plugins/module_utils").rglob("*.py"), *(ROOT / "plugins/action").glob("*.py")])


def _documents() -> dict[Path, str]:
    spec = importlib.util.spec_from_file_location("ull_docs", ROOT / "tools/docs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.documents()


@pytest.mark.parametrize(("path", "text"), _documents().items(), ids=lambda value: getattr(value, "name", ""))
def test_generated_pages_are_current(path, text):
    assert path.read_text(encoding="utf-8") == text, "run `make docs`"


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_finding_is_raised_somewhere_and_whole(name):
    kind = KINDS[name]
    assert kind.level in LEVELS
    assert kind.why.endswith(".")
    assert kind.remedy.endswith(".")
    used = [path.name for path in CODE if path.name != "kinds.py" and f'"{name}"' in path.read_text(encoding="utf-8")]
    # partition.py makes these two names of the role
    assert used or name in ("critical-not-isolated", "dpdk-not-isolated")


def test_kinds_are_many_and_named_once():
    assert len(KINDS) == sum(len(group) for group in GROUPS.values()) >= 25
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", name) for name in KINDS)


def _scalars(schema: dict, path: str = "") -> list[tuple[str, dict]]:
    found = [(path, schema)] if "properties" not in schema and schema.get("type") not in ("object", "array") else []
    inner = list(schema.get("properties", {}).items())
    inner += [("*", schema[key]) for key in ("items", "additionalProperties") if isinstance(schema.get(key), dict)]
    return found + [one for key, part in inner for one in _scalars(part, f"{path}.{key}")]


@pytest.mark.parametrize(
    ("path", "schema"), _scalars(SCHEMA), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_word_is_described_and_its_examples_are_right(path, schema):
    assert schema["description"].endswith(".")
    for example in schema.get("examples", []):
        if "pattern" in schema:
            assert re.search(schema["pattern"], str(example)), path
    if "default" in schema and "enum" in schema:
        assert schema["default"] in schema["enum"]


def test_the_examples_of_the_pages_are_profiles():
    yaml = pytest.importorskip("yaml")
    text = (ROOT / "docs/profile.md").read_text(encoding="utf-8")
    for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL):
        profile, found = read_profile(yaml.safe_load(block)["ull_profile"])
        assert profile
        assert found == []


def test_every_kernel_parameter_has_its_reason_and_source():
    assert all(knob.doc and knob.source for knob in KNOBS)
    assert len({knob.name for knob in KNOBS}) == len(KNOBS)


def test_the_schema_is_plain_json():
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA
