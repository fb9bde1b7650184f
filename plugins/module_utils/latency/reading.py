# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What one instrument says of one CPU, or of one path: the parsers' common result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .histogram import Histogram


@dataclass(frozen=True)
class Reading:
    """One measurement, before anything of its host is known.

    Args:
        instrument: as ``cyclictest``.
        measures: what its latencies are of, in words.
        histogram: of all samples; None where the instrument printed only a summary.
        samples: how many it took.
        cpus: the CPUs measured, as a list of the kernel's; empty where it does not say.
        context: ``irq``, ``thread`` or ``user``, where it measures several ways at once.
        min_ns: the least.
        max_ns: the greatest.
        mean_ns: the mean.
        duration_s: how long it measured.
        command: its command line, where its output tells it.
        threshold_ns: it only records what is above; 0 if everything.
        counts: what else it counted, as ``{"irq": 11}``.
    """

    instrument: str
    measures: str
    histogram: Histogram | None
    samples: int
    cpus: str = ""
    context: str = ""
    min_ns: int | None = None
    max_ns: int | None = None
    mean_ns: float | None = None
    duration_s: float | None = None
    command: str = ""
    threshold_ns: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
