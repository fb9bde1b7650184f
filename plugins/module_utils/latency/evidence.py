# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What happened on the measured CPUs while an instrument ran, and so what to look at first when it was slow.

A record's ``evidence`` holds what the probe read before and after, each key only where the host has it:

- ``smi``: system management interrupts (MSR 0x34 of Intel, MSR_SMI_COUNT);
- ``throttled``: thermal throttling events (``thermal_throttle/*_throttle_count``);
- ``seconds``: how long was counted;
- ``interrupts``: by source as /proc/interrupts names it, those that ran on the measured CPUs;
- ``cstates``: entries of each idle state with its exit latency, ``{"C6": {"entries": 90, "exit_us": 133}}``;
- ``siblings``: share of time in which the other thread of a core was busy, ``{"35": 0.4}``;
- ``frequency_khz``: lowest and highest seen, ``[1900000, 3100000]``;
- ``osnoise``: noises by cause as ``rtla osnoise top`` counts them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# /proc/interrupts names by architecture what is no device's: timers, and calls from other CPUs.
TIMERS = ("LOC", "arch_timer")
CALLS = {
    "RES": "rescheduling",
    "CAL": "function calls",
    "TLB": "TLB shootdowns",
    "IPI0": "rescheduling",
    "IPI1": "function calls",
}
# Counted by the kernel, and neither a device's nor by itself a reason.
_QUIET = ("ERR", "MIS", "PIN", "NPI", "PIW", "SPU", "PMI", "RTR", "DFR", "MCP", "HYP", "HRE", "HVS")
# A tickless CPU keeps one tick a second for the scheduler's statistics at most.
_TICKS = 2.0
# Starting and stopping an instrument calls its CPUs some times.
_CALLS = 1.0
# Above this exit latency an idle state is more than a pause of the pipeline (POLL 0, C1 about 1 us).
_SHALLOW_US = 2
_BUSY = 0.01


@dataclass(frozen=True)
class Hint:
    """One thing to look at.

    Args:
        cause: in a word: ``smi``, ``throttling``, ``irq``, ``cstate``, ``sibling``, ``timer``, ``call``, ``frequency``,
            ``hardware``, ``nmi``, ``softirq`` or ``thread``.
        says: what was seen.
        remedy: where to look.
    """

    cause: str
    says: str
    remedy: str

    def as_dict(self) -> dict[str, str]:
        """For JSON."""
        return vars(self).copy()


def look_first(
    evidence: Mapping[str, Any], duration_s: float | None = None, cpus: int = 1, own_timers: int = 0
) -> list[Hint]:
    """What to look at, in this order: what stops the whole machine, then the core, then the CPU.

    Args:
        evidence: of a record.
        duration_s: how long the instrument measured, where the evidence does not say how long it counted.
        cpus: how many CPUs were measured.
        own_timers: timer interrupts that are the instrument's own.
    """
    cpu_seconds = (evidence.get("seconds") or duration_s or 1.0) * max(cpus, 1)
    interrupts = _interrupts(evidence.get("interrupts") or {}, cpu_seconds, own_timers)
    return [*_machine(evidence), *_core(evidence), *interrupts, *_osnoise(evidence.get("osnoise") or {})]


def _machine(evidence: Mapping[str, Any]) -> list[Hint]:
    found = []
    if evidence.get("smi"):
        says = f"{evidence['smi']} system management interrupts: the firmware stopped all CPUs"
        found.append(
            Hint("smi", says, "switch off power capping, memory scrubbing and USB legacy in the firmware's set-up")
        )
    if evidence.get("throttled"):
        says = f"the CPU was throttled {evidence['throttled']} times for its temperature"
        found.append(Hint("throttling", says, "look at fans, air flow and the power limit"))
    return found


def _core(evidence: Mapping[str, Any]) -> list[Hint]:
    found = []
    for name, state in (evidence.get("cstates") or {}).items():
        if state.get("entries") and state.get("exit_us", 0) >= _SHALLOW_US:
            says = f"idle state {name} was entered {state['entries']} times; leaving it takes {state['exit_us']} us"
            found.append(Hint("cstate", says, "intel_idle.max_cstate=1, or hold /dev/cpu_dma_latency at 0"))
    for cpu, share in (evidence.get("siblings") or {}).items():
        if share >= _BUSY:
            says = f"CPU {cpu}, the other thread of a measured core, was busy for {share:.0%} of the time"
            found.append(Hint("sibling", says, "isolate whole cores: smt: idle siblings in the profile"))
    low, high = evidence.get("frequency_khz") or (0, 0)
    if low and high > low * 1.02:
        says = f"the CPU ran at {low / 1e6:.2f} to {high / 1e6:.2f} GHz"
        found.append(
            Hint("frequency", says, "fix the frequency: governor performance, and no turbo above what all cores hold")
        )
    return found


def _interrupts(interrupts: Mapping[str, int], cpu_seconds: float, own_timers: int) -> list[Hint]:
    found = []
    devices = {
        name: count
        for name, count in interrupts.items()
        if count and name.split()[0] not in (*TIMERS, *CALLS, *_QUIET) and "arch_timer" not in name
    }
    for name in sorted(devices, key=lambda each: (-devices[each], each)):
        says = f"interrupt {name} ran {devices[name]} times on the measured CPUs"
        found.append(Hint("irq", says, "move it to the housekeeping CPUs: role irq, and who starts irqbalance"))
    ticks = sum(count for name, count in interrupts.items() if any(timer in name for timer in TIMERS)) - own_timers
    if ticks > _TICKS * cpu_seconds:
        says = f"the timer interrupted a CPU {ticks / cpu_seconds:.0f} times a second"
        found.append(Hint("timer", says, "nohz_full on that CPU, one runnable task, and no timers of its own"))
    for name, what in CALLS.items():
        count = interrupts.get(name, 0)
        if count > _CALLS * cpu_seconds:
            says = f"other CPUs called {count} times for {what}"
            found.append(Hint("call", says, "find who shares memory or a lock with the task: trace ipi:ipi_send_cpu"))
    return found


def _osnoise(counts: Mapping[str, int]) -> list[Hint]:
    causes = {
        "hw": ("hardware", "the hardware or the hypervisor", "look for SMIs, and at the firmware's power settings"),
        "nmi": ("nmi", "an NMI", "nmi_watchdog=0, and no perf on that CPU"),
        "irq": ("irq", "an interrupt", "rtla osnoise top -t names it"),
        "softirq": ("softirq", "a softirq", "rcu_nocbs for that CPU, and no network interrupt on it"),
        "thread": ("thread", "another thread", "isolcpus, and kthread_cpus or affinity of what remains"),
    }
    seen = {key: counts.get(key, 0) for key in causes if counts.get(key, 0)}
    ordered = sorted(seen, key=lambda key: -seen[key])
    return [Hint(causes[key][0], f"{causes[key][1]} took time {seen[key]} times", causes[key][2]) for key in ordered]
