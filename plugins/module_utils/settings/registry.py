# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every domain by its role, in the order in which they are applied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..boot import cmdline
from ..boot.loader import loader, running
from ..host import Host
from ..setting import Domain, Memory, State, observe
from .boot_args import PREFIX, BootArgs
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


def pending_boot_args(host: Host) -> list[dict[str, str]]:
    """Arguments of the collection, present or past, that the next boot would change: ``name, persisted, running``.

    Arguments of others do not count: a boot menu edited by hand is not ours to reboot for.
    """
    boot = loader(host)
    names = {cmdline.name(token) for tokens in boot.sections().values() for token in tokens}
    for role in DOMAINS:
        names |= {name[len(PREFIX) :] for name in Memory(host, role).values if name.startswith(PREFIX)}
    then, now = cmdline.by_name(boot.persisted()), cmdline.by_name(running(host))
    return [
        {"name": name, "persisted": " ".join(then.get(name, [])), "running": " ".join(now.get(name, []))}
        for name in sorted(names)
        if then.get(name) != now.get(name)
    ]
