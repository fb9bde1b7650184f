# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from latency_records import record, runs

from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.latency.histogram import Histogram
from ansible_collections.ull.metal.plugins.module_utils.latency.reading import Reading
from ansible_collections.ull.metal.plugins.module_utils.latency.record import Record
from ansible_collections.ull.metal.plugins.module_utils.latency.within_budget import Budget, budgets, judge

# p99.9 of these runs is some four times their least, 4 us; with 4,000 samples its bound is the greatest, 8.2 us
LIMITS = {ns: budgets({"host": {"quantile": "p99.9", "ns": ns}}) for ns in (3000, 9000)}


def test_within_and_beyond():
    assert judge(runs(7), LIMITS[9000]).state == "pass"
    verdict = judge(runs(7, evidence={"smi": 1}), LIMITS[3000])
    assert verdict.state == "fail"
    assert "of a budget of 3.00 us" in verdict.text
    assert [hint.cause for hint in verdict.look_first] == ["smi"]


def test_one_disturbed_run_of_many_is_not_the_host():
    records = [*runs(8), record(20_000.0)]
    assert judge(records, LIMITS[9000]).state == "pass"


def test_few_runs_must_agree():
    assert judge([record(), record(20_000.0)], LIMITS[9000]).state == "watch"
    assert judge([record(20_000.0)] * 2, LIMITS[9000]).state == "fail"


def test_the_sample_must_be_large_enough():
    verdict = judge(runs(7, samples=2800), LIMITS[9000])
    assert verdict.state == "too_small"
    assert "2,800 samples are too few for p99.9, which takes 2,995" in verdict.text
    assert judge([], LIMITS[9000]).state == "too_small"


def test_beyond_the_end_of_the_histogram():
    over = Histogram.of([1] * 3500, unit_ns=1000)
    over.add_over(5000, 500)
    records = [record(histogram=over, max_ns=90_000)] * 5
    assert judge(records, LIMITS[3000]).state == "fail"
    verdict = judge(records, LIMITS[9000])
    assert verdict.state == "watch"
    assert "beyond the end of the histogram" in verdict.text


def test_a_network_is_held_to_its_own_budget_one_way():
    reading = Reading("udp_pingpong", "round trip", Histogram.of([30_000] * 5000), 5000)
    record_ = Record(reading, record().machine, peer="engine2")
    declared = budgets({"network": {"quantile": "p99", "ns": 20_000}}, {"host": {"ns": 1000}})
    verdict = judge([record_], declared)
    assert verdict.state == "pass"
    assert "15.0 us" in verdict.text
    assert "one way" in verdict.text
    assert judge([record_], LIMITS[3000]).words == ("there is no budget for it",)


def test_what_says_nothing():
    assert judge(runs(7, virtual="kvm"), LIMITS[9000]).state == "not_comparable"
    assert judge([record(threshold_ns=10)], LIMITS[9000]).state == "too_small"


def test_the_class_comes_after_the_region():
    found = budgets({"host": {"quantile": "p99", "ns": 5000}}, None, {"host": {"ns": 1000}})
    assert found == {"host": Budget("host", "p99.9", 1000)}


@pytest.mark.parametrize(
    "said",
    [
        5,
        {"disk": {"ns": 5}},
        {"host": 5},
        {"host": {"ns": 0}},
        {"host": {"ns": "5"}},
        {"host": {"ns": 5, "quantile": "max"}},
    ],
)
def test_what_is_no_budget(said):
    with pytest.raises(UllError, match=r"budget|mapping|quantile"):
        budgets(said)
