#!/usr/bin/python
# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: dpdk_smoke_test
short_description: Send packets with testpmd through virtual functions
version_added: "0.1.0"
description:
  - Runs C(dpdk-testpmd) for some seconds on VFs that are bound to vfio-pci and that nobody uses, and fails when no
    packets moved. Two VFs of one NIC and VLAN send to each other; one alone only sends.
  - It has a file prefix of its own and gives its hugepages back, so that it does not meet other DPDK applications.
  - It says that driver, IOMMU, hugepages and VFs work together. It measures nothing.
options:
  devices:
    description: PCI addresses of one or two VFs; by default two of one NIC and VLAN, else one, out of M(ull.metal.dpdk)'s.
    type: list
    elements: str
    default: []
  lcores:
    description: CPUs for it, at least two; by default the applications' lcores, else the last two CPUs of the NIC's node.
    type: str
    default: ''
  seconds:
    description: How long packets are sent.
    type: int
    default: 5
  memory_mib:
    description: Hugepages it may use on the NIC's node, in MiB.
    type: int
    default: 128
  root:
    description: Folder that holds the machine's files. Only V(/) has devices to test.
    type: path
    default: /
attributes:
  check_mode:
    support: full
    description: Runs nothing.
  diff_mode:
    support: none
    description: Nothing is changed.
author: The ull.metal maintainers (@ull-metal)
seealso:
  - module: ull.metal.dpdk
"""

EXAMPLES = r"""
- name: Whether packets get through
  ull.metal.dpdk_smoke_test:
    seconds: 10
"""

RETURN = r"""
devices:
  description: The VFs it ran on.
  returned: success
  type: list
  elements: str
  sample: ["0000:81:10.0", "0000:81:10.2"]
received:
  description: Packets received.
  returned: success
  type: int
  sample: 603584
sent:
  description: Packets sent.
  returned: success
  type: int
  sample: 603584
command:
  description: What was run.
  returned: success
  type: list
  elements: str
  sample: [dpdk-testpmd, -l, 2-3]
"""

from ansible_collections.ull.metal.plugins.module_utils.dpdk_smoke import smoke_test
from ansible_collections.ull.metal.plugins.module_utils.module import run


def main() -> None:
    run(
        {
            "devices": {"type": "list", "elements": "str", "default": []},
            "lcores": {"type": "str", "default": ""},
            "seconds": {"type": "int", "default": 5},
            "memory_mib": {"type": "int", "default": 128},
        },
        lambda params, host, check_mode: smoke_test(
            host, params["devices"], params["lcores"], params["seconds"], params["memory_mib"], check_mode
        ),
    )


if __name__ == "__main__":
    main()
