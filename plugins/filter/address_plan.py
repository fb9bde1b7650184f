# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
name: address_plan
short_description: The networks of a region
version_added: "0.1.0"
author: The ull.metal maintainers (@ull-metal)
description:
  - The subnets of each tier and zone, out of the region's VPC, see C(docs/regions.md).
  - It needs netaddr on the controller.
options:
  _input:
    description: The facts of a region, C(ull_region).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: The database subnet of the first zone
  ansible.builtin.debug:
    msg: "{{ (ull_region | ull.metal.address_plan).subnets.database[ull_region.zones[0]] }}"
"""

RETURN = r"""
_value:
  description:
    - C(vpc), C(services) and C(pods), C(subnets) by tier and zone, and C(peers) by name, each a network like 10.0.1.0/24.
  type: dict
"""

from ansible_collections.ull.metal.plugins.module_utils.inventory.addresses import plan_of_region


class FilterModule:
    """The filter ull.metal.address_plan."""

    def filters(self):
        return {"address_plan": plan_of_region}
