# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The verdict on a host against its baseline: the gate of gate.py, with what keeps it from being asked, in words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from . import gate, many, rank_test
from .baseline import Subject
from .gate import RULES, Rules
from .histogram import Value, human_ns
from .record import Record, differences
from .run import EVENTS, EVENTS_IN_S, Run, missing
from .verdict import (
    FAIL,
    NOT_COMPARABLE,
    PASS,
    TOO_SMALL,
    WATCH,
    Verdict,
    hints,
    in_a_machine_that_is_none,
    virtual,
)


@dataclass(frozen=True)
class _Judged:
    """One quantile."""

    state: str
    words: str
    numbers: Mapping[str, Any]


def judge(
    baseline: Subject,
    first: Sequence[Record],
    second: Sequence[Record] = (),
    hosts: int = 1,
    subjects: int = 1,
    rules: Rules = RULES,
) -> Verdict:
    """Judge one subject of a host.

    Args:
        baseline: its baseline.
        first: records of the first look.
        second: records of the second look, fresh and from later; empty if there was none yet.
        hosts: how many hosts the check of the fleet covers; what is likely somewhere among 100 hosts is no alarm.
        subjects: how many instruments, contexts and peers a host is checked with, for the same reason.
        rules: what the gate asks for.
    """
    records = [*first, *second]
    name = baseline.name
    refused = _refused(baseline, records)
    if refused:
        return refused
    looks = [Run.of(record) for record in first], [Run.of(record) for record in second]
    tested = _tested(baseline, rules)
    tests = max(hosts, 1) * max(subjects, 1) * len(tested)
    judged = {each: _quantile(each, baseline.runs, looks, tests, rules) for each in tested}
    state = _state([each.state for each in judged.values()])
    words = [each.words for each in judged.values()] + _maximum(baseline.runs, [*looks[0], *looks[1]])
    if state in (FAIL, WATCH):
        return Verdict(
            *(name, state, tuple(words), {each: dict(judged[each].numbers) for each in tested}, hints(records)),
            second_look=_more(baseline.runs, tested) if state == WATCH else 0,
        )
    return Verdict(name, state, tuple(words), {each: dict(judged[each].numbers) for each in tested})


def fleet(verdicts: Mapping[str, Iterable[Verdict]], rules: Rules = RULES, tests: int = 0) -> dict[str, list[Verdict]]:
    """Verdicts of all hosts after their second looks, with Holm's further steps.

    ``judge`` compares each P with the level of the smallest one. Where several hosts are slower at once, the others' levels
    are a little wider; this turns their ``watch`` into ``fail``. ``tests`` counts all there might have been: hosts times
    subjects times quantiles.
    """
    kept = {host: list(each) for host, each in verdicts.items()}
    p_values, counted = {}, 0
    for host, each in kept.items():
        for place, verdict in enumerate(each):
            for name, numbers in verdict.quantiles.items():
                counted += 1
                if numbers.get("p_second", 1.0) <= rules.second:
                    p_values[host, place, name] = float(numbers["p_both"])
    for host, place, _name in many.holm(p_values, rules.alarm, max(tests, counted)):
        if kept[host][place].state == WATCH:
            kept[host][place] = replace(kept[host][place], state=FAIL, second_look=0)
    return kept


def _refused(baseline: Subject, records: Sequence[Record]) -> Verdict | None:
    """What keeps records and baseline from being compared at all."""
    if not records:
        return Verdict(baseline.name, TOO_SMALL, ("there is no run of today",))
    if not baseline.runs:
        return Verdict(baseline.name, TOO_SMALL, ("the baseline has no runs",))
    hypervisor = virtual(records)
    if hypervisor:
        return in_a_machine_that_is_none(baseline.name, hypervisor)
    found = {words: None for record in records for words in differences(baseline.fingerprint, record.fingerprint)}
    return Verdict(baseline.name, NOT_COMPARABLE, tuple(found)) if found else None


def _tested(baseline: Subject, rules: Rules) -> tuple[str, ...]:
    return (EVENTS,) if any(EVENTS in run.values for run in baseline.runs) else rules.quantiles


def _state(states: Sequence[str]) -> str:
    """Of several quantiles: an alarm of one is an alarm; what one can pass, another that is too small cannot undo."""
    for state in (FAIL, WATCH, PASS):
        if state in states:
            return state
    return TOO_SMALL


def _quantile(
    name: str, before: Sequence[Run], looks: tuple[Sequence[Run], Sequence[Run]], tests: int, rules: Rules
) -> _Judged:
    first, second = looks
    lacking = missing(before, name) or missing([*first, *second], name)
    if lacking:
        return _Judged(TOO_SMALL, lacking, {})
    old, one, two = ([run.values[name] for run in runs] for runs in (before, first, second))
    if sum(value.above for value in old) * 2 > len(old):
        words = f"{name} of the baseline is beyond the end of its histogram ({old[0]}): give the instrument more rows"
        return _Judged(TOO_SMALL, words, {})
    spread = gate.spread(old)
    planned = len(one) + (len(two) or _second(spread, one))
    if not gate.can_alarm(len(old), planned, tests, rules):
        return _Judged(TOO_SMALL, _out_of_reach(name, len(old), planned, tests, rules), {})
    return _looked(name, old, one, two, tests, rules, spread)


def _looked(
    name: str, old: list[Value], one: list[Value], two: list[Value], tests: int, rules: Rules, spread: float
) -> _Judged:
    look = gate.look(old, one, rules)
    numbers: dict[str, Any] = {
        "p_first": look.p,
        "runs": len(one),
        "baseline_runs": len(old),
        "spread": _finite(spread),
    }
    state = WATCH if gate.needs_second_look(look, rules) else PASS
    if two and state == WATCH:
        later, look = gate.look(old, two, rules), gate.look(old, one + two, rules)
        numbers.update(p_second=later.p, p_both=look.p, runs=look.runs)
        state = PASS if later.p > rules.second else WATCH
        state = FAIL if gate.confirmed(later, look, tests, rules) else state
    findable = gate.findable(spread, len(old), look.runs if two else len(one) + _second(spread, one), tests, rules)
    numbers.update(ratio=round(look.ratio, 4), low=round(look.low, 4), high=_finite(look.high), finds=_finite(findable))
    numbers.update(now=_median([*one, *two], name), baseline=_median(old, name))
    return _Judged(state, _words(name, state, look, numbers, bool(two)), numbers)


def _words(name: str, state: str, look: gate.Look, numbers: Mapping[str, Any], twice: bool) -> str:
    high = "any" if math.isinf(look.high) else f"{look.high:.2f}"
    text = f"{name} is {look.ratio:.2f} times the baseline's ({numbers['now']} against {numbers['baseline']}"
    text += f", 95 % interval {look.low:.2f} to {high}, {look.runs} runs against {numbers['baseline_runs']})"
    if state == FAIL:
        return f"{text}, in two looks"
    if state == WATCH:
        return f"{text}: {'take more runs' if twice else 'needs a second look, later, before it is an alarm'}"
    if twice and "p_second" in numbers:
        return f"{text}: the second look did not confirm the first"
    found = "" if numbers["finds"] is None else f"; two looks of this kind find a growth of {numbers['finds']:.0%}"
    return text + found


def _second(spread: float, one: Sequence[Value]) -> int:
    """Runs of the second look that is to be taken: as planned for the spread, or as many again."""
    runs = gate.needed(spread)
    return runs.second if runs else max(2 * len(one), gate.NEEDED[0].second)


def _more(before: Sequence[Run], tested: Sequence[str]) -> int:
    """Runs of the second look, for the quantile that spreads most."""
    spreads = [gate.spread([run.values[name] for run in before if name in run.values]) for name in tested]
    runs = gate.needed(max(each for each in spreads))
    return (runs or gate.NEEDED[-1]).second


def _out_of_reach(name: str, old: int, new: int, tests: int, rules: Rules) -> str:
    least, level = rank_test.least_p(old, new), rules.alarm / tests
    runs = gate.NEEDED[0]
    return (
        f"{new} runs against {old} of the baseline reach P = {least:.1g} for {name} at best, and {tests} tests in this "
        f"check take {level:.1g}: take {runs.baseline} runs or more for the baseline, {runs.first} for a first look and "
        f"{runs.second} for a second"
    )


def _maximum(before: Sequence[Run], now: Sequence[Run]) -> list[str]:
    """The maximum is told and never judged: of a heavy tail it is another one every time."""
    old = max((run.max_ns for run in before if run.max_ns is not None), default=None)
    new = max((run.max_ns for run in now if run.max_ns is not None), default=None)
    if old is None or new is None or new <= old:
        return []
    return [f"the maximum was {human_ns(old)} and is {human_ns(new)}, which by itself fails nothing"]


def _median(values: Sequence[Value], name: str) -> str:
    """The run in the middle, in words."""
    middle = sorted(values, key=lambda value: (value.above, value.low_ns))[(len(values) - 1) // 2]
    return f"{middle.low_ns} in {EVENTS_IN_S} s" if name == EVENTS else str(middle)


def _finite(value: float) -> float | None:
    """JSON has no infinity."""
    return round(value, 4) if math.isfinite(value) else None
