# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a plan owns on a host: the settings that nobody else should set."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_POWER = r"scaling_(governor|min_freq|max_freq)|energy_perf|no_turbo|cpupower|cpufreq-set|pm_qos_resume_latency"


@dataclass(frozen=True)
class Owned:
    """The parts of a plan that others may fight for.

    Args:
        sysctl: values by name.
        sysfs: values by path.
        nics: rows of the slice ``nics``.
        irqs: names of the NICs whose interrupts are placed.
        banned: CPUs that interrupts keep off, list format.
        power: whether clocks and idle states are ruled.
        small_pages: whether there are pools of pages that are set live.
        sections: kernel arguments by role.
    """

    sysctl: Mapping[str, str] = field(default_factory=dict)
    sysfs: Mapping[str, str] = field(default_factory=dict)
    nics: tuple[Mapping[str, Any], ...] = ()
    irqs: tuple[str, ...] = ()
    banned: str = ""
    power: bool = False
    small_pages: bool = False
    sections: Mapping[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: Mapping[str, Any]) -> Owned:
        """Out of a plan; slices that it lacks own nothing."""
        irq, power = plan.get("irq") or {}, plan.get("cpu_power") or {}
        pools = (plan.get("hugepages") or {}).get("pools", [])
        return cls(
            sysctl=plan.get("sysctl") or {},
            sysfs=plan.get("sysfs") or {},
            nics=tuple(nic for nic in plan.get("nics") or [] if set(nic) & _NIC),
            irqs=tuple(nic["name"] or nic["pci"] for nic in irq.get("nics", [])),
            banned=irq.get("banned", ""),
            power=power.get("mode", "keep") != "keep" or power.get("turbo", "keep") != "keep",
            small_pages=any(not pool["size"].endswith(("G", "T")) for pool in pools),
            sections=(plan.get("boot_args") or {}).get("sections", {}),
        )

    @property
    def kernel(self) -> list[str]:
        """Names of kernel parameters."""
        return [*self.sysctl, *self.sysfs]

    @property
    def interrupts(self) -> list[str]:
        """Settings of interrupts."""
        found = [f"irq.{name}" for name in self.irqs]
        return [*found, f"irq.banned {self.banned}"] if self.banned else found

    @property
    def clocks(self) -> list[str]:
        """Settings of clocks and idle states."""
        return ["cpu_power"] if self.power else []

    def mentions(self, line: str) -> list[str]:
        """The settings that a line of a script or rule seems to write."""
        found = [name for name in self.sysctl if re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", line)]
        found += [path for path in self.sysfs if path in line]
        if self.power and re.search(_POWER, line):
            found.append("cpu_power")
        if (self.irqs or self.banned) and re.search(r"smp_affinity|\btuna\b|set_irq_affinity", line):
            found.append("irq")
        if self.small_pages and "nr_hugepages" in line:
            found.append("hugepages")
        return found + [setting for nic in self.nics for setting in _nic_mentions(nic, line)]


_NIC = {"mtu", "queues", "rings", "coalescing", "numvfs"}
_WRITES = (
    ("mtu", r"\bmtu\b|MTUBytes"),
    ("queues", r"ethtool.*\s(-L|--set-channels)\s"),
    ("rings", r"ethtool.*\s(-G|--set-ring)\s"),
    ("coalescing", r"ethtool.*\s(-C|--coalesce)\s"),
    ("numvfs", r"sriov_numvfs"),
)


def _nic_mentions(nic: Mapping[str, Any], line: str) -> list[str]:
    names = [name for name in (nic["name"], nic["pci"]) if name]
    if not any(re.search(rf"(?<![\w]){re.escape(name)}(?![\w])", line) for name in names):
        return []
    title = nic["pci"] or nic["name"]
    return [f"nics.{title}.{key}" for key, pattern in _WRITES if key in nic and re.search(pattern, line)]
