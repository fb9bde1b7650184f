#!/usr/bin/python
# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: check_inventory
short_description: Check inventories as they are written
version_added: "0.1.0"
description:
  - Reads the files of inventories on the controller and names every mistake by file and line, with what would be right, see
    C(docs/regions.md). No host is asked.
  - Address plans need netaddr on the controller.
  - Mistakes are findings and never fail this task.
options:
  inventories:
    description:
      - Inventories to check, folders or their files. What is no file, or no YAML, is passed over.
      - In a folder named C(inventories) those beside them are read too, as addresses and names must differ over all.
    type: list
    elements: path
    default: []
  below:
    description: A folder of inventories, all of which are checked, except for C(lab).
    type: path
  region_facts:
    description: Whether an inventory that does not say C(ull_region) is wrong.
    type: bool
    default: true
attributes:
  check_mode:
    support: full
    description: It only reads.
  action:
    support: full
    description: Runs on the controller.
author: The ull.metal maintainers (@ull-metal)
seealso:
  - module: ull.metal.plan_regions
"""

EXAMPLES = r"""
- name: Check this inventory
  ull.metal.check_inventory:
    inventories: "{{ ansible_inventory_sources }}"
"""

RETURN = r"""
checked:
  description: Names of the inventories.
  returned: success
  type: list
  elements: str
errors:
  description: How many errors there are.
  returned: success
  type: int
findings:
  description: What is wrong, as findings of a plan.
  returned: success
  type: list
  elements: dict
"""
