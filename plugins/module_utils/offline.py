# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A host's plan without the host: from its stored topology, or from what its machine type declares."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .finding import Finding
from .inventory.machines import contradictions, topology_of_type
from .plan import compile_plan, no_plan
from .topology_diff import changed


def stored(path: str | None) -> dict[str, Any] | None:
    """The gathered topology in a file; none where there is no file."""
    return json.loads(Path(path).read_text(encoding="utf-8")) if path and Path(path).exists() else None


def declared(paths: Sequence[str]) -> dict[str, Any] | None:
    """The topology of the machine type, by the first of these files that exists."""
    found = next((Path(path) for path in paths if path and Path(path).exists()), None)
    return topology_of_type(found) if found else None


def without_host(
    host: str, snapshot: str | None, types: Sequence[str], reasons: Sequence[Finding] = ()
) -> tuple[dict[str, Any] | None, list[Finding]]:
    """The topology to plan with, and what is to be said of it.

    Args:
        host: inventory name.
        snapshot: file of its gathered topology.
        types: files of its machine type, the first that exists counts.
        reasons: why the host itself was not read.
    """
    why = f": {reasons[0].message}" if reasons else ""
    topology = stored(snapshot)
    if topology:
        return topology, [Finding("topology-stored", f"{host} is planned from its stored snapshot{why}", host=host)]
    topology = declared(types)
    if topology:
        told = topology["declared"]
        message = f"planned from what {told['type']} is declared to be{why}"
        remedy = "store the real machine once it answers: ansible-playbook ull.metal.topology"
        return topology, [Finding("topology-declared", message, "ull_machine", told["type"], remedy, host)]
    remedy = "gather it while the host answers: ansible-playbook ull.metal.topology; or say its ull_machine"
    missing = Finding("topology-missing", f"no topology of {host} is stored", "plan_snapshot", snapshot, remedy, host)
    return None, [*reasons, missing]


def contradicted(snapshot: str | None, types: Sequence[str], machine: Mapping[str, Any]) -> list[Finding]:
    """What a gathered machine contradicts: its own snapshot, or, before one is stored, its machine type."""
    before = stored(snapshot)
    if before:
        return changed(before, machine, snapshot or "")
    kind = declared(types)
    return contradictions(kind, machine) if kind else []


def plan_of(
    host: str, profile: Mapping[str, Any] | None, topology: Mapping[str, Any] | None, reasons: Sequence[Finding]
) -> dict[str, Any]:
    """The host's plan with what is to be said of where it comes from; none without a profile or a topology."""
    if not profile:
        return no_plan(host, [*reasons, _no_profile(host)])
    if not topology:
        return no_plan(host, list(reasons))
    plan = compile_plan(topology, profile, host)
    plan["findings"] += [{**finding.as_dict(), "host": host} for finding in reasons]
    return plan


def _no_profile(host: str) -> Finding:
    remedy = "put it into a class's group, e.g. order_engine, give it ull_profile, or leave it out with ull_hosts"
    return Finding("profile-missing", f"{host} is in no workload class", "ull_class_profile", None, remedy, host)
