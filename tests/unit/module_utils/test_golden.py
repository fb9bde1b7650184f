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
import yaml
from captures import capture

from ansible_collections.ull.metal.plugins.module_utils.host import Host
from ansible_collections.ull.metal.plugins.module_utils.plan import compile_plan
from ansible_collections.ull.metal.plugins.module_utils.topology.reader import read_topology

UNIT = Path(__file__).resolve().parents[1]
GOLDEN = UNIT / "golden"
CLASSES = sorted((UNIT.parents[1] / "playbooks/group_vars").glob("*.yml"))

MACHINES = {
    "128arm-2pa2n8cluster4co": "Arm without SMT",
    "16amd64-8n2c": "eight small nodes, and no huge pages",
    "16em64t-4s2c2t-offlines": "CPUs that are offline",
    "20em64t-hybrid-1p6c2t+2ca4co1t": "cores of two kinds, of which one has SMT",
    "256ppc-8n8s4t": "POWER: four threads a core, CPUs numbered core by core",
    "32em64t-2n8c+dax+nvme+mic+dimms": "nodes of memory alone",
    "48amd64-4pa2n6c-sparse": "sparse nodes, two of them in a package",
    "8em64t-2s2ca2c-buggynuma": "a NUMA table that lies",
    "nvidiagpunumanodes": "nodes that are GPUs' memory",
    "tuned-rt-4cpu-2node": "a virtual machine with an SR-IOV NIC",
}


@pytest.mark.parametrize("path", CLASSES, ids=lambda path: path.stem)
@pytest.mark.parametrize("machine", MACHINES)
def test_the_plan_is_the_golden_one(machine, path):
    topology = read_topology(Host(str(capture(machine))))
    # most captures hold /sys alone
    topology["boot_loader"] = topology["boot_loader"] or "grub"
    profile = yaml.safe_load(path.read_text(encoding="utf-8"))["ull_class_profile"]
    made = json.dumps(compile_plan(topology, profile, machine), indent=1, ensure_ascii=False) + "\n"
    golden = GOLDEN / machine / f"{path.stem}.json"
    if os.environ.get("ULL_GOLDEN") == "write":
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(made, encoding="utf-8")
    kept = golden.read_text(encoding="utf-8") if golden.exists() else ""
    difference = difflib.unified_diff(
        kept.splitlines(), made.splitlines(), str(golden), "the plan made now", lineterm=""
    )
    assert made == kept, "`make golden` writes them anew:\n" + "\n".join(difference)


def test_every_golden_plan_is_made_by_a_test():
    kept = {f"{path.parent.name}/{path.stem}" for path in GOLDEN.rglob("*.json")}
    assert kept == {f"{machine}/{path.stem}" for machine in MACHINES for path in CLASSES}
