# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clocks and idle states of the CPUs: governor, energy hints, turbo, uncore, and how deep a CPU may sleep.

Drivers of frequency scaling are often modules, which are there only after systemd-tmpfiles has run: what is declared is
applied at boot by the agent, after the devices.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..agent.store import AgentStore
from ..cpuset import CpuSet
from ..errors import UllError
from ..host import Host
from ..setting import LIVE, Setting, Store
from ..topology.values import number, numbered
from .cpu_sysfs import Members, read, summary, value_of, write
from .not_applicable import WORD, not_applicable

ROLE = "cpu_power"
CPU = "/sys/devices/system/cpu"
UNCORE = f"{CPU}/intel_uncore_frequency"
NO_TURBO = f"{CPU}/intel_pstate/no_turbo"
BOOST = f"{CPU}/cpufreq/boost"

KEEP, LATENCY, BALANCED = "keep", "latency", "balanced"
MODES = (KEEP, LATENCY, BALANCED)
TURBO = (KEEP, "allowed", "never")
IDLE = ("shallow", "poll", KEEP)

# These drivers choose the frequency themselves; their "powersave" follows the load by the energy hint.
_SELF_RULING = ("intel_pstate", "amd-pstate-epp", "amd_pstate_epp")
_BALANCED = ("schedutil", "ondemand", "conservative")
# MSR_IA32_ENERGY_PERF_BIAS, Documentation/admin-guide/pm/intel_epb.rst
_BIAS = {"performance": "0", "balance-performance": "4", "normal": "6", "balance-power": "8", "power": "15"}
_ADMIN = "Documentation/admin-guide/pm/"


@dataclass(frozen=True)
class _Part:
    """One knob of all CPUs.

    Args:
        key: its name.
        doc: what it does.
        source: where that stands.
        lacks: why a machine has none.
        remedy: what to do when it is not granted.
    """

    key: str
    doc: str
    source: str
    lacks: str
    remedy: str = "see the kernel's log (dmesg) for the reason; firmware may rule it"


# In the order in which they are written: under the governor "performance" drivers refuse another energy hint.
PARTS = (
    _Part(
        "governor",
        "how the frequency is chosen",
        f"{_ADMIN}cpufreq.rst; TuneD's profile latency-performance",
        "there is no driver of frequency scaling: a guest, or the firmware rules it",
    ),
    _Part(
        "energy_preference",
        "the hint to CPUs that choose their frequency themselves (EPP)",
        f"{_ADMIN}intel_pstate.rst, amd-pstate.rst",
        "the driver of frequency scaling takes no energy hint",
    ),
    _Part(
        "energy_bias",
        "performance or energy, from 0 to 15 (EPB)",
        f"{_ADMIN}intel_epb.rst; TuneD's profile latency-performance",
        "the CPU has no energy bias",
    ),
    _Part(
        "uncore",
        "the lowest frequency of mesh, L3 cache and memory controllers, kHz",
        f"{_ADMIN}intel_uncore_frequency_scaling.rst",
        "",
    ),
    _Part(
        "turbo",
        "frequencies above the nominal one",
        f"{_ADMIN}intel_pstate.rst, cpufreq.rst",
        "there is no switch for turbo here",
        "switch it on in the firmware",
    ),
    _Part(
        "idle",
        "microseconds that a CPU may take to wake; 0 is any, n/a is none",
        "Documentation/ABI/testing/sysfs-devices-power; TuneD's profile latency-performance",
        "there is no driver of idle states: a guest, or idle=poll",
    ),
)


@dataclass
class CpuPower:
    """Domain of clocks and idle states.

    Args:
        mode: ``latency``, ``balanced``, or ``keep`` for what is.
        cpus: CPUs that must wake at once in mode latency, list format; empty: all.
        turbo: ``allowed``, ``never`` or ``keep``.
        idle: what those CPUs may sleep in: ``shallow`` the first idle state, ``poll`` none, ``keep`` as it is.
        governor: instead of the one that the mode means.
    """

    mode: str = KEEP
    cpus: str = ""
    turbo: str = KEEP
    idle: str = "shallow"
    governor: str = ""
    role: str = ROLE

    def settings(self, host: Host) -> list[Setting]:
        """A row a knob; one that the machine does not have says so."""
        declared = self._declared(host)
        made = []
        for part in PARTS:
            name = f"{ROLE}.{part.key}"
            if part.key in declared:
                made.append(self._setting(part, declared[part.key]))
            elif part.key in self._meant and part.lacks:
                made.append(not_applicable(name, ROLE, part.lacks, part.doc, part.source))
        return made

    def stores(self, host: Host) -> list[Store]:
        """The agent that applies it at boot; none where nothing of it is to be had."""
        return [self._store(host)]

    def restore(self, host: Host, before: dict[str, str]) -> list[Setting]:
        """Every knob that was written, with its value from before, in the order of writing."""
        return [
            self._setting(part, before[f"{ROLE}.{part.key}"], restored=True)
            for part in PARTS
            if before.get(f"{ROLE}.{part.key}") and _members(host, part.key)
        ]

    def check(self, host: Host) -> None:
        """Refuse words that nobody knows, CPUs that are not there, and what the driver does not offer."""
        self._check_words(host)
        offers = (
            ("governor", "scaling_available_governors", "load the module cpufreq_{}, or use one of: {}"),
            ("energy_preference", "energy_performance_available_preferences", "{} is not known here; use one of: {}"),
        )
        declared = self._declared(host)
        for key, file, remedy in offers:
            for cpus, path in _members(host, key) if key in declared else []:
                wanted = value_of(declared[key], cpus)
                offered = (host.read(f"{posixpath.dirname(path)}/{file}") or "").split()
                if offered and wanted not in offered:
                    raise UllError(
                        f"CPUs {cpus} offer {', '.join(offered)}",
                        host=host.name,
                        variable=f"{ROLE}.{key}",
                        value=wanted,
                        remedy=remedy.format(wanted, ", ".join(offered)),
                    )
        for setting in self.settings(host):
            members = _members(host, setting.name[len(ROLE) + 1 :])
            if setting.declared not in (WORD, setting.running(host)) and not _writable(host, members):
                raise UllError(
                    "it cannot be written here",
                    host=host.name,
                    variable=setting.name,
                    value=setting.declared,
                    remedy="run with `become: true`; in a container these settings belong to its host",
                )

    @property
    def _meant(self) -> set[str]:
        """The knobs that are asked for."""
        keys = {"governor", "energy_preference", "energy_bias", "idle"} if self.mode != KEEP else set()
        if self.mode == LATENCY:
            keys.add("uncore")
        if self.governor:
            keys.add("governor")
        if self.idle == KEEP:
            keys.discard("idle")
        return keys | ({"turbo"} if self.turbo != KEEP else set())

    def _declared(self, host: Host) -> dict[str, str]:
        """The value of every knob that is asked for and that this machine has."""
        found = {}
        for key in self._meant:
            members = _members(host, key)
            if members:
                found[key] = summary([(cpus, self._value(host, key, cpus, path)) for cpus, path in members])
        return found

    def _value(self, host: Host, key: str, cpus: CpuSet, path: str) -> str:
        fast = self.mode == LATENCY
        if key == "governor":
            return self.governor or ("performance" if fast else _balanced_governor(host, path))
        if key == "uncore":
            return host.read(path.replace("min_freq_khz", "max_freq_khz")) or ""
        if key == "idle":
            return self._limit(host, cpus)
        pinned = fast or self.governor == "performance"
        return {
            "energy_preference": "performance" if pinned else "balance_performance",
            "energy_bias": _BIAS["performance" if fast else "normal"],
            "turbo": self.turbo,
        }[key]

    def _limit(self, host: Host, cpus: CpuSet) -> str:
        """How long a CPU may take to wake."""
        if self.mode != LATENCY or not cpus <= (CpuSet.parse(self.cpus) or cpus):
            return "0"
        return "n/a" if self.idle == "poll" else _shallow(host, cpus.first)

    def _setting(self, part: _Part, declared: str, restored: bool = False) -> Setting:
        def persisted(host: Host) -> str | None:
            stored = self._store(host).persisted(host)
            if stored == self._parameters:
                return declared
            return CpuPower(**stored)._declared(host).get(part.key) if stored else None

        return Setting(
            name=f"{ROLE}.{part.key}",
            role=ROLE,
            impact=LIVE,
            declared=declared,
            running=lambda host: _read(host, part.key),
            persisted=persisted,
            write=lambda host, value: _write(host, part.key, value),
            restored=restored,
            remedy=part.remedy,
            doc=part.doc,
            source=part.source,
        )

    @property
    def _parameters(self) -> dict[str, Any]:
        keys = ("mode", "cpus", "turbo", "idle", "governor")
        return {key: getattr(self, key) for key in keys}

    def _store(self, host: Host) -> AgentStore:
        declared = self._declared(host)
        devices = [_members(host, key)[0][1] for key in ("governor", "uncore") if key in declared]
        return AgentStore(ROLE, CpuPower, self._parameters if declared else None, devices=devices)

    def _check_words(self, host: Host) -> None:
        for key, words in (("mode", MODES), ("turbo", TURBO), ("idle", IDLE)):
            value = getattr(self, key)
            if value not in words:
                remedy = f"use one of {', '.join(words)}"
                raise UllError("there is no such word", host.name, f"{ROLE}_{key}", value, remedy)
        online = CpuSet.parse(host.read(f"{CPU}/online") or "")
        try:
            missing = CpuSet.parse(self.cpus) - online
        except UllError as wrong:
            raise UllError(wrong.message, host.name, f"{ROLE}_cpus", self.cpus, wrong.remedy) from wrong
        if missing:
            message = f"CPUs {missing} are not online"
            raise UllError(message, host.name, f"{ROLE}_cpus", self.cpus, f"use CPUs of {online}")


# -- where each knob is


def _members(host: Host, key: str) -> Members:
    """The files of a knob, each with the CPUs it is for; for uncore domains and turbo a number stands for them."""
    return _PLACES[key](host)


def _policies(file: str) -> Callable[[Host], Members]:
    def places(host: Host) -> Members:
        base = f"{CPU}/cpufreq"
        found = []
        for policy in numbered(host, base, "policy"):
            path = f"{base}/policy{policy}/{file}"
            if host.exists(path):
                cpus = (host.read(f"{base}/policy{policy}/affected_cpus") or str(policy)).replace(" ", ",")
                found.append((CpuSet.parse(cpus), path))
        return found

    return places


def _online(host: Host) -> CpuSet:
    return CpuSet.parse(host.read(f"{CPU}/online") or "")


def _biases(host: Host) -> Members:
    paths = ((cpu, f"{CPU}/cpu{cpu}/power/energy_perf_bias") for cpu in _online(host))
    return [(CpuSet([cpu]), path) for cpu, path in paths if host.exists(path)]


def _wakes(host: Host) -> Members:
    """CPUs with idle states beside polling; elsewhere a limit has nothing to choose from."""
    paths = ((cpu, f"{CPU}/cpu{cpu}/power/pm_qos_resume_latency_us") for cpu in _online(host))
    return [(CpuSet([cpu]), path) for cpu, path in paths if _latencies(host, cpu) and host.exists(path)]


def _uncore(host: Host) -> Members:
    """One a die; newer CPUs have more below each, which follow it."""
    names = [name for name in host.names(UNCORE) if name.startswith("package_")]
    names = names or [name for name in host.names(UNCORE) if name.startswith("uncore")]
    paths = (f"{UNCORE}/{name}/min_freq_khz" for name in names)
    return [(CpuSet([place]), path) for place, path in enumerate(paths) if host.exists(path)]


def _turbo(host: Host) -> Members:
    return [(CpuSet([0]), path) for path in (NO_TURBO, BOOST) if host.exists(path)][:1]


_PLACES: dict[str, Callable[[Host], Members]] = {
    "governor": _policies("scaling_governor"),
    "energy_preference": _policies("energy_performance_preference"),
    "energy_bias": _biases,
    "uncore": _uncore,
    "turbo": _turbo,
    "idle": _wakes,
}
_MEANINGS: dict[str, Callable[[str], str]] = {"energy_bias": lambda text: _BIAS.get(text, text)}


def _read(host: Host, key: str) -> str:
    if key == "turbo":
        path = _turbo(host)[0][1]
        return "allowed" if host.read(path) == _switch(path, "allowed") else "never"
    return read(host, _members(host, key), _MEANINGS.get(key, str))


def _write(host: Host, key: str, value: str) -> None:
    if key == "turbo":
        path = _turbo(host)[0][1]
        host.poke(path, _switch(path, value))
        return
    write(host, _members(host, key), _MEANINGS.get(key, str), value)


def _switch(path: str, word: str) -> str:
    """The one file switches turbo off, the other on."""
    return str(int((word == "allowed") == (path == BOOST)))


def _writable(host: Host, members: Members) -> bool:
    return all(os.access(host.path(path), os.W_OK) for _cpus, path in members)


# -- what a mode means on this machine


def _latencies(host: Host, cpu: int) -> list[int]:
    """Microseconds that each idle state takes to wake from, polling left out."""
    base = f"{CPU}/cpu{cpu}/cpuidle"
    found = (number(host, f"{base}/state{state}/latency", 0) for state in numbered(host, base, "state"))
    return [latency for latency in found if latency > 0]


def _shallow(host: Host, cpu: int) -> str:
    """The limit that allows the first idle state and none deeper."""
    return str(min(_latencies(host, cpu)))


def _balanced_governor(host: Host, path: str) -> str:
    base = posixpath.dirname(path)
    if host.read(f"{base}/scaling_driver") in _SELF_RULING:
        return "powersave"
    offered = (host.read(f"{base}/scaling_available_governors") or "").split()
    return next((governor for governor in _BALANCED if governor in offered), _BALANCED[0])
