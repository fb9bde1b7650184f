# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""rtla osnoise: what takes time from a busy kernel thread, and who: hardware, NMIs, interrupts, softirqs or threads.

``hist`` gives a histogram of the single noises; ``top`` their greatest, and counts by cause, which are evidence.
"""

from __future__ import annotations

import re

from ..reading import Reading
from .rtla import ROWS, cpu, histograms, screen
from .text import Broken, seconds

NAME = "rtla_osnoise"
MEASURES = "noise of the operating system"
_COLUMN = re.compile(r"CPU-(\d+)\Z", re.ASCII)
_TOP = re.compile(r"\s*(\d+) #(\d+)((?:\s+[0-9.]+)+)\Z", re.ASCII)
_HEADER = ["CPU", "Period", "Runtime", "Noise", "%", "CPU", "Aval", "Max", "Noise", "Max", "Single"]
_CAUSES = ["HW", "NMI", "IRQ", "Softirq", "Thread"]
broken = Broken(NAME)


def parse(text: str, columns: tuple[str, ...] = (), unit: str = "", rows: int = ROWS, width: int = 1) -> list[Reading]:
    """One reading a CPU; the arguments as for timerlat, with columns as ``("CPU-003",)``.

    Raises:
        UllError: the output is broken.
    """
    if "Operating System Noise" in text:
        return _top(text)
    table = histograms(text, broken, columns, unit, rows, width)
    made = []
    for column in table.columns:
        match = _COLUMN.match(column.name)
        if not match:
            raise broken("this is no column of osnoise", column.name)
        # a CPU without a noise is the best there is, and no sample
        made.append(
            Reading(
                *(NAME, MEASURES, column.histogram, column.histogram.count, cpu(match[1], broken), ""),
                *(column.low_ns, column.high_ns, column.mean_ns, table.duration_s),
            )
        )
    return made


def _top(text: str) -> list[Reading]:
    shown = screen(text, "Operating System Noise", broken)
    header = next((line.split() for line in shown if line.startswith("CPU Period")), [])
    causes = header[len(_HEADER) :]
    if header[: len(_HEADER)] != _HEADER or causes not in (_CAUSES, _CAUSES[1:]):
        raise broken("its header is missing")
    if not any("time is in us" in line for line in shown):
        raise broken("its unit is missing")
    duration = next((seconds(line) for line in shown if seconds(line) is not None), None)
    made = []
    for line in shown:
        match = _TOP.match(line)
        if not match:
            continue
        values = match[3].split()
        if len(values) != 5 + len(causes):
            raise broken("a row is cut off", line)
        runtime, noise, largest, single = (broken.number(values[place], "a time") for place in (0, 1, 3, 4))
        broken.real(values[2], "the share")
        if single > largest or noise > runtime:
            raise broken("noises are longer than what they are part of", line)
        counts = {name.lower(): broken.number(value, name) for name, value in zip(causes, values[5:])}
        counts.update(runtime_us=runtime, noise_us=noise, periods=broken.number(match[2], "the period"))
        made.append(
            Reading(
                *(NAME, MEASURES, None, sum(counts[name.lower()] for name in causes), cpu(match[1], broken)),
                max_ns=single * 1000,
                duration_s=duration,
                counts=counts,
            )
        )
    if not made:
        raise broken("no CPU is there")
    return made
