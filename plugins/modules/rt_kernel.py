#!/usr/bin/python
# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: rt_kernel
short_description: Select the flavour of the kernel that boots
version_added: "0.1.0"
description:
  - Makes the newest installed PREEMPT_RT kernel, or the newest without, the boot loader's default. The other kernels stay
    in the menu. Takes effect with the next boot.
  - A kernel is PREEMPT_RT when its configuration in C(/boot) says so.
options:
  flavour:
    description: V(rt), V(generic), or V(any) to leave the choice to the distribution.
    type: str
    choices: [any, rt, generic]
    default: any
  state:
    description: With V(absent), the boot loader's own default is selected again. No package is removed.
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
    description: Shows the drop-in or record, and the kernel of the next boot.
author: The ull.metal maintainers (@ull-metal)
seealso:
  - module: ull.metal.boot_once
"""

EXAMPLES = r"""
- name: Boot the PREEMPT_RT kernel from now on
  ull.metal.rt_kernel:
    flavour: rt
"""

RETURN = r"""
package:
  description: The package to install first, where no PREEMPT_RT kernel is; nothing was selected then. Else empty.
  returned: success
  type: str
  sample: ""
states:
  description: The release that is declared, that the next boot gives, and that runs.
  returned: success
  type: list
  elements: dict
  sample:
    - {name: rt_kernel.release, role: rt_kernel, impact: reboot, declared: 6.12.9-rt-amd64, persisted: 6.12.9-rt-amd64,
       running: 6.12.9-amd64, status: pending_reboot, doc: release of the rt kernel}
reboot_required:
  description: Whether the next boot brings another kernel.
  returned: success
  type: bool
  sample: true
"""

from ansible_collections.ull.metal.plugins.module_utils.module import STATE, run
from ansible_collections.ull.metal.plugins.module_utils.setting import converge
from ansible_collections.ull.metal.plugins.module_utils.settings import rt_kernel


def work(params, host, check_mode):
    flavour = params["flavour"] if params["state"] == "present" else "any"
    package = rt_kernel.package(host) if flavour == "rt" else ""
    if package:
        return {"changed": False, "states": [], "reboot_required": False, "diff": [], "package": package}
    return {**converge(rt_kernel.RtKernel(flavour), host, check_mode).as_result(), "package": ""}


def main() -> None:
    run({**STATE, "flavour": {"type": "str", "choices": list(rt_kernel.FLAVOURS), "default": "any"}}, work)


if __name__ == "__main__":
    main()
