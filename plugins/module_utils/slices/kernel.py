# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Kernel parameters that are written at run time: /proc/sys and /sys, one row each, with their reason and source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..finding import Finding
from ..partition import Partition
from ..profile import ROOT, Profile
from ..settings.kernel_knobs import TEXTS, THP, WORKQUEUE


@dataclass(frozen=True)
class Host:
    """What a value may depend on."""

    profile: Profile
    parts: Partition
    nodes: int


@dataclass(frozen=True)
class Knob:
    """A parameter: its name (a path for sysfs), its value on a host, or None where it should stay as it is."""

    name: str
    value: Callable[[Host], str | None]
    doc: str
    source: str


def _isolated(value: str) -> Callable[[Host], str | None]:
    return lambda host: value if host.parts.isolated else None


def _mask(host: Host) -> str | None:
    return host.parts.housekeeping.mask if host.parts.isolated else None


_RT_RUNTIME = "kernel.sched_rt_runtime_us"
_THP_DEFRAG = {"never": "never", "madvise": "madvise", "always": "defer+madvise"}


def _memory(value: str) -> Callable[[Host], str | None]:
    """On hosts whose memory must answer at once: those with isolated CPUs, and data stores."""
    return lambda host: value if host.parts.isolated or host.profile.stores else None


def _sessions(value: str) -> Callable[[Host], str | None]:
    """On hosts whose isolated CPUs wait for the profile's NICs."""
    return lambda host: value if host.parts.isolated and host.profile.nics else None


def _thp(host: Host) -> str | None:
    return _memory(host.profile.transparent_hugepages)(host)


# Left alone, with reasons in roles/kernel_runtime/README.md: RT throttling, netdev_budget, the soft watchdog, swap itself.
_VALUES: dict[str, Callable[[Host], str | None]] = {
    "vm.stat_interval": _isolated("10"),
    "vm.swappiness": _memory("1"),
    "vm.compaction_proactiveness": _isolated("0"),
    "vm.compact_unevictable_allowed": _isolated("0"),
    "kernel.numa_balancing": lambda host: "0" if host.parts.isolated and host.nodes > 1 else None,
    "kernel.timer_migration": lambda host: "1" if host.parts.tickless else None,
    "kernel.nmi_watchdog": _isolated("0"),
    "kernel.watchdog_cpumask": lambda host: str(host.parts.housekeeping) if host.parts.isolated else None,
    "kernel.hung_task_timeout_secs": _isolated("600"),
    "net.core.busy_poll": _sessions("50"),
    "net.core.busy_read": _sessions("50"),
    "net.core.rmem_max": _sessions("16777216"),
    "net.core.wmem_max": _sessions("16777216"),
    "net.ipv4.tcp_slow_start_after_idle": _sessions("0"),
    "net.ipv4.tcp_autocorking": _sessions("0"),
    "vm.overcommit_memory": lambda host: "1" if "redis" in host.profile.stores else None,
    f"{THP}/enabled": _thp,
    f"{THP}/defrag": lambda host: _THP_DEFRAG.get(_thp(host) or ""),
    "/sys/kernel/mm/ksm/run": _isolated("0"),
    f"{WORKQUEUE}/cpumask": _mask,
    f"{WORKQUEUE}/writeback/cpumask": _mask,
}
KNOBS = tuple(Knob(name, value, TEXTS[name].doc, TEXTS[name].source) for name, value in _VALUES.items())


def kernel_slices(
    profile: Profile, parts: Partition, topology: Mapping[str, Any]
) -> tuple[dict[str, str], dict[str, str], list[Finding]]:
    """Values by sysctl name and by sysfs path; the profile's own sysctl words win, and a finding says so."""
    host = Host(profile, parts, len(topology["nodes"]))
    values = {knob.name: value for knob in KNOBS for value in [knob.value(host)] if value is not None}
    sysctl = {name: value for name, value in values.items() if not name.startswith("/")}
    found = [
        Finding(
            "sysctl-overrides-plan",
            f"the profile sets {name} to {value}, the plan would to {sysctl[name]}",
            f"{ROOT}.sysctl.{name}",
            value,
            "remove it where the plan's value will do",
        )
        for name, value in profile.sysctl.items()
        if sysctl.get(name, value) != value
    ]
    found += _throttling(profile)
    sysfs = {name: value for name, value in values.items() if name.startswith("/")}
    return {**sysctl, **profile.sysctl}, sysfs, found


def _throttling(profile: Profile) -> list[Finding]:
    """A real-time thread that polls without end starves its CPU's kernel threads once nothing stops it any more."""
    value = profile.sysctl.get(_RT_RUNTIME, "")
    if value != "-1":
        return []
    message = "real-time threads would never be stopped for others on their CPU"
    remedy = "remove it: a polling thread alone on an isolated CPU needs no real-time priority"
    return [Finding("rt-throttling-off", message, f"{ROOT}.sysctl.{_RT_RUNTIME}", value, remedy)]
