# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A latency record: one reading with all that has to be equal for another to be compared with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from ..errors import UllError
from .histogram import Histogram
from .quantiles import quantiles
from .reading import Reading

SCHEMA = 1
# Of a boot's arguments these say where its files are, and not how it runs.
_PLACES = ("BOOT_IMAGE", "root", "resume", "initrd")
_REMEDY = "take the record again; a record is written by ull.metal and not by hand"


@dataclass(frozen=True)
class Machine:
    """What a record says of its host.

    Args:
        host: inventory name.
        kernel: release, as ``6.12.107+deb13-rt-amd64``.
        boot_args: the kernel's command line.
        cpu_model: as ``/proc/cpuinfo`` has it.
        microcode: its revision, where known.
        virtual: the hypervisor, as ``kvm``; empty on hardware, ``unknown`` where nobody looked.
    """

    host: str
    kernel: str
    boot_args: str
    cpu_model: str
    microcode: str = ""
    virtual: str = ""


@dataclass(frozen=True)
class Record:
    """One run of an instrument.

    Args:
        reading: what it measured.
        machine: where.
        options: its options, those that change what it measures; not where it writes to.
        time: when it began, ISO 8601 with a time zone.
        load: what ran beside it by intent; empty for nothing.
        peer: the other host of a network's path.
        evidence: what else happened meanwhile on those CPUs, see evidence.py.
    """

    reading: Reading
    machine: Machine
    options: tuple[str, ...] = ()
    time: str = ""
    load: str = ""
    peer: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        """What may be compared with its like: instrument, context and peer, as ``rtla_timerlat irq``."""
        reading = self.reading
        return " ".join(part for part in (reading.instrument, reading.context, self.peer and f"to {self.peer}") if part)

    @property
    def fingerprint(self) -> dict[str, str]:
        """What two records must have in common to be compared."""
        return {
            "kernel": self.machine.kernel,
            "boot arguments": boot_arguments(self.machine.boot_args),
            "instrument": self.reading.instrument,
            "options": " ".join(self.options),
            "measures": f"{self.reading.measures} {self.reading.context}".strip(),
            "load": self.load,
            "peer": self.peer,
            "CPU": " ".join(part for part in (self.machine.cpu_model, self.machine.microcode) if part),
            "CPUs": self.reading.cpus,
            "virtual": self.machine.virtual,
        }

    def as_dict(self) -> dict[str, Any]:
        """For JSON, with the quantiles that the sample is large enough for."""
        reading = asdict(self.reading)
        histogram = self.reading.histogram
        reading["histogram"] = None if histogram is None else histogram.as_dict()
        plain = histogram is not None and not self.reading.threshold_ns
        return {
            "schema": SCHEMA,
            "unit": "ns",
            **reading,
            **asdict(self.machine),
            "options": list(self.options),
            "time": self.time,
            "load": self.load,
            "peer": self.peer,
            "evidence": dict(self.evidence),
            "quantiles": {
                name: each.as_dict() for name, each in (quantiles(histogram) if plain and histogram else {}).items()
            },
        }

    @classmethod
    def from_dict(cls, said: Any) -> Record:
        """From JSON.

        Raises:
            UllError: this is no record.
        """
        if not isinstance(said, Mapping) or said.get("schema") != SCHEMA:
            value = said.get("schema") if isinstance(said, Mapping) else type(said).__name__
            raise UllError(
                f"this is no latency record of schema {SCHEMA}", variable="record", value=value, remedy=_REMEDY
            )
        words = {each.name: _typed(said, each.name, str) for each in fields(Machine)}
        parts = {key: _typed(said, key, str) for key in ("instrument", "measures", "cpus", "context", "command")}
        numbers = {key: _number(said, key) for key in ("min_ns", "max_ns", "mean_ns", "duration_s")}
        histogram = None if said.get("histogram") is None else Histogram.from_dict(said["histogram"])
        samples = _typed(said, "samples", int)
        if histogram is not None and histogram.count != samples:
            raise _wrong("samples", samples)
        reading = Reading(
            histogram=histogram,
            samples=samples,
            threshold_ns=_typed(said, "threshold_ns", int),
            counts=_typed(said, "counts", dict),
            **parts,
            **numbers,
        )
        options = _typed(said, "options", list)
        if not all(isinstance(option, str) for option in options):
            raise _wrong("options", options)
        rest = {key: _typed(said, key, str) for key in ("time", "load", "peer")}
        return cls(reading, Machine(**words), tuple(options), evidence=_typed(said, "evidence", dict), **rest)


def differences(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """In what two fingerprints differ, in words; empty if what they are of can be compared."""
    return [
        f"{key} was {one.get(key, '') or 'not known'} and is {other.get(key, '') or 'not known'}"
        for key in sorted({*one, *other})
        if one.get(key, "") != other.get(key, "")
    ]


def boot_arguments(line: str) -> str:
    """A kernel's command line by which two boots can be compared: sorted by name, without where its files are."""
    words = [word for word in line.split() if word.partition("=")[0] not in _PLACES]
    # the order of two words of one name may matter, so the sort keeps it
    return " ".join(sorted(words, key=lambda word: word.partition("=")[0]))


def _typed(said: Mapping[str, Any], key: str, kind: type) -> Any:
    value = said.get(key)
    if not isinstance(value, kind) or isinstance(value, bool) or (isinstance(value, int) and value < 0):
        raise _wrong(key, value)
    return value


def _number(said: Mapping[str, Any], key: str) -> Any:
    value = said.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e18):
        raise _wrong(key, value)
    return value


def _wrong(key: str, value: Any) -> UllError:
    return UllError(f"a record's {key} is not this", variable=f"record.{key}", value=value, remedy=_REMEDY)
