# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import math
import random

import pytest

from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.latency.histogram import Histogram
from ansible_collections.ull.metal.plugins.module_utils.latency.quantiles import (
    interval_ranks,
    lower_rank,
    needed,
    quantile,
    quantiles,
    rank,
    share,
    upper_rank,
)


@pytest.mark.parametrize(("q", "n"), [(0.5, 5), (0.9, 29), (0.99, 299), (0.999, 2995), (0.9999, 29956)])
def test_how_many_samples_a_quantile_takes(q, n):
    assert needed(q) == n
    assert upper_rank(q, n) == n
    assert upper_rank(q, n - 1) is None


def test_a_sample_too_small_is_refused_with_the_number_that_is_not():
    with pytest.raises(UllError, match=r"2,994 samples are too few for p99\.9.*takes 2,995 samples"):
        quantile(Histogram.of(range(2994)), "p99.9")
    assert list(quantiles(Histogram.of(range(2994)))) == ["p50", "p90", "p99"]
    assert quantile(Histogram.of(range(2995)), "p99.9").name == "p99.9"


@pytest.mark.parametrize("name", ["p100", "p0", "99", "p", "", "pp9", "p-1", "p1e1", "pnan", None])
def test_no_quantile(name):
    with pytest.raises(UllError, match="no quantile"):
        share(name)


def test_shares_are_exact():
    assert share("p99.9") == 0.999
    assert rank(0.07, 100) == 7
    assert rank(0.999, 1000) == 999


def test_intervals_are_scipys():
    stats = pytest.importorskip("scipy.stats")
    chance = random.Random(20261121)  # noqa: S311 - a simulation
    for _ in range(300):
        n, q = chance.randrange(3, 5000), chance.choice([0.05, 0.25, 0.5, 0.9, 0.99, 0.999])
        confidence = chance.choice([0.8, 0.9, 0.95, 0.99])
        sample = sorted(chance.random() for _ in range(n))
        # whether the quantile is 0 does not matter for the interval
        low, high = stats.quantile_test(sample, q=0, p=q).confidence_interval(confidence)
        ranks = interval_ranks(q, n, confidence)
        ours = [None if each is None else sample[each - 1] for each in ranks]
        assert ours == [None if math.isnan(each) else each for each in (low, high)], (n, q, confidence)


@pytest.mark.parametrize(("q", "n"), [(0.5, 40), (0.9, 200), (0.99, 1000), (0.999, 6000)])
def test_intervals_cover_the_true_quantile_at_their_rate(q, n):
    """Of 4,000 samples, counted with the exact distribution of order statistics: u is uniform, so the quantile is q."""
    chance = random.Random(7)  # noqa: S311 - a simulation
    low, high = interval_ranks(q, n)
    upper, lower = upper_rank(q, n), lower_rank(q, n)
    both = above = below = 0
    for _ in range(4000):
        at = {}
        # order statistics of uniform numbers from the top: each is the last times the root of a uniform number
        last, left = 1.0, n
        for place in range(n, min(low or n, lower or n) - 1, -1):
            last *= chance.random() ** (1 / left)
            left -= 1
            at[place] = last
        both += (low is None or at[low] <= q) and (high is None or q <= at[high])
        above += q <= at[upper]
        below += lower is None or at[lower] <= q
    # three deviations of a count of 4,000 at 95 %
    assert both / 4000 >= 0.95 - 0.0104
    assert above / 4000 >= 0.95 - 0.0104
    assert below / 4000 >= 0.95 - 0.0104
    # and is no wider than the steps of ranks make it
    assert both / 4000 <= 0.995


def test_a_quantile_in_the_overflow_is_above_its_end():
    made = Histogram.of([1] * 980, unit_ns=1000)
    made.add_over(32_000, 20)
    found = quantile(made, "p99")
    assert str(found.value) == "above 32.0 us"
    assert found.as_dict() == {"ns": 32_000, "above": True, "interval_ns": [32_000, None]}
    assert quantile(made, "p50").as_dict() == {"ns": 1000, "interval_ns": [1000, 2000]}
