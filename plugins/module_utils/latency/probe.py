# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A probe: one instrument, some runs, on one host that is not trading, bounded, as latency records."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..cpuset import CpuSet
from ..errors import UllError
from ..host import Host
from . import instruments
from .commands import Asked, Command, command
from .counters import between, counters, machine
from .reading import Reading, joined
from .record import Record
from .verdict import hints

_TRACERS = ("/sys/kernel/tracing/available_tracers", "/sys/kernel/debug/tracing/available_tracers")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# An instrument ends by itself after its duration; beyond so many seconds more it hangs.
_GRACE_S = 60
MOST_SECONDS, MOST_RUNS = 3600, 240


def probe(params: Mapping[str, Any], host: Host, check_mode: bool = False) -> dict[str, Any]:
    """Measure, and give the records.

    Args:
        params: ``instrument, cpus, seconds, runs, interval_us, consent, name, options``.
        host: the host.
        check_mode: check everything, and run nothing.

    Raises:
        UllError: without consent, tool, tracer or permission; or the instrument failed.
    """
    asked = _asked(params, host)
    how = command(params["instrument"], asked)
    tool = _able(how, host, params["consent"])
    result: dict[str, Any] = {"changed": False, "command": list(how.argv), "records": []}
    if check_mode:
        return result
    records = [_measure(params, tool, how, asked, host) for _ in range(params["runs"])]
    made = [record for run in records for record in run]
    result["records"] = [record.as_dict() for record in made]
    result["look_first"] = [hint.as_dict() for hint in hints(made)]
    return result


def _asked(params: Mapping[str, Any], host: Host) -> Asked:
    online = CpuSet.parse(host.read("/sys/devices/system/cpu/online") or "")
    cpus = CpuSet.parse(params["cpus"])
    if not cpus or not cpus <= online:
        raise UllError(
            "these are no CPUs that are online", variable="cpus", value=params["cpus"], remedy=f"online are {online}"
        )
    isolated = CpuSet.parse(host.read("/sys/devices/system/cpu/isolated") or "")
    housekeeping = (online - cpus - isolated) or (online - cpus)
    if not housekeeping:
        remedy = "leave one CPU: a thread of real-time priority on each keeps the host from answering"
        raise UllError("all CPUs would be measured", variable="cpus", value=params["cpus"], remedy=remedy)
    for key, least, most in (("seconds", 1, MOST_SECONDS), ("runs", 1, MOST_RUNS), ("interval_us", 100, 1_000_000)):
        if not least <= params[key] <= most:
            raise UllError(f"this is not from {least} to {most}", variable=key, value=params[key])
    return Asked(cpus, housekeeping, params["seconds"], params["interval_us"])


def _able(how: Command, host: Host, consent: bool) -> str:
    """Where the tool is; refuse before anything runs."""
    tool = how.argv[0]
    if consent is not True:
        raise UllError(
            f"{tool} takes its CPUs with real-time priority, so it needs consent",
            variable="consent",
            value=consent,
            remedy="drain the host, then set consent: true",
        )
    found = shutil.which(tool, path=_below(host))
    if found is None:
        debian, red_hat = how.package
        raise UllError(
            f"{tool} is not installed",
            variable="instrument",
            value=tool,
            remedy=f"install {debian} (Debian, Ubuntu) or {red_hat} (Red Hat)",
        )
    if host.live and os.geteuid() != 0:
        raise UllError(f"{tool} needs root", variable="become", value=False, remedy="become: true")
    if how.tracer:
        _traced(how.tracer, host)
    return found


def _below(host: Host) -> str:
    return ":".join(str(host.path(folder)) for folder in _PATH.split(":"))


def _traced(tracer: str, host: Host) -> None:
    found = next(filter(None, map(host.read, _TRACERS)), None)
    if found is None:
        remedy = "mount -t tracefs tracefs /sys/kernel/tracing, or boot without lockdown"
        raise UllError("the kernel's tracers cannot be read", variable=_TRACERS[0], remedy=remedy)
    if tracer not in found.split():
        raise UllError(
            f"this kernel has no tracer {tracer}",
            variable=_TRACERS[0],
            value=found,
            remedy="boot one that has it (Debian's linux-image-rt has), or measure with cyclictest and oslat",
        )


def _measure(params: Mapping[str, Any], tool: str, how: Command, asked: Asked, host: Host) -> list[Record]:
    began = datetime.now(timezone.utc).isoformat(timespec="seconds")
    before, clock = counters(host, asked.cpus), time.monotonic()
    text = _run(tool, how, asked)
    evidence = between(before, counters(host, asked.cpus))
    evidence["seconds"] = round(time.monotonic() - clock, 3)
    readings = joined(_read(params["instrument"], text, how))
    where = machine(host, params["name"] or host.name)
    return [Record(_timed(each, asked), where, how.options, began, evidence=evidence) for each in readings]


def _timed(reading: Reading, asked: Asked) -> Reading:
    """Where the instrument does not say how long it ran, it ran for as long as it was told to, or had failed."""
    values = {**vars(reading)}
    values["duration_s"] = float(asked.seconds) if reading.duration_s is None else reading.duration_s
    values["cpus"] = reading.cpus or str(asked.cpus)
    # the command line is in the record's options, without the file it wrote to
    values["command"] = ""
    return Reading(**values)


def _read(instrument: str, text: str, how: Command) -> list[Reading]:
    return instruments.parse(instrument, text, **how.hints)


def _run(tool: str, how: Command, asked: Asked) -> str:
    """Run it in a group of its own, and give what it wrote; whatever ends us, it ends with us."""
    folder = Path(tempfile.mkdtemp(prefix="ull-metal-probe."))
    output = folder / "output.json"
    try:
        argv = [word.replace("{output}", str(output)) for word in (tool, *how.argv[1:])]
        out, err, code = _supervised(argv, asked.seconds + _GRACE_S)
        if code:
            words = (err or out).strip()[-1000:]
            remedy = "see what it says; its options are in the message"
            raise UllError(f"{' '.join(how.argv)} failed ({code}): {words}", variable="instrument", remedy=remedy)
        return output.read_text(encoding="utf-8") if output.exists() else out
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _supervised(argv: Sequence[str], limit: float) -> tuple[str, str, int]:
    handlers = {number: signal.signal(number, _stop) for number in (signal.SIGTERM, signal.SIGHUP)}
    child = None
    try:
        child = subprocess.Popen(
            list(argv),
            env={"PATH": _PATH, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )
        out, err = child.communicate(timeout=limit)
        return out, err, child.returncode
    except subprocess.TimeoutExpired:
        words = f"{argv[0]} did not end in {limit:.0f} s, and was stopped"
        raise UllError(words, variable="seconds", remedy="look at the host's load") from None
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if child is not None:
            _end(child)


def _end(child: subprocess.Popen[str]) -> None:
    """End it and what it started. Tracers are switched off by the tool itself, so it is asked first."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        if child.poll() is not None:
            return
        with suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        with suppress(subprocess.TimeoutExpired):
            child.wait(5)


def _stop(number: int, _frame: Any) -> None:
    raise UllError(f"the probe was cancelled (signal {number})", remedy="run it again when the host is free")
