#!/usr/bin/python
# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: reboot_info
short_description: Whether a reboot is due, and whether a host is on trial or back on its previous boot
version_added: "0.1.0"
description:
  - Compares the arguments that the next boot gives with those the kernel runs with, for every argument that this
    collection sets or has set, and the kernel where the collection selects it. Arguments and kernels of others never
    ask for a reboot. Writes nothing.
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
trial:
  description:
    - V(normal), or V(armed) when the next boot is to be tried once, V(trial) when it runs and is not confirmed yet,
      V(fallback) when it was tried and the host is back on its previous boot. See M(ull.metal.boot_once).
  returned: success
  type: str
  sample: normal
story:
  description: What was tried and what runs now, in words; empty when nothing was.
  returned: success
  type: str
  sample: ""
blocked:
  description: Why the host must not be rebooted into what is persisted, with the remedy; empty when it may be.
  returned: success
  type: str
  sample: ""
boot_id:
  description: Identity of the current boot.
  returned: success
  type: str
"""

from ansible_collections.ull.metal.plugins.module_utils.module import run
from ansible_collections.ull.metal.plugins.module_utils.settings.reboot import look


def main() -> None:
    run(
        {"sections": {"type": "dict"}, "replace": {"type": "bool", "default": False}},
        lambda params, host, check_mode: look(host, params["sections"], params["replace"]),
    )


if __name__ == "__main__":
    main()
