# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Masks of a NIC's queues in sysfs: which CPUs send on each (XPS), and which received packets are handed over to (RPS)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..cpuset import CpuSet
from ..host import Host
from ..setting import LIVE, Setting
from . import interface

NONE = "none"
_FILES = {"xps": ("tx-", "xps_cpus"), "rps": ("rx-", "rps_cpus")}
_DOCS = {
    "xps": "CPUs that send on each queue of",
    "rps": "CPUs to which what each queue receives is handed over, of",
}
_SOURCE = "Documentation/networking/scaling.rst"
Persists = Callable[[str, Mapping[str, str]], Any]


def xps(role: str, host: Host, key: str, name: str, turn: Sequence[int], persists: Persists) -> list[Setting]:
    """Each queue is sent on by the CPU that its interrupt goes to. A NIC of one queue has no choice, and no such file."""
    wanted = {queue: str(CpuSet([turn[queue % len(turn)]])) for queue in _queues(host, name, "xps")}
    return [_setting(role, key, name, "xps", wanted, persists, {"xps": "queue"})] if wanted else []


def rps(role: str, host: Host, key: str, name: str, cpus: str, persists: Persists) -> list[Setting]:
    """Every queue hands over to the same CPUs, or with ``none`` keeps what it received."""
    mask = "" if cpus == NONE else str(CpuSet.parse(cpus))
    wanted = dict.fromkeys(_queues(host, name, "rps"), mask)
    return [_setting(role, key, name, "rps", wanted, persists, {"rps": cpus})] if wanted else []


def restored(role: str, before: Mapping[str, str], host: Host) -> list[Setting]:
    """The masks from before, of the queues that are there now."""
    names = re.compile(rf"{role}\.(.+)\.(xps|rps)\Z")
    made = []
    for setting, value in before.items():
        match = names.match(setting)
        if match:
            key, kind = match[1], match[2]
            name = interface.find(host, key if ":" in key else "", key)
            noted = dict(part.split(":", 1) for part in value.split() if ":" in part)
            wanted = {queue: noted.get(str(queue), "") for queue in (_queues(host, name, kind) if name else [])}
            made.append(_setting(role, key, name, kind, wanted, None, {}))
    return made


def _queues(host: Host, name: str, kind: str) -> list[int]:
    """The queues that have the mask, in their order; the kernel lets those of a single queue not be read."""
    prefix, file = _FILES[kind]
    found = (entry for entry in host.names(f"{interface.NET}/{name}/queues") if entry.startswith(prefix))
    return sorted(
        int(entry[len(prefix) :]) for entry in found if host.read(f"{interface.NET}/{name}/queues/{entry}/{file}")
    )


def _path(name: str, kind: str, queue: int) -> str:
    prefix, file = _FILES[kind]
    return f"{interface.NET}/{name}/queues/{prefix}{queue}/{file}"


def _setting(
    role: str,
    key: str,
    name: str,
    kind: str,
    wanted: Mapping[int, str],
    persists: Persists | None,
    words: Mapping[str, str],
) -> Setting:
    def read(host: Host) -> dict[int, str]:
        found = {queue: host.read(_path(name, kind, queue)) for queue in wanted}
        return {queue: str(CpuSet.parse_mask(mask)) for queue, mask in found.items() if mask}

    def write(host: Host, _value: str) -> None:
        now = read(host)
        for queue, cpus in wanted.items():
            if now.get(queue) != cpus:
                host.poke(_path(name, kind, queue), CpuSet.parse(cpus).mask)

    declared = _text(wanted)
    return Setting(
        name=f"{role}.{key}.{kind}",
        role=role,
        impact=LIVE,
        declared=declared,
        running=lambda host: _text(read(host)),
        persisted=persists(declared, words) if persists else lambda host: None,
        write=write,
        restored=persists is None,
        doc=f"{_DOCS[kind]} {name}",
        source=_SOURCE,
    )


def _text(masks: Mapping[int, str]) -> str:
    """``0:1 1:3``; queues without a CPU are left out, and all of them are ``none``."""
    return " ".join(f"{queue}:{masks[queue]}" for queue in sorted(masks) if masks[queue]) or NONE
