# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""hwlatdetect of rt-tests: how long firmware or hardware keeps a CPU, with interrupts off.

It prints only windows in which a gap was above the threshold, so its histogram is of those, and has no quantiles of time:
what may be compared is how many there are a second.
"""

from __future__ import annotations

import re

from ..histogram import Histogram
from ..reading import Reading
from .text import Broken, lines

NAME = "hwlatdetect"
MEASURES = "gap in the time of a CPU with interrupts off"
_DURATION = re.compile(r"hwlatdetect:\s+test duration (\d+) seconds\Z", re.ASCII)
_THRESHOLD = re.compile(r"\s*Latency threshold:\s*(\d+)us\Z", re.ASCII)
_LARGEST = re.compile(r"Max Latency: (?:(\d+)us|Below threshold)\Z", re.ASCII)
_RECORDED = re.compile(r"Samples recorded: (\d+)\Z", re.ASCII)
_EXCEEDING = re.compile(r"Samples exceeding threshold: (\d+)\Z", re.ASCII)
_SAMPLE = re.compile(r"ts: [0-9.]+, inner:(\d+), outer:(\d+)(?:, cpu:(\d+))?(?:, count:(\d+))?\Z", re.ASCII)
broken = Broken(NAME)


def parse(text: str) -> list[Reading]:
    """One reading, of all CPUs it moved over; ``counts`` has the windows above the threshold of each.

    Raises:
        UllError: the output is broken.
    """
    read = lines(text)
    duration = broken.number(_only(_DURATION, read, "the duration"), "the duration")
    threshold = broken.number(_only(_THRESHOLD, read, "the threshold"), "the threshold") * 1000
    recorded = broken.number(_only(_RECORDED, read, "the number of samples"), "the number of samples")
    largest = _only(_LARGEST, read, "the largest latency")
    _only(_EXCEEDING, read, "the number of samples above the threshold")
    histogram = Histogram(1000)
    counts: dict[str, int] = {}
    gaps, events = [], 0
    for line in read:
        match = _SAMPLE.match(line)
        if match:
            gap = max(broken.number(match[1], "inner"), broken.number(match[2], "outer"))
            histogram.add(gap)
            gaps.append(gap * 1000)
            # newer kernels count the gaps of a window, and "Samples recorded" is their sum
            events += broken.number(match[4], "count") if match[4] else 1
            counts[f"cpu{match[3] or ''}"] = counts.get(f"cpu{match[3] or ''}", 0) + 1
        elif line.startswith("ts:"):
            raise broken("a sample is cut off", line)
    broken.same(events, recorded, "samples")
    high = max(gaps, default=None)
    if (high or 0) != (broken.number(largest, "the largest latency") * 1000 if largest else 0):
        raise broken("the largest sample is not the largest latency", largest)
    histogram.min_ns, histogram.max_ns = min(gaps, default=None), high
    return [
        Reading(
            *(NAME, MEASURES, histogram, histogram.count),
            min_ns=histogram.min_ns,
            max_ns=high,
            duration_s=duration,
            threshold_ns=threshold,
            counts=counts,
        )
    ]


def _only(pattern: re.Pattern[str], read: list[str], what: str) -> str | None:
    """What the one line that matches holds."""
    found = [match for match in map(pattern.match, read) if match]
    if len(found) != 1:
        raise broken(f"{what} is there {len(found)} times")
    return found[0][1]
