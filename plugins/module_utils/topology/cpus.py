# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The CPUs: packages, cores, threads, shared L3 caches, and kinds of cores where they differ."""

from __future__ import annotations

import re
from typing import Any

from ..cpuset import MAX_CPUS, CpuSet
from ..host import Host
from .values import cpu_set, number, numbered

CPU = "/sys/devices/system/cpu"
# Intel's hybrid processors have a performance counter unit for each kind of core, which lists its CPUs.
_UNITS = (("P", "cpu_core"), ("E", "cpu_atom"), ("LP", "cpu_lowpower"))


def present_cpus(host: Host) -> CpuSet:
    """Every CPU the machine has, offline ones too."""
    folders = CpuSet(cpu for cpu in numbered(host, CPU, "cpu") if cpu < MAX_CPUS)
    # POWER and newer Arm64 kernels make folders for CPUs that could be plugged in but are not there
    listed = cpu_set(host, f"{CPU}/present")
    return (folders & listed if listed else folders) or folders or _cpuinfo(host)


def online_cpus(host: Host, present: CpuSet) -> CpuSet:
    """The CPUs the kernel schedules on."""
    listed = cpu_set(host, f"{CPU}/online")
    if listed and listed & present:
        return listed & present
    return CpuSet(cpu for cpu in present if host.read(f"{CPU}/cpu{cpu}/online") != "0")


def read_cpus(host: Host, present: CpuSet, node_of: dict[int, int]) -> list[dict[str, Any]]:
    """One row a CPU, ascending.

    ``core`` and ``package`` are the kernel's numbers; a core's is unique in its package at best, so tell cores apart by
    their ``siblings``. ``l3`` is the lowest CPU of those that share the L3 cache. -1 is unknown, as on offline CPUs.
    """
    online = online_cpus(host, present)
    siblings = _siblings(host, online)
    caches = _caches(host, online, siblings)
    kinds = _kinds(host, siblings)
    return [
        {
            "id": cpu,
            "package": number(host, f"{CPU}/cpu{cpu}/topology/physical_package_id"),
            "core": number(host, f"{CPU}/cpu{cpu}/topology/core_id"),
            "siblings": str(siblings.get(cpu, CpuSet([cpu]))),
            "node": node_of.get(cpu, -1),
            "l3": caches[cpu].first if cpu in caches else -1,
            "online": cpu in online,
            **kinds.get(cpu, {}),
        }
        for cpu in present
    ]


def partition(claims: dict[int, CpuSet]) -> dict[int, CpuSet]:
    """Disjoint groups out of what each CPU says of itself and its companions.

    A sound kernel says the same for every member. Where a damaged table does not, the lowest CPU's word holds.
    """
    left = CpuSet(claims)
    groups: dict[int, CpuSet] = {}
    for cpu in sorted(claims):
        if cpu not in groups:
            group = (claims[cpu] | CpuSet([cpu])) & left
            groups.update(dict.fromkeys(group, group))
            left = left - group
    return groups


def _cpuinfo(host: Host) -> CpuSet:
    """The CPUs of /proc/cpuinfo, for trees without sysfs; s390 writes "processor 0: ..."."""
    numbers = re.findall(r"^processor\s*:?\s*(\d{1,4})\b", host.read("/proc/cpuinfo") or "", re.MULTILINE | re.ASCII)
    return CpuSet(int(cpu) for cpu in numbers if int(cpu) < MAX_CPUS)


def _siblings(host: Host, online: CpuSet) -> dict[int, CpuSet]:
    claims = {}
    for cpu in online:
        base = f"{CPU}/cpu{cpu}/topology"
        # core_cpus since Linux 5.2; the old names stay, but are deprecated
        names = ("core_cpus_list", "core_cpus", "thread_siblings_list", "thread_siblings")
        claims[cpu] = cpu_set(host, *(f"{base}/{name}" for name in names)) or CpuSet([cpu])
    return partition(_without_units(host, claims))


def _without_units(host: Host, claims: dict[int, CpuSet]) -> dict[int, CpuSet]:
    """AMD families 15h and 16h: older kernels list the two cores of a compute unit as siblings, with a core_id each."""
    cpuinfo = host.text("/proc/cpuinfo")[:4096]
    if not re.search(r"^vendor_id\s*: AuthenticAMD\n(.*\n)?cpu family\s*: 2[12]$", cpuinfo, re.MULTILINE):
        return claims
    cores = {cpu: number(host, f"{CPU}/cpu{cpu}/topology/core_id") for cpu in claims}
    return {cpu: CpuSet(other for other in group if cores.get(other) == cores[cpu]) for cpu, group in claims.items()}


def _caches(host: Host, online: CpuSet, siblings: dict[int, CpuSet]) -> dict[int, CpuSet]:
    claims = {}
    for cpu in online:
        for index in numbered(host, f"{CPU}/cpu{cpu}/cache", "index"):
            base = f"{CPU}/cpu{cpu}/cache/index{index}"
            if number(host, f"{base}/level") == 3:
                # an empty map (seen on ia64) means a cache of the core's own
                claims[cpu] = cpu_set(host, f"{base}/shared_cpu_list", f"{base}/shared_cpu_map") or siblings[cpu]
    return partition(claims)


def _kinds(host: Host, siblings: dict[int, CpuSet]) -> dict[int, dict[str, Any]]:
    """What each CPU's kind and capacity are; empty where all cores are alike."""
    capacities = {cpu: number(host, f"{CPU}/cpu{cpu}/cpu_capacity") for cpu in siblings}
    known = {capacity for capacity in capacities.values() if capacity > 0}
    extra: dict[int, dict[str, Any]] = {cpu: {} for cpu in siblings}
    for cpu, kind in (_by_unit(host) or _by_capacity(capacities) or _by_frequency(host, siblings)).items():
        extra.get(cpu, {})["kind"] = kind
    if len(known) > 1:
        for cpu, capacity in capacities.items():
            extra[cpu]["capacity"] = capacity
    return extra


def _by_unit(host: Host) -> dict[int, str]:
    units = [(kind, cpu_set(host, f"/sys/devices/{unit}/cpus")) for kind, unit in _UNITS]
    found = [(kind, cpus) for kind, cpus in units if cpus]
    return {cpu: kind for kind, cpus in found for cpu in cpus} if len(found) > 1 else {}


def _by_capacity(capacities: dict[int, int]) -> dict[int, str]:
    """The kernel's capacity (1024 is the machine's fastest core) also varies a little among cores of one kind."""
    top = max(capacities.values(), default=0)
    kinds = {cpu: "P" if capacity * 4 >= top * 3 else "E" for cpu, capacity in capacities.items() if capacity > 0}
    return kinds if len(set(kinds.values())) > 1 else {}


def _by_frequency(host: Host, siblings: dict[int, CpuSet]) -> dict[int, str]:
    """Cores of two base frequencies of which only one kind has SMT: Intel hybrid, with no unit exposed.

    Frequency alone does not tell: Speed Select gives like cores unlike base frequencies.
    """
    classes: dict[int, set[int]] = {}
    for cpu, group in siblings.items():
        frequency = number(host, f"{CPU}/cpu{cpu}/cpufreq/base_frequency")
        classes.setdefault(frequency, set()).add(len(group))
    if len(classes) != 2 or -1 in classes or sorted(map(sorted, classes.values())) != [[1], [2]]:
        return {}
    return {cpu: "P" if len(group) == 2 else "E" for cpu, group in siblings.items()}
