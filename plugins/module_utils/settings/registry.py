# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every domain by its role, in the order in which they are applied, and what each takes out of a plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..host import Host
from ..setting import Domain, State, observe
from .boot_args import BootArgs
from .cpu_isolation import CpuIsolation
from .hugepages import Hugepages
from .irq_affinity import IrqAffinity
from .nic_tuning import NicTuning

Plan = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """A domain, and its parameters out of a plan; None where the plan has nothing to say to it."""

    domain: type[Any]
    take: Callable[[Plan], dict[str, Any] | None]


# The kernel arguments of all roles first, so that the boot loader is configured once.
DOMAINS: dict[str, Row] = {
    "boot_args": Row(BootArgs, lambda plan: plan.get("boot_args")),
    "hugepages": Row(Hugepages, lambda plan: plan.get("hugepages")),
    "cpu_isolation": Row(CpuIsolation, lambda plan: plan.get("cpu_isolation")),
    # other queues are other interrupts
    "nic_tuning": Row(NicTuning, lambda plan: {"nics": plan["nics"]} if "nics" in plan else None),
    "irq_affinity": Row(IrqAffinity, lambda plan: _irq(plan["irq"]) if plan.get("irq") else None),
}


def _irq(part: Mapping[str, Any]) -> dict[str, Any]:
    return {key: part[key] for key in ("default_cpus", "banned", "nics")}


def domains(plan: Plan) -> list[Domain]:
    """The domains of a plan, each with its slice."""
    taken = ((row.domain, row.take(plan)) for row in DOMAINS.values())
    return [domain(**parameters) for domain, parameters in taken if parameters is not None]


def states(plan: Plan, host: Host) -> list[State]:
    """The three states of every setting of a plan, each setting once."""
    settings = {setting.name: setting for domain in domains(plan) for setting in domain.settings(host)}
    return observe(list(settings.values()), host)
