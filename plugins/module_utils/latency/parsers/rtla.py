# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the histograms and the screens of rtla have in common, for timerlat and for osnoise.

A row of a histogram counts values from its number up to the next row's. What is at or above the last row is under "over";
where that begins is not printed: it is the number of rows (``-E``) times their width (``-b``), by default 256 of 1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..histogram import Histogram
from .text import Broken, lines, seconds

ROWS = 256
UNITS = {"ns": 1, "us": 1000}
_UNIT = re.compile(r"# Time unit is \w+ \((ns|us)\)\Z", re.ASCII)
_ROW = re.compile(r"(\d+|over:|count:|min:|avg:|max:)((?:\s+(?:\d+(?:\.\d+)?|-))+)\Z", re.ASCII)
_SUMMARY = ("over:", "count:", "min:", "avg:", "max:")


@dataclass
class Column:
    """One column of a histogram: ``IRQ-003`` or ``CPU-003``."""

    name: str
    histogram: Histogram
    low_ns: int | None
    high_ns: int | None
    mean_ns: float | None


@dataclass
class Table:
    """A histogram as printed."""

    columns: list[Column] = field(default_factory=list)
    duration_s: int | None = None


def histograms(
    text: str, broken: Broken, columns: tuple[str, ...], unit: str, rows: int = ROWS, width: int = 1
) -> Table:
    """Read a histogram.

    Args:
        text: what ``rtla timerlat hist`` or ``rtla osnoise hist`` printed.
        broken: makes errors.
        columns: names of the columns; only needed where it ran with ``--no-header``.
        unit: ``us`` or ``ns``; likewise.
        rows: number of rows.
        width: width of a row in that unit.

    Raises:
        UllError: the output is broken, or does not say what its columns are.
    """
    said = _Printed(list(columns), unit)
    for line in lines(text):
        # the sums of all columns follow
        if line.startswith("ALL:"):
            break
        said.take(line, broken)
    names = said.names
    if said.unit not in UNITS or not names:
        raise broken("its header is missing", remedy="run it without --no-header, or say the unit and the columns")
    for key in _SUMMARY:
        if len(said.summary.get(key, [])) != len(names):
            raise broken(f"the line {key} is missing", said.summary.get(key))
    made = Table(duration_s=said.duration)
    for place, name in enumerate(names):
        counts = {}
        for index, values in said.rows.items():
            if len(values) != len(names):
                raise broken(f"row {index} has {len(values)} columns", len(names))
            counts[index] = broken.number(values[place], "a count")
        summary = {key: said.summary[key][place] for key in _SUMMARY}
        made.columns.append(_column(name, counts, summary, broken, UNITS[said.unit], rows, width))
    return made


@dataclass
class _Printed:
    """The lines of a histogram, taken apart."""

    names: list[str]
    unit: str
    rows: dict[int, list[str]] = field(default_factory=dict)
    summary: dict[str, list[str]] = field(default_factory=dict)
    duration: int | None = None

    def take(self, line: str, broken: Broken) -> None:
        """Take one line; what is none of the histogram's is left."""
        unit, row = _UNIT.match(line), _ROW.match(line)
        if unit:
            self.unit = unit[1]
        elif line.startswith("# Duration:"):
            self.duration = seconds(line)
        elif line.startswith("Index"):
            self.names = line.split()[1:]
        elif row and row[1] in _SUMMARY:
            self.summary[row[1]] = row[2].split()
        elif row:
            self.rows[broken.number(row[1], "a row")] = row[2].split()


def _column(
    name: str, counts: dict[int, int], summary: dict[str, str], broken: Broken, unit: int, rows: int, width: int
) -> Column:
    histogram = Histogram(unit * width)
    for index, count in counts.items():
        if index % width or index >= rows * width:
            raise broken(f"there is no row {index} among {rows} of width {width}")
        histogram.add(index // width, count)
    histogram.add_over(rows * width * unit, broken.number(summary["over:"], "over"))
    broken.same(histogram.count, broken.number(summary["count:"], "count"), f"samples of {name}")
    if not histogram.count:
        return Column(name, histogram, None, None, None)
    low, high = (broken.number(summary[key], key) * unit for key in ("min:", "max:"))
    broken.extremes(histogram, low, high)
    return Column(name, histogram, low, high, broken.real(summary["avg:"], "avg") * unit)


def screen(text: str, title: str, broken: Broken) -> list[str]:
    """Lines of the last screen that ``top`` showed, from its title on."""
    read = lines(text)
    titles = [place for place, line in enumerate(read) if line.strip() == title]
    if not titles:
        raise broken(f"there is no screen {title!r}")
    return read[titles[-1] :]


def cpu(text: str, broken: Broken) -> str:
    """3 of ``003``."""
    return str(broken.number(text, "a CPU"))
