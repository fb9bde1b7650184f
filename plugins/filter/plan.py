# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
name: plan
short_description: Compile a host's plan from its topology and its latency profile
version_added: "0.1.0"
author: The ull.metal maintainers (@ull-metal)
description:
  - A pure function, the same input gives the same plan. It needs no connection.
positional: profile
options:
  _input:
    description: The topology, as M(ull.metal.topology_facts) returns it or as a stored snapshot holds it.
    type: dict
    required: true
  profile:
    description: The latency profile, see C(docs/profile.md).
    type: dict
    required: true
  host:
    description: Name of the host, for the findings.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Plan from a stored snapshot
  ansible.builtin.debug:
    msg: "{{ lookup('ansible.builtin.file', 'topology/lab1.json') | from_json | ull.metal.plan({'isolated': 'rest'}) }}"
"""

RETURN = r"""
_value:
  description: The plan, with a slice for each role, and its findings.
  type: dict
"""

from ansible_collections.ull.metal.plugins.module_utils.plan import compile_plan


class FilterModule:
    """The filter ull.metal.plan."""

    def filters(self):
        return {"plan": compile_plan}
