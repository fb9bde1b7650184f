# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import random

import pytest

from ansible_collections.ull.metal.plugins.module_utils.latency.many import benjamini_hochberg, holm


def test_holm_steps():
    p_values = {"a": 0.001, "b": 0.004, "c": 0.03, "d": 0.9}
    assert holm(p_values, 0.01) == {"a"}
    # 0.004 is above 0.01 / 4, and would be above 0.01 / 3; with 0.02 both steps are taken, and the third is not
    assert holm(p_values, 0.02) == {"a", "b"}
    assert holm(p_values, 0.01, tests=100) == set()
    assert holm({}, 0.01) == set()


def test_benjamini_and_hochberg_is_scipys():
    stats = pytest.importorskip("scipy.stats")
    chance = random.Random(1)  # noqa: S311 - a simulation
    for _ in range(50):
        p_values = {place: chance.random() ** 3 for place in range(chance.randrange(1, 40))}
        adjusted = stats.false_discovery_control(list(p_values.values()))
        assert benjamini_hochberg(p_values, 0.1) == {place for place, p in zip(p_values, adjusted) if p <= 0.1}


def test_tests_that_were_not_made_count():
    assert benjamini_hochberg({"a": 0.02}, 0.05) == {"a"}
    assert benjamini_hochberg({"a": 0.02}, 0.05, tests=10) == set()
