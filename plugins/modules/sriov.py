#!/usr/bin/python
# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: sriov
short_description: Virtual functions of NICs and their attributes
version_added: "0.1.0"
description:
  - Makes the declared number of VFs on each NIC and gives each its MAC address, VLAN, trust, spoof checking and rate.
    NICs are known by PCI address, VFs by their number.
  - Attributes are set before a VF gets its kernel driver. VFs for vfio-pci get none; M(ull.metal.dpdk) binds them.
  - Only what differs is written. A unit applies the same at boot, before the network is configured.
  - A NIC that has VFs already gets another number of them only with O(drain=allow), since that destroys them.
options:
  nics:
    description:
      - NICs, each with C(pci), its PCI address, and C(numvfs), the number of its VFs. One without C(numvfs) is left alone.
      - The other keys of the plan's rows are accepted and do not count here.
    type: list
    elements: dict
    default: []
  vfs:
    description:
      - VFs, each with C(pf), the NIC's PCI address, and C(index), its number from 0.
      - C(driver) is V(vfio-pci), or empty for the kernel's. C(use) is V(kernel), V(pod) or V(dpdk); a VF that a pod has
        now is left to it.
      - C(mac), C(vlan), C(qos), C(trust), C(spoof_check) and C(max_tx_rate) in Mbit/s, 0 for no limit; what is not said
        stays as it is.
      - The other keys of the plan's rows are accepted and do not count here.
    type: list
    elements: dict
    default: []
  drain:
    description:
      - Consent to destroy VFs that exist, and to change the address or VLAN of one that is in use.
      - With O(state=absent) it is needed only when VFs are in use by an address, a bond, another network namespace.
      - VFs that a process has open through vfio are never destroyed.
    type: str
    choices: [never, allow]
    default: never
  state:
    description: With V(absent), each NIC returns to the number of VFs, and they to the attributes, from before.
    type: str
    choices: [present, absent]
    default: present
  root:
    description: Folder that holds the machine's files; another than V(/) is a captured tree.
    type: path
    default: /
attributes:
  check_mode:
    support: full
    description: Predicts the changes and writes nothing.
  diff_mode:
    support: full
    description: Shows files and live values, before and after.
author: The ull.metal maintainers (@ull-metal)
seealso:
  - name: PCI Express I/O Virtualization
    description: The kernel's documentation of SR-IOV.
    link: https://docs.kernel.org/PCI/pci-iov-howto.html
"""

EXAMPLES = r"""
- name: Two VFs, one for DPDK in VLAN 100 and one for the kernel
  ull.metal.sriov:
    nics:
      - {pci: "0000:81:00.0", numvfs: 2}
    vfs:
      - {pf: "0000:81:00.0", index: 0, use: dpdk, driver: vfio-pci, mac: "02:00:5e:00:00:01", vlan: 100, trust: true}
      - {pf: "0000:81:00.0", index: 1, mac: "02:00:5e:00:00:02"}
"""

RETURN = r"""
states:
  description: Link, autoprobe and number of VFs of each NIC, and each VF, with their three states.
  returned: success
  type: list
  elements: dict
  sample:
    - {name: "sriov.0000:81:00.0.vf0", role: sriov, impact: link, status: in_sync, doc: "VF 0 of 0000:81:00.0",
       declared: "mac 02:00:5e:00:00:01 vlan 100 trust on", persisted: "mac 02:00:5e:00:00:01 vlan 100 trust on",
       running: "mac 02:00:5e:00:00:01 vlan 100 trust on"}
reboot_required:
  description: Whether something waits for a boot; VFs never do.
  returned: success
  type: bool
  sample: false
"""

from ansible_collections.ull.metal.plugins.module_utils.module import run_domain
from ansible_collections.ull.metal.plugins.module_utils.settings.sriov import Sriov


def main() -> None:
    run_domain(
        {
            "nics": {"type": "list", "elements": "dict", "default": []},
            "vfs": {"type": "list", "elements": "dict", "default": []},
            "drain": {"type": "str", "choices": ["never", "allow"], "default": "never"},
        },
        lambda params: Sriov(params["nics"] or [], params["vfs"] or [], params["drain"]),
        always=("drain",),
    )


if __name__ == "__main__":
    main()
