# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import copy

from planned import NICS, SERVER
from topologies import smt

from ansible_collections.ull.metal.plugins.module_utils.topology.compact import compact
from ansible_collections.ull.metal.plugins.module_utils.topology_diff import changed


def test_the_same_machine():
    assert changed(SERVER, copy.deepcopy(SERVER)) == []
    assert changed(None, SERVER) == []


def test_a_compact_snapshot_is_the_same_machine():
    assert changed(compact(SERVER, limit=0), SERVER) == []


def test_what_comes_and_goes_is_no_other_machine():
    now = copy.deepcopy(SERVER)
    now["nics"][0].update(driver="vfio-pci", name="", sriov_num=2, up=False)
    now["nics"].append({**NICS[0], "pci": "0000:01:10.0", "kind": "vf", "pf": "0000:01:00.0"})
    now["cpus"][3]["online"] = False
    now["kernel"]["release"] = "6.13.0"
    assert changed(SERVER, now) == []


def test_a_machine_that_was_replaced():
    (finding,) = changed(SERVER, {**smt(nodes=1), "nics": [NICS[1]]}, "topology/engine1.json")
    assert (finding.id, finding.level, finding.value) == ("topology-changed", "note", "topology/engine1.json")
    assert finding.message == (
        "the snapshot has CPUs 16, now 8; NIC 0000:01:00.0 there, now not there; nodes 0, 1, now 0"
    )
