#!/usr/bin/python
# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: validate
short_description: Check a host as it runs against its plan
version_added: "0.1.0"
description:
  - Reads the NUMA layout and every setting of the plan, and compares; each check has a name. Fails when one does.
options:
  plan:
    description: The host's plan, C(ull_plan).
    type: dict
    required: true
attributes:
  check_mode:
    support: full
    description: It only reads.
  action:
    support: full
    description: The comparison runs on the controller.
author: The ull.metal maintainers (@ull-metal)
seealso:
  - module: ull.metal.settings_info
"""

EXAMPLES = r"""
- name: Validate
  ull.metal.validate:
    plan: "{{ ull_plan }}"
"""

RETURN = r"""
checks:
  description: Every check.
  returned: always
  type: list
  elements: dict
  sample: [{name: numa.node0.cpus, ok: true, expected: 0-1, found: 0-1, hint: ""}]
failed_checks:
  description: Names of those that failed.
  returned: always
  type: list
  elements: str
"""
