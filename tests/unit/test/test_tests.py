# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tests are a name and a function of module_utils, which has its own tests."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

TESTS = sorted(path.stem for path in (Path(__file__).resolve().parents[3] / "plugins/test").glob("*.py"))


@pytest.mark.parametrize("name", TESTS)
def test_a_file_has_the_test_of_its_name(name):
    found = importlib.import_module(f"ansible_collections.ull.metal.plugins.test.{name}").TestModule().tests()
    assert list(found) == [name]
    assert found[name].__module__.split(".plugins.")[1].startswith("module_utils.")
