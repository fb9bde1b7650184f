# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The command lines of the instruments that measure on one host, and what each needs of it.

Their main threads run on a housekeeping CPU, and only their measuring threads on the CPUs measured. cyclictest and oslat hold
``/dev/cpu_dma_latency`` at 0, so CPUs stay out of deep idle states while they run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..cpuset import CpuSet
from ..errors import UllError

# What rt-tests and rtla allow, and what an isolated CPU of a trading host stays below: 1 ms.
ROWS_US = 1000
# rtla prints only rows that have samples, so they can be narrow.
TIMERLAT_ROWS, TIMERLAT_WIDTH_NS = 10_000, 100
OSNOISE_ROWS = 9_999
THRESHOLD_US = 10
PRIORITY = 95


@dataclass(frozen=True)
class Command:
    """How an instrument is run.

    Args:
        argv: the command; ``{output}`` in it is the file that the instrument writes to.
        hints: what its parser has to be told.
        tracer: the kernel's tracer it needs.
        package: where the tool comes from, on Debian and on Red Hat.
    """

    argv: tuple[str, ...]
    hints: Mapping[str, Any] = field(default_factory=dict)
    tracer: str = ""
    package: tuple[str, str] = ("rt-tests", "realtime-tests")

    @property
    def options(self) -> tuple[str, ...]:
        """For a record's fingerprint: without the file written to."""
        return tuple(word for word in self.argv if "{output}" not in word)


@dataclass(frozen=True)
class Asked:
    """What is to be measured.

    Args:
        cpus: CPUs measured.
        housekeeping: CPUs for everything else.
        seconds: how long.
        interval_us: time between the wake-ups of cyclictest and timerlat.
    """

    cpus: CpuSet
    housekeeping: CpuSet
    seconds: int
    interval_us: int = 1000


def _cyclictest(asked: Asked) -> Command:
    return Command(
        (
            *("cyclictest", "--mlockall", "--quiet", f"--priority={PRIORITY}", f"--affinity={asked.cpus}"),
            *(f"--mainaffinity={asked.housekeeping.first}", f"--threads={len(asked.cpus)}"),
            *(f"--interval={asked.interval_us}", "--distance=0", f"--duration={asked.seconds}"),
            *(f"--histogram={ROWS_US}", "--json={output}"),
        )
    )


def _oslat(asked: Asked) -> Command:
    return Command(
        (
            *("oslat", f"--cpu-list={asked.cpus}", f"--cpu-main-thread={asked.housekeeping.first}", "--rtprio=1"),
            *(f"--duration={asked.seconds}s", f"--bucket-size={ROWS_US}", "--quiet", "--json={output}"),
        )
    )


def _hwlatdetect(asked: Asked) -> Command:
    argv = ("hwlatdetect", f"--duration={asked.seconds}", f"--threshold={THRESHOLD_US}us", f"--cpu-list={asked.cpus}")
    return Command(argv, tracer="hwlat")


def _timerlat(asked: Asked) -> Command:
    argv = (
        *("rtla", "timerlat", "hist", "-c", str(asked.cpus), "-H", str(asked.housekeeping)),
        *("-d", f"{asked.seconds}s", "-p", str(asked.interval_us), "-P", f"f:{PRIORITY}", "-n", "--no-aa"),
        *("-b", str(TIMERLAT_WIDTH_NS), "-E", str(TIMERLAT_ROWS)),
    )
    return Command(argv, {"rows": TIMERLAT_ROWS, "width": TIMERLAT_WIDTH_NS}, "timerlat", ("rtla", "rtla"))


def _osnoise(asked: Asked) -> Command:
    argv = (
        *("rtla", "osnoise", "hist", "-c", str(asked.cpus), "-H", str(asked.housekeeping)),
        *("-d", f"{asked.seconds}s", "-P", "f:1", "-b", "1", "-E", str(OSNOISE_ROWS)),
    )
    return Command(argv, {"rows": OSNOISE_ROWS}, "osnoise", ("rtla", "rtla"))


COMMANDS: dict[str, Callable[[Asked], Command]] = {
    "cyclictest": _cyclictest,
    "oslat": _oslat,
    "hwlatdetect": _hwlatdetect,
    "rtla_timerlat": _timerlat,
    "rtla_osnoise": _osnoise,
}


def command(instrument: str, asked: Asked) -> Command:
    """How an instrument is run on a host.

    Raises:
        UllError: there is none of that name for one host.
    """
    if instrument not in COMMANDS:
        known = ", ".join(sorted(COMMANDS))
        raise UllError(
            "no instrument for one host", variable="instrument", value=instrument, remedy=f"use one of {known}"
        )
    return COMMANDS[instrument](asked)
