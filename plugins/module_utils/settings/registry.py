# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every domain by its role, in the order in which they are applied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..host import Host
from ..setting import Domain, State, observe
from .boot_args import BootArgs
from .cpu_isolation import CpuIsolation
from .hugepages import Hugepages

# The kernel arguments of all roles first, so that the boot loader is configured once.
DOMAINS: dict[str, type[Any]] = {"boot_args": BootArgs, "hugepages": Hugepages, "cpu_isolation": CpuIsolation}


def domains(plan: Mapping[str, Any]) -> list[Domain]:
    """The domains of a plan, each with its slice."""
    return [domain(**plan[role]) for role, domain in DOMAINS.items() if role in plan]


def states(plan: Mapping[str, Any], host: Host) -> list[State]:
    """The three states of every setting of a plan, each setting once."""
    settings = {setting.name: setting for domain in domains(plan) for setting in domain.settings(host)}
    return observe(list(settings.values()), host)
