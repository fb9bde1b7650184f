# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The verdict on a host against what its region and its workload class may take.

Each run tells with 95 % confidence that its quantile is not above a bound, and not below another (quantiles.py). With five
runs and more the *typical* run is judged, by the interval of their median, since one disturbed run of many is none of the
host's; with fewer all must agree. Between the two it is neither: measure longer, or more often.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import UllError
from .histogram import human_ns
from .instruments import HOST, NETWORK, instrument
from .parsers.sockperf import ROUND
from .quantiles import lower_rank, needed, quantile, share, upper_rank
from .record import Record
from .verdict import FAIL, PASS, TOO_SMALL, WATCH, Verdict, hints, in_a_machine_that_is_none, virtual

# The median of fewer runs has no one-sided 95 % bound: 1 - 0.5^4 is 0.9375.
_ENOUGH = 5
_EXAMPLE = "e.g. {host: {quantile: p99.9, ns: 1000}, network: {quantile: p99, ns: 20000}}"


@dataclass(frozen=True)
class Budget:
    """What a path may take.

    Args:
        path: ``host`` or ``network``; of a network one way, half of a round trip.
        quantile: the share that must be within it.
        ns: nanoseconds.
    """

    path: str
    quantile: str
    ns: int


def budgets(*declared: Any) -> dict[str, Budget]:
    """Budgets by path, from the region's and the class's declaration; a later one replaces an earlier one.

    Raises:
        UllError: one is not ``{host|network: {quantile, ns}}``.
    """
    found = {}
    for each in declared:
        if each is None:
            continue
        if not isinstance(each, Mapping):
            raise UllError("this is no mapping", variable="ull_latency_budget", value=each, remedy=_EXAMPLE)
        for path, said in each.items():
            found[path] = _budget(path, said)
    return found


def _budget(path: Any, said: Any) -> Budget:
    variable = f"ull_latency_budget.{path}"
    if path not in (HOST, NETWORK) or not isinstance(said, Mapping) or set(said) - {"quantile", "ns"}:
        raise UllError("this is no budget", variable=variable, value=said, remedy=_EXAMPLE)
    ns = said.get("ns")
    if isinstance(ns, bool) or not isinstance(ns, int) or ns <= 0:
        raise UllError("a budget is a number of nanoseconds", variable=f"{variable}.ns", value=ns, remedy=_EXAMPLE)
    name = said.get("quantile", "p99.9")
    share(name)
    return Budget(path, name, ns)


def judge(records: Sequence[Record], declared: Mapping[str, Budget]) -> Verdict:
    """Judge the runs of one subject against its path's budget."""
    if not records:
        return Verdict("", TOO_SMALL, ("there is no run",))
    subject = records[0].subject
    budget = declared.get(instrument(records[0].reading.instrument).path)
    if budget is None:
        return Verdict(subject, PASS, ("there is no budget for it",))
    if virtual(records):
        return in_a_machine_that_is_none(subject, virtual(records))
    bounds, short = [], []
    for record in records:
        histogram, least = record.reading.histogram, needed(share(budget.quantile))
        if histogram is None or record.reading.threshold_ns:
            return Verdict(subject, TOO_SMALL, (f"{record.reading.instrument} printed no histogram of all samples",))
        if histogram.count < least:
            short.append(f"{histogram.count:,} samples are too few for {budget.quantile}, which takes {least:,}")
        else:
            bounds.append(_bounds(record, budget))
    if short:
        return Verdict(subject, TOO_SMALL, (short[0],))
    low, high = _typical(bounds)
    state = PASS if high <= budget.ns else FAIL if low > budget.ns else WATCH
    numbers = {
        budget.quantile: {"budget_ns": budget.ns, "low_ns": low, "high_ns": high if math.isfinite(high) else None}
    }
    found = hints(records) if state != PASS else ()
    return Verdict(subject, state, (_words(budget, state, low, high, len(bounds)),), numbers, found)


def _bounds(record: Record, budget: Budget) -> tuple[float, float]:
    """Between what the quantile of a run is; halved where round trips were measured."""
    histogram = record.reading.histogram
    assert histogram is not None  # noqa: S101 - the caller has seen to it
    found = quantile(histogram, budget.quantile)
    rank = lower_rank(share(budget.quantile), histogram.count)
    low = histogram.at_rank(rank).low_ns if rank else 0
    high = math.inf if found.bound.high_ns is None else found.bound.high_ns
    ways = 2 if budget.path == NETWORK and record.reading.measures == ROUND else 1
    return low / ways, high / ways


def _typical(bounds: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Bounds of the typical run."""
    lows, highs = sorted(low for low, _high in bounds), sorted(high for _low, high in bounds)
    if len(bounds) < _ENOUGH:
        return lows[0], highs[-1]
    below, above = lower_rank(0.5, len(bounds)), upper_rank(0.5, len(bounds))
    return lows[(below or 1) - 1], highs[(above or len(bounds)) - 1]


def _words(budget: Budget, state: str, low: float, high: float, runs: int) -> str:
    top = f"to {human_ns(high)}" if math.isfinite(high) else "to beyond the end of the histogram"
    way = ", one way" if budget.path == NETWORK else ""
    text = f"{budget.quantile} of {runs} runs is {human_ns(low)} {top}{way}, of a budget of {human_ns(budget.ns)}"
    return f"{text}: measure longer, or more often" if state == WATCH else text
