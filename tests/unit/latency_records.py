# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Records of hosts that do not exist: runs of a given p99 and spread."""

from __future__ import annotations

import random
from typing import Any

from ansible_collections.ull.metal.plugins.module_utils.latency.histogram import Histogram
from ansible_collections.ull.metal.plugins.module_utils.latency.reading import Reading
from ansible_collections.ull.metal.plugins.module_utils.latency.record import Machine, Record

KERNEL = "6.12.107+deb13-rt-amd64"
MACHINE = Machine("engine1", KERNEL, "BOOT_IMAGE=/vmlinuz root=UUID=1 isolcpus=2-7 nohz_full=2-7", "Xeon 8488C", "0x2b")


def histogram(scale: float, samples: int = 4000) -> Histogram:
    """So many latencies from one to some eight times the scale, in ns, always the same ones."""
    made = Histogram()
    # the body in steps of a hundredth, the upper tenth sample by sample
    body = [((step + 0.5) / 100, samples // 100) for step in range(90)]
    tail = [((sample + 0.5) / samples, 1) for sample in range(samples * 9 // 10, samples)]
    for share, count in body + tail:
        made.add(int(scale * (1 + 0.2 * ((1 - share) ** -0.4 - 1))), count)
    made.min_ns, made.max_ns = made.rows()[0][0], made.rows()[-1][1]
    return made


def record(scale: float = 1000.0, samples: int = 4000, time: str = "2026-11-21T08:00:00Z", **what: Any) -> Record:
    """One run of cyclictest; ``what`` goes to the machine or to the record."""
    made = what.pop("histogram", None) or histogram(scale, samples)
    machine = {name: what.pop(name) for name in list(what) if name in vars(MACHINE)}
    reading = {name: what.pop(name) for name in list(what) if name in Reading.__dataclass_fields__}
    values = {"duration_s": 10.0, "cpus": "2-7", "min_ns": made.min_ns, "max_ns": made.max_ns, **reading}
    return Record(
        Reading("cyclictest", "wake-up of a thread by a timer", made, made.count, **values),
        Machine(**{**vars(MACHINE), **machine}),
        options=("-m", "-p", "95"),
        time=time,
        **what,
    )


def runs(count: int, scale: float = 1000.0, spread: float = 0.02, seed: int = 1, **what: Any) -> list[Record]:
    """Runs that differ from each other by a spread."""
    chance = random.Random(seed)  # noqa: S311 - a simulation
    return [
        record(
            scale * chance.lognormvariate(0, spread), time=f"2026-11-21T08:{place // 60:02}:{place % 60:02}Z", **what
        )
        for place in range(count)
    ]
