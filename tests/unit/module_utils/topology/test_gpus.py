# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Graphics processors and accelerators."""

from __future__ import annotations

from fake_tree import tree

from ansible_collections.ull.metal.plugins.module_utils.cpuset import CpuSet
from ansible_collections.ull.metal.plugins.module_utils.topology.gpus import read_gpus

BUS = "/sys/bus/pci/devices"


def test_accelerators_with_their_nodes_and_no_displays(tmp_path):
    files = {}
    for address, code, vendor in (
        ("0000:03:00.0", "0x030000", "0x1a03"),  # a management controller's display
        ("0000:17:00.0", "0x030200", "0x10de"),
        ("0000:65:00.0", "0x120000", "0x1da3"),
        ("0000:81:00.0", "0x020000", "0x8086"),
    ):
        files |= {f"{BUS}/{address}/class": code, f"{BUS}/{address}/vendor": vendor, f"{BUS}/{address}/numa_node": "1"}
    files["/proc/driver/nvidia/gpus/0000:17:00.0/numa_status"] = "Node:      8\nStatus:    online"
    files["/proc/driver/nvidia/gpus/0000:65:00.0/numa_status"] = "Node:      99"
    gpus = read_gpus(tree(tmp_path, files), {1: CpuSet([0]), 8: CpuSet()})
    assert [(gpu["pci"], gpu["vendor"], gpu["node"], gpu["memory_node"]) for gpu in gpus] == [
        ("0000:17:00.0", "10de", 1, 8),
        ("0000:65:00.0", "1da3", 1, -1),
    ]
