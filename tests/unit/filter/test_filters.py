# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filters are a name and a function of module_utils, which has its own tests."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from topologies import smt

FILTERS = sorted(path.stem for path in (Path(__file__).resolve().parents[3] / "plugins/filter").glob("*.py"))


def load(name: str):
    return importlib.import_module(f"ansible_collections.ull.metal.plugins.filter.{name}").FilterModule().filters()


@pytest.mark.parametrize("name", FILTERS)
def test_a_file_has_the_filter_of_its_name(name):
    found = load(name)
    assert list(found) == [name]
    assert found[name].__module__.split(".plugins.")[1].startswith("module_utils.")


def test_from_a_topology_to_text():
    plan = load("plan")["plan"](smt(), {"isolated": "cpus 1"}, "lab1")
    assert "lab1: profile (none), not read" in load("plan_text")["plan_text"]([plan])
    assert "ERROR smt-split" in load("findings_text")["findings_text"](plan["findings"])
    assert load("checks_text")["checks_text"]("lab1", []).startswith("lab1: 0 of 0 checks passed")
