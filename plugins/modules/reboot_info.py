#!/usr/bin/python
# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: reboot_info
short_description: Whether a reboot would change the kernel arguments of the collection
version_added: "0.1.0"
description:
  - Compares the arguments that the next boot gives with those the kernel runs with, for every argument that this
    collection sets or has set. Arguments of others never ask for a reboot. Writes nothing.
options:
  sections:
    description:
      - Kernel arguments that are about to be put into the boot loader, by role, as M(ull.metal.boot_args) takes them; in
        check mode they are not there yet. Without, what is there counts.
    type: dict
  replace:
    description: Whether O(sections) are all there will be.
    type: bool
    default: false
  root:
    description: Folder that holds the machine's files; another than V(/) is a captured tree.
    type: path
    default: /
attributes:
  check_mode:
    support: full
    description: It only reads.
author: The ull.metal maintainers (@ull-metal)
"""

EXAMPLES = r"""
- name: Is a reboot due?
  ull.metal.reboot_info:
  register: boot
"""

RETURN = r"""
required:
  description: Whether anything differs.
  returned: success
  type: bool
  sample: true
differences:
  description: The arguments that differ.
  returned: success
  type: list
  elements: dict
  sample: [{name: nohz_full, persisted: nohz_full=2-3, running: ""}]
boot_id:
  description: Identity of the current boot.
  returned: success
  type: str
"""

from ansible_collections.ull.metal.plugins.module_utils.module import run
from ansible_collections.ull.metal.plugins.module_utils.settings.boot_args import BootArgs, BootStore


def work(params, host, check_mode):
    sections = BootArgs(params["sections"] or {}, params["replace"]).after(host)
    differences = BootStore(sections).differences(host)
    boot_id = host.read("/proc/sys/kernel/random/boot_id")
    return {"required": bool(differences), "differences": differences, "boot_id": boot_id}


def main() -> None:
    run({"sections": {"type": "dict"}, "replace": {"type": "bool", "default": False}}, work)


if __name__ == "__main__":
    main()
