# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
name: plan_diff_text
short_description: Differences of plans as text for a terminal
version_added: "0.1.0"
author: The ull.metal maintainers (@ull-metal)
description:
  - Host by host what changes and at which impact, and last how many hosts that would reboot.
options:
  _input:
    description: The differences, as the filter P(ull.metal.plan_diff#filter) returns them.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show it
  ull.metal.show:
    text: "{{ stored.plans | ull.metal.plan_diff([ull_plan]) | ull.metal.plan_diff_text }}"
"""

RETURN = r"""
_value:
  description: The text.
  type: str
"""

from ansible_collections.ull.metal.plugins.module_utils.plan_diff import diff_text


class FilterModule:
    """The filter ull.metal.plan_diff_text."""

    def filters(self):
        return {"plan_diff_text": diff_text}
