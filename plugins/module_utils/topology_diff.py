# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a machine is still the one of its stored snapshot: its CPUs, nodes and devices, not what comes and goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .finding import Finding
from .topology.compact import complete


def changed(stored: Mapping[str, Any] | None, machine: Mapping[str, Any], path: str = "") -> list[Finding]:
    """One finding with all that differs; none without a snapshot."""
    if not stored:
        return []
    before, after = _parts(complete(dict(stored))), _parts(complete(dict(machine)))
    differ = [
        f"{name} {before.get(name, 'not there')}, now {after.get(name, 'not there')}"
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]
    if not differ:
        return []
    remedy = "look at it, then store it anew: ansible-playbook ull.metal.topology"
    return [Finding("topology-changed", f"the snapshot has {'; '.join(differ)}", "plan_snapshot", path, remedy)]


def _parts(topology: Mapping[str, Any]) -> dict[str, str]:
    """What stays as long as nobody opens the machine."""
    parts = {"CPUs": str(len(topology["cpus"])), "nodes": ", ".join(str(node["id"]) for node in topology["nodes"])}
    for nic in topology["nics"]:
        # a PF's driver may be another for DPDK, VFs come and go; a NIC that is not on PCI has no address
        if nic["kind"] == "physical" and nic["pci"]:
            parts[f"NIC {nic['pci']}"] = "there"
    parts.update({f"GPU {gpu['pci']}": "there" for gpu in topology["gpus"]})
    return parts
