# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""rtla timerlat: how late the kernel's timer is, in its interrupt, in a kernel's thread, and back in user space.

``hist`` gives histograms; ``top`` only least, mean and greatest, which a baseline cannot use.
"""

from __future__ import annotations

import re

from ..reading import Reading
from .rtla import ROWS, UNITS, cpu, histograms, screen
from .text import Broken, seconds

NAME = "rtla_timerlat"
_MEASURES = {
    "irq": "timer interrupt",
    "thread": "wake-up of a kernel thread by a timer",
    "user": "return to user space after a timer",
}
_CONTEXTS = {"IRQ": "irq", "Thr": "thread", "Usr": "user"}
_COLUMN = re.compile(r"(IRQ|Thr|Usr)-(\d+)\Z", re.ASCII)
_TOP = re.compile(r"\s*(\d+) #(\d+)\s*\|(.*)\Z", re.ASCII)
_UNIT = re.compile(r"IRQ Timer Latency \((us|ns)\)")
broken = Broken(NAME)


def parse(text: str, columns: tuple[str, ...] = (), unit: str = "", rows: int = ROWS, width: int = 1) -> list[Reading]:
    """One reading a CPU and context.

    Args:
        text: what ``rtla timerlat hist`` or ``top`` printed.
        columns: as ``("IRQ-003", "Thr-003")``, only where it ran with ``--no-header``.
        unit: ``us`` or ``ns``, likewise.
        rows: the option ``-E``.
        width: the option ``-b``.

    Raises:
        UllError: the output is broken.
    """
    return _top(text) if "IRQ Timer Latency" in text else _hist(text, columns, unit, rows, width)


def _hist(text: str, columns: tuple[str, ...], unit: str, rows: int, width: int) -> list[Reading]:
    table = histograms(text, broken, columns, unit, rows, width)
    made = []
    for column in table.columns:
        match = _COLUMN.match(column.name)
        if not match:
            raise broken("this is no column of timerlat", column.name)
        if not column.histogram.count:
            continue
        context = _CONTEXTS[match[1]]
        made.append(
            Reading(
                *(NAME, _MEASURES[context], column.histogram, column.histogram.count, cpu(match[2], broken), context),
                min_ns=column.low_ns,
                max_ns=column.high_ns,
                mean_ns=column.mean_ns,
                duration_s=table.duration_s,
            )
        )
    if not made:
        raise broken("it holds no sample")
    return made


def _top(text: str) -> list[Reading]:
    shown = screen(text, "Timer Latency", broken)
    found = next(filter(None, map(_UNIT.search, shown)), None)
    if not found:
        raise broken("its header is missing")
    unit, duration = UNITS[found[1]], next((seconds(line) for line in shown if seconds(line) is not None), None)
    made = []
    for line in shown:
        match = _TOP.match(line)
        if not match:
            continue
        blocks = [block.split() for block in match[3].split("|")]
        if len(blocks) not in (2, 3) or any(len(block) != 4 for block in blocks):
            raise broken("a row is cut off", line)
        samples = broken.number(match[2], "the count")
        for context, block in zip(_MEASURES, blocks):
            if "-" in block:
                continue
            _now, low, mean, high = (broken.number(value, context) * unit for value in block)
            if not low <= mean <= high:
                raise broken("least, mean and greatest are not in order", line)
            made.append(
                Reading(
                    *(NAME, _MEASURES[context], None, samples, cpu(match[1], broken), context),
                    *(low, high, float(mean), duration),
                )
            )
    if not made:
        raise broken("no CPU is there")
    return made
