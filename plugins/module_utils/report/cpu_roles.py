# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What each CPU is for, in one letter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..cpuset import CpuSet
from ..errors import UllError


@dataclass(frozen=True)
class CpuRole:
    """A role: its letter, its name, and what runs there."""

    letter: str
    name: str
    doc: str


HOUSEKEEPING = CpuRole("H", "housekeeping", "the system, its services, kernel threads and interrupts")
ISOLATED = CpuRole("I", "isolated", "out of the scheduler's load balancing, still with its tick")
TICKLESS = CpuRole("T", "tickless", "isolated, and without the scheduler's tick")
CRITICAL = CpuRole("C", "critical", "isolated, for the critical path")
LCORES = CpuRole("D", "lcores", "isolated, polled by DPDK")
IDLE = CpuRole("Z", "idle", "left idle, so that its sibling has the core to itself")
OFFLINE = CpuRole("–", "offline", "not in use by the kernel")
UNASSIGNED = CpuRole("?", "unassigned", "the plan says nothing about it")
ROLES = (HOUSEKEEPING, ISOLATED, TICKLESS, CRITICAL, LCORES, IDLE, OFFLINE, UNASSIGNED)
# A CPU may be in several sets; the first of these says what it is for.
_BY_WEIGHT = (IDLE, CRITICAL, LCORES, TICKLESS, ISOLATED, HOUSEKEEPING)


class Partition:
    """Who runs where, by a plan.

    Args:
        plan: a host's plan.
    """

    def __init__(self, plan: Mapping[str, Any]) -> None:
        self.sets = {name: parsed for name, text in plan["cpus"].items() if (parsed := _parsed(text)) is not None}

    def role(self, cpu: int, online: bool = True) -> CpuRole:
        """The role of a CPU."""
        if not online:
            return OFFLINE
        for role in _BY_WEIGHT:
            if cpu in self.sets.get(role.name, CpuSet()):
                return role
        return UNASSIGNED

    @property
    def named(self) -> dict[str, CpuSet]:
        """All sets with a CPU in them, those of roles first; what is online is no role."""
        first = {role.name: self.sets[role.name] for role in ROLES if role.name in self.sets}
        return {name: cpus for name, cpus in {**first, **self.sets}.items() if cpus and name != "online"}


def _parsed(text: Any) -> CpuSet | None:
    try:
        return CpuSet.parse(text) if isinstance(text, str) else None
    except UllError:
        return None
