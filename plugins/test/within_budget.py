# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
name: within_budget
short_description: Whether runs of an instrument are within what their path may take
version_added: "0.1.0"
author: The ull.metal maintainers (@ull-metal)
description:
  - True if with 95 % confidence the quantile of the typical run is within the budget of its path.
  - False if it is not, and if the runs are too few to tell. Samples too small for the quantile, and those of a virtual
    machine, are an error with the reason, neither true nor false.
options:
  _input:
    description: Latency records of one subject, or one record.
    type: list
    elements: dict
    required: true
  budget:
    description:
      - By path (V(host) or V(network)) a quantile and nanoseconds, or a number of nanoseconds for p99.9 of a host.
      - A network's is one way. Round trips are halved.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: 99.9 % of wake-ups are within the budget of the class
  ansible.builtin.assert:
    that: "records is ull.metal.within_budget({'host': {'quantile': 'p99.9', 'ns': 1000}})"
"""

RETURN = r"""
_value:
  description: Whether they are.
  type: bool
"""

from ansible_collections.ull.metal.plugins.module_utils.latency.asked import within_budget


class TestModule:
    """The test ull.metal.within_budget."""

    def tests(self):
        return {"within_budget": within_budget}
