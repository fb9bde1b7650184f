#!/usr/bin/python
# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: settings_info
short_description: The three states of every setting of a plan
version_added: "0.1.0"
description:
  - Reads, in one call, what a plan declares, what the next boot will give, and what the kernel does now.
options:
  plan:
    description: The host's plan, as the filter P(ull.metal.plan#filter) makes it.
    type: dict
    required: true
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
- name: See what differs
  ull.metal.settings_info:
    plan: "{{ ull_plan }}"
  register: settings
"""

RETURN = r"""
states:
  description: One row a setting.
  returned: success
  type: list
  elements: dict
  contains:
    name: {description: Role and key., type: str, sample: hugepages.node1.1G}
    role: {description: Role and tag that applies it., type: str, sample: hugepages}
    impact: {description: "V(live), V(link), V(drain) or V(reboot).", type: str, sample: reboot}
    declared: {description: What the plan wants., type: str, sample: "16"}
    persisted: {description: What the next boot will give., type: str, sample: "16"}
    running: {description: What the kernel does now., type: str, sample: "0"}
    status: {description: "V(in_sync), V(pending_reboot) or V(differs).", type: str, sample: pending_reboot}
    doc: {description: What the setting is., type: str, sample: 1G pages on NUMA node 1}
topology:
  description: The machine as it is, like the fact C(ull_topology).
  returned: success
  type: dict
"""

from ansible_collections.ull.metal.plugins.module_utils.module import run
from ansible_collections.ull.metal.plugins.module_utils.settings.registry import states
from ansible_collections.ull.metal.plugins.module_utils.topology.compact import compact
from ansible_collections.ull.metal.plugins.module_utils.topology.reader import read_topology


def main() -> None:
    run(
        {"plan": {"type": "dict", "required": True}},
        lambda params, host, check_mode: {
            "states": [state.as_dict() for state in states(params["plan"], host)],
            "topology": compact(read_topology(host)),
        },
    )


if __name__ == "__main__":
    main()
