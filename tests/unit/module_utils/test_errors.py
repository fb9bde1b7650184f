# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest

from ansible_collections.ull.metal.plugins.module_utils.errors import UllError


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ({}, "it is wrong"),
        ({"host": "lab1"}, "host lab1: it is wrong"),
        ({"variable": "a.b[0]"}, "a.b[0]: it is wrong"),
        ({"value": 0}, "0: it is wrong"),
        ({"host": "lab1", "value": "x :y"}, "host lab1: 'x :y': it is wrong"),
        ({"variable": "a", "value": []}, "a = []: it is wrong"),
        (
            {"host": "lab1", "variable": "a", "value": "x", "remedy": "write y"},
            "host lab1: a = 'x': it is wrong. Remedy: write y",
        ),
    ],
)
def test_the_text_names_all_there_is(parts, text):
    assert str(UllError("it is wrong", **parts)) == text


def test_the_parts_by_name():
    error = UllError("it is wrong.", "lab1", "a", 5, "write 4")
    assert error.as_dict() == {"host": "lab1", "variable": "a", "value": 5, "remedy": "write 4"}
    assert str(error).count(".") == 1
