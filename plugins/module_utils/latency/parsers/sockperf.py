# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""sockperf: from one socket to another. Its log (``--full-log``) has every message, its summary only some quantiles.

By default it halves round trips; with ``--full-rtt`` it does not, and says so in the column's name.
"""

from __future__ import annotations

import re

from ..histogram import Histogram
from ..reading import Reading
from .text import Broken, lines

NAME = "sockperf"
ROUND, HALF = "round trip", "half a round trip"
_LOG = re.compile(r"packet, txTime\(sec\), rxTime\(sec\), (rtt|latency)\(usec\)\Z")
_ROW = re.compile(r"(\d+), [0-9.]+, [0-9.]+, +([0-9.]+)\Z", re.ASCII)
_TOTAL = re.compile(r"sockperf: Total (\d+) observations", re.ASCII)
_MEAN = re.compile(r"sockperf: =+> avg-(rtt|latency)=([0-9.]+) ", re.ASCII)
_EXTREME = re.compile(r"sockperf: ---> <(MIN|MAX)> observation = +([0-9.]+)\Z", re.ASCII)
_LOST = re.compile(
    r"sockperf: # dropped messages = (\d+); # duplicated messages = (\d+); # out-of-order messages = (\d+)", re.ASCII
)
_DURATION = re.compile(r"sockperf: \[Valid Duration\] RunTime=([0-9.]+) sec;", re.ASCII)
_SERVER = re.compile(r"sockperf: =+ Printing statistics for Server No: \d+")
# Only a log begins with the options of the run.
_OF_A_LOG = "test was performed using the following parameters"
broken = Broken(NAME)


def parse(text: str) -> list[Reading]:
    """One reading, of the path between the two hosts.

    Args:
        text: the log, or what it printed.

    Raises:
        UllError: the output is broken, or no message came back.
    """
    read = lines(text)
    if any("No messages were received" in line for line in read):
        raise broken("no message came back", remedy="start sockperf's server on the other host, and open its port")
    if sum(bool(_SERVER.match(line)) for line in read) > 1:
        raise broken("it measured several servers", remedy="measure one pair of hosts at a time")
    total, low, high, mean, kind, duration = _summary(read)
    histogram = _log(read, total, kind)
    lost = next(filter(None, map(_LOST.match, read)), None)
    if not lost:
        raise broken("the number of lost messages is missing")
    counts = dict(
        zip(("dropped", "duplicated", "out_of_order"), (broken.number(each, "a count") for each in lost.groups()))
    )
    if histogram is not None:
        broken.extremes(histogram, low, high)
    measures = ROUND if kind == "rtt" else HALF
    return [Reading(NAME, measures, histogram, total, "", "", low, high, mean, duration, counts=counts)]


def _summary(read: list[str]) -> tuple[int, int, int, float, str, float]:
    total, mean, duration = (next(filter(None, map(each.match, read)), None) for each in (_TOTAL, _MEAN, _DURATION))
    extremes = {match[1]: _ns(match[2]) for match in map(_EXTREME.match, read) if match}
    if not total or not mean or not duration or set(extremes) != {"MIN", "MAX"}:
        raise broken("its summary is missing")
    samples = broken.number(total[1], "the number of observations")
    if not samples or extremes["MIN"] > extremes["MAX"]:
        raise broken("its summary contradicts itself", total[0])
    length = broken.real(duration[1], "the duration")
    return samples, extremes["MIN"], extremes["MAX"], broken.real(mean[2], "the mean") * 1000, mean[1], length


def _log(read: list[str], total: int, kind: str) -> Histogram | None:
    """The histogram of all messages of the log; None if this is none."""
    begins = [place for place, line in enumerate(read) if _LOG.match(line)]
    if not begins and any(_OF_A_LOG in line for line in read):
        raise broken("its log has no messages")
    if not begins:
        return None
    if len(begins) > 1 or kind not in read[begins[0]]:
        raise broken("its log and its summary are of two runs")
    histogram = Histogram(1)
    for line in read[begins[0] + 1 :]:
        match = _ROW.match(line)
        if match:
            histogram.add(_ns(match[2]))
        elif line.strip("-"):
            raise broken("a message is cut off", line)
    broken.same(histogram.count, total, "messages")
    return histogram


def _ns(text: str) -> int:
    """Nanoseconds of microseconds with three digits after the point."""
    return round(broken.real(text, "a latency") * 1000)
