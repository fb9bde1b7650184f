# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The verdict on a fleet: how many hosts differ, at which impact, and what is wrong. Numbers first, then their words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..finding import ERROR, LEVELS
from ..setting import IMPACTS, REBOOT
from .names import count, fold

IN_SYNC = "in_sync"
# so many names, or runs of names, stand in a line
NAMES = 24
# What one says of hosts that need it, by impact.
DEEDS = {"live": "would change live", "link": "would lose the link", "drain": "would drain", "reboot": "would reboot"}


@dataclass(frozen=True)
class Fleet:
    """Who is concerned, by name and in the order of the plans.

    Args:
        hosts: all of them.
        differ: those with a setting that is not in sync.
        impacts: the hosts by the worst impact of what differs.
        unread: those whose states are not known, as nobody asked the host.
        errors: those with an error among their findings.
        findings: how many kinds of findings there are, by level.
    """

    hosts: tuple[str, ...]
    differ: tuple[str, ...]
    impacts: Mapping[str, tuple[str, ...]]
    unread: tuple[str, ...]
    errors: tuple[str, ...]
    findings: Mapping[str, int]

    @property
    def reboot(self) -> tuple[str, ...]:
        """Hosts that would reboot, each once."""
        return self.impacts[REBOOT]

    @property
    def text(self) -> str:
        """One line for a terminal and for those who parse it."""
        parts = [f"{len(self.differ)} of {len(self.hosts)} hosts differ", f"{len(self.reboot)} would reboot (once)"]
        parts += [f"{len(self.unread)} not read live: {fold(self.unread, NAMES)}"] if self.unread else []
        parts += [f"errors on {fold(self.errors, NAMES)}"] if self.errors else ["no errors"]
        return "; ".join(parts)

    @property
    def headline(self) -> str:
        """The verdict for people: what would happen, and what is wrong."""
        hosts, read = len(self.hosts), len(self.hosts) - len(self.unread)
        parts = [f"{len(self.reboot)} of {count(hosts, 'host')} would reboot"]
        if self.hosts and not read:
            parts = [f"{count(hosts, 'host')}, none read live"]
        elif self.unread:
            parts.append(f"{len(self.unread)} not read live")
        where = f" on {count(len(self.errors), 'host')}" if len(self.errors) > 1 else ""
        parts.append(count(self.findings[ERROR], ERROR) + where if self.errors else "no errors")
        return "; ".join(parts)

    def impact_lines(self) -> list[str]:
        """For each impact that occurs, the worst first: how many hosts, and which."""
        return [
            f"{len(names)} of {count(len(self.hosts), 'host')} {DEEDS[impact]}"
            f"{' (once)' if impact == REBOOT else ''}: {fold(names, NAMES)}"
            for impact in reversed(IMPACTS)
            if (names := self.impacts[impact])
        ]

    def as_dict(self) -> dict[str, Any]:
        """For plan.json."""
        return {
            "text": self.text,
            "hosts": len(self.hosts),
            "differ": list(self.differ),
            "impacts": {impact: list(names) for impact, names in self.impacts.items()},
            "reboot": list(self.reboot),
            "unread": list(self.unread),
            "errors": list(self.errors),
            "findings": dict(self.findings),
        }


def fleet(plans: Sequence[Mapping[str, Any]]) -> Fleet:
    """The verdict on some plans, as the action ``ull.metal.plan`` returns them."""
    worst = {plan["host"]: worst_impact(plan) for plan in plans}
    levels = {plan["host"]: {found["level"] for found in plan["findings"]} for plan in plans}
    ids = {(found["level"], found["id"]) for plan in plans for found in plan["findings"]}
    return Fleet(
        hosts=tuple(worst),
        differ=tuple(host for host, impact in worst.items() if impact),
        impacts={impact: tuple(host for host in worst if worst[host] == impact) for impact in IMPACTS},
        unread=tuple(plan["host"] for plan in plans if plan.get("source") != "host"),
        errors=tuple(host for host, found in levels.items() if ERROR in found),
        findings={level: sum(level == other for other, _id in ids) for level in LEVELS},
    )


def worst_impact(plan: Mapping[str, Any]) -> str:
    """The worst impact among what differs; empty when nothing does."""
    found = {state["impact"] for state in plan.get("states") or [] if state["status"] != IN_SYNC}
    return next((impact for impact in reversed(IMPACTS) if impact in found), "")
