#!/usr/bin/python
# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: cpu_power
short_description: CPU frequency, energy hints, turbo and idle states
version_added: "0.1.0"
description:
  - Governor, energy preference (EPP) and bias (EPB), the uncore's lowest frequency, turbo, and how long a CPU may take
    to wake, each where the machine has it; else the state is V(not applicable), with the reason.
  - All is live, and applied again at boot by a unit of the collection, after the drivers, which are often modules.
  - What a driver does not offer is refused before anything is touched, with what it does offer.
options:
  mode:
    description:
      - V(latency) is the governor C(performance), the fastest energy hints, the uncore at its highest frequency, and
        O(idle) for O(cpus).
      - V(balanced) follows the load, and lets every CPU sleep. V(keep) leaves everything but O(turbo) and O(governor).
    type: str
    choices: [keep, latency, balanced]
    default: keep
  cpus:
    description: CPUs that must wake at once in mode V(latency), in list format. Empty means all.
    type: str
    default: ''
  turbo:
    description: Frequencies above the nominal one.
    type: str
    choices: [keep, allowed, never]
    default: keep
  idle:
    description:
      - What O(cpus) may sleep in. V(shallow) is the first idle state, V(poll) none at all, V(keep) leaves it as it is.
    type: str
    choices: [shallow, poll, keep]
    default: shallow
  governor:
    description: A governor of your own instead of the mode's.
    type: str
    default: ''
  state:
    description: With V(absent), everything returns to what it was, live and at the next boot.
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
  - name: CPU performance scaling
    description: The kernel's documentation of governors and drivers.
    link: https://docs.kernel.org/admin-guide/pm/cpufreq.html
"""

EXAMPLES = r"""
- name: The highest frequency, no turbo, and CPUs 2 to 7 awake
  ull.metal.cpu_power:
    mode: latency
    cpus: 2-7
    turbo: never
"""

RETURN = r"""
states:
  description: Each knob with its three states, the values of all CPUs as one.
  returned: success
  type: list
  elements: dict
  sample:
    - {name: cpu_power.idle, role: cpu_power, impact: live, declared: 0 on 0-1; 1 on 2-7, persisted: 0 on 0-1; 1 on 2-7,
       running: 0 on 0-1; 1 on 2-7, status: in_sync, doc: microseconds that a CPU may take to wake}
    - {name: cpu_power.energy_bias, role: cpu_power, impact: live, declared: not applicable, persisted: not applicable,
       running: not applicable, status: in_sync, doc: the CPU has no energy bias}
reboot_required:
  description: Never, as everything is live.
  returned: success
  type: bool
  sample: false
"""

from ansible_collections.ull.metal.plugins.module_utils.module import run_domain
from ansible_collections.ull.metal.plugins.module_utils.settings.cpu_power import IDLE, KEEP, MODES, TURBO, CpuPower


def main() -> None:
    run_domain(
        {
            "mode": {"type": "str", "choices": list(MODES), "default": KEEP},
            "cpus": {"type": "str", "default": ""},
            "turbo": {"type": "str", "choices": list(TURBO), "default": KEEP},
            "idle": {"type": "str", "choices": list(IDLE), "default": IDLE[0]},
            "governor": {"type": "str", "default": ""},
        },
        lambda params: CpuPower(
            params["mode"] or KEEP,
            params["cpus"] or "",
            params["turbo"] or KEEP,
            params["idle"] or IDLE[0],
            params["governor"] or "",
        ),
    )


if __name__ == "__main__":
    main()
