#!/usr/bin/python
# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: lab_vm
short_description: Start, stop and remove a virtual machine of the lab
version_added: 0.1.0
description:
  - A lab machine looks like a two-socket server. It has two NUMA nodes, an IOMMU with interrupt remapping, a
    management NIC on node 0 and an SR-IOV NIC (igb, 7 VFs) on node 1.
  - KVM runs it where the CPU really offers that, else QEMU emulates it.
  - Runs on the controller; delegate the task there. Needs no root.
  - Nothing listens beyond loopback. Only processes that are verifiably this machine's are ever ended.
author:
  - The ull.metal maintainers (@ull-metal)
options:
  lab_dir:
    description: The lab's state folder, an absolute path.
    type: path
    required: true
  name:
    description: The machine's name.
    type: str
    required: true
  state:
    description:
      - V(started) has it run, on a fresh disk if it has none.
      - V(stopped) shuts it down and keeps its disk.
      - V(absent) takes its power away and removes its disk.
      - V(status) only reports.
    type: str
    choices: [started, stopped, absent, status]
    default: started
  group:
    description: A set of machines of its own below O(lab_dir), e.g. V(molecule/lab_vm).
    type: str
    default: ""
  image:
    description: The disk that a fresh machine begins with. Empty takes the newest that M(ull.metal.lab_image) built.
    type: path
  ssh_port:
    description: Port on loopback that leads to its ssh. 0 keeps the one it had, or takes a free one from 2300 on.
    type: int
    default: 0
  cpus:
    description: Logical CPUs, over two sockets.
    type: int
    default: 4
  threads:
    description: Threads of a core. 2 gives SMT siblings.
    type: int
    choices: [1, 2]
    default: 1
  node_memory_gib:
    description: Memory of each NUMA node. The controller gives only what the machine uses.
    type: int
    default: 6
  fabric:
    description: Multicast group and port on loopback, the wire between the SR-IOV NICs of machines that name the same.
    type: str
    default: 230.0.0.1:4321
  from_snapshot:
    description:
      - A fresh machine continues from a machine that has booted once (kept beside the image), instead of booting.
      - It is there in seconds, and its journal knows one boot, as if it had booted itself.
    type: bool
    default: false
  wait:
    description: Wait until one can log in.
    type: bool
    default: true
  timeout:
    description: Seconds to wait for the login.
    type: int
    default: 600
  stop_timeout:
    description: Seconds that a machine has to shut down, before its power is taken away.
    type: int
    default: 120
attributes:
  check_mode:
    description: Says what would be done; starts and ends nothing.
    support: full
"""

EXAMPLES = r"""
- name: A machine that answers ssh on port 2201
  ull.metal.lab_vm:
    lab_dir: /srv/lab
    name: lab1
    ssh_port: 2201
  delegate_to: localhost

- name: Forget all that it has been through
  ull.metal.lab_vm:
    lab_dir: /srv/lab
    name: lab1
    state: absent
  delegate_to: localhost
"""

RETURN = r"""
machine:
  description: The machine as it is now.
  type: dict
  returned: success
  contains:
    name:
      description: Its name.
      type: str
    state:
      description: running, stopped or absent.
      type: str
    address:
      description: Where its ssh answers.
      type: str
    ssh_port:
      description: The port there.
      type: int
    accelerator:
      description: kvm or tcg.
      type: str
    image:
      description: The image its disk is laid over.
      type: str
    from_snapshot:
      description: Whether it continued a machine that had booted.
      type: bool
    started:
      description: When it was started, UTC.
      type: str
    pid:
      description: Of its process; 0 when it does not run.
      type: int
    folder:
      description: Where all that belongs to it is.
      type: str
    console:
      description: What it writes on its serial console.
      type: str
    identity_file:
      description: The key to log in with.
      type: str
    known_hosts:
      description: The file that knows the machine's host key.
      type: str
seconds:
  description: How long the call took.
  type: float
  returned: success
"""

import time
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ull.metal.plugins.module_utils.lab import snapshot
from ansible_collections.ull.metal.plugins.module_utils.lab.state import Lab
from ansible_collections.ull.metal.plugins.module_utils.lab.vm import Hardware, Vm
from ansible_collections.ull.metal.plugins.module_utils.module import conclude


def start(vm: Vm, lab: Lab, options: dict) -> bool:
    changed = vm.state != "running"
    if changed:
        image = Path(options["image"] or lab.images / "vm.qcow2")
        kept = None
        if options["from_snapshot"] and vm.state == "absent":
            kept = snapshot.ensure(lab, image, vm.hardware, options["timeout"])
        vm.start(image, options["ssh_port"], kept)
    if options["wait"]:
        vm.wait(options["timeout"])
    return changed


def run(module: AnsibleModule) -> dict:
    options = module.params
    started = time.monotonic()
    lab = Lab(options["lab_dir"], options["group"])
    hardware = Hardware(options["cpus"], options["threads"], options["node_memory_gib"])
    vm = Vm(lab, options["name"], hardware, options["fabric"])
    before, wanted = vm.state, options["state"]
    changed = before not in {"started": ("running",), "stopped": ("stopped", "absent"), "absent": ("absent",)}.get(
        wanted, (before,)
    )
    if wanted != "status" and not module.check_mode:
        with lab.lock(f"vm-{options['group']}-{options['name']}"):
            if wanted == "started":
                changed = start(vm, lab, options)
            elif wanted == "stopped" and vm.state == "running":
                vm.stop(options["stop_timeout"])
            elif wanted == "absent":
                vm.remove()
    return {"changed": changed, "machine": vm.describe(), "seconds": round(time.monotonic() - started, 1)}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "lab_dir": {"type": "path", "required": True},
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["started", "stopped", "absent", "status"], "default": "started"},
            "group": {"type": "str", "default": ""},
            "image": {"type": "path"},
            "ssh_port": {"type": "int", "default": 0},
            "cpus": {"type": "int", "default": 4},
            "threads": {"type": "int", "choices": [1, 2], "default": 1},
            "node_memory_gib": {"type": "int", "default": 6},
            "fabric": {"type": "str", "default": "230.0.0.1:4321"},
            "from_snapshot": {"type": "bool", "default": False},
            "wait": {"type": "bool", "default": True},
            "timeout": {"type": "int", "default": 600},
            "stop_timeout": {"type": "int", "default": 120},
        },
        supports_check_mode=True,
    )
    conclude(module, lambda: run(module))


if __name__ == "__main__":
    main()
