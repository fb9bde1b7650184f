# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""cyclictest of rt-tests: how late a thread wakes after its timer, as JSON (``--json``) or as a text histogram (``-h``).

A row counts wake-ups that were late by so many whole microseconds (nanoseconds with ``-N``); what is at or above the number
of rows is an overflow. JSON names neither rows nor overflows: the first stand on its command line, the second is what the
histogram lacks of the cycles.
"""

from __future__ import annotations

import re

from ..histogram import Histogram
from ..reading import Reading
from .text import Broken, command, lines, option

NAME = "cyclictest"
MEASURES = "wake-up of a thread by a timer"
_NO_HISTOGRAM = "run it with -h and the number of rows"
_ROW = re.compile(r"\d+( +\d+)+\Z", re.ASCII)
_SUMMARY = re.compile(
    r"# (Total|Min Latencies|Avg Latencies|Max Latencies|Histogram Overflows):\s*([0-9 ]+)\Z", re.ASCII
)
broken = Broken(NAME)


def parse(text: str, cpus: str = "", unit_ns: int = 1000) -> list[Reading]:
    """One reading a thread.

    Args:
        text: its JSON, or what it printed.
        cpus: CPU of each thread in order, as ``3 5``; only the text does not say it.
        unit_ns: 1 with ``-N``; only the text does not say it.

    Raises:
        UllError: the output is broken, or holds no histogram.
    """
    return _from_json(text) if text.lstrip().startswith("{") else _from_text(text, cpus.split(), unit_ns)


def _from_json(text: str) -> list[Reading]:
    said = broken.json(text)
    broken.finished(said)
    line = command(said)
    unit = 1 if broken.whole(said.get("resolution_in_ns"), "resolution_in_ns") else 1000
    rows = option(line, "h", "histogram") or option(line, "H", "histofall")
    made = []
    for thread in broken.threads(said):
        if "histogram" not in thread:
            raise broken("there is no histogram", remedy=_NO_HISTOGRAM)
        counts = broken.mapping(thread, "histogram")
        histogram = Histogram(unit)
        for value, count in counts.items():
            histogram.add(broken.number(value, "a row"), broken.whole(count, "a count"))
        cycles = broken.whole(thread.get("cycles"), "cycles")
        over = cycles - histogram.count
        if over < 0:
            raise broken(f"the histogram holds {histogram.count} of {cycles} cycles")
        if over:
            histogram.add_over(broken.number(rows, "the option -h on its command line") * unit, over)
        low, high = (broken.whole(thread.get(key), key) * unit for key in ("min", "max"))
        mean = broken.real(thread.get("avg"), "avg") * unit
        cpu = str(broken.whole(thread.get("cpu"), "cpu"))
        made.append(_reading(histogram, cpu, low, high, mean, line))
    return made


def _from_text(text: str, cpus: list[str], unit: int) -> list[Reading]:
    rows: list[list[int]] = []
    summary: dict[str, list[int]] = {}
    for line in lines(text):
        match = _SUMMARY.match(line)
        if match:
            summary[match[1]] = [broken.number(part, match[1]) for part in match[2].split()]
        elif _ROW.match(line):
            rows.append([broken.number(part, "a row") for part in line.split()])
    if not rows:
        raise broken("there is no histogram", remedy=_NO_HISTOGRAM)
    threads = len(rows[0]) - 1
    for key in ("Total", "Min Latencies", "Avg Latencies", "Max Latencies", "Histogram Overflows"):
        if len(summary.get(key, [])) < threads:
            raise broken(f"{key} is missing", summary.get(key))
    if [row[0] for row in rows] != list(range(len(rows))) or {len(row) for row in rows} != {threads + 1}:
        raise broken("rows of the histogram are missing")
    if cpus and len(cpus) != threads:
        raise broken(f"{threads} threads ran, and {len(cpus)} CPUs are named", " ".join(cpus))
    made = []
    for thread in range(threads):
        histogram = Histogram(unit)
        for row in rows:
            histogram.add(row[0], row[thread + 1])
        broken.same(histogram.count, summary["Total"][thread], "samples")
        histogram.add_over(len(rows) * unit, summary["Histogram Overflows"][thread])
        low, mean, high = (summary[f"{key} Latencies"][thread] * unit for key in ("Min", "Avg", "Max"))
        made.append(_reading(histogram, cpus[thread] if cpus else "", low, high, mean, ""))
    return made


def _reading(histogram: Histogram, cpu: str, low: int, high: int, mean: float, line: str) -> Reading:
    if not histogram.count:
        raise broken("it holds no sample")
    broken.extremes(histogram, low, high)
    return Reading(NAME, MEASURES, histogram, histogram.count, cpu, "", low, high, mean, command=line)
