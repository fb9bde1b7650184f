# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What each NIC of the profile should be: MTU, queues, rings, coalescing, number of VFs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..cpuset import CpuSet
from ..finding import Finding
from ..partition import Partition
from ..profile import ROOT, Profile
from ..selection import nic_names, nic_title, select_nics

_WORDS = ("mtu", "queues", "coalescing")


def nics_slice(
    profile: Profile, parts: Partition, topology: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], list[Finding]]:
    """A row for each NIC that the profile means; only what the profile says is among its keys."""
    rows, found = [], _two_names(profile, topology)
    for name, intent in profile.nics.items():
        path = f"{ROOT}.nics.{name}"
        nics = select_nics(intent, topology)
        if not nics:
            remedy = f"the machine has {nic_names(topology)}"
            found.append(Finding("nic-not-found", f"no NIC of this machine is {name!r}", path, dict(intent), remedy))
        for nic in nics:
            rows.append(_row(name, intent, nic, topology))
            found += [*_fit(intent, nic, path), *_elsewhere(intent, nic, parts, topology, path)]
    return rows, found + _critical_elsewhere(profile, parts, topology)


def _row(name: str, intent: Mapping[str, Any], nic: Mapping[str, Any], topology: Mapping[str, Any]) -> dict[str, Any]:
    said = {word: intent[word] for word in _WORDS if word in intent}
    if "rings" in intent:
        said["rings"] = str(intent["rings"])
    if "vfs" in intent:
        said["numvfs"] = sum(group["count"] for group in intent["vfs"])
    keys = {key: nic[key] for key in ("name", "pci", "driver", "node")}
    return {"nic": name, **keys, "above": _above(nic["name"], topology), **said}


def _above(name: str, topology: Mapping[str, Any]) -> list[str]:
    """Bonds, bridges and VLANs upon an interface, the nearest first: an MTU is raised in that order."""
    found: list[str] = []
    layer = {name} - {""}
    while layer:
        over = [v["name"] for v in topology.get("virtual_nics", []) if layer & set(v["members"])]
        layer = {one for one in over if one not in found and one != name}
        found += [one for one in over if one in layer]
    return found


def _fit(intent: Mapping[str, Any], nic: Mapping[str, Any], path: str) -> list[Finding]:
    """Whether the NIC can be what is asked of it."""
    found, title = [], nic_title(nic)
    most, mtu = nic.get("max_mtu", 0), intent.get("mtu", 0)
    if most and mtu > most:
        message = f"{title} can have an MTU of {most} at most"
        found.append(Finding("nic-mtu-too-large", message, f"{path}.mtu", mtu, f"use {most}"))
    if nic["name"] and not nic.get("up", True):
        found.append(
            Finding("nic-no-link", f"NIC {title} has no link, or is down", path, title, "check cable and switch port")
        )
    return found


def _elsewhere(
    intent: Mapping[str, Any],
    nic: Mapping[str, Any],
    parts: Partition,
    topology: Mapping[str, Any],
    path: str,
) -> list[Finding]:
    """A NIC on a node without an isolated CPU."""
    nodes = {node["id"]: CpuSet.parse(node["cpus"]) for node in topology["nodes"]}
    if nic["node"] not in nodes or not parts.isolated or nodes[nic["node"]] & parts.isolated:
        return []
    message = f"NIC {nic_title(nic)} is on node {nic['node']}, the isolated CPUs {parts.isolated} are elsewhere"
    mine = nodes[nic["node"]]
    remedy = f"isolate CPUs of {mine}, or use a NIC on their node" if mine else "use a NIC on their node"
    return [Finding("nic-node-without-isolated", message, path, dict(intent), remedy)]


def _critical_elsewhere(profile: Profile, parts: Partition, topology: Mapping[str, Any]) -> list[Finding]:
    """A critical path on nodes where no NIC of the profile is."""
    nics = [nic for intent in profile.nics.values() for nic in select_nics(intent, topology)]
    nodes = {nic["node"] for nic in nics}
    if not parts.critical or not nodes or -1 in nodes:
        return []
    near = CpuSet()
    for node in topology["nodes"]:
        if node["id"] in nodes:
            near = near | CpuSet.parse(node["cpus"])
    if near & parts.critical or not near:
        return []
    message = f"the critical CPUs {parts.critical} are on another node than {', '.join(map(nic_title, nics))}"
    remedy = f"choose critical CPUs of {near}"
    return [Finding("nic-critical-elsewhere", message, f"{ROOT}.critical", str(profile.critical), remedy)]


def _two_names(profile: Profile, topology: Mapping[str, Any]) -> list[Finding]:
    """NICs that two entries mean, where both say what it should be."""
    names: dict[str, str] = {}
    found = []
    for name, intent in profile.nics.items():
        if not {*_WORDS, "rings", "irqs", "vfs"} & set(intent):
            continue
        for nic in select_nics(intent, topology):
            other = names.setdefault(nic["pci"] or nic["name"], name)
            if other != name:
                message = f"{name} and {other} both set what {nic_title(nic)} should be"
                path = f"{ROOT}.nics.{name}"
                found.append(Finding("nic-two-names", message, path, dict(intent), "say `pci` or `name` in one"))
    return found
