# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The gate: whether a host became slower than its baseline, judged over runs and in two looks.

Runs of one host differ from each other by more than the samples within a run can tell (2 to 10 % are common), so what is
compared are the quantiles of runs, one number a run, never pooled samples. Against the baseline's runs:

1. *First look*, at every host: few runs. Runs of today, made smaller by the minimum effect, are ranked among the runs of
   the baseline. If P <= ``first`` the host needs a second look, else it has passed.
2. *Second look*, at those hosts only, later: fresh runs. It is an alarm if all runs of both looks together are significant
   at ``alarm`` over all hosts and quantiles (Holm), *and* the fresh runs alone at ``second``. So a disturbance that lasted
   for the first look alone raises none.

Why that holds: the test of both looks together, at level ``alarm`` over all that might have been tested, would be valid if
every host had a second look; asking for more before the alarm can only make it rarer. That takes runs of a host that are
exchangeable, but for a change of less than the minimum effect: the slow drift of a day, which a check sees one hour of.
The design was chosen by simulation, docs/latency.md has its operating curve; ``benchmarks/latency_power.py`` makes it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, quantiles

from . import rank_test
from .histogram import Value


@dataclass(frozen=True)
class Rules:
    """What the gate asks for.

    Args:
        alarm: share of checks of a whole fleet without change that may raise any alarm.
        first: P at which a first look asks for a second.
        second: P that the second look must reach by itself.
        effect: share by which a quantile must have grown to count at all.
        quantiles: those that are tested; the maximum is never among them.
    """

    alarm: float = 0.01
    first: float = 0.05
    second: float = 0.01
    effect: float = 0.03
    quantiles: tuple[str, ...] = ("p99", "p99.9")


RULES = Rules()


@dataclass(frozen=True)
class Runs:
    """How many runs the gate takes at a spread from run to run: of the baseline, of the first and of the second look."""

    spread: float
    baseline: int
    first: int
    second: int


# Measured by benchmarks/latency_power.py: with these a shift of p99 by 10 % on one host of a hundred is found in 95 %.
NEEDED = (
    Runs(0.02, 24, 6, 8),
    Runs(0.03, 32, 8, 12),
    Runs(0.05, 64, 16, 32),
    Runs(0.07, 112, 24, 48),
    Runs(0.10, 192, 56, 104),
)


@dataclass(frozen=True)
class Look:
    """What some runs say about one quantile against the baseline's.

    Args:
        p: chance of runs at least so much above the baseline, if the quantile had grown by the minimum effect at most.
        ratio: how many times the baseline it is.
        low: with 97.5 % confidence the ratio is not below.
        high: with 97.5 % confidence the ratio is not above.
        runs: number of runs.
    """

    p: float
    ratio: float
    low: float
    high: float
    runs: int


def look(baseline: Sequence[Value], check: Sequence[Value], rules: Rules = RULES) -> Look:
    """Compare one quantile of some runs with that of the baseline's runs."""
    before = [math.inf if value.above else float(value.low_ns) for value in baseline]
    u = rank_test.wins(before, [smaller(value, rules.effect) for value in check])
    p = rank_test.p_value(u, len(baseline), len(check))
    return Look(
        p, *rank_test.ratio([_point(value) for value in baseline], [_point(value) for value in check]), len(check)
    )


def smaller(value: Value, effect: float) -> float:
    """A value of today as it would be without the minimum effect: at least one step of the histogram less.

    A quantile that went from just below to just above a microsecond is one step more where the instrument resolves
    microseconds, which is no change of 25 % of 4 us.
    """
    step = 0 if value.high_ns is None else value.high_ns - value.low_ns
    return min(value.low_ns / (1 + effect), value.low_ns - step)


def _point(value: Value) -> float:
    """For ratios: the middle of the bucket, or the limit above which it is; never zero."""
    return float(value.low_ns) or 0.5 if value.high_ns is None else (value.low_ns + value.high_ns) / 2


def needs_second_look(first: Look, rules: Rules = RULES) -> bool:
    """Whether a first look is not the end."""
    return first.p <= rules.first


def confirmed(second: Look, both: Look, tests: int, rules: Rules = RULES) -> bool:
    """Whether two looks make an alarm, among so many tests (hosts times quantiles) of the fleet's check.

    This is the first step of Holm's procedure. ``many.holm`` over the fleet's ``both.p`` does its further ones.
    """
    return second.p <= rules.second and both.p <= rules.alarm / max(tests, 1)


def can_alarm(baseline: int, runs: int, tests: int, rules: Rules = RULES) -> bool:
    """Whether so many runs of both looks can reach the corrected level at all: 8 against 8 cannot for 100 hosts."""
    return rank_test.least_p(baseline, runs) <= rules.alarm / max(tests, 1)


def spread(runs: Sequence[Value]) -> float:
    """Spread from run to run, as a share: half the distance between the runs one deviation below and above the median.

    Of the middle two thirds, so that a rare burst does not count. With fewer than 6 runs it is not known: infinite.
    """
    if len(runs) < 6:
        return math.inf
    cuts = quantiles((math.log(_point(value)) for value in runs), n=1000, method="inclusive")
    return (cuts[840] - cuts[158]) / 2


def needed(share: float) -> Runs | None:
    """The runs to plan with at a spread; None beyond what was simulated."""
    return next((runs for runs in NEEDED if share <= runs.spread * 1.001), None)


def findable(share: float, baseline: int, runs: int, tests: int, rules: Rules = RULES, power: float = 0.95) -> float:
    """The shift, as a share, that so many runs of both looks find with this power at this spread.

    Normal approximation: the test has 3/pi of the efficiency of the t-test for normal runs, and more for heavier tails.
    """
    if not baseline or not runs or not can_alarm(baseline, runs, tests, rules):
        return math.inf
    z = NormalDist().inv_cdf(1 - rules.alarm / max(tests, 1)) + NormalDist().inv_cdf(power)
    width = share * math.sqrt((1 / baseline + 1 / runs) * math.pi / 3)
    return (1 + rules.effect) * math.exp(z * width) - 1
