#!/usr/bin/python
# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: report
short_description: Write the plans of a region as a page and as JSON
version_added: "0.1.0"
description:
  - Writes C(plan.html), one page that needs nothing else, and C(plan.json), on the controller; see C(docs/plan-report.md).
  - Both are replaced as a whole. A report is no change of a host, so it is written in check mode too and reports no change.
options:
  plans:
    description: Plans as the action M(ull.metal.plan) returns them.
    type: list
    elements: dict
    required: true
  topologies:
    description: The fact C(ull_topology) by host, for the maps. Hosts may be missing.
    type: dict
    default: {}
  folder:
    description:
      - Where to, on the controller; made when missing. C({region}) in it is the region's name.
      - Empty for no report.
    type: path
    default: reports/{region}
  region:
    description: Name of the region; by default of the folder in which the inventory is.
    type: str
attributes:
  check_mode:
    support: full
    description: The files are written in check mode too.
  action:
    support: full
    description: Runs on the controller.
author: The ull.metal maintainers (@ull-metal)
seealso:
  - module: ull.metal.plan
  - module: ull.metal.show
"""

EXAMPLES = r"""
- name: Write the report
  ull.metal.report:
    plans: "{{ [ull_plan] }}"
    topologies: "{{ {inventory_hostname: ull_topology} }}"
"""

RETURN = r"""
html:
  description: Path of the page; empty when none was written.
  returned: success
  type: str
  sample: reports/lab/plan.html
json:
  description: Path of the plans as JSON; empty when none was written.
  returned: success
  type: str
  sample: reports/lab/plan.json
region:
  description: Name of the region.
  returned: success
  type: str
  sample: lab
"""
