# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the words for places mean on a machine: which NICs a selector means, which nodes ``where`` and ``near``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .finding import Finding
from .profile import Profile

_PLAIN = ("name", "pci", "driver")
_SPEEDS = {"M": 1, "G": 1000}


def select_nics(selector: Mapping[str, Any], topology: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The physical NICs that match every selecting word; the others say what a NIC should be."""

    def matches(nic: Mapping[str, Any]) -> bool:
        plain = all(nic[key] == selector[key] for key in _PLAIN if key in selector)
        capable = nic["sriov_total"] > 0
        fast = nic.get("speed", -1) >= _mbps(selector["min_speed"]) if "min_speed" in selector else True
        return plain and fast and selector.get("sriov", capable) == capable

    return [nic for nic in topology["nics"] if nic.get("kind", "physical") == "physical" and matches(nic)]


def nic_title(nic: Mapping[str, Any]) -> str:
    """The interface's name; its PCI address where a driver for user space took that away."""
    return str(nic["name"] or nic["pci"])


def nic_names(topology: Mapping[str, Any]) -> str:
    """The machine's NICs for a remedy."""
    nics = [nic for nic in topology["nics"] if nic.get("kind") != "vf"]
    return ", ".join(f"{nic['name']} ({nic['driver']}, {nic['pci']})" for nic in nics) or "none"


def meant(where: str, profile: Profile, topology: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The NICs that ``nic`` (all of the profile) or ``nic NAME`` means."""
    wanted = [where[4:]] if where.startswith("nic ") else list(profile.nics)
    return [nic for name in wanted if name in profile.nics for nic in select_nics(profile.nics[name], topology)]


def first_node(topology: Mapping[str, Any]) -> int:
    """The node that is assumed where the firmware says none."""
    return min((node["id"] for node in topology["nodes"]), default=0)


def nic_nodes(nics: list[dict[str, Any]], topology: Mapping[str, Any]) -> list[int]:
    """The nodes of some NICs."""
    return sorted({nic["node"] if nic["node"] >= 0 else first_node(topology) for nic in nics})


def nodes_meant(
    where: str, profile: Profile, topology: Mapping[str, Any], path: str
) -> tuple[list[int], list[Finding]]:
    """The nodes that ``each node``, ``node N``, ``nic`` or ``nic NAME`` mean on this machine."""
    if where == "each node":
        return [node["id"] for node in topology["nodes"] if node["memory_bytes"] and node["cpus"]], []
    if where.startswith("node "):
        return [int(where[5:])], []
    if not profile.nics:
        remedy = f"declare one under nics; the machine has {nic_names(topology)}"
        return [], [Finding("nic-not-found", "no NIC is declared", path, where, remedy)]
    # one that is declared and not there is a finding of its own
    nics = meant(where, profile, topology)
    found = [
        Finding("nic-node-unknown", f"the node of NIC {nic_title(nic)} is unknown", path, where, "say `where: node N`")
        for nic in nics
        if nic["node"] < 0
    ]
    return nic_nodes(nics, topology), found


def _mbps(speed: str) -> int:
    match = re.match(r"(\d+)([MG])\Z", speed)
    return int(match[1]) * _SPEEDS[match[2]] if match else 0
