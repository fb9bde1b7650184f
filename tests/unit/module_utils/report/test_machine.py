# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
import pytest
from captures import ALL
from reported import PAGES, planned, server, topology_of

from ansible_collections.ull.metal.plugins.module_utils.report.machine import UNKNOWN, irq_count, machine, vfs_of
from ansible_collections.ull.metal.plugins.module_utils.topology.compact import compact, complete


@pytest.mark.parametrize("name", ALL)
def test_every_cpu_and_device_stands_once_on_the_map(name):
    topology = complete(topology_of(name))
    drawn = machine(planned("a", topology_of(name), PAGES), topology_of(name))
    cpus = [thread.cpu for node in drawn.nodes for thread in node.threads]
    assert sorted(cpus) == sorted(cpu["id"] for cpu in topology["cpus"])
    for key in ("nics", "gpus"):
        assert sum(len(getattr(node, key)) for node in drawn.nodes) == len(topology[key])
    for node in drawn.known:
        for nic in node.nics:
            assert nic["node"] == node.id
        mine = {cpu["id"] for cpu in topology["cpus"] if cpu["node"] == node.id}
        assert {thread.cpu for thread in node.threads} == mine


@pytest.mark.parametrize("name", ALL)
def test_the_compact_topology_gives_the_same_map(name):
    plan = planned("a", topology_of(name))
    whole = complete(topology_of(name))
    assert machine(plan, compact(whole, 1)) == machine(plan, whole)


def test_siblings_share_a_core_and_caches_are_groups():
    drawn = machine(
        planned("a", topology_of("20em64t-hybrid-1p6c2t+2ca4co1t")), topology_of("20em64t-hybrid-1p6c2t+2ca4co1t")
    )
    (node,) = drawn.nodes
    assert [len(core.threads) for cluster in node.clusters for core in cluster.cores] == [2] * 6 + [1] * 8
    assert [cluster.name for cluster in node.clusters] == [""]
    several = machine(planned("a", topology_of("256ppc-8n8s4t")), topology_of("256ppc-8n8s4t")).nodes[0]
    assert [cluster.name for cluster in several.clusters][:2] == ["L3 0", "L3 4"]
    assert all(len(core.threads) == 4 for cluster in several.clusters for core in cluster.cores)


def test_offline_cpus_are_there_and_last():
    drawn = machine(planned("a", topology_of("16em64t-4s2c2t-offlines")), topology_of("16em64t-4s2c2t-offlines"))
    letters = "".join(thread.role.letter for thread in drawn.nodes[0].threads)
    assert letters.endswith("––––")
    assert letters.count("–") == 4


def test_memory_of_a_gpu_is_known_as_such():
    drawn = machine(planned("a", topology_of("nvidiagpunumanodes")), topology_of("nvidiagpunumanodes"))
    assert {node.id: node.own_memory_of for node in drawn.nodes}[255] == ["0004:05:00.0"]


def test_devices_of_unknown_node_have_a_place():
    topology = server()
    drawn = machine(planned("a", topology), topology)
    assert drawn.nodes[-1].id == UNKNOWN
    assert [nic["pci"] for nic in drawn.nodes[-1].nics] == ["0000:ff:00.0"]
    assert UNKNOWN not in [node.id for node in drawn.known]
    first = topology["nics"][0]
    assert [vf["pci"] for vf in vfs_of(first, topology["nics"])] == ["0000:02:10.0", "0000:02:10.1"]


def test_without_a_topology_the_plan_is_enough():
    drawn = machine(planned("a", topology_of("16amd64-8n2c")), None)
    assert [node.cpus for node in drawn.nodes] == [f"{n}-{n + 1}" for n in range(0, 16, 2)]
    assert "".join(thread.role.letter for node in drawn.nodes for thread in node.threads) == "HT" * 8


@pytest.mark.parametrize(
    ("text", "number"), [("", 0), (None, 0), ("5", 1), ("37-45,60", 10), ("100000-100003", 4), ("x-y", 0)]
)
def test_irq_count(text, number):
    assert irq_count(text) == number
