#!/usr/bin/python
# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: nic_tuning
short_description: Queues, rings, coalescing, offloads, flow control and busy polling of NICs
version_added: "0.1.0"
description:
  - Sets what ethtool can set, NIC by NIC, and has it set again at boot by a unit that runs before the network is
    configured. NICs are found by their PCI address, because names change.
  - What a driver does not have is V(not applicable) in the states, and no failure. More than the NIC can have is refused
    before anything is touched.
  - A NIC that is not named is never touched.
options:
  nics:
    description: The NICs, and what each should be. What is not said, or V(keep), is left as it is.
    type: list
    elements: dict
    default: []
    suboptions:
      pci:
        description: PCI address.
        type: str
        default: ""
      name:
        description: Interface name; it counts where there is no PCI address, or several interfaces at one.
        type: str
        default: ""
      driver:
        description: Kernel driver, for messages.
        type: str
        default: ""
      nic:
        description: The profile's word for the NIC. This and the next ones are in a plan's row, and not used here.
        type: str
      node:
        description: NUMA node.
        type: int
      above:
        description: Interfaces stacked upon it.
        type: list
        elements: str
      mtu:
        description: MTU.
        type: int
      numvfs:
        description: Number of virtual functions.
        type: int
      queues:
        description: Combined queues, or so many to receive and to send where the driver has no combined ones.
        type: int
      rings:
        description: Descriptors of each ring, a number or V(max).
        type: str
      coalescing:
        description: V(none) for an interrupt a packet, V(adaptive) as the driver sees fit.
        type: str
        choices: [keep, adaptive, none]
        default: keep
      offloads:
        description: With V(latency) received frames are not merged (GRO, LRO).
        type: str
        choices: [keep, latency]
        default: keep
      flow_control:
        description: Pause frames.
        type: str
        choices: [keep, none, both]
        default: keep
      busy_poll:
        description: V(prefer) defers interrupts while an application polls.
        type: str
        choices: [keep, none, prefer]
        default: keep
  link:
    description:
      - With V(others), a change that resets the link of the NIC which carries the connection to the host is refused
        before anything is touched. V(allow) lets it happen.
    type: str
    choices: [others, allow]
    default: others
  packages:
    description:
      - Packages that it needs. When some are not installed nothing is done but to name them in RV(packages_missing), so
        that the package manager is only asked then; in check mode the rest is predicted as far as it goes.
    type: list
    elements: str
    default: []
  state:
    description: With V(absent), all returns to the values from before the first run.
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
  - name: ethtool netlink interface
    description: The kernel's documentation of rings, channels, coalescing, features and pause frames.
    link: https://docs.kernel.org/networking/ethtool-netlink.html
"""

EXAMPLES = r"""
- name: The largest rings, and an interrupt a packet
  ull.metal.nic_tuning:
    nics:
      - {pci: "0000:81:00.0", rings: max, coalescing: none}
"""

RETURN = r"""
packages_missing:
  description: Those of O(packages) that are not installed, or of which only the package manager can tell.
  returned: success
  type: list
  elements: str
  sample: []
states:
  description: Each knob with its three states.
  returned: success
  type: list
  elements: dict
  sample:
    - {name: "nic_tuning.0000:81:00.0.rings", role: nic_tuning, impact: link, declared: rx=4096 tx=4096,
       persisted: rx=4096 tx=4096, running: rx=4096 tx=4096, status: in_sync, doc: "ens2: descriptors of each ring, max"}
reboot_required:
  description: Never; all of it is set live.
  returned: success
  type: bool
  sample: false
"""

from ansible_collections.ull.metal.plugins.module_utils.module import PACKAGES, run_domain
from ansible_collections.ull.metal.plugins.module_utils.settings.nic_tuning import NicTuning


def main() -> None:
    nic = {
        "pci": {"type": "str", "default": ""},
        "name": {"type": "str", "default": ""},
        "driver": {"type": "str", "default": ""},
        "nic": {"type": "str"},
        "node": {"type": "int"},
        "above": {"type": "list", "elements": "str"},
        "mtu": {"type": "int"},
        "numvfs": {"type": "int"},
        "queues": {"type": "int"},
        "rings": {"type": "str"},
        "coalescing": {"type": "str", "choices": ["keep", "adaptive", "none"], "default": "keep"},
        "offloads": {"type": "str", "choices": ["keep", "latency"], "default": "keep"},
        "flow_control": {"type": "str", "choices": ["keep", "none", "both"], "default": "keep"},
        "busy_poll": {"type": "str", "choices": ["keep", "none", "prefer"], "default": "keep"},
    }
    run_domain(
        {
            **PACKAGES,
            "nics": {"type": "list", "elements": "dict", "default": [], "options": nic},
            "link": {"type": "str", "choices": ["others", "allow"], "default": "others"},
        },
        lambda params: NicTuning(params["nics"] or [], params["link"]),
        always=["link"],
    )


if __name__ == "__main__":
    main()
