# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Validation: the machine as it runs against its plan, each check with a name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Check:
    """One check: what the plan says, and what the machine does."""

    name: str
    ok: bool
    expected: str
    found: str
    hint: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For a module's result."""
        return asdict(self)


def checks(plan: Mapping[str, Any], topology: Mapping[str, Any], states: Sequence[Mapping[str, Any]]) -> list[Check]:
    """The NUMA layout, then every setting's running and persisted value."""
    return [*_numa(plan, topology), *(check for state in states for check in _setting(state))]


def _numa(plan: Mapping[str, Any], topology: Mapping[str, Any]) -> list[Check]:
    planned = {node["id"]: node["cpus"] for node in plan["numa"]}
    found = {node["id"]: node["cpus"] for node in topology["nodes"]}
    hint = "the machine is not the one that was planned: plan it again"
    return [
        Check(
            f"numa.node{node}.cpus",
            planned.get(node) == found.get(node),
            planned.get(node, "no such node"),
            found.get(node, "no such node"),
            hint,
        )
        for node in sorted({*planned, *found})
    ]


def _setting(state: Mapping[str, Any]) -> list[Check]:
    declared, persisted, running = (_text(state[column]) for column in ("declared", "persisted", "running"))
    pending = state["status"] == "pending_reboot"
    made = [
        Check(
            state["name"],
            declared == running,
            declared,
            running,
            "a reboot is pending" if pending else f"run tune with the tag {state['role']}",
        )
    ]
    if persisted != declared:
        made.append(
            Check(f"{state['name']} (next boot)", False, declared, persisted, f"run tune with the tag {state['role']}")
        )
    return made


def _text(value: Any) -> str:
    return "not set" if value is None else str(value)
