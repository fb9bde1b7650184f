# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What no host's plan can know alone: findings between the hosts of a fleet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .finding import Finding
from .profile import ROOT


def fleet_findings(plans: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The plans, each with what the others have to say to it; the given ones are not changed."""
    hosts: dict[str, list[str]] = {}
    for plan in plans:
        for mac in {vf["mac"] for vf in plan.get("vfs", [])} - {""}:
            hosts.setdefault(mac, []).append(plan["host"])
    return [{**plan, "findings": [*plan["findings"], *_macs(plan, hosts)]} for plan in plans]


def _macs(plan: Mapping[str, Any], hosts: Mapping[str, list[str]]) -> list[dict[str, Any]]:
    """One finding for each NIC of the profile, however many of its VFs are concerned."""
    shared: dict[str, list[Mapping[str, Any]]] = {}
    for vf in plan.get("vfs", []):
        if len(set(hosts.get(vf["mac"], []))) > 1:
            shared.setdefault(vf["nic"], []).append(vf)
    found = []
    for nic, vfs in shared.items():
        mac = min(vf["mac"] for vf in vfs)
        others = ", ".join(sorted(set(hosts[mac]) - {plan["host"]}))
        message = f"{len(vfs)} VFs of {nic}, from {mac} on, have the MAC addresses of VFs of {others}"
        remedy = "leave mac out, as each host then derives its own, or say it for each host"
        found.append(Finding("vf-mac-on-two-hosts", message, f"{ROOT}.nics.{nic}.vfs", mac, remedy, plan["host"]))
    return [finding.as_dict() for finding in found]
