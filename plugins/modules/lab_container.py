#!/usr/bin/python
# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: lab_container
short_description: Start and remove a light host of the lab
version_added: 0.1.0
description:
  - A light host is systemd in a container (systemd-nspawn) over a shared root file system, up in a second. It serves
    where no own kernel is needed.
  - Runs on the controller, as root; delegate the task there.
  - The containers are on a bridge of their own with NAT, which goes with the last of them. Only processes that are
    verifiably this container's are ever ended.
author:
  - The ull.metal maintainers (@ull-metal)
options:
  lab_dir:
    description: The lab's state folder, an absolute path.
    type: path
    required: true
  name:
    description: The container's name.
    type: str
    required: true
  state:
    description:
      - V(started) has it run.
      - V(absent) ends it and removes all that it wrote.
      - V(status) only reports.
    type: str
    choices: [started, absent, status]
    default: started
  group:
    description: A set of machines of its own below O(lab_dir), e.g. V(molecule/lab_container).
    type: str
    default: ""
  image:
    description: The root file system. Empty takes the newest that M(ull.metal.lab_image) built.
    type: path
  network:
    description: IPv4 network of the lab's containers, used when the first starts. Empty takes a free /24.
    type: str
    default: ""
  wait:
    description: Wait until one can log in.
    type: bool
    default: true
  timeout:
    description: Seconds to wait for the login.
    type: int
    default: 60
attributes:
  check_mode:
    description: Says what would be done; starts and ends nothing.
    support: full
"""

EXAMPLES = r"""
- name: A light host
  ull.metal.lab_container:
    lab_dir: /srv/lab
    name: web1
  become: true
  delegate_to: localhost
"""

RETURN = r"""
machine:
  description: The container as it is now.
  type: dict
  returned: success
  contains:
    name:
      description: Its name.
      type: str
    state:
      description: running or absent.
      type: str
    address:
      description: Where its ssh answers.
      type: str
    ssh_port:
      description: The port there.
      type: int
    image:
      description: The root file system it is laid over.
      type: str
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
      description: What it writes on its console.
      type: str
    identity_file:
      description: The key to log in with.
      type: str
    known_hosts:
      description: The file that knows the container's host key.
      type: str
seconds:
  description: How long the call took.
  type: float
  returned: success
"""

import time
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ull.metal.plugins.module_utils.lab.container import Container
from ansible_collections.ull.metal.plugins.module_utils.lab.network import Network
from ansible_collections.ull.metal.plugins.module_utils.lab.state import Lab
from ansible_collections.ull.metal.plugins.module_utils.module import conclude


def run(module: AnsibleModule) -> dict:
    options = module.params
    started = time.monotonic()
    lab = Lab(options["lab_dir"], options["group"])
    container = Container(lab, options["name"], Network(lab, options["network"]))
    wanted = {"started": "running", "absent": "absent"}.get(options["state"], container.state)
    left = wanted == "absent" and container.folder.exists()
    changed = container.state != wanted or left
    if options["state"] != "status" and not module.check_mode:
        with lab.lock(f"container-{options['group']}-{options['name']}"):
            if wanted == "running" and container.state != "running":
                container.start(Path(options["image"] or lab.images / "container"))
            elif wanted == "absent" and changed:
                container.remove()
            if wanted == "running" and options["wait"]:
                container.wait(options["timeout"])
    return {"changed": changed, "machine": container.describe(), "seconds": round(time.monotonic() - started, 1)}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "lab_dir": {"type": "path", "required": True},
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["started", "absent", "status"], "default": "started"},
            "group": {"type": "str", "default": ""},
            "image": {"type": "path"},
            "network": {"type": "str", "default": ""},
            "wait": {"type": "bool", "default": True},
            "timeout": {"type": "int", "default": 60},
        },
        supports_check_mode=True,
    )
    conclude(module, lambda: run(module))


if __name__ == "__main__":
    main()
