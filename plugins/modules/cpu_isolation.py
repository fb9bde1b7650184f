#!/usr/bin/python
# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: cpu_isolation
short_description: Keep CPUs free for the critical path
version_added: "0.1.0"
description:
  - Isolates CPUs from the scheduler, from the tick, from RCU callbacks and from interrupts, by kernel arguments, and
    confines systemd and what it starts to the housekeeping CPUs. It takes effect with the next boot.
  - Refused before anything is touched are CPUs that are not online, half a core, the boot CPU, and all CPUs at once.
  - What the kernel made of the arguments is read from C(/sys/devices/system/cpu), because it ignores what it cannot do.
options:
  isolated:
    description: CPUs of the critical path, in the kernel's list format. Empty for none.
    type: str
    default: ""
  tickless:
    description: Those of them that run without the scheduler's tick (C(nohz_full)).
    type: str
    default: ""
  housekeeping:
    description: CPUs for everything else; empty for all that are not isolated.
    type: str
    default: ""
  boot_args:
    description:
      - Whether to put the kernel arguments into the boot loader. False where M(ull.metal.boot_args) did that for
        all roles; then only what it left is checked.
    type: bool
    default: true
  state:
    description: With V(absent), nothing is isolated after the next boot.
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
    description: Shows files and the arguments of the next boot, before and after.
author: The ull.metal maintainers (@ull-metal)
seealso:
  - name: CPU isolation
    description: The kernel's documentation of isolated and tickless CPUs.
    link: https://docs.kernel.org/timers/no_hz.html
"""

EXAMPLES = r"""
- name: Isolate CPUs 2 to 7, all tickless
  ull.metal.cpu_isolation:
    isolated: 2-7
    tickless: 2-7
"""

RETURN = r"""
states:
  description: Each kernel argument and effect with its three states.
  returned: success
  type: list
  elements: dict
  sample:
    - {name: cpu_isolation.isolated, role: cpu_isolation, impact: reboot, declared: 2-7, persisted: 2-7, running: "",
       status: pending_reboot, doc: CPUs that the kernel reports as isolated}
reboot_required:
  description: Whether the isolation waits for a boot.
  returned: success
  type: bool
  sample: true
"""

from ansible_collections.ull.metal.plugins.module_utils.module import run_domain
from ansible_collections.ull.metal.plugins.module_utils.settings.cpu_isolation import CpuIsolation


def main() -> None:
    cpus = {"type": "str", "default": ""}
    run_domain(
        {"isolated": cpus, "tickless": cpus, "housekeeping": cpus, "boot_args": {"type": "bool", "default": True}},
        lambda params: CpuIsolation(
            params["isolated"] or "",
            params["tickless"] or "",
            params["housekeeping"] or "",
            params["boot_args"] is not False,
        ),
    )


if __name__ == "__main__":
    main()
