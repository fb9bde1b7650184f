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

THP = "/sys/kernel/mm/transparent_hugepage/enabled"


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


def _polled(host: Host) -> str | None:
    return "50" if host.parts.isolated and host.profile.nics else None


_ADMIN = "Documentation/admin-guide/"
KNOBS = (
    Knob(
        "vm.stat_interval",
        _isolated("10"),
        "seconds between the updates of memory statistics, for which a kernel thread wakes on every CPU",
        f"{_ADMIN}sysctl/vm.rst; TuneD's profile cpu-partitioning",
    ),
    Knob(
        "kernel.numa_balancing",
        lambda host: "0" if host.parts.isolated and host.nodes > 1 else None,
        "no page faults provoked to learn which node uses a page: memory is placed by the plan",
        f"{_ADMIN}sysctl/kernel.rst",
    ),
    Knob(
        "kernel.timer_migration",
        lambda host: "1" if host.parts.tickless else None,
        "timers of tickless CPUs expire on housekeeping CPUs",
        "Documentation/timers/no_hz.rst; TuneD's profile cpu-partitioning",
    ),
    Knob(
        "kernel.nmi_watchdog",
        _isolated("0"),
        "no periodic interrupt of a performance counter on every CPU",
        f"{_ADMIN}kernel-per-CPU-kthreads.rst",
    ),
    Knob(
        "kernel.watchdog_cpumask",
        lambda host: str(host.parts.housekeeping) if host.parts.isolated else None,
        "CPUs that the lockup detector watches; a polling thread on an isolated CPU is no lockup",
        f"{_ADMIN}lockup-watchdogs.rst",
    ),
    Knob(
        "kernel.hung_task_timeout_secs",
        _isolated("600"),
        "kernel threads wait longer on CPUs that a polling thread fills",
        f"{_ADMIN}sysctl/kernel.rst; TuneD's profile cpu-partitioning",
    ),
    Knob(
        "net.core.busy_poll",
        _polled,
        "microseconds that poll and select poll the NIC's queue instead of waiting for its interrupt",
        f"{_ADMIN}sysctl/net.rst; TuneD's profile network-latency",
    ),
    Knob(
        "net.core.busy_read",
        _polled,
        "the same for reads from a socket",
        f"{_ADMIN}sysctl/net.rst; TuneD's profile network-latency",
    ),
    Knob(
        "vm.overcommit_memory",
        lambda host: "1" if "redis" in host.profile.stores else None,
        "a background save forks the whole of Redis, whose pages are then shared",
        "redis.io: Redis administration",
    ),
    Knob(
        THP,
        lambda host: host.profile.transparent_hugepages if host.parts.isolated or host.profile.stores else None,
        "transparent hugepages: making one stalls the thread that touched it",
        f"{_ADMIN}mm/transhuge.rst",
    ),
    Knob(
        "/sys/kernel/mm/ksm/run",
        _isolated("0"),
        "no scan for equal pages; writing to a merged one faults",
        f"{_ADMIN}mm/ksm.rst",
    ),
    Knob(
        "/sys/devices/virtual/workqueue/cpumask",
        _mask,
        "CPUs for work that is bound to none",
        "Documentation/core-api/workqueue.rst",
    ),
    Knob(
        "/sys/devices/virtual/workqueue/writeback/cpumask",
        _mask,
        "CPUs that write dirty pages back",
        f"{_ADMIN}kernel-per-CPU-kthreads.rst",
    ),
)


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
    sysfs = {name: value for name, value in values.items() if name.startswith("/")}
    return {**sysctl, **profile.sysctl}, sysfs, found
