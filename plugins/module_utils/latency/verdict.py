# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a judgement is, and what is not judged: the words that the baseline's verdict and the budget's share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..cpuset import CpuSet
from .evidence import Hint, look_first
from .record import Record

PASS, FAIL, WATCH = "pass", "fail", "watch"
NOT_COMPARABLE, TOO_SMALL = "not_comparable", "too_small"
# Each of their samples is a timer interrupt.
_BY_TIMERS = ("cyclictest", "rtla_timerlat")
# Worst first: what somebody must look at, then what has to be measured again, then what says nothing.
STATES = (FAIL, WATCH, TOO_SMALL, NOT_COMPARABLE, PASS)


@dataclass(frozen=True)
class Verdict:
    """A judgement on one subject of one host.

    Args:
        subject: as ``cyclictest``.
        state: one of STATES.
        words: why, in sentences.
        quantiles: by name, what was compared, in numbers.
        look_first: what to look at, the likeliest first; with ``fail`` and ``watch``.
        second_look: runs to take for the second look; 0 if none is needed.
    """

    subject: str
    state: str
    words: tuple[str, ...]
    quantiles: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    look_first: tuple[Hint, ...] = ()
    second_look: int = 0

    @property
    def text(self) -> str:
        """All words in a line."""
        return f"{self.subject}: {self.state.replace('_', ' ')}: {'; '.join(self.words)}"

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "subject": self.subject,
            "state": self.state,
            "words": list(self.words),
            "quantiles": {name: dict(each) for name, each in self.quantiles.items()},
            "look_first": [hint.as_dict() for hint in self.look_first],
            "second_look": self.second_look,
        }


def worst(verdicts: Iterable[Verdict]) -> str:
    """The worst state; ``pass`` of none."""
    return min((verdict.state for verdict in verdicts), key=STATES.index, default=PASS)


def hints(records: Sequence[Record]) -> tuple[Hint, ...]:
    """What to look at first, from the evidence of runs: each cause as the run with most of it tells it, once."""
    found: dict[str, Hint] = {}
    for record in sorted(records, key=lambda each: -(each.reading.max_ns or 0)):
        reading = record.reading
        own = reading.samples if reading.instrument in _BY_TIMERS else 0
        for hint in look_first(record.evidence, reading.duration_s, len(CpuSet.parse(reading.cpus)), own):
            found.setdefault(f"{hint.cause} {hint.says.split(' ran ')[0]}" if hint.cause == "irq" else hint.cause, hint)
    return tuple(found.values())


def virtual(records: Sequence[Record]) -> str:
    """The hypervisor below any of the runs; empty on hardware."""
    return next((record.machine.virtual for record in records if record.machine.virtual), "")


def in_a_machine_that_is_none(subject: str, hypervisor: str) -> Verdict:
    """The verdict on what a virtual machine measured."""
    words = f"measured in a virtual machine ({hypervisor}): shown, not comparable with hardware, and gates nothing"
    return Verdict(subject, NOT_COMPARABLE, (words,))
