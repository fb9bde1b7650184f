# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whole plans of captured machines, to be read as the product: tests/unit/golden/<machine>/<profile>.json.

`make golden` writes them anew; look at the difference before you commit it.
"""

from __future__ import annotations

import difflib
import json
import os
from pathlib import Path

import pytest
from captures import capture
from class_machines import CLASS_MACHINES, CLASSES, class_profile

from ansible_collections.ull.metal.plugins.module_utils.host import Host
from ansible_collections.ull.metal.plugins.module_utils.plan import compile_plan
from ansible_collections.ull.metal.plugins.module_utils.topology.reader import read_topology

UNIT = Path(__file__).resolve().parents[1]
GOLDEN = UNIT / "golden"

# Captured machines, with what is special about each, and the classes that say most about it.
MACHINES = {
    "128arm-2pa2n8cluster4co": ["market_data"],  # Arm without SMT
    "16amd64-8n2c": ["market_data"],  # eight small nodes, and no huge pages
    "16em64t-4s2c2t-offlines": ["risk_engine", "worker"],  # CPUs that are offline
    "20em64t-hybrid-1p6c2t+2ca4co1t": ["execution_gateway", "worker"],  # cores of two kinds, of which one has SMT
    "256ppc-8n8s4t": ["alpha_calculator"],  # POWER: four threads a core, CPUs numbered core by core
    "32em64t-2n8c+dax+nvme+mic+dimms": ["risk_engine", "data_store"],  # nodes of memory alone
    "48amd64-4pa2n6c-sparse": ["worker"],  # sparse nodes, two of them in a package
    "8em64t-2s2ca2c-buggynuma": ["control_plane", "worker"],  # a NUMA table that lies
    "nvidiagpunumanodes": ["alpha_calculator"],  # nodes that are GPUs' memory
    "tuned-rt-4cpu-2node": ["execution_gateway", "data_store"],  # a virtual machine with an SR-IOV NIC
}
CAPTURED = [(machine, name) for machine, names in MACHINES.items() for name in names]


def compare(machine: str, name: str, topology: dict) -> dict:
    """The class's plan on a machine, as it is kept."""
    plan = compile_plan(topology, class_profile(name), machine)
    made = json.dumps(plan, indent=1, ensure_ascii=False) + "\n"
    golden = GOLDEN / machine / f"{name}.json"
    if os.environ.get("ULL_GOLDEN") == "write":
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(made, encoding="utf-8")
    kept = golden.read_text(encoding="utf-8") if golden.exists() else ""
    difference = difflib.unified_diff(
        kept.splitlines(), made.splitlines(), str(golden), "the plan made now", lineterm=""
    )
    assert made == kept, "`make golden` writes them anew:\n" + "\n".join(difference)
    return plan


@pytest.mark.parametrize(("machine", "name"), CAPTURED)
def test_the_plan_is_the_golden_one(machine, name):
    topology = read_topology(Host(str(capture(machine))))
    # most captures hold /sys alone
    topology["boot_loader"] = topology["boot_loader"] or "grub"
    compare(machine, name, topology)


@pytest.mark.parametrize("name", sorted(CLASS_MACHINES))
def test_every_class_has_a_golden_plan_without_errors_on_its_own_machine(name):
    machine, topology = CLASS_MACHINES[name]
    plan = compare(machine, name, topology)
    assert [finding for finding in plan["findings"] if finding["level"] in ("error", "warning")] == []
    assert plan["profile"] == name


def test_every_class_has_a_machine():
    assert {path.stem for path in CLASSES.glob("*.yml")} == set(CLASS_MACHINES)


def test_every_golden_plan_is_made_by_a_test():
    kept = {f"{path.parent.name}/{path.stem}" for path in GOLDEN.rglob("*.json")}
    made = {(machine, name) for name, (machine, _topology) in CLASS_MACHINES.items()}
    assert kept == {f"{machine}/{name}" for machine, name in {*CAPTURED, *made}}
