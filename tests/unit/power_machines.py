# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Machines with frequency scaling and idle states, whose files answer as each driver's do.

Sources: drivers/cpufreq/{intel_pstate,amd-pstate,cpufreq,acpi-cpufreq}.c, drivers/base/power/sysfs.c,
arch/x86/kernel/cpu/intel_epb.c of Linux 6.12.
"""

from __future__ import annotations

import errno
import os
import posixpath
from pathlib import Path

from fake_tree import tree
from machines import FakeHost

from ansible_collections.ull.metal.plugins.module_utils.errors import UllError

CPU = "/sys/devices/system/cpu"
_EPP = "default performance balance_performance balance_power power"
_BIAS = {"performance": "0", "balance-performance": "4", "normal": "6", "balance-power": "8", "power": "15"}

# driver: governor, governors offered, energy hint
DRIVERS = {
    "intel_pstate": ("powersave", "performance powersave", "balance_performance"),
    "intel_cpufreq": (
        "schedutil",
        "conservative ondemand userspace powersave performance schedutil",
        "balance_performance",
    ),
    "acpi-cpufreq": ("ondemand", "conservative ondemand userspace powersave performance schedutil", ""),
    "amd-pstate-epp": ("powersave", "performance powersave", "balance_performance"),
    "cppc_cpufreq": ("schedutil", "conservative ondemand userspace powersave performance schedutil", ""),
    "": ("", "", ""),
}
# exit latencies of POLL, C1, C1E, C6: intel_idle's table of Ice Lake servers; ACPI's of EPYC
STATES = {"intel": (0, 1, 4, 170), "amd": (0, 1, 18, 800), "arm": (1, 300), "none": ()}


class PowerHost(FakeHost):
    """Governors, energy hints, idle limits and turbo take what the kernel takes, and print it as the kernel does."""

    def poke(self, path: str, value: str) -> None:
        name = posixpath.basename(path)
        kind = getattr(self, f"_{name}", None)
        printed = kind(path, value) if kind else value
        if isinstance(printed, int):
            raise UllError(os.strerror(printed), variable=path, value=value)
        super().poke(path, printed)

    def obey(self, argv: list[str]) -> None:
        assert argv[0] == "systemctl"

    def _scaling_governor(self, path: str, value: str) -> str | int:
        base = posixpath.dirname(path)
        if value not in self.read(f"{base}/scaling_available_governors").split():
            return errno.EINVAL
        hint, driver = f"{base}/energy_performance_preference", self.read(f"{base}/scaling_driver")
        if self.exists(hint) and driver in ("intel_pstate", "amd-pstate-epp"):
            self._set(hint, "performance" if value == "performance" else "balance_performance")
        return value

    def _energy_performance_preference(self, path: str, value: str) -> str | int:
        base = posixpath.dirname(path)
        own = self.read(f"{base}/scaling_driver") in ("intel_pstate", "amd-pstate-epp")
        if own and self.read(f"{base}/scaling_governor") == "performance" and value != "performance":
            return errno.EBUSY
        return value if value in _EPP.split() else errno.EINVAL

    def _energy_perf_bias(self, _path: str, value: str) -> str | int:
        number = _BIAS.get(value, value)
        return number if number.isdigit() and int(number) < 16 else errno.EINVAL

    def _pm_qos_resume_latency_us(self, _path: str, value: str) -> str | int:
        return value if value == "n/a" or value.isdigit() else errno.EINVAL


def power_host(
    root: Path, driver: str, idle: str = "intel", bias: bool = False, cpus: int = 4, uncore: bool = False
) -> PowerHost:
    """A machine with a policy for each CPU; acpi-cpufreq has one for each two."""
    governor, offered, hint = DRIVERS[driver]
    step = 2 if driver == "acpi-cpufreq" else 1
    made: dict[str, str | None] = {f"{CPU}/online": f"0-{cpus - 1}", "/etc": None}
    for cpu in range(cpus):
        made[f"{CPU}/cpu{cpu}/power/pm_qos_resume_latency_us"] = "0"
        made.update({f"{CPU}/cpu{cpu}/cpuidle/state{n}/latency": str(us) for n, us in enumerate(STATES[idle])})
        if bias:
            made[f"{CPU}/cpu{cpu}/power/energy_perf_bias"] = "6"
    for first in range(0, cpus, step) if driver else ():
        base = f"{CPU}/cpufreq/policy{first}"
        made[f"{base}/scaling_driver"] = driver
        made[f"{base}/scaling_governor"] = governor
        made[f"{base}/scaling_available_governors"] = offered
        made[f"{base}/affected_cpus"] = " ".join(map(str, range(first, first + step)))
        if hint:
            made[f"{base}/energy_performance_preference"] = hint
            made[f"{base}/energy_performance_available_preferences"] = _EPP
    if driver.startswith("intel"):
        made[f"{CPU}/intel_pstate/no_turbo"] = "0"
    elif driver:
        made[f"{CPU}/cpufreq/boost"] = "1"
    if uncore:
        made[f"{CPU}/intel_uncore_frequency/package_00_die_00/min_freq_khz"] = "800000"
        made[f"{CPU}/intel_uncore_frequency/package_00_die_00/max_freq_khz"] = "2400000"
        made[f"{CPU}/intel_uncore_frequency/uncore00/min_freq_khz"] = "800000"
    tree(root, made)
    return PowerHost(root)
