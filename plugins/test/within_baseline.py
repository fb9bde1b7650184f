# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
name: within_baseline
short_description: Whether runs of an instrument are as fast as the baseline of their host
version_added: "0.1.0"
author: The ull.metal maintainers (@ull-metal)
description:
  - False if the host has become slower, and if a first look asks for a second one. Without any change that is so for
    about 1 of 250 hosts; P(ull.metal.latency_verdict#filter) tells the two apart.
  - Runs that cannot be compared (another kernel, other boot arguments, another CPU, a virtual machine) or that are too few
    are an error with the reason, neither true nor false.
options:
  _input:
    description: Latency records of one subject, or one record.
    type: list
    elements: dict
    required: true
  baseline:
    description: The baseline of the host, as the path of its file or its content.
    type: raw
    required: true
  second:
    description: Records of a second look, fresh and from later.
    type: list
    elements: dict
    default: []
  hosts:
    description: How many hosts this check covers. What is likely somewhere among 100 hosts is no alarm.
    type: int
    default: 1
  subjects:
    description: With how many instruments a host is checked, for the same reason.
    type: int
    default: 1
seealso:
  - plugin: ull.metal.latency_verdict
    plugin_type: filter
"""

EXAMPLES = r"""
- name: The host is as fast as on the day it was accepted
  ansible.builtin.assert:
    that: records is ull.metal.within_baseline(inventory_dir ~ '/baselines/order_engine/engine1.json', hosts=100)
"""

RETURN = r"""
_value:
  description: Whether they are.
  type: bool
"""

from ansible_collections.ull.metal.plugins.module_utils.latency.asked import within_baseline


class TestModule:
    """The test ull.metal.within_baseline."""

    def tests(self):
        return {"within_baseline": within_baseline}
