#!/usr/bin/python
# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: kernel_runtime
short_description: Kernel parameters in /proc/sys and /sys
version_added: "0.1.0"
description:
  - Parameters are set live, and at boot by one file of sysctl.d and one of tmpfiles.d.
  - Values are compared by their meaning, and read back. V(always [madvise] never) is V(madvise), CPU masks are the same
    in any grouping, tabs are blanks.
  - A parameter that another file would set to another value at the next boot is refused, with file and line.
  - A parameter of the plan that this kernel was built without is V(not applicable). Any other name that the kernel
    does not have is refused.
options:
  sysctl:
    description:
      - Values by name. A star stands for every name, as in C(net.ipv4.conf.*.rp_filter).
      - What is not named any more returns to its value from before.
    type: dict
    default: {}
  sysfs:
    description: Values by path below /sys.
    type: dict
    default: {}
  state:
    description: With V(absent), every parameter returns to what it was, live and at the next boot.
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
  - name: sysctl.d
    description: The folders, their order, and globs.
    link: https://www.freedesktop.org/software/systemd/man/latest/sysctl.d.html
"""

EXAMPLES = r"""
- name: No huge pages by themselves, and statistics every ten seconds
  ull.metal.kernel_runtime:
    sysctl:
      vm.stat_interval: 10
    sysfs:
      /sys/kernel/mm/transparent_hugepage/enabled: never
"""

RETURN = r"""
states:
  description: Each parameter with its three states.
  returned: success
  type: list
  elements: dict
  sample:
    - {name: kernel_runtime.vm.stat_interval, role: kernel_runtime, impact: live, declared: "10", persisted: "10",
       running: "10", status: in_sync, doc: seconds between the updates of memory statistics}
reboot_required:
  description: Never, as everything is live.
  returned: success
  type: bool
  sample: false
"""

from ansible_collections.ull.metal.plugins.module_utils.module import run_domain
from ansible_collections.ull.metal.plugins.module_utils.settings.kernel_runtime import KernelRuntime


def main() -> None:
    run_domain(
        {"sysctl": {"type": "dict", "default": {}}, "sysfs": {"type": "dict", "default": {}}},
        lambda params: KernelRuntime(params["sysctl"] or {}, params["sysfs"] or {}),
    )


if __name__ == "__main__":
    main()
