# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The kubelet's configuration: CPU, topology and memory manager, with what is reserved for the system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..cpuset import CpuSet
from ..finding import Finding
from ..partition import Partition
from ..profile import ROOT, Profile
from ..units import human, parse_size

# The kubelet's own default; the sum of reservedMemory must be systemReserved + kubeReserved + this.
EVICTION = 100 << 20
# Minor versions from which an option is there without a feature gate.
STRICT_RESERVATION, FULL_PCPUS, MEMORY_MANAGER = 33, 23, 22


def kubelet_slice(
    profile: Profile, parts: Partition, topology: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Finding]]:
    """Keys of KubeletConfiguration (kubelet.config.k8s.io/v1beta1); empty where the profile says nothing."""
    said = profile.kubelet
    if not said:
        return {}, []
    reserved = reserved_cpus(parts)
    made = {
        "reservedSystemCPUs": str(reserved),
        "cpuManagerPolicy": said["cpu_manager"],
        "topologyManagerPolicy": said["topology_manager"],
        "topologyManagerScope": said["scope"],
        "memoryManagerPolicy": said["memory_manager"],
        **_options(said),
        **_memory(said, topology),
    }
    # where CPUs should be isolated and none is, that is a finding of its own
    starved = profile.isolated.word == "none" and not parts.online - reserved
    return made, list(_findings(said, starved, made))


def reserved_cpus(parts: Partition) -> CpuSet:
    """What is not isolated; where nothing is, what the profile keeps for housekeeping."""
    return parts.housekeeping if parts.isolated else parts.kept


def reserved_bytes(profile: Profile, node: Mapping[str, Any]) -> int:
    """Memory of a node that pods do not get."""
    if not profile.kubelet or not node["memory_bytes"] or not node["cpus"]:
        return 0
    return parse_size(profile.kubelet["reserved_memory"])


def _minor(said: Mapping[str, Any]) -> int:
    return int(said["version"].split(".")[1])


def _options(said: Mapping[str, Any]) -> dict[str, Any]:
    """Options are texts in the kubelet's configuration."""
    if said["cpu_manager"] != "static":
        return {}
    options = {}
    if said["full_pcpus_only"]:
        options["full-pcpus-only"] = "true"
    if _minor(said) >= STRICT_RESERVATION:
        # Without it burstable pods run on the reserved CPUs too.
        options["strict-cpu-reservation"] = "true"
    return {"cpuManagerPolicyOptions": options} if options else {}


def _memory(said: Mapping[str, Any], topology: Mapping[str, Any]) -> dict[str, Any]:
    mebibytes = parse_size(said["reserved_memory"]) >> 20
    nodes = [node["id"] for node in topology["nodes"] if node["memory_bytes"] and node["cpus"]]
    system = len(nodes) * mebibytes - (EVICTION >> 20)
    made: dict[str, Any] = {
        "systemReserved": {"memory": f"{max(system, 0)}Mi"},
        "kubeReserved": {"memory": "0Mi"},
        "evictionHard": {"memory.available": f"{EVICTION >> 20}Mi"},
    }
    if said["memory_manager"] == "Static":
        made["reservedMemory"] = [{"numaNode": node, "limits": {"memory": f"{mebibytes}Mi"}} for node in nodes]
    return made


def _findings(said: Mapping[str, Any], starved: bool, made: Mapping[str, Any]) -> Iterator[Finding]:
    path = f"{ROOT}.kubelet"
    if said["cpu_manager"] == "static" and starved:
        message = f"all CPUs ({made['reservedSystemCPUs']}) are reserved"
        remedy = "isolate CPUs, or leave less to housekeeping"
        yield Finding("kubelet-nothing-allocatable", message, f"{ROOT}.housekeeping", said["cpu_manager"], remedy)
    if made["systemReserved"]["memory"] == "0Mi":
        asked = parse_size(said["reserved_memory"])
        message = f"{human(asked)} a node do not cover the eviction threshold of {human(EVICTION)}"
        yield Finding(
            "kubelet-reserved-small", message, f"{path}.reserved_memory", said["reserved_memory"], "e.g. 1 GiB"
        )
    needs = [
        ("memory_manager", "Static", MEMORY_MANAGER, "None"),
        ("full_pcpus_only", True, FULL_PCPUS, "false"),
    ]
    for key, value, minor, other in needs:
        if said[key] == value and said["cpu_manager"] == "static" and _minor(said) < minor:
            message = f"Kubernetes {said['version']} does not have {key}: {value}, which came with 1.{minor}"
            yield Finding("kubelet-too-old", message, f"{path}.{key}", said[key], f"use 1.{minor} or newer, or {other}")
    handed_out = said["cpu_manager"] == "static" or said["memory_manager"] == "Static"
    if said["topology_manager"] != "none" and not handed_out:
        message = f"topology_manager: {said['topology_manager']} has no CPUs and no memory to align"
        remedy = "say `cpu_manager: static`, or `topology_manager: none`"
        yield Finding("kubelet-alignment-lost", message, f"{path}.topology_manager", said["topology_manager"], remedy)
