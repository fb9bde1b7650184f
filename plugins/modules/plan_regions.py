#!/usr/bin/python
# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: plan_regions
short_description: Plan all regions with no host asked
version_added: "0.1.0"
description:
  - Plans every host of every inventory of a folder, each region by its own variables, from stored topologies or from what
    machine types declare, and writes a report a region, see C(docs/plan-report.md).
  - What is wrong is a finding and never fails this task.
options:
  below:
    description: The folder of inventories; C(lab) is left out.
    type: path
    required: true
  report_dir:
    description: Folder of each region's report, C({region}) is its name; empty for none.
    type: str
    default: reports/{region}
attributes:
  check_mode:
    support: full
    description: Reports are written in check mode too.
  action:
    support: full
    description: Runs on the controller.
author: The ull.metal maintainers (@ull-metal)
seealso:
  - module: ull.metal.plan
  - module: ull.metal.check_inventory
"""

EXAMPLES = r"""
- name: Plan all regions
  ull.metal.plan_regions:
    below: inventories
"""

RETURN = r"""
errors:
  description: How many errors there are.
  returned: success
  type: int
findings:
  description: The errors and warnings of all plans; the notes are in the reports.
  returned: success
  type: list
  elements: dict
reports:
  description: Path of each region's page.
  returned: success
  type: dict
text:
  description: A line a region, for a terminal.
  returned: success
  type: str
"""
