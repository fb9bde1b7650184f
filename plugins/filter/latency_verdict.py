# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
name: latency_verdict
short_description: The verdict on runs of an instrument, in states and in words
version_added: "0.1.0"
author: The ull.metal maintainers (@ull-metal)
description:
  - Judges latency records of one subject against the baseline of their host, and against a budget where one is given.
  - Nothing here touches a host, so a playbook of your own can decide what to do with a verdict.
options:
  _input:
    description: Latency records of one subject, or one record.
    type: list
    elements: dict
    required: true
  baseline:
    description: The baseline of the host, as the path of its file or its content; empty for none.
    type: raw
    default: ""
  budget:
    description: As for the test P(ull.metal.within_budget#test); empty for none.
    type: raw
    default: {}
  second:
    description: Records of a second look, fresh and from later.
    type: list
    elements: dict
    default: []
  hosts:
    description: How many hosts this check covers.
    type: int
    default: 1
  subjects:
    description: With how many instruments a host is checked.
    type: int
    default: 1
"""

EXAMPLES = r"""
- name: Judge a first look
  ansible.builtin.set_fact:
    verdicts: "{{ records | ull.metal.latency_verdict(baseline=inventory_dir ~ '/baselines/order_engine/engine1.json') }}"

- name: Which hosts need a second one
  ansible.builtin.debug:
    msg: "{{ verdicts | selectattr('state', 'equalto', 'watch') | map(attribute='second_look') }} more runs"
"""

RETURN = r"""
_value:
  description:
    - A verdict for the budget and one for the baseline, of those that are given. Each has O(ignore:state) (V(pass),
      V(fail), V(watch) for a second look, V(not_comparable) or V(too_small)), O(ignore:words), the numbers of each quantile,
      what to look at first, and the number of runs that a second look takes.
  type: list
  elements: dict
"""

from ansible_collections.ull.metal.plugins.module_utils.latency.asked import latency_verdict


class FilterModule:
    """The filter ull.metal.latency_verdict."""

    def filters(self):
        return {"latency_verdict": latency_verdict}
