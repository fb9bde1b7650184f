# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import dataclasses

import pytest
from latency_records import histogram, record, runs

from ansible_collections.ull.metal.plugins.module_utils.latency import gate
from ansible_collections.ull.metal.plugins.module_utils.latency.baseline import baseline
from ansible_collections.ull.metal.plugins.module_utils.latency.histogram import Histogram
from ansible_collections.ull.metal.plugins.module_utils.latency.verdict import worst
from ansible_collections.ull.metal.plugins.module_utils.latency.within_baseline import fleet, judge

BEFORE = baseline(runs(24))["cyclictest"]


def test_no_change_passes_and_says_what_would_have_been_found():
    verdict = judge(BEFORE, runs(6, seed=2), hosts=100)
    assert verdict.state == "pass"
    assert "two looks of this kind find a growth of" in verdict.text
    assert verdict.second_look == 0


def test_a_change_needs_a_second_look_before_it_is_an_alarm():
    first = judge(BEFORE, runs(6, 1100, seed=2, evidence={"smi": 3}), hosts=100)
    # p99.9 spreads by a little more than 2 %, for which 12 are planned
    assert (first.state, first.second_look) == ("watch", 12)
    assert "needs a second look" in first.text
    assert [hint.cause for hint in first.look_first] == ["smi"]
    second = judge(BEFORE, runs(6, 1100, seed=2), runs(8, 1100, seed=3), hosts=100)
    assert second.state == "fail"
    assert "in two looks" in second.text
    assert second.quantiles["p99"]["p_both"] < 1e-5


def test_a_disturbance_that_has_gone_is_none():
    verdict = judge(BEFORE, runs(6, 1300, seed=2), runs(8, seed=3), hosts=100)
    assert verdict.state == "pass"
    assert "did not confirm" in verdict.text


def test_the_maximum_alone_fails_nothing_and_is_shown():
    def slow_once(each):
        made = histogram(1000 + each)
        made.counts.pop(max(made.counts))
        made.add(50_000_000)
        made.max_ns = 50_000_000
        return record(histogram=made)

    before = baseline([record(1000.0 + each) for each in range(24)])["cyclictest"]
    verdict = judge(before, [slow_once(each) for each in range(0, 24, 4)], [slow_once(each) for each in range(8)])
    assert verdict.state == "pass"
    assert "and is 50.0 ms, which by itself fails nothing" in verdict.text


@pytest.mark.parametrize("what", [{"kernel": "6.12.110"}, {"boot_args": "quiet"}, {"cpu_model": "EPYC"}, {"cpus": "2"}])
def test_another_machine_is_neither_pass_nor_fail(what):
    verdict = judge(BEFORE, runs(6, 5000, **what))
    assert verdict.state == "not_comparable"
    assert " was " in verdict.words[0]


def test_virtual_machines_gate_nothing():
    virtual = baseline(runs(24, virtual="kvm"))["cyclictest"]
    assert judge(virtual, runs(6, 5000, virtual="kvm")).state == "not_comparable"
    assert "gates nothing" in judge(BEFORE, runs(6, virtual="kvm")).text


def test_eight_runs_against_eight_are_too_few_for_a_fleet():
    few = baseline(runs(8))["cyclictest"]
    verdict = judge(few, runs(4, 2000, seed=2), runs(4, 2000, seed=3), hosts=100)
    assert verdict.state == "too_small"
    assert "at best" in verdict.text
    assert "take 24 runs or more for the baseline" in verdict.text


def test_short_runs_are_too_small():
    verdict = judge(BEFORE, runs(6, samples=2800), hosts=1)
    # p99 can be judged, p99.9 cannot, and says so
    assert verdict.state == "pass"
    assert "6 of 6 runs are too short for p99.9: 2,800 samples of 2,995" in verdict.text
    shorter = [record(histogram=Histogram.of(range(1000, 1200))) for _ in range(6)]
    assert judge(BEFORE, shorter).state == "too_small"
    assert judge(BEFORE, []).state == "too_small"


def test_a_baseline_beyond_its_histogram_is_too_small():
    over = Histogram.of([5] * 3500, unit_ns=1000)
    over.add_over(32_000, 500)
    before = baseline([record(histogram=over, max_ns=90_000) for _ in range(24)])["cyclictest"]
    verdict = judge(before, [record(histogram=over, max_ns=90_000) for _ in range(6)])
    assert verdict.state == "too_small"
    assert "give the instrument more rows" in verdict.text


def events(count: int, seconds: float = 60.0):
    made = Histogram.of([20] * count, unit_ns=1000)
    return record(histogram=made, threshold_ns=10_000, duration_s=seconds, max_ns=20_000 if count else None)


def test_an_instrument_with_a_threshold_is_judged_by_how_often_it_is_passed():
    before = baseline([events(each % 3) for each in range(24)])["cyclictest"]
    assert judge(before, [events(1) for _ in range(6)]).state == "pass"
    verdict = judge(before, [events(9) for _ in range(6)], [events(8) for _ in range(8)])
    assert verdict.state == "fail"
    assert "133 in 1000 s against 17 in 1000 s" in verdict.text


def test_none_at_all_is_no_reason():
    before = baseline([events(0) for _ in range(24)])["cyclictest"]
    # one event a run is one step, which is not more than one
    assert judge(before, [events(0) for _ in range(6)]).state == "pass"
    assert judge(before, [events(1) for _ in range(6)]).state == "pass"


def test_holm_takes_its_further_steps_over_the_fleet():
    slow = judge(BEFORE, runs(6, 1100, seed=2), runs(8, 1100, seed=3), hosts=100)
    numbers = {"p_second": 0.001, "p_both": 0.01 / 195}
    nearly = dataclasses.replace(slow, state="watch", quantiles={"p99": numbers})
    whole = {"engine1": [nearly], **{f"slow{each}": [slow] for each in range(10)}}
    assert fleet(whole, tests=200)["engine1"][0].state == "fail"
    assert fleet({"engine1": [nearly]}, tests=200)["engine1"][0].state == "watch"
    assert worst(verdict for each in whole.values() for verdict in each) == "fail"
    assert worst([]) == "pass"


def test_more_hosts_ask_for_more():
    first, second = runs(6, 1055, seed=2), runs(8, 1055, seed=3)
    alone = judge(BEFORE, first, second, hosts=1)
    assert alone.state == "fail"
    p_both = min(each["p_both"] for each in alone.quantiles.values())
    hosts = int(gate.RULES.alarm / p_both / 2) + 2
    assert judge(BEFORE, first, second, hosts=hosts).state == "watch"
    assert judge(BEFORE, first, second, hosts=1, subjects=hosts).state == "watch"
