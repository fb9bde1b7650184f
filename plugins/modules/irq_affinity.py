#!/usr/bin/python
# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: irq_affinity
short_description: Interrupts off the isolated CPUs, and NIC queues on theirs
version_added: "0.1.0"
description:
  - Places the interrupts of NIC queues, moves all others off the banned CPUs, sets the default for those to come, and
    keeps irqbalance from moving them back.
  - A service on the host places them again when a link comes up or a NIC gets other queues, and at boot.
  - Interrupts that the kernel places by itself (managed ones) are told apart and left to it; C(isolcpus=managed_irq)
    keeps those away.
options:
  default_cpus:
    description: CPUs for interrupts that drivers request from now on, in the kernel's list format.
    type: str
    default: ""
  banned:
    description: CPUs that serve no interrupts but those of queues which O(nics) places there.
    type: str
    default: ""
  nics:
    description: NICs whose queues are placed.
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
      cpus:
        description: CPUs that the queues take turns on, where O(nics[].queue_cpus) does not say which.
        type: str
        default: ""
      mask:
        description: The same as a mask. It is in a plan's row, and not used here.
        type: str
      queue_cpus:
        description: The CPU of each queue; further queues begin again at the first.
        type: list
        elements: int
        default: []
  irqbalance:
    description:
      - With V(ban) it is told to keep off the banned CPUs and the drivers of these NICs. V(stop) stops and disables it.
        V(ignore) leaves it as it is.
    type: str
    choices: [ban, stop, ignore]
    default: ban
  xps:
    description: With V(queue) the CPU that serves a queue's interrupt sends on that queue; V(keep) leaves what is.
    type: str
    choices: [queue, keep]
    default: queue
  rps:
    description:
      - V(none) has every packet processed where its interrupt was, V(keep) leaves what is. CPUs in list format have
        it handed over to those.
    type: str
    default: none
  state:
    description: With V(absent), all returns to the masks from before the first run.
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
  - name: SMP IRQ affinity
    description: The kernel's documentation of where interrupts may be served.
    link: https://docs.kernel.org/core-api/irq/irq-affinity.html
"""

EXAMPLES = r"""
- name: Queues of a NIC on CPUs 0 and 2, everything else off CPUs 4 to 7
  ull.metal.irq_affinity:
    default_cpus: 0-3
    banned: 4-7
    nics:
      - {pci: "0000:81:00.0", queue_cpus: [0, 2, 0, 2]}
"""

RETURN = r"""
states:
  description: Each NIC, mask and default with its three states.
  returned: success
  type: list
  elements: dict
  sample:
    - {name: "irq_affinity.0000:81:00.0.queues", role: irq_affinity, impact: live, declared: "0:0 1:2",
       persisted: "0:0 1:2", running: "0:0 1:2", status: in_sync, doc: CPUs of each queue of ens2}
reboot_required:
  description: Never; all of it is set live.
  returned: success
  type: bool
  sample: false
"""

from ansible_collections.ull.metal.plugins.module_utils.module import run_domain
from ansible_collections.ull.metal.plugins.module_utils.settings.irq_affinity import IrqAffinity


def main() -> None:
    nic = {
        "pci": {"type": "str", "default": ""},
        "name": {"type": "str", "default": ""},
        "driver": {"type": "str", "default": ""},
        "cpus": {"type": "str", "default": ""},
        "mask": {"type": "str"},
        "queue_cpus": {"type": "list", "elements": "int", "default": []},
    }
    run_domain(
        {
            "default_cpus": {"type": "str", "default": ""},
            "banned": {"type": "str", "default": ""},
            "nics": {"type": "list", "elements": "dict", "default": [], "options": nic},
            "irqbalance": {"type": "str", "choices": ["ban", "stop", "ignore"], "default": "ban"},
            "xps": {"type": "str", "choices": ["queue", "keep"], "default": "queue"},
            "rps": {"type": "str", "default": "none"},
        },
        lambda params: IrqAffinity(
            default_cpus=params["default_cpus"] or "",
            banned=params["banned"] or "",
            nics=params["nics"] or [],
            irqbalance=params["irqbalance"] or "ban",
            xps=params["xps"] or "queue",
            rps=params["rps"] or "none",
        ),
    )


if __name__ == "__main__":
    main()
