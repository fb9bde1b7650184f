# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PCI functions: addresses, places, nodes."""

from __future__ import annotations

import pytest
from fake_tree import Link, tree

from ansible_collections.ull.metal.plugins.module_utils.cpuset import CpuSet
from ansible_collections.ull.metal.plugins.module_utils.topology import pci

NODES = {0: CpuSet.parse("0-3"), 1: CpuSet.parse("4-7"), 9: CpuSet()}
PORT = "/sys/devices/pci0000:80/0000:80:00.0"
CARD = f"{PORT}/0000:81:00.0"


@pytest.mark.parametrize("address", ["0000:3b:00.0", "0035:04:00.1", "10000:00:02.0", "0000:ff:1f.7"])
def test_addresses(address):
    assert pci.is_address(address)


@pytest.mark.parametrize(
    "text", ["", "3b:00.0", "0000:3b:00.8", "0000:3B:00.0", "0000:3b:00.0/x", "pci0000:00", "0000:3b:00.0\n"]
)
def test_what_is_no_address(text):
    assert not pci.is_address(text)


def test_virtual_functions_sort_as_numbers(tmp_path):
    names = ["0000:81:10.0", "0000:81:02.0", "10000:01:00.0", "0000:81:10.2", "0000:81:0a.0", "0001:01:00.0"]
    host = tree(tmp_path, {f"{pci.DEVICES}/{name}/class": "0x020000" for name in names} | {f"{pci.DEVICES}/x": None})
    assert pci.addresses(host) == [
        "0000:81:02.0",
        "0000:81:0a.0",
        "0000:81:10.0",
        "0000:81:10.2",
        "0001:01:00.0",
        "10000:01:00.0",
    ]


@pytest.mark.parametrize(
    ("path", "address"),
    [
        (CARD, "0000:81:00.0"),
        (f"{PORT}/0000:81:00.0/virtio3", "0000:81:00.0"),
        ("/sys/devices/platform/soc/ethernet", ""),
        ("/sys/devices/pci0000:00/0000:00:14.0/usb1/1-3/1-3:1.0", ""),
        ("", ""),
    ],
)
def test_the_function_a_device_belongs_to(path, address):
    assert pci.owner(path) == address


@pytest.mark.parametrize(
    ("files", "node"),
    [
        ({f"{CARD}/numa_node": "1"}, 1),
        ({f"{CARD}/numa_node": "-1", f"{PORT}/numa_node": "1"}, 1),
        ({f"{CARD}/numa_node": "7", f"{PORT}/numa_node": "0"}, 0),
        ({f"{CARD}/numa_node": "-1", f"{CARD}/local_cpus": "f0"}, 1),
        ({f"{CARD}/local_cpulist": "0-1"}, 0),
        ({f"{CARD}/local_cpulist": "0-7"}, -1),
        ({f"{CARD}/local_cpulist": ""}, -1),
        ({f"{CARD}/numa_node": "rubbish"}, -1),
        ({}, -1),
    ],
)
def test_node_by_the_path_or_the_local_cpus(tmp_path, files, node):
    assert pci.node_of(tree(tmp_path, files), CARD, NODES) == node


def test_node_of_a_virtio_device_is_its_parents(tmp_path):
    assert pci.node_of(tree(tmp_path, {f"{CARD}/numa_node": "1"}), f"{CARD}/virtio0", NODES) == 1


def test_driver_group_class_and_place(tmp_path):
    base = f"{pci.DEVICES}/0000:81:00.0"
    files = {
        base: Link("../../../devices/pci0000:80/0000:81:00.0"),
        "/sys/devices/pci0000:80/0000:81:00.0/driver": Link("../../../bus/pci/drivers/igb"),
        "/sys/devices/pci0000:80/0000:81:00.0/iommu_group": Link("../../../kernel/iommu_groups/8"),
        "/sys/devices/pci0000:80/0000:81:00.0/class": "0x020000",
        f"{pci.DEVICES}/0000:82:00.0/uevent": "DRIVER=mlx5_core\nPCI_SLOT_NAME=0000:82:00.0",
        f"{pci.DEVICES}/0000:82:00.0/class": "rubbish",
    }
    host = tree(tmp_path, files)
    assert (pci.driver(host, base), pci.iommu_group(host, base)) == ("igb", 8)
    assert pci.class_of(host, "0000:81:00.0") == 0x020000
    assert pci.place(host, "0000:81:00.0") == "/sys/devices/pci0000:80/0000:81:00.0"
    bare = f"{pci.DEVICES}/0000:82:00.0"
    assert (pci.driver(host, bare), pci.iommu_group(host, bare), pci.class_of(host, "0000:82:00.0")) == (
        "mlx5_core",
        -1,
        -1,
    )
    assert pci.place(host, "0000:83:00.0") == f"{pci.DEVICES}/0000:83:00.0"
