#!/usr/bin/python
# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: plan
short_description: Plan a host and read the three states of its settings
version_added: "0.1.0"
description:
  - Reads the host's topology, compiles the plan from it and the latency profile, reads what is persisted and running.
  - A host that does not answer is planned from its stored snapshot, and the plan says so. Nothing is written anywhere.
  - Problems are findings of the plan and never fail this task; see the role P(ull.metal.plan#role).
options:
  profile:
    description: The latency profile, see C(docs/profile.md).
    type: dict
    required: true
  snapshot:
    description: File on the controller with the stored topology.
    type: path
  source:
    description: With V(auto), the snapshot is taken when the host does not answer.
    type: str
    choices: [auto, host, snapshot]
    default: auto
  accepted_findings:
    description:
      - Findings that are accepted, a list of mappings with C(id), C(reason), C(until) (the last day it holds) and C(hosts)
        (a host name with V(*) and V(?), by default all). See C(docs/findings.md).
    type: raw
    default: []
attributes:
  check_mode:
    support: full
    description: It only reads.
  action:
    support: full
    description: The plan is compiled on the controller.
author: The ull.metal maintainers (@ull-metal)
seealso:
  - module: ull.metal.topology_facts
  - module: ull.metal.settings_info
"""

EXAMPLES = r"""
- name: Plan
  ull.metal.plan:
    profile: {housekeeping: 1 core per node, isolated: rest}
    snapshot: "{{ inventory_dir }}/topology/{{ inventory_hostname }}.json"
"""

RETURN = r"""
plan:
  description: The plan; also the fact C(ull_plan). C(states) is empty for a host that was not read.
  returned: always
  type: dict
ansible_facts:
  description: C(ull_plan) and C(ull_topology).
  returned: always
  type: dict
"""
