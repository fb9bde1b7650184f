# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Machine types: what their data sheets say, and what a gathered machine contradicts."""

from __future__ import annotations

import copy
import json

import pytest

from ansible_collections.ull.metal.plugins.module_utils.cpuset import CpuSet
from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.inventory.machines import (
    contradictions,
    known_types,
    topology_of_type,
)
from ansible_collections.ull.metal.plugins.module_utils.offline import contradicted, without_host
from ansible_collections.ull.metal.plugins.module_utils.topology.compact import compact

TYPES = known_types()
# the figures of the workload classes: architecture, CPUs, threads a core, nodes, GiB
FIGURES = {
    "c7gn.16xlarge": ("aarch64", 64, 1, 1, 128),
    "m7i.metal-24xl": ("x86_64", 96, 2, 1, 384),
    "r7iz.metal-16xl": ("x86_64", 64, 2, 1, 512),
    "a100-host": ("x86_64", 256, 2, 8, 1024),
    "gateway-2x16": ("x86_64", 64, 2, 2, 192),
    "engine-2x24": ("x86_64", 96, 2, 2, 512),
    "store-2x24": ("x86_64", 96, 2, 2, 512),
    "control-8": ("x86_64", 8, 2, 1, 32),
    "worker-2x32": ("x86_64", 128, 2, 2, 512),
}


@pytest.mark.parametrize("name", TYPES)
def test_a_type_is_what_its_data_sheet_says(name):
    made = topology_of_type(TYPES[name])
    threads = {len(CpuSet.parse(cpu["siblings"])) for cpu in made["cpus"]}
    memory = sum(node["memory_bytes"] for node in made["nodes"]) >> 30
    assert (made["arch"], len(made["cpus"]), *threads, len(made["nodes"]), memory) == FIGURES[name]
    assert made["declared"]["type"] == name
    assert made["declared"]["source"]
    assert sorted(cpu for node in made["nodes"] for cpu in CpuSet.parse(node["cpus"])) == list(range(FIGURES[name][1]))
    for cpu in made["cpus"]:
        group = [other for other in made["cpus"] if other["l3"] == cpu["l3"]]
        assert cpu["l3"] == min(other["id"] for other in group)
        assert {other["node"] for other in group} == {cpu["node"]}
    assert all(node["distances"][node["id"]] == 10 for node in made["nodes"])


def gathered(name="gateway-2x16"):
    """What the real machine would give."""
    made = topology_of_type(TYPES[name])
    del made["declared"]
    for node in made["nodes"]:
        node["memory_bytes"] -= 3 << 30
    return made


def test_a_machine_that_is_its_type():
    kind = topology_of_type(TYPES["gateway-2x16"])
    now = gathered()
    now["nics"][0].update(name="enp3s0", pci="0000:04:00.0")
    assert contradictions(kind, now) == []
    assert contradictions(kind, compact(now, limit=0)) == []


def test_a_machine_that_is_not_its_type():
    kind, now = topology_of_type(TYPES["gateway-2x16"]), gathered("store-2x24")
    (finding,) = contradictions(kind, now)
    assert (finding.id, finding.level, finding.value) == ("topology-not-as-declared", "warning", "gateway-2x16")
    for words in ("CPUs 64, really 96", "NICs mlx5_core, tg3, really bnxt_en", "memory 192 GiB, really 506 GiB"):
        assert words in finding.message
    smt_off = copy.deepcopy(gathered())
    for cpu in smt_off["cpus"]:
        cpu["siblings"] = str(cpu["id"])
    assert "cores 32, really 64" in contradictions(kind, smt_off)[0].message


def test_what_is_gathered_counts_more_than_what_is_declared(tmp_path):
    types, stored = [str(tmp_path / "none.json"), str(TYPES["gateway-2x16"])], tmp_path / "g1.json"
    topology, (note,) = without_host("g1", str(stored), types)
    assert ("declared" in topology, note.id, note.value) == (True, "topology-declared", "gateway-2x16")
    other = gathered("store-2x24")
    assert [each.id for each in contradicted(str(stored), types, other)] == ["topology-not-as-declared"]
    stored.write_text(json.dumps(gathered()))
    topology, (note,) = without_host("g1", str(stored), types)
    assert ("declared" in topology, note.id) == (False, "topology-stored")
    assert [each.id for each in contradicted(str(stored), types, other)] == ["topology-changed"]
    assert contradicted(str(stored), types, gathered()) == []
    topology, (note,) = without_host("g2", str(tmp_path / "g2.json"), [])
    assert (topology, note.id) == (None, "topology-missing")


@pytest.mark.parametrize("text", ["{", "[]", '{"type": "x"}', '{"type": 3, "source": "y"}'])
def test_a_type_that_is_none(text, tmp_path):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(UllError, match="machine type"):
        topology_of_type(path)


def test_a_region_can_have_types_of_its_own(tmp_path):
    (tmp_path / "control-8.json").write_text("{}")
    assert known_types([tmp_path, TYPES["control-8"].parent])["control-8"] == tmp_path / "control-8.json"
