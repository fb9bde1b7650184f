# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A run in the few numbers that a baseline keeps and the gate compares."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import UllError
from .histogram import Histogram, Value, bucket, edges
from .quantiles import SHOWN, needed, share, values
from .record import Record

# What an instrument with a threshold has instead of quantiles: how often it was passed, in so many seconds.
EVENTS = "events"
EVENTS_IN_S = 1000


@dataclass(frozen=True)
class Run:
    """One run.

    Args:
        time: when it began.
        samples: how many.
        values: its quantiles by name, those that the sample is large enough for.
        max_ns: its maximum, which is shown and never compared.
        unit_ns: what the instrument resolves.
    """

    time: str
    samples: int
    values: Mapping[str, Value]
    max_ns: int | None = None
    unit_ns: int = 1

    @classmethod
    def of(cls, record: Record) -> Run:
        """The run of a record.

        Raises:
            UllError: its instrument printed no histogram.
        """
        reading = record.reading
        if reading.histogram is None:
            raise UllError(
                f"{reading.instrument} printed no histogram",
                host=record.machine.host,
                variable="record.histogram",
                remedy="take its histogram: rtla with hist and not top, sockperf with --full-log",
            )
        unit = reading.histogram.unit_ns
        if reading.threshold_ns:
            events = {EVENTS: _events(reading.samples, reading.duration_s, record)}
            return cls(record.time, reading.samples, events, reading.max_ns, 1)
        return cls(record.time, reading.samples, values(reading.histogram), reading.max_ns, unit)

    def as_dict(self) -> dict[str, Any]:
        """For JSON; a quantile beyond the end of its histogram is ``>`` and that end."""
        made: dict[str, Any] = {"time": self.time, "samples": self.samples, "max_ns": self.max_ns}
        for name, value in self.values.items():
            if name == EVENTS:
                made[name] = [value.low_ns, value.high_ns]
            else:
                made[name] = f">{value.low_ns}" if value.above else value.low_ns
        return made

    @classmethod
    def from_dict(cls, said: Any, unit_ns: int) -> Run:
        """From JSON.

        Raises:
            UllError: this is no run.
        """
        if not isinstance(said, Mapping) or not isinstance(said.get("time"), str):
            raise _wrong(said)
        known = {name: said[name] for name in (*SHOWN, EVENTS) if name in said}
        if {*said} - {*known, "time", "samples", "max_ns"}:
            raise _wrong(sorted({*said} - {*known})[0])
        read = {name: _read(name, value, unit_ns) for name, value in known.items()}
        highest = said.get("max_ns")
        return cls(
            said["time"], _whole(said.get("samples")), read, None if highest is None else _whole(highest), unit_ns
        )


def missing(runs: Sequence[Run], name: str) -> str:
    """Why a quantile cannot be compared: which runs lack it; empty if none does."""
    lacking = [run for run in runs if name not in run.values]
    if not lacking:
        return ""
    fewest = min(run.samples for run in lacking)
    if name == EVENTS:
        return "some runs have no rate of events"
    return f"{len(lacking)} of {len(runs)} runs are too short for {name}: {fewest:,} samples of {needed(share(name)):,}"


def merged(records: Sequence[Record]) -> Histogram:
    """The histogram of all runs, for a chart."""
    whole = Histogram()
    for place, record in enumerate(records):
        if record.reading.histogram is not None:
            whole = whole.merged(record.reading.histogram) if place else record.reading.histogram
    return whole


def _events(samples: int, duration: float | None, record: Record) -> Value:
    if not duration:
        raise UllError("how long it measured is not known", host=record.machine.host, variable="record.duration_s")
    rate = round(samples * EVENTS_IN_S / duration)
    # one event more is the least that a run can differ by
    return Value(rate, rate + math.ceil(EVENTS_IN_S / duration))


def _read(name: str, value: Any, unit_ns: int) -> Value:
    if name == EVENTS:
        if not isinstance(value, list) or len(value) != 2:
            raise _wrong(value)
        return Value(_whole(value[0]), _whole(value[1]))
    if isinstance(value, str) and value.startswith(">"):
        digits = value[1:]
        if not digits.isascii() or not digits.isdigit() or len(digits) > 18:
            raise _wrong(value)
        return Value(int(digits), None)
    low = _whole(value)
    return Value(low, edges(bucket(low // unit_ns))[1] * unit_ns)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 62:
        raise _wrong(value)
    return value


def _wrong(value: Any) -> UllError:
    remedy = "write baselines with the playbook ull.metal.baseline, not by hand"
    return UllError("this is no run of a baseline", variable="baseline.runs", value=value, remedy=remedy)
