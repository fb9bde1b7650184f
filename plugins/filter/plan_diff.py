# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
name: plan_diff
short_description: What becomes different between two plans of a fleet
version_added: "0.1.0"
author: The ull.metal maintainers (@ull-metal)
description:
  - Compares plans host by host, for a profile that was edited or a machine that was replaced, with what each change costs.
  - A pure function. It needs no connection.
positional: new
options:
  _input:
    description: The plans of before, e.g. C(plans) of a stored C(plan.json).
    type: list
    required: true
  new:
    description: The plans of now.
    type: list
    required: true
"""

EXAMPLES = r"""
- name: Whom would the edited profile reboot
  ansible.builtin.debug:
    msg: "{{ (stored.plans | ull.metal.plan_diff([ull_plan])).summary.reboot }} hosts"
  vars:
    stored: "{{ lookup('ansible.builtin.file', 'plan-of-yesterday.json') | from_json }}"
"""

RETURN = r"""
_value:
  description:
    - C(hosts), those that differ, each with C(change) (V(added), V(removed) or V(changed)), its gravest C(impact), its
      C(settings) (C(name), C(old), C(new), C(impact)), and the C(findings) that are C(new) and C(gone).
    - C(summary), how many hosts there are, how many differ, and for how many each impact is the gravest.
  type: dict
"""

from ansible_collections.ull.metal.plugins.module_utils.plan_diff import diff_plans


class FilterModule:
    """The filter ull.metal.plan_diff."""

    def filters(self):
        return {"plan_diff": diff_plans}
