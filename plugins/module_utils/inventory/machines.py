# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Machines by their type: what a data sheet says, as a topology to plan with until the host itself was read.

A type is a JSON file of a dozen lines, ``roles/plan/files/machines/<type>.json``. Its topology carries ``declared``, so
that nobody takes it for a gathered one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..cpuset import CpuSet
from ..errors import UllError
from ..finding import Finding
from ..topology.compact import complete

GIB = 1 << 30
SHIPPED = Path(__file__).resolve().parents[3] / "roles/plan/files/machines"
_KEYS = {
    "type": str,
    "source": str,
    "arch": str,
    "nodes": int,
    "nodes_per_package": int,
    "cores_per_node": int,
    "cores_per_l3": int,
    "threads": int,
    "gib_per_node": int,
    "nics": list,
}
# A machine reports a few per cent less than its data sheet: firmware and the kernel keep some.
_MEMORY_SLACK = 0.08


def known_types(folders: Iterable[Path] = (SHIPPED,)) -> dict[str, Path]:
    """Every type with its file; an earlier folder's wins."""
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(Path(folder).glob("*.json")):
            found.setdefault(path.stem, path)
    return found


def topology_of_type(path: Path) -> dict[str, Any]:
    """The topology of a machine type.

    Raises:
        UllError: the file is no machine type.
    """
    try:
        sheet = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as broken:
        raise UllError(f"the machine type is no JSON: {broken}", variable="ull_machine", value=str(path)) from broken
    wrong = [key for key, kind in _KEYS.items() if not isinstance(sheet, dict) or not isinstance(sheet.get(key), kind)]
    if wrong:
        raise UllError(
            f"the machine type lacks {', '.join(wrong)}",
            variable="ull_machine",
            value=str(path),
            remedy=f"say all of {', '.join(_KEYS)}, as in {SHIPPED.name}/m7i.metal-24xl.json",
        )
    return _topology(sheet)


def contradictions(declared: Mapping[str, Any], machine: Mapping[str, Any]) -> list[Finding]:
    """One finding with all in which a gathered machine is not what its type says."""
    before, after = _shape(declared), _shape(complete(dict(machine)))
    differ = [f"{name} {before[name]}, really {after[name]}" for name in before if before[name] != after[name]]
    memory = sum(node["memory_bytes"] for node in machine["nodes"])
    wanted = sum(node["memory_bytes"] for node in declared["nodes"])
    if abs(memory - wanted) > wanted * _MEMORY_SLACK:
        differ.append(f"memory {wanted // GIB} GiB, really {memory // GIB} GiB")
    if not differ:
        return []
    kind = declared["declared"]["type"]
    remedy = "store the real topology: ansible-playbook ull.metal.topology; or give the host its true ull_machine"
    return [Finding("topology-not-as-declared", f"{kind} says {'; '.join(differ)}", "ull_machine", kind, remedy)]


def _shape(topology: Mapping[str, Any]) -> dict[str, str]:
    drivers = sorted(nic["driver"] for nic in topology["nics"] if nic["kind"] == "physical" and nic["pci"])
    return {
        "architecture": topology["arch"],
        "CPUs": str(len(topology["cpus"])),
        "cores": str(len({cpu["siblings"] for cpu in topology["cpus"]})),
        "nodes": str(len(topology["nodes"])),
        "NICs": ", ".join(drivers) or "none",
        "GPUs": str(len(topology["gpus"])),
    }


def _topology(sheet: Mapping[str, Any]) -> dict[str, Any]:
    cpus = sorted(_cpus(sheet), key=lambda cpu: int(cpu["id"]))
    return {
        "schema": 1,
        "declared": {"type": sheet["type"], "source": sheet["source"]},
        "arch": sheet["arch"],
        "container": "",
        # what every supported platform has; the host's own is in its gathered topology
        "os": {"id": "debian", "version": "13", "family": "debian"},
        "boot_loader": "grub",
        "kernel": {"release": "6.12.0", "flavour": "generic", "args": ""},
        "nodes": [_node(sheet, node, cpus) for node in range(sheet["nodes"])],
        "cpus": cpus,
        "nics": [_nic(nic, index) for index, nic in enumerate(sheet["nics"])],
        "virtual_nics": [],
        "gpus": [{"memory_node": -1, **gpu} for gpu in sheet.get("gpus", [])],
        "doubts": [],
    }


def _cpus(sheet: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Numbered as x86 servers do: first all cores' first threads over the nodes, then the second ones."""
    cores = sheet["nodes"] * sheet["cores_per_node"]
    for core in range(cores):
        node = core // sheet["cores_per_node"]
        threads = [core + thread * cores for thread in range(sheet["threads"])]
        for cpu in threads:
            yield {
                "id": cpu,
                "package": node // sheet["nodes_per_package"],
                "core": core,
                "siblings": str(CpuSet(threads)),
                "node": node,
                "l3": core - core % sheet["cores_per_node"] % sheet["cores_per_l3"],
                "online": True,
            }


def _node(sheet: Mapping[str, Any], node: int, cpus: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": node,
        "cpus": str(CpuSet(cpu["id"] for cpu in cpus if cpu["node"] == node)),
        "memory_bytes": sheet["gib_per_node"] * GIB,
        "distances": [_distance(sheet, node, other) for other in range(sheet["nodes"])],
        "hugepages": [{"size": size, "total": 0, "free": 0} for size in ("2M", "1G")],
    }


def _distance(sheet: Mapping[str, Any], node: int, other: int) -> int:
    """As firmware tables say it mostly: 10 for a node itself, 12 within a package, 21 or 32 to another."""
    per = sheet["nodes_per_package"]
    if node == other:
        return 10
    if node // per == other // per:
        return 12
    return 32 if per > 1 else 21


def _nic(nic: Mapping[str, Any], index: int) -> dict[str, Any]:
    return {
        "name": nic["name"],
        "pci": nic["pci"],
        "node": nic["node"],
        "driver": nic["driver"],
        "sriov_total": nic["sriov_total"],
        "sriov_num": 0,
        "mtu": 1500,
        "max_mtu": nic["max_mtu"],
        "queues": nic["queues"],
        "iommu_group": 20 + index,
        # unknown until the host was read
        "mac": "",
        "speed": nic["speed"],
        "up": True,
        "kind": "physical",
        "pf": "",
        "irqs": "",
    }
