# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Kernel parameters that the plan knows: what each does, and where the recommended value comes from.

A kernel may be built without one of these; that is no fault then. slices/kernel.py decides which host gets which value.
"""

from __future__ import annotations

from dataclasses import dataclass

THP = "/sys/kernel/mm/transparent_hugepage"
WORKQUEUE = "/sys/devices/virtual/workqueue"
_ADMIN = "Documentation/admin-guide/"


@dataclass(frozen=True)
class Text:
    """What a parameter does, one line, and the source of the value."""

    doc: str
    source: str


TEXTS = {
    # -- memory
    "vm.stat_interval": Text(
        "seconds between the updates of memory statistics, for which a kernel thread wakes on every CPU",
        f"{_ADMIN}sysctl/vm.rst; TuneD's profile cpu-partitioning",
    ),
    "vm.swappiness": Text(
        "swap only when nothing else is left: a page that comes back from disk costs milliseconds",
        f"{_ADMIN}sysctl/vm.rst",
    ),
    "vm.compaction_proactiveness": Text(
        "pages are not moved about in the background, which faults the threads that use them",
        f"{_ADMIN}sysctl/vm.rst, which warns of latency spikes",
    ),
    "vm.compact_unevictable_allowed": Text(
        "pages locked in memory stay where they are; moving one faults the thread that locked it",
        f"{_ADMIN}sysctl/vm.rst; 0 is the default of PREEMPT_RT",
    ),
    "vm.overcommit_memory": Text(
        "a background save forks the whole of Redis, whose pages are then shared",
        "redis.io: Redis administration",
    ),
    "kernel.numa_balancing": Text(
        "no page faults provoked to learn which node uses a page: memory is placed by the plan",
        f"{_ADMIN}sysctl/kernel.rst",
    ),
    # -- timers and watchdogs
    "kernel.timer_migration": Text(
        "timers of tickless CPUs expire on housekeeping CPUs",
        "Documentation/timers/no_hz.rst; TuneD's profile cpu-partitioning",
    ),
    "kernel.nmi_watchdog": Text(
        "no periodic interrupt of a performance counter on every CPU",
        f"{_ADMIN}kernel-per-CPU-kthreads.rst",
    ),
    "kernel.watchdog_cpumask": Text(
        "CPUs that the lockup detector watches; a polling thread on an isolated CPU is no lockup",
        f"{_ADMIN}lockup-watchdogs.rst",
    ),
    "kernel.hung_task_timeout_secs": Text(
        "kernel threads wait longer on CPUs that a polling thread fills",
        f"{_ADMIN}sysctl/kernel.rst; TuneD's profile cpu-partitioning",
    ),
    # -- network
    "net.core.busy_poll": Text(
        "microseconds that poll and select poll the NIC's queue instead of waiting for its interrupt",
        f"{_ADMIN}sysctl/net.rst; TuneD's profile network-latency",
    ),
    "net.core.busy_read": Text(
        "the same for reads from a socket",
        f"{_ADMIN}sysctl/net.rst; TuneD's profile network-latency",
    ),
    "net.core.rmem_max": Text(
        "bytes that a socket may ask for: 16 MiB hold a burst of 13 ms at 10 Gb/s; who does not ask keeps the default",
        f"{_ADMIN}sysctl/net.rst, socket(7)",
    ),
    "net.core.wmem_max": Text(
        "the same for what is sent",
        f"{_ADMIN}sysctl/net.rst, socket(7)",
    ),
    "net.ipv4.tcp_slow_start_after_idle": Text(
        "a session that was quiet keeps its congestion window, and its next burst leaves at once",
        "Documentation/networking/ip-sysctl.rst",
    ),
    "net.ipv4.tcp_autocorking": Text(
        "small writes are sent as they come, and not held back to be joined",
        "Documentation/networking/ip-sysctl.rst",
    ),
    # -- sysfs
    f"{THP}/enabled": Text(
        "transparent hugepages: making one stalls the thread that touched it", f"{_ADMIN}mm/transhuge.rst"
    ),
    f"{THP}/defrag": Text(
        "whether a thread that touches new memory compacts it first, to get a huge page", f"{_ADMIN}mm/transhuge.rst"
    ),
    "/sys/kernel/mm/ksm/run": Text("no scan for equal pages; writing to a merged one faults", f"{_ADMIN}mm/ksm.rst"),
    f"{WORKQUEUE}/cpumask": Text("CPUs for work that is bound to none", "Documentation/core-api/workqueue.rst"),
    f"{WORKQUEUE}/writeback/cpumask": Text("CPUs that write dirty pages back", f"{_ADMIN}kernel-per-CPU-kthreads.rst"),
}
