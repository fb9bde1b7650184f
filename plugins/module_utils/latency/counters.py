# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a probe reads of a host before and after a run: its machine, and the counters that evidence is made of."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ..cpuset import CpuSet
from ..host import Host
from .record import Machine

_CPU = "/sys/devices/system/cpu"
# MSR_SMI_COUNT of Intel's processors; Intel SDM, volume 4, table 2-2.
_SMI_COUNT = 0x34
_VENDORS = {
    "QEMU": "qemu",
    "VMware, Inc.": "vmware",
    "Microsoft Corporation": "hyperv",
    "Xen": "xen",
    "innotek GmbH": "virtualbox",
}


def machine(host: Host, name: str) -> Machine:
    """The host's part of a record; ``name`` is that of the inventory."""
    info = _cpuinfo(host)
    part = " ".join(f"{key} {info[key]}" for key in ("CPU implementer", "CPU part", "CPU variant") if key in info)
    return Machine(
        name,
        host.read("/proc/sys/kernel/osrelease") or "",
        host.read("/proc/cmdline") or "",
        info.get("model name", "") or part,
        info.get("microcode", ""),
        _virtual(host, info),
    )


def _cpuinfo(host: Host) -> dict[str, str]:
    """The first processor's keys."""
    found = {}
    for line in (host.read("/proc/cpuinfo") or "").split("\n\n")[0].splitlines():
        key, _colon, value = line.partition(":")
        found[key.strip()] = value.strip()
    return found


def _virtual(host: Host, info: Mapping[str, str]) -> str:
    """The hypervisor; Arm's processors have no flag, so there the firmware's words decide."""
    vendor, product = (host.read(f"/sys/class/dmi/id/{key}") or "" for key in ("sys_vendor", "product_name"))
    flagged = "hypervisor" in info.get("flags", "").split()
    instance = vendor == "Amazon EC2" and ".metal" not in product
    return _VENDORS.get(vendor, "amazon" if instance else "hypervisor" if flagged else "")


def counters(host: Host, cpus: CpuSet) -> dict[str, Any]:
    """Counters of the measured CPUs, and of the other threads of their cores."""
    siblings = _siblings(host, cpus)
    return {
        "interrupts": _interrupts(host, cpus),
        "cstates": _idle(host, cpus),
        "throttled": _throttled(host, cpus),
        "smi": _smi(host, cpus),
        "siblings": {str(cpu): times for cpu, times in _times(host).items() if cpu in siblings},
        "frequency": [
            value for cpu in cpus for value in [_number(host, f"{_CPU}/cpu{cpu}/cpufreq/scaling_cur_freq")] if value
        ],
    }


def between(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The evidence of a run: what was counted between two readings; only what the host has."""
    found: dict[str, Any] = {}
    ran = {name: count - before["interrupts"].get(name, 0) for name, count in after["interrupts"].items()}
    found["interrupts"] = {name: count for name, count in sorted(ran.items()) if count > 0}
    states = {}
    for name, (entries, exit_us) in after["cstates"].items():
        states[name] = {"entries": entries - before["cstates"].get(name, (0, 0))[0], "exit_us": exit_us}
    if states:
        found["cstates"] = states
    for key in ("throttled", "smi"):
        if after[key] is not None and before[key] is not None:
            found[key] = after[key] - before[key]
    busy = {}
    for cpu, (idle, total) in after["siblings"].items():
        was_idle, was = before["siblings"].get(cpu, (0, 0))
        if total > was:
            busy[cpu] = round(1 - (idle - was_idle) / (total - was), 4)
    if busy:
        found["siblings"] = busy
    if seen := [*before["frequency"], *after["frequency"]]:
        found["frequency_khz"] = [min(seen), max(seen)]
    return found


def _interrupts(host: Host, cpus: CpuSet) -> dict[str, int]:
    lines = (host.read("/proc/interrupts") or "").splitlines()
    columns = (
        [place for place, word in enumerate(lines[0].split()) if word[3:].isdigit() and int(word[3:]) in cpus]
        if lines
        else []
    )
    total = len(lines[0].split()) if lines else 0
    found: dict[str, int] = {}
    for line in lines[1:]:
        name, _colon, rest = line.partition(":")
        words = rest.split()
        if len(words) < total:
            continue
        device = f"{name.strip()} {words[-1]}" if name.strip().isdigit() and len(words) > total else name.strip()
        found[device] = sum(int(words[place]) for place in columns if words[place].isdigit())
    return found


def _idle(host: Host, cpus: CpuSet) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for cpu in cpus:
        folder = f"{_CPU}/cpu{cpu}/cpuidle"
        for state in host.names(folder):
            name = host.read(f"{folder}/{state}/name")
            usage, exit_us = (_number(host, f"{folder}/{state}/{key}") for key in ("usage", "latency"))
            if name and usage is not None:
                found[name] = (found.get(name, (0, 0))[0] + usage, exit_us or 0)
    return found


def _throttled(host: Host, cpus: CpuSet) -> int | None:
    counts = [_number(host, f"{_CPU}/cpu{cpu}/thermal_throttle/core_throttle_count") for cpu in cpus]
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _smi(host: Host, cpus: CpuSet) -> int | None:
    """SMIs, which all CPUs take together; None without the msr module, on other processors and without permission."""
    try:
        handle = os.open(host.path(f"/dev/cpu/{cpus.first}/msr"), os.O_RDONLY)
    except OSError:
        return None
    try:
        return int.from_bytes(os.pread(handle, 8, _SMI_COUNT), "little")
    except OSError:
        return None
    finally:
        os.close(handle)


def _siblings(host: Host, cpus: CpuSet) -> CpuSet:
    found = CpuSet()
    for cpu in cpus:
        found |= CpuSet.parse(host.read(f"{_CPU}/cpu{cpu}/topology/thread_siblings_list") or "")
    return found - cpus


def _times(host: Host) -> dict[int, tuple[int, int]]:
    """Idle and all ticks of each CPU; guests' ticks stand in the user's too."""
    found = {}
    for line in (host.read("/proc/stat") or "").splitlines():
        name, *ticks = line.split()
        if name[:3] == "cpu" and name[3:].isdigit():
            values = [int(each) for each in ticks[:8]]
            found[int(name[3:])] = (values[3] + values[4], sum(values))
    return found


def _number(host: Host, path: str) -> int | None:
    text = host.read(path)
    return int(text) if text and text.isdigit() else None
