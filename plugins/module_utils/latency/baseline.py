# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Baselines: inventories/<region>/baselines/<class>/<host>.json, reviewed in git and written by nothing but a decision.

One file a host; in it a *subject* for each instrument (and context, and peer), with the fingerprint that a record must
have to be compared, a line a run, and the histogram of all runs for charts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UllError
from ..host import Host
from .histogram import Histogram
from .record import Record, differences
from .run import Run, merged

SCHEMA = 1
_REMEDY = "restore it from git, or take the baseline again with the playbook ull.metal.baseline"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\Z", re.ASCII)


@dataclass(frozen=True)
class Subject:
    """The baseline of one host and instrument.

    Args:
        name: as ``cyclictest`` or ``rtla_timerlat irq``.
        fingerprint: what records must have in common with it.
        runs: its runs.
        histogram: all of them together.
    """

    name: str
    fingerprint: Mapping[str, str]
    runs: tuple[Run, ...]
    histogram: Histogram


def baseline(records: Iterable[Record]) -> dict[str, Subject]:
    """Subjects by name, from the records of one host.

    Raises:
        UllError: records of one subject have different fingerprints, or the records are of several hosts.
    """
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record.subject, []).append(record)
    hosts = {record.machine.host for each in found.values() for record in each}
    if len(hosts) > 1:
        raise UllError("a baseline is of one host", variable="records", value=sorted(hosts))
    return {name: _subject(name, each) for name, each in sorted(found.items())}


def _subject(name: str, records: list[Record]) -> Subject:
    first = records[0]
    for record in records:
        differ = differences(first.fingerprint, record.fingerprint)
        if differ:
            raise UllError(
                f"runs of {name} cannot make one baseline: {differ[0]}",
                host=first.machine.host,
                remedy="take all runs of a baseline with one boot and the same options",
            )
    runs = tuple(sorted((Run.of(record) for record in records), key=lambda run: run.time))
    return Subject(name, first.fingerprint, runs, merged(records))


def path(folder: str, workload_class: str, host: str) -> str:
    """Where the baseline of a host is; ``folder`` is that of the inventory.

    Raises:
        UllError: a name would lead elsewhere.
    """
    for variable, value in (("class", workload_class), ("host", host)):
        if not _NAME.match(value):
            raise UllError("this is no name of a file", variable=variable, value=value)
    return str(Path(folder) / "baselines" / workload_class / f"{host}.json")


def as_text(host: str, subjects: Mapping[str, Subject]) -> str:
    """The file: JSON with a line for each run, so that a diff shows runs."""
    parts = []
    for name, subject in sorted(subjects.items()):
        runs = ",\n".join(f"    {_line(run.as_dict())}" for run in subject.runs)
        head = json.dumps(dict(sorted(subject.fingerprint.items())), indent=1).replace("\n", "\n   ")
        parts.append(
            f'  {json.dumps(name)}: {{\n   "fingerprint": {head},\n   "runs": [\n{runs}\n   ],\n'
            f'   "histogram": {_line(subject.histogram.as_dict())}\n  }}'
        )
    body = ",\n".join(parts)
    return f'{{\n "schema": {SCHEMA},\n "host": {json.dumps(host)},\n "subjects": {{\n{body}\n }}\n}}\n'


def _line(value: Any) -> str:
    return json.dumps(value, separators=(", ", ": "))


def from_text(text: str, where: str = "baseline") -> tuple[str, dict[str, Subject]]:
    """Host and subjects of a file.

    Raises:
        UllError: it is none.
    """
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        raise UllError("this is no JSON", variable=where, remedy=_REMEDY) from None
    if not isinstance(said, dict) or said.get("schema") != SCHEMA or not isinstance(said.get("subjects"), dict):
        raise UllError(f"this is no baseline of schema {SCHEMA}", variable=where, remedy=_REMEDY)
    if not isinstance(said.get("host"), str):
        raise UllError("it does not say of which host it is", variable=where, remedy=_REMEDY)
    return said["host"], {name: _read(name, each, where) for name, each in said["subjects"].items()}


def _read(name: str, said: Any, where: str) -> Subject:
    fingerprint = said.get("fingerprint") if isinstance(said, dict) else None
    runs = said.get("runs") if isinstance(said, dict) else None
    texts = isinstance(fingerprint, dict) and all(isinstance(value, str) for value in fingerprint.values())
    if not isinstance(fingerprint, dict) or not texts or not isinstance(runs, list):
        raise UllError("fingerprint or runs are missing", variable=f"{where}.{name}", remedy=_REMEDY)
    histogram = Histogram.from_dict(said.get("histogram"))
    # rates of events are counted, not rounded to the instrument's resolution
    return Subject(name, fingerprint, tuple(Run.from_dict(run, histogram.unit_ns) for run in runs), histogram)


def read(file: str) -> tuple[str, dict[str, Subject]]:
    """Host and subjects of a file.

    Raises:
        UllError: it is missing or broken.
    """
    try:
        text = Path(file).read_text(encoding="utf-8")
    except (OSError, ValueError) as bad:
        remedy = "take a baseline with the playbook ull.metal.baseline"
        raise UllError("there is no baseline to be read", variable="baseline", value=file, remedy=remedy) from bad
    return from_text(text, file)


def write(file: str, host: str, subjects: Mapping[str, Subject]) -> bool:
    """Write a file as a whole; whether it changed.

    Raises:
        UllError: it cannot be written.
    """
    text = as_text(host, subjects)
    target = Path(file).absolute()
    try:
        if target.exists() and target.read_text(encoding="utf-8") == text:
            return False
        Host().replace(str(target), text)
    except OSError as refused:
        raise UllError(f"it cannot be written: {refused.strerror}", variable="baseline", value=file) from refused
    return True
