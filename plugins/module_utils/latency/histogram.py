# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Log-linear histograms of latencies: exact counts, a bounded error of the values, mergeable, a line of JSON.

The scheme is that of HdrHistogram (G. Tene, hdrhistogram.org): each power of two is cut into 2^8 buckets of equal width,
so that a value is known to one part in 256 (0.39 %) at any size, and exactly below 512 units. Values are counted in units
of what the instrument resolves (1 ns, or the 1 us of cyclictest), so that an instrument's own bins stay exact.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from ..errors import UllError

BITS = 8
_HALF = 1 << BITS
# Relative width of a bucket: the error bound of every value, where the unit is not coarser.
RELATIVE_ERROR = 1 / _HALF
# A day in nanoseconds has 47 bits; more than 63 is a broken file, and would make a number of any size.
_MOST_BITS = 63
_REMEDY = "take the record again; a record is written by ull.metal and not by hand"


def bucket(value: int) -> int:
    """Index of the bucket of a value in units."""
    if value < 0:
        raise UllError("a latency is not negative", value=value)
    shift = max(value.bit_length() - BITS - 1, 0)
    return (shift << BITS) + (value >> shift)


def edges(index: int) -> tuple[int, int]:
    """First value of a bucket and first value of the next, in units."""
    shift = max((index >> BITS) - 1, 0)
    low = index - (shift << BITS)
    return low << shift, (low + 1) << shift


@dataclass(frozen=True)
class Value:
    """What is known of one value: it is in ``[low_ns, high_ns)``, or above ``low_ns`` where ``high_ns`` is None."""

    low_ns: int
    high_ns: int | None

    @property
    def above(self) -> bool:
        """Whether it lies among those the instrument only counted, above the end of its histogram."""
        return self.high_ns is None

    def __str__(self) -> str:
        return f"above {human_ns(self.low_ns)}" if self.above else human_ns(self.low_ns)


class Histogram:
    """Counts by bucket.

    Args:
        unit_ns: nanoseconds of one unit.
        counts: samples by bucket.
        over: samples of which the instrument says only that they were at or above so many ns.
        min_ns: the least sample, where known.
        max_ns: the greatest sample, where known.
    """

    def __init__(
        self,
        unit_ns: int = 1,
        counts: Mapping[int, int] | None = None,
        over: Mapping[int, int] | None = None,
        min_ns: int | None = None,
        max_ns: int | None = None,
    ) -> None:
        self.unit_ns = unit_ns
        self.counts = dict(counts or {})
        self.over = dict(over or {})
        self.min_ns = min_ns
        self.max_ns = max_ns

    @classmethod
    def of(cls, values: Iterable[int], unit_ns: int = 1) -> Histogram:
        """The histogram of so many values in units."""
        made = cls(unit_ns)
        low, high = None, None
        for value in values:
            index = bucket(value)
            made.counts[index] = made.counts.get(index, 0) + 1
            low = value if low is None or value < low else low
            high = value if high is None or value > high else high
        made.min_ns = None if low is None else low * unit_ns
        made.max_ns = None if high is None else high * unit_ns
        return made

    def add(self, value: int, count: int = 1) -> None:
        """Count a value in units, so many times. The extremes are the instrument's to say: ``min_ns``, ``max_ns``."""
        if count:
            index = bucket(value)
            self.counts[index] = self.counts.get(index, 0) + count

    def add_over(self, limit_ns: int, count: int) -> None:
        """Count samples at or above a limit."""
        if count:
            self.over[limit_ns] = self.over.get(limit_ns, 0) + count

    @property
    def count(self) -> int:
        """All samples."""
        return sum(self.counts.values()) + sum(self.over.values())

    def merged(self, other: Histogram) -> Histogram:
        """Both together, in the coarser of the two units."""
        unit = max(self.unit_ns, other.unit_ns)
        made = self._in_units_of(unit)
        for index, count in other._in_units_of(unit).counts.items():
            made.counts[index] = made.counts.get(index, 0) + count
        for limit, count in other.over.items():
            made.add_over(limit, count)
        made.min_ns = _both(min, self.min_ns, other.min_ns, self.count, other.count)
        made.max_ns = _both(max, self.max_ns, other.max_ns, self.count, other.count)
        return made

    def _in_units_of(self, unit: int) -> Histogram:
        if unit == self.unit_ns:
            return Histogram(unit, self.counts, self.over, self.min_ns, self.max_ns)
        made = Histogram(unit, None, self.over, self.min_ns, self.max_ns)
        for index, count in self.counts.items():
            made.add(edges(index)[0] * self.unit_ns // unit, count)
        return made

    def at_rank(self, rank: int) -> Value:
        """The sample of this rank, 1 being the least."""
        return self.at_ranks([rank])[0]

    def at_ranks(self, ranks: Sequence[int]) -> list[Value]:
        """The samples of these ranks.

        Samples above a limit may be anywhere above it, so nothing at or above the lowest limit has a known rank.
        """
        count = self.count
        for rank in ranks:
            if not 1 <= rank <= count:
                raise UllError(f"there is no sample {rank} of {count}")
        limit = min(self.over, default=None)
        known = sorted(self.counts)
        if limit is not None:
            known = [index for index in known if edges(index)[0] * self.unit_ns < limit]
        below = list(accumulate(self.counts[index] for index in known))
        found = []
        for rank in ranks:
            place = bisect_left(below, rank)
            if place < len(known):
                low, high = edges(known[place])
                found.append(Value(low * self.unit_ns, high * self.unit_ns))
            else:
                found.append(Value(limit or 0, None))
        return found

    def rows(self) -> list[tuple[int, int, int]]:
        """For a chart: low and high edge in ns, and samples, of each bucket that has any."""
        found = []
        for index in sorted(self.counts):
            low, high = edges(index)
            found.append((low * self.unit_ns, high * self.unit_ns, self.counts[index]))
        return found

    def as_dict(self) -> dict[str, Any]:
        """For JSON. ``counts`` is text, ``gap:samples`` for each bucket that has any: one line in a diff."""
        parts, last = [], 0
        for index in sorted(self.counts):
            parts.append(f"{index - last}:{self.counts[index]}")
            last = index
        made: dict[str, Any] = {"bits": BITS, "unit_ns": self.unit_ns, "counts": " ".join(parts)}
        if self.over:
            made["over"] = {str(limit): self.over[limit] for limit in sorted(self.over)}
        for name in ("min_ns", "max_ns"):
            if getattr(self, name) is not None:
                made[name] = getattr(self, name)
        return made

    @classmethod
    def from_dict(cls, said: Any) -> Histogram:
        """From JSON.

        Raises:
            UllError: this is no histogram.
        """
        if not isinstance(said, Mapping) or said.get("bits") != BITS:
            raise UllError("this is no histogram of 8 bits", variable="histogram", value=_start(said), remedy=_REMEDY)
        over = said.get("over", {})
        if not isinstance(over, Mapping):
            raise UllError("this is no mapping", variable="histogram.over", value=_start(over), remedy=_REMEDY)
        limits = {_natural(_digits(limit), "over"): _natural(count, "over", 1) for limit, count in over.items()}
        extremes = {key: said.get(key) for key in ("min_ns", "max_ns")}
        for key, value in extremes.items():
            if value is not None:
                _natural(value, key)
        return cls(_natural(said.get("unit_ns"), "unit_ns", 1), _decoded(said.get("counts")), limits, **extremes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Histogram) and self.as_dict() == other.as_dict()

    __hash__ = None  # type: ignore[assignment]  # it changes


def _both(choose: Any, mine: int | None, other: int | None, count: int, others: int) -> int | None:
    """An extreme of two histograms is known where both are, or where one has no samples."""
    if not count or not others:
        return mine if count else other
    return None if mine is None or other is None else int(choose(mine, other))


def _decoded(text: Any) -> dict[int, int]:
    if not isinstance(text, str):
        raise UllError("this is no text", variable="histogram.counts", value=_start(text), remedy=_REMEDY)
    counts: dict[int, int] = {}
    index = 0
    for part in text.split():
        gap, colon, count = part.partition(":")
        index += _natural(_digits(gap), "counts", 0 if not counts else 1)
        if not colon or index > bucket((1 << _MOST_BITS) - 1):
            raise UllError("this is no gap:samples", variable="histogram.counts", value=part, remedy=_REMEDY)
        counts[index] = _natural(_digits(count), "counts", 1)
    return counts


def _digits(text: Any) -> Any:
    """A number written with digits; anything else as it is, to be refused."""
    fits = isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= 19
    return int(text) if fits else text


def _natural(value: Any, key: str, least: int = 0) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 1 << _MOST_BITS:
        raise UllError("this is no count", variable=f"histogram.{key}", value=_start(value), remedy=_REMEDY)
    return value


def _start(value: Any) -> str:
    """The beginning of what was given, for an error that can be read."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def human_ns(ns: float) -> str:
    """Nanoseconds for people: ``850 ns``, ``31.0 us``, ``39.4 ms``, ``1.20 s``."""
    for unit, size in (("s", 10**9), ("ms", 10**6), ("us", 10**3)):
        if ns >= size:
            value = ns / size
            return f"{value:.{max(0, 2 - len(str(int(value))) + 1)}f} {unit}"
    return f"{ns:.0f} ns"
