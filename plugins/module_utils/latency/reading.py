# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What one instrument says of one CPU, or of one path: the parsers' common result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..cpuset import CpuSet
from .histogram import Histogram


@dataclass(frozen=True)
class Reading:
    """One measurement, before anything of its host is known.

    Args:
        instrument: as ``cyclictest``.
        measures: what its latencies are of, in words.
        histogram: of all samples; None where the instrument printed only a summary.
        samples: how many it took.
        cpus: the CPUs measured, as a list of the kernel's; empty where it does not say.
        context: ``irq``, ``thread`` or ``user``, where it measures several ways at once.
        min_ns: the least.
        max_ns: the greatest.
        mean_ns: the mean.
        duration_s: how long it measured.
        command: its command line, where its output tells it.
        threshold_ns: it only records what is above; 0 if everything.
        counts: what else it counted, as ``{"irq": 11}``.
    """

    instrument: str
    measures: str
    histogram: Histogram | None
    samples: int
    cpus: str = ""
    context: str = ""
    min_ns: int | None = None
    max_ns: int | None = None
    mean_ns: float | None = None
    duration_s: float | None = None
    command: str = ""
    threshold_ns: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)


def joined(readings: Iterable[Reading]) -> list[Reading]:
    """Readings of several CPUs as one for each context, as a host is judged: its slowest CPU makes the tail.

    Ten CPUs judged one by one would be ten times the tests, each of which must then show more.
    """
    found: dict[tuple[str, str, str], Reading] = {}
    for reading in readings:
        key = reading.instrument, reading.measures, reading.context
        found[key] = _both(found[key], reading) if key in found else reading
    return list(found.values())


def _both(one: Reading, other: Reading) -> Reading:
    samples = one.samples + other.samples
    histogram, mean = None, None
    if one.histogram is not None and other.histogram is not None:
        histogram = one.histogram.merged(other.histogram)
    if one.mean_ns is not None and other.mean_ns is not None and samples:
        mean = (one.mean_ns * one.samples + other.mean_ns * other.samples) / samples
    return replace(
        one,
        histogram=histogram,
        samples=samples,
        cpus=str(CpuSet.parse(one.cpus) | CpuSet.parse(other.cpus)),
        min_ns=_extreme(min, one.min_ns, other.min_ns),
        max_ns=_extreme(max, one.max_ns, other.max_ns),
        mean_ns=mean,
        duration_s=_extreme(max, one.duration_s, other.duration_s),
        counts={key: one.counts.get(key, 0) + other.counts.get(key, 0) for key in {**one.counts, **other.counts}},
    )


def _extreme(choose: Callable[..., Any], one: Any, other: Any) -> Any:
    """An extreme of two, known where both are."""
    return None if one is None or other is None else choose(one, other)
