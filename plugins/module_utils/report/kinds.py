# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hosts that look the same are shown once: identical machines with identical plans are of one kind."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..setting import IMPACTS
from .fleet import IN_SYNC, worst_impact
from .machine import irq_count

_COLUMNS = ("name", "declared", "persisted", "running", "impact", "status")
# What differs between two machines of one kind, and is nobody's intent.
_ABOUT_PLAN = frozenset({"host", "source", "states", "findings"})
_OF_PLAN = frozenset({"mac"})
_OF_MACHINE = frozenset({"mac", "free", "total", "args", "iommu_group", "doubts"})


@dataclass
class Kind:
    """Hosts with the same machine and the same plan; their states and findings may differ."""

    plans: list[Mapping[str, Any]] = field(default_factory=list)
    topologies: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def plan(self) -> Mapping[str, Any]:
        """The plan, in the words of the first host; addresses stand in it only where it is the only one."""
        return self.plans[0] if len(self.plans) == 1 else _without(self.plans[0], _OF_PLAN)

    @property
    def topology(self) -> dict[str, Any]:
        """The machine; the numbers of interrupts stand in it only where all hosts have the same."""
        first = dict(self.topologies[0]) if self.topologies else {}
        if first and len(self.topologies) > 1:
            others = [topology.get("nics", []) for topology in self.topologies[1:]]
            first["nics"] = [
                nic if all(rows[place].get("irqs") == nic.get("irqs") for rows in others) else {**nic, "irqs": ""}
                for place, nic in enumerate(first.get("nics", []))
            ]
        return first

    @property
    def hosts(self) -> list[str]:
        """Their names."""
        return [plan["host"] for plan in self.plans]

    @property
    def findings(self) -> list[Mapping[str, Any]]:
        """All findings of all of them."""
        return [found for plan in self.plans for found in plan["findings"]]

    @property
    def worst(self) -> str:
        """The worst impact on any of them; empty when nothing differs."""
        found = {worst_impact(plan) for plan in self.plans}
        return next((impact for impact in reversed(IMPACTS) if impact in found), "")


@dataclass
class Row:
    """One setting in one state, and the hosts where it is so."""

    name: str
    declared: Any
    persisted: Any
    running: Any
    impact: str
    status: str
    doc: str
    hosts: list[str] = field(default_factory=list)

    @property
    def differs(self) -> bool:
        """Whether something is to be done."""
        return self.status != IN_SYNC


def kinds(plans: Iterable[Mapping[str, Any]], topologies: Mapping[str, Mapping[str, Any]]) -> list[Kind]:
    """Group hosts, in the order of the first of each kind."""
    made: dict[str, Kind] = {}
    for plan in plans:
        topology = topologies.get(plan["host"])
        kind = made.setdefault(_identity(plan, topology), Kind())
        kind.plans.append(plan)
        if topology:
            kind.topologies.append(topology)
    return list(made.values())


def rows(kind: Kind) -> list[Row]:
    """The settings of all hosts of a kind: those that differ first, by impact, each state of a setting once."""
    made: dict[tuple[str, ...], Row] = {}
    for plan in kind.plans:
        for state in plan.get("states") or []:
            row = Row(doc=state.get("doc") or "", **{key: state.get(key) for key in _COLUMNS})
            key = tuple(str(getattr(row, name)) for name in _COLUMNS)
            made.setdefault(key, row).hosts.append(plan["host"])
    return sorted(made.values(), key=lambda row: (not row.differs, -_cost(row.impact) if row.differs else 0))


def declared(plan: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a plan wants, where no host was asked for its states: name and value."""
    named = [
        (f"boot_args ({role})", " ".join(tokens)) for role, tokens in plan["boot_args"]["sections"].items() if tokens
    ]
    return named + [(f"hugepages node {p['node']}", f"{p['pages']} x {p['size']}") for p in plan["hugepages"]["pools"]]


def _cost(impact: str) -> int:
    return IMPACTS.index(impact) if impact in IMPACTS else -1


def _identity(plan: Mapping[str, Any], topology: Mapping[str, Any] | None) -> str:
    slices = {name: value for name, value in plan.items() if name not in _ABOUT_PLAN}
    common = [_common(slices, _OF_PLAN), _common(topology or {}, _OF_MACHINE)]
    return json.dumps(common, sort_keys=True, default=str)


def _without(value: Any, own: frozenset[str]) -> Any:
    if isinstance(value, Mapping):
        return {name: _without(inner, own) for name, inner in value.items() if name not in own}
    return [_without(inner, own) for inner in value] if isinstance(value, (list, tuple)) else value


def _common(value: Any, own: frozenset[str], key: str = "") -> Any:
    """What two machines of a kind have in common; memory may differ by some pages that the firmware took."""
    if key in ("cpus", "left_out"):
        return value
    if isinstance(value, Mapping):
        return {str(name): _common(inner, own, name) for name, inner in value.items() if name not in own}
    if isinstance(value, (list, tuple)):
        return [_common(inner, own, key) for inner in value]
    if key == "memory_bytes":
        return f"{value:.2e}"
    return irq_count(value) if key == "irqs" else value
