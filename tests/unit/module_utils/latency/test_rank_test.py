# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.latency import rank_test


@given(st.integers(1, 5), st.integers(1, 4), st.data())
def test_it_is_the_share_of_all_orders(m, n, data):
    u = data.draw(st.integers(0, m * n))
    orders = list(itertools.combinations(range(m + n), n))
    above = [order for order in orders if sum(place - i for i, place in enumerate(order)) >= u]
    assert rank_test.p_value(u, m, n) == pytest.approx(len(above) / len(orders), rel=1e-12)


def test_it_is_scipys():
    stats = pytest.importorskip("scipy.stats")
    chance = random.Random(3)  # noqa: S311 - a simulation
    for _ in range(60):
        m, n = chance.randrange(1, 40), chance.randrange(1, 40)
        before, now = [chance.random() for _ in range(m)], [chance.random() + 0.2 for _ in range(n)]
        found = rank_test.p_value(rank_test.wins(before, now), m, n)
        assert found == pytest.approx(stats.mannwhitneyu(now, before, alternative="greater", method="exact").pvalue)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=6), st.lists(st.integers(0, 3), min_size=1, max_size=6))
def test_ties_never_count_for_an_alarm(before, now):
    broken_either_way = [value + 0.5 for value in now]
    assert rank_test.wins(before, now) <= rank_test.wins(before, broken_either_way)


def test_eight_against_eight_cannot_reach_a_corrected_level():
    assert rank_test.least_p(8, 8) == pytest.approx(1 / 12870)
    assert rank_test.least_p(8, 8) > 0.01 / 200
    assert rank_test.least_p(24, 14) < 0.01 / 1000


def test_the_ratio_and_its_interval():
    before = [90, 95, 100, 105, 110] * 4
    centre, low, high = rank_test.ratio(before, [value * 1.2 for value in before])
    assert centre == pytest.approx(1.2, rel=0.02)
    assert 1.1 < low < 1.2 < high < 1.3
    assert rank_test.ratio([1.0], [2.0]) == (2.0, 0.0, float("inf"))


def test_the_interval_is_where_the_test_turns():
    chance = random.Random(5)  # noqa: S311 - a simulation
    before, now = [chance.random() + 1 for _ in range(12)], [chance.random() + 1 for _ in range(9)]
    _centre, low, high = rank_test.ratio(before, now)

    def p(factor: float) -> float:
        return rank_test.p_value(rank_test.wins(before, [value / factor for value in now]), 12, 9)

    assert p(low * 0.9999) <= 0.025 < p(low * 1.0001)
    assert p(high * 1.0001) > 0.975 >= p(high * 0.9999) - 0.025


def test_what_cannot_be():
    with pytest.raises(UllError, match="is none of"):
        rank_test.p_value(10, 3, 3)
    with pytest.raises(UllError, match="too many"):
        rank_test.p_value(5, 1000, 1000)
