# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
import pytest
from captures import ALL
from pages import Page
from reported import PAGES, planned, server, topology_of

from ansible_collections.ull.metal.plugins.module_utils.report import cells
from ansible_collections.ull.metal.plugins.module_utils.report.machine import Node, Pool, machine
from ansible_collections.ull.metal.plugins.module_utils.report.numa_map import (
    distances,
    legend,
    numa_map,
)


def drawn(topology, profile=None, **more):
    plan = {**planned("a", topology, profile), **more}
    return Page(numa_map(machine(plan, topology), plan))


@pytest.mark.parametrize("name", ALL)
def test_every_capture_is_drawn(name):
    topology = topology_of(name)
    page = drawn(topology, PAGES)
    assert len(page.of("section", "node")) >= len(topology["nodes"])
    symbols = [use["href"] for use in page.of("use")]
    assert len(symbols) == len(topology["cpus"])
    known = {f"#{symbol['id']}" for symbol in Page(cells.symbols()).of("symbol")}
    assert set(symbols) <= known


def test_drawings_have_names():
    page = drawn(server(), PAGES)
    labels = [each["aria-label"] for each in page.of("svg") + page.of("div", "cores") if "aria-label" in each]
    assert "CPUs of node 0: 1 housekeeping, 7 tickless" in labels
    assert "Memory of node 0: 15.97 GiB, hugepages 512 x 2M" in labels
    assert "2 of 8 virtual functions are there" in labels
    assert all(each.get("role") == "img" for each in page.of("svg") if "aria-label" in each)


def test_a_cpu_says_all_about_itself():
    page = drawn(topology_of("20em64t-hybrid-1p6c2t+2ca4co1t"))
    assert "CPU 3: isolated, tickless; P core; shares its core with 2" in page.words
    assert "CPU 19: isolated, tickless; E core" in page.words


def test_devices_say_what_they_are():
    words = drawn(server("ens1")).words.replace("\u00a0", " ")
    for part in (
        *("ens1", "igb", "0000:02:00.0", "100 Gbit/s", "9 IRQs (101-109)", "IOMMU group 3", "2 of 8 VFs"),
        *("25 Gbit/s link down", "63 of 64 VFs", "NVIDIA", "node unknown", "no driver", "bond0", "bond of ens1, eth1"),
    ):
        assert part in words, part


def test_what_is_planned_stands_beside_what_is_there():
    topology = server()
    vfs = [{"pf": "0000:02:00.0", "index": n, "use": "dpdk" if n else "kernel", "driver": "vfio-pci"} for n in range(5)]
    nics = [{"pci": "0000:02:00.0", "nic": "trading", "mtu": 9000, "rings": "max", "coalescing": None}]
    irq = {"nics": [{"pci": "0000:02:00.0", "cpus": "0,8"}]}
    page = drawn(topology, nics=nics, vfs=vfs, irq=irq)
    assert "2 of 8 VFs, 5 planned (1 kernel, 4 dpdk)" in page.words
    assert "plan: trading · mtu 9000 · rings max · IRQs on CPUs 0,8" in page.words
    assert "planned: dpdk vfio-pci" in page.words
    assert len(page.of("rect", "missing")) == 3


def test_stores_stand_on_their_node():
    placement = {"redis": {"node": 1, "cpus": "8-15", "memory_bytes": 4 << 30}}
    words = drawn(server(), placement=placement).words
    assert words.index("node 1") < words.index("redis") < words.index("node unknown")
    assert "4 GiB" in words


def test_more_hugepages_than_memory_are_marked():
    drawing = Page(cells.memory_bar(Node(0, memory=1 << 30, pools=(Pool("1G", 2),))))
    assert drawing.of("rect", "over")[0]["x"] == "50.000%"
    assert "1 GiB more than the node has" in drawing.words


def test_shares_of_memory():
    drawing = Page(cells.memory_bar(Node(0, memory=8 << 30, pools=(Pool("1G", 2), Pool("2M", 512)))))
    assert (drawing.of("rect", "gigantic")[0]["width"], drawing.of("rect", "huge")[0]["x"]) == ("25.000%", "25.000%")


def test_distances_need_a_whole_table():
    plan = planned("a", topology_of("256ppc-8n8s4t"))
    assert len(Page(distances(machine(plan, topology_of("256ppc-8n8s4t")))).of("td")) == 64
    assert distances(machine(plan, topology_of("2ps3-2t"))) == ""
    broken = {**server(), "nodes": [{**node, "distances": []} for node in server()["nodes"]]}
    assert "no whole table" in distances(machine(plan, broken))


def test_the_legend_names_what_occurs():
    words = Page(legend([machine(planned("a", server()), server())])).words
    assert "housekeeping" in words
    assert "offline" not in words
    assert "hugepages" not in words
