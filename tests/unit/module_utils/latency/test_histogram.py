# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.latency.histogram import Histogram, bucket, edges, human_ns

latencies = st.integers(0, 10**12)


@given(latencies)
def test_a_value_is_in_its_bucket_which_is_narrow(value):
    low, high = edges(bucket(value))
    assert low <= value < high
    assert high - low <= max(1, value / 256)


@given(st.integers(0, 100_000))
def test_buckets_follow_each_other(index):
    low, high = edges(index)
    assert bucket(low) == bucket(high - 1) == index
    assert bucket(high) == index + 1


@given(st.lists(latencies, max_size=50), st.lists(latencies, max_size=50))
def test_merging_is_counting_all(some, others):
    assert Histogram.of(some).merged(Histogram.of(others)) == Histogram.of(some + others)


@given(st.lists(latencies, max_size=50), st.dictionaries(latencies, st.integers(1, 10), max_size=3))
def test_json_and_back(values, over):
    made = Histogram.of(values, unit_ns=1000)
    for limit, count in over.items():
        made.add_over(limit, count)
    assert Histogram.from_dict(json.loads(json.dumps(made.as_dict()))) == made


@given(st.lists(latencies, min_size=1, max_size=60), st.data())
def test_ranks(values, data):
    rank = data.draw(st.integers(1, len(values)))
    found = Histogram.of(values).at_rank(rank)
    assert found.low_ns <= sorted(values)[rank - 1] < found.high_ns


def test_a_unit_keeps_the_instruments_own_rows_exact():
    made = Histogram.of([31, 500], unit_ns=1000)
    assert (made.at_rank(1).low_ns, made.at_rank(1).high_ns) == (31_000, 32_000)
    assert str(made.at_rank(2)) == "500 us"


def test_what_is_above_the_end_has_no_rank_and_nothing_beyond_it_either():
    made = Histogram.of([10, 20, 5000])
    made.add_over(1000, 2)
    assert made.count == 5
    assert made.at_rank(2).low_ns == 20
    # the sample of 5000 may be below or above those two
    assert [str(made.at_rank(rank)) for rank in (3, 5)] == ["above 1.00 us"] * 2
    with pytest.raises(UllError, match="no sample 6 of 5"):
        made.at_rank(6)


def test_the_coarser_unit_wins():
    made = Histogram.of([1, 2], unit_ns=1000).merged(Histogram.of([1999, 2000]))
    assert made.unit_ns == 1000
    assert made.rows() == [(1000, 2000, 2), (2000, 3000, 2)]


def test_extremes_that_one_does_not_know_are_not_known():
    made = Histogram.of([1]).merged(Histogram(1, {5: 1}))
    assert (made.min_ns, made.max_ns) == (None, None)
    assert Histogram().merged(Histogram.of([7])).max_ns == 7


scraps = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("bits", "unit_ns", "counts", "over", "min_ns", "max_ns"), scraps | st.just(8))
    )
    | scraps
)
def test_what_is_no_histogram_is_named(said):
    try:
        Histogram.from_dict(said)
    except UllError as error:
        assert error.variable.startswith("histogram")


@pytest.mark.parametrize("counts", ["5", "5:0", "x:1", "1:1 0:1", "1:1:1", "9999999999999999999:1", "-1:5", "²:1", 5])
def test_counts_that_are_none(counts):
    with pytest.raises(UllError, match="this is no"):
        Histogram.from_dict({"bits": 8, "unit_ns": 1, "counts": counts})


def test_no_latency_is_negative():
    with pytest.raises(UllError, match="not negative"):
        Histogram.of([-1])


@pytest.mark.parametrize(
    ("ns", "text"), [(0, "0 ns"), (850, "850 ns"), (1000, "1.00 us"), (31_400, "31.4 us"), (39_395_000, "39.4 ms")]
)
def test_for_people(ns, text):
    assert human_ns(ns) == text
