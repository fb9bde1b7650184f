# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
name: plan_text
short_description: Plans as text for a terminal
version_added: "0.1.0"
author: The ull.metal maintainers (@ull-metal)
description:
  - What would change on each host, at which impact, and what is wrong with its declaration.
positional: topologies
options:
  _input:
    description: Plans as the action M(ull.metal.plan) returns them.
    type: list
    required: true
  topologies:
    description: The fact C(ull_topology) by host, for cores and devices. Hosts may be missing.
    type: dict
"""

EXAMPLES = r"""
- name: Show it
  ull.metal.show:
    text: "{{ [ull_plan] | ull.metal.plan_text({inventory_hostname: ull_topology}) }}"
"""

RETURN = r"""
_value:
  description: The text.
  type: str
"""

from ansible_collections.ull.metal.plugins.module_utils.view import plan_text


class FilterModule:
    """The filter ull.metal.plan_text."""

    def filters(self):
        return {"plan_text": plan_text}
