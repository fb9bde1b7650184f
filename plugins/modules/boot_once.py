#!/usr/bin/python
# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: boot_once
short_description: Try the next boot once, and return to the previous one by itself
version_added: "0.1.0"
description:
  - With V(armed), GRUB boots its default entry exactly once, and from then on the boot that runs now, until the new one
    is confirmed. A kernel that panics, finds no root file system or is not confirmed in time reboots by itself.
  - With V(confirmed), the boot loader is as its own configuration says; nothing of the trial is left.
  - What has booted and proven itself before, with the same files, is booted without a trial.
options:
  state:
    description: V(armed) before the reboot, V(confirmed) when the host came back right.
    type: str
    choices: [armed, confirmed]
    required: true
  once:
    description: Whether to try at all. With V(false) the reboot is an ordinary one, without a way back by itself.
    type: bool
    default: true
  minutes:
    description: Minutes after which a trial that was not confirmed reboots; V(0) for never.
    type: int
    default: 15
  panic:
    description: Seconds after which a trial's kernel that panics, or finds no root file system, reboots.
    type: int
    default: 10
  root:
    description: Folder that holds the machine's files; another than V(/) is a captured tree.
    type: path
    default: /
attributes:
  check_mode:
    support: full
    description: It writes nothing, and says what it would do.
notes:
  - GRUB must be able to write its environment block, so /boot may not be on btrfs, ZFS, LVM or a software RAID.
author: The ull.metal maintainers (@ull-metal)
seealso:
  - module: ull.metal.reboot_info
"""

EXAMPLES = r"""
- name: Try the next boot once
  ull.metal.boot_once:
    state: armed

- name: Keep it
  ull.metal.boot_once:
    state: confirmed
"""

RETURN = r"""
once:
  description: Whether the next boot is, or would be, a trial.
  returned: success
  type: bool
  sample: true
trial:
  description: As M(ull.metal.reboot_info) says it, afterwards.
  returned: success
  type: str
  sample: armed
"""

from ansible_collections.ull.metal.plugins.module_utils.boot import trial
from ansible_collections.ull.metal.plugins.module_utils.module import run


def work(params, host, check_mode):
    options = trial.Options(params["once"], params["minutes"], params["panic"])
    before = trial.record(host), trial.state(host)
    armed = params["state"] == "armed"
    if check_mode:
        once = armed and trial.wanted(host, options)
        return {"changed": once or before[0] is not None, "once": once, "trial": before[1]}
    if armed:
        once = trial.arm(host, options)
    else:
        once = False
        trial.confirm(host)
    after = trial.record(host), trial.state(host)
    return {"changed": after != before, "once": once, "trial": after[1]}


def main() -> None:
    run(
        {
            "state": {"type": "str", "choices": ["armed", "confirmed"], "required": True},
            "once": {"type": "bool", "default": True},
            "minutes": {"type": "int", "default": 15},
            "panic": {"type": "int", "default": 10},
        },
        work,
    )


if __name__ == "__main__":
    main()
