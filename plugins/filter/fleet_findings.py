# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
name: fleet_findings
short_description: Plans with the findings between the hosts of a fleet
version_added: "0.1.0"
author: The ull.metal maintainers (@ull-metal)
description:
  - What no host's plan can know alone, such as a MAC address that VFs of two hosts would have.
options:
  _input:
    description: Plans as the action M(ull.metal.plan) returns them.
    type: list
    required: true
"""

EXAMPLES = r"""
- name: Show the plans of two hosts
  ull.metal.show:
    text: "{{ [hostvars.engine1.ull_plan, hostvars.engine2.ull_plan] | ull.metal.fleet_findings | ull.metal.plan_text }}"
"""

RETURN = r"""
_value:
  description: The plans, with more findings.
  type: list
"""

from ansible_collections.ull.metal.plugins.module_utils.fleet_check import fleet_findings


class FilterModule:
    """The filter ull.metal.fleet_findings."""

    def filters(self):
        return {"fleet_findings": fleet_findings}
