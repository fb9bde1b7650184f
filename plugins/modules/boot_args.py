#!/usr/bin/python
# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: boot_args
short_description: Own the kernel arguments that the next boot gets
version_added: "0.1.0"
description:
  - Keeps kernel arguments in sections, one a role, in one drop-in of GRUB (Debian, Ubuntu) or in all BLS entries by
    grubby (Red Hat family). Arguments of others stay; the collection's are appended.
  - Arguments are compared as tokens, never as strings, and the boot loader's own configuration is read back.
  - A key that somebody else sets to another value is refused, with the file that sets it.
options:
  sections:
    description:
      - Kernel arguments by the role that wants them, one token an item.
      - An empty list removes a section; sections that are not named stay, unless O(replace) says otherwise.
    type: dict
    default: {}
  replace:
    description: Remove the sections that O(sections) does not name.
    type: bool
    default: false
  state:
    description: With V(absent), every section is removed and the boot loader is as it was.
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
    description: Shows the drop-in and the arguments of the next boot, before and after.
author: The ull.metal maintainers (@ull-metal)
seealso:
  - module: ull.metal.reboot_info
"""

EXAMPLES = r"""
- name: Isolate CPUs 2 and 3 with the next boot
  ull.metal.boot_args:
    sections:
      mine: ["isolcpus=managed_irq,domain,2-3", nohz_full=2-3]

- name: Take all of them back
  ull.metal.boot_args:
    state: absent
"""

RETURN = r"""
states:
  description: Each argument with what is declared, what the next boot gives, and what the kernel was booted with.
  returned: success
  type: list
  elements: dict
  sample:
    - {name: boot_args.nohz_full, role: mine, impact: reboot, declared: nohz_full=2-3, persisted: nohz_full=2-3,
       running: null, status: pending_reboot, doc: kernel argument nohz_full}
reboot_required:
  description: Whether a declared argument is persisted but not running yet.
  returned: success
  type: bool
  sample: true
"""

from ansible_collections.ull.metal.plugins.module_utils.module import run_domain
from ansible_collections.ull.metal.plugins.module_utils.settings.boot_args import BootArgs


def main() -> None:
    run_domain(
        {"sections": {"type": "dict", "default": {}}, "replace": {"type": "bool", "default": False}},
        lambda params: BootArgs(params["sections"] or {}, replace=params["replace"] or params["state"] == "absent"),
    )


if __name__ == "__main__":
    main()
