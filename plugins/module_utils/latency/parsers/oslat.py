# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""oslat of rt-tests: how long a thread that never sleeps is kept from its CPU, as JSON (``--json``) or text.

A row is named by its upper end: ``2`` counts what took 1 us or more, and less than 2. The last row holds all the rest, too.
JSON names neither the width of a row nor their number; both stand on its command line, or are oslat's own: 1 us and 32.
"""

from __future__ import annotations

import re
from decimal import Decimal

from ..histogram import Histogram
from ..reading import Reading
from .text import Broken, command, lines, option

NAME = "oslat"
MEASURES = "interruption of a busy thread"
ROWS = 32
WIDTH_NS = 1000
_LABEL = re.compile(r"\d{1,9}(\.\d{3})?\Z", re.ASCII)
_LINE = re.compile(r"\s*([A-Za-z0-9. -]+?)(?: \(us\))?:\t(.*)\Z")
_OVERFLOWS = "(including overflows)"
_BIAS = "run it without --bias: its rows begin at a value that it does not print"
broken = Broken(NAME)


def parse(text: str, width_ns: int = WIDTH_NS) -> list[Reading]:
    """One reading a CPU.

    Args:
        text: its JSON, or what it printed.
        width_ns: width of a row; only the text does not say it.

    Raises:
        UllError: the output is broken, or its rows are not where they seem to be.
    """
    return _from_json(text) if text.lstrip().startswith("{") else _from_text(text, width_ns)


def _from_json(text: str) -> list[Reading]:
    said = broken.json(text)
    broken.finished(said)
    line = command(said)
    words = line.split()
    if "--bias" in words or "-B" in words:
        raise broken("a bias is subtracted", line, _BIAS)
    width = broken.number(option(line, "W", "bucket-width") or WIDTH_NS, "the option --bucket-width")
    if not width:
        raise broken("rows have no width", line)
    # narrower rows are by default as many more, to end at the same 32 us
    default = ROWS if width >= WIDTH_NS else ROWS * WIDTH_NS // width
    rows = broken.number(option(line, "b", "bucket-size") or default, "the option --bucket-size")
    made = []
    for thread in broken.threads(said):
        counts = broken.mapping(thread, "histogram")
        read = {label: broken.whole(count, "a count") for label, count in counts.items()}
        cpu = str(broken.whole(thread.get("cpu"), "cpu"))
        scale = WIDTH_NS if width % WIDTH_NS == 0 else 1
        low, high = (broken.whole(thread.get(key), key) * scale for key in ("min", "max"))
        mean = broken.real(thread.get("avg"), "avg") * WIDTH_NS
        duration = broken.real(thread.get("duration"), "duration")
        made.append(_reading(_histogram(read, width, rows), cpu, low, high, mean, duration, line))
    return made


def _from_text(text: str, width: int) -> list[Reading]:
    columns: dict[str, list[str]] = {}
    last = ""
    for line in lines(text):
        if line.startswith("Global bias"):
            raise broken("a bias is subtracted", line, _BIAS)
        match = _LINE.match(line)
        if match:
            name, values = match[1], match[2]
            last = name if values.endswith(_OVERFLOWS) else last
            columns[name] = re.sub(r"\(.*\)\Z", "", values).split()
    threads = len(columns.get("Core", []))
    labels = [name for name in columns if _LABEL.match(name)]
    for key in ("Core", "Minimum", "Average", "Maximum", "Duration", last):
        if not threads or len(columns.get(key, [])) != threads:
            raise broken(f"{key or 'the last row of the histogram'} is missing")
    made = []
    for thread in range(threads):
        if any(len(columns[label]) != threads for label in labels):
            raise broken("a row lacks a CPU")
        counts = {label: broken.number(columns[label][thread], "a count") for label in labels}
        rows = _ns(last) // width
        low, high = (_ns(columns[key][thread]) for key in ("Minimum", "Maximum"))
        mean, duration = (broken.real(columns[key][thread], key) for key in ("Average", "Duration"))
        cpu = str(broken.number(columns["Core"][thread], "Core"))
        made.append(_reading(_histogram(counts, width, rows), cpu, low, high, mean * 1000, duration, ""))
    return made


def _ns(label: str) -> int:
    """Nanoseconds of microseconds as printed, with three digits or none after the point."""
    if not _LABEL.match(label):
        raise broken("this is no time in microseconds", label)
    return int(Decimal(label) * 1000)


def _histogram(counts: dict[str, int], width: int, rows: int) -> Histogram:
    histogram = Histogram(width)
    for label, count in counts.items():
        end = _ns(label)
        row = end // width - 1
        if end % width or not 0 <= row < rows:
            raise broken(f"no row of {rows} of {width} ns ends there", label)
        if row == rows - 1:
            histogram.add_over(row * width, count)
        else:
            histogram.add(row, count)
    return histogram


def _reading(histogram: Histogram, cpu: str, low: int, high: int, mean: float, duration: float, line: str) -> Reading:
    if not histogram.count:
        raise broken("it holds no sample")
    broken.extremes(histogram, low, high)
    return Reading(NAME, MEASURES, histogram, histogram.count, cpu, "", low, high, mean, duration, line)
