# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import math
import random

import pytest

from ansible_collections.ull.metal.plugins.module_utils.latency import gate
from ansible_collections.ull.metal.plugins.module_utils.latency.histogram import Value


def values(count: int, middle: float = 100_000, spread: float = 0.02, seed: int = 1) -> list[Value]:
    chance = random.Random(seed)  # noqa: S311 - a simulation
    found = [round(middle * chance.lognormvariate(0, spread)) for _ in range(count)]
    return [Value(value, value + 1) for value in found]


def test_no_change_and_a_change():
    assert gate.look(values(24), values(8, seed=2)).p > 0.5
    found = gate.look(values(24), values(8, 110_000, seed=2))
    assert found.p < 1e-4
    assert found.low < 1.1 < found.high


def test_a_growth_by_less_than_the_minimum_effect_is_none():
    assert gate.look(values(240, spread=0.01), values(80, 102_000, 0.01, 2)).p > 0.5


def test_a_step_of_the_instrument_is_no_change():
    """Every run of the baseline just below 5 us, every run of today just above, as an instrument of 1 us tells them."""
    before, now = [Value(4000, 5000)] * 24, [Value(5000, 6000)] * 8
    assert gate.look(before, now).p == 1
    assert gate.look(before, [Value(6000, 7000)] * 8).p < 1e-6


def test_what_is_beyond_the_end_is_no_less_than_the_end():
    before, beyond = [Value(4000, 5000)] * 24, Value(32_000, None)
    assert gate.look(before, [beyond] * 8).p < 1e-6
    # and of a baseline it is anything
    assert gate.look([beyond] * 24, [Value(90_000, 91_000)] * 8).p == 1


def test_two_looks():
    look = gate.Look(0.04, 1.1, 1.0, 1.2, 8)
    sure = gate.Look(1e-6, 1.1, 1.0, 1.2, 16)
    assert gate.needs_second_look(look)
    assert not gate.confirmed(look, sure, tests=200), "the second look has to show it by itself"
    assert gate.confirmed(sure, sure, tests=200)
    assert not gate.confirmed(sure, sure, tests=1_000_000)


def test_spread_is_that_of_the_middle():
    found = gate.spread(values(400, spread=0.05))
    assert found == pytest.approx(0.05, rel=0.15)
    burst = [*values(400, spread=0.05)[:-4], *[Value(10**7, 10**7 + 1)] * 4]
    assert gate.spread(burst) == pytest.approx(found, rel=0.1)
    assert gate.spread(values(5)) == math.inf


@pytest.mark.parametrize("runs", gate.NEEDED, ids=lambda runs: f"{runs.spread:.0%}")
def test_the_planned_runs_can_alarm_in_a_fleet_of_500_and_find_ten_percent(runs):
    both = runs.first + runs.second
    assert gate.can_alarm(runs.baseline, both, tests=1000)
    # the drift of a day, which the formula does not know, is taken off what it finds
    assert gate.findable(runs.spread, runs.baseline, both, tests=200) < 0.12
    assert gate.needed(runs.spread) == runs


def test_beyond_the_plan():
    assert gate.needed(0.2) is None
    assert gate.findable(0.02, 8, 8, tests=200) == math.inf
    assert not gate.can_alarm(8, 8, tests=200)
