# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
name: cloud_plan
short_description: What a region needs in the cloud
version_added: "0.1.0"
author: The ull.metal maintainers (@ull-metal)
description:
  - Subnets, security groups, placement groups, instances, buckets and secrets of a region of AWS, as lists to go through.
  - It needs netaddr on the controller.
positional: hosts, variables, types, classes
options:
  _input:
    description: The facts of a region, C(ull_region).
    type: dict
    required: true
  hosts:
    description: The hosts of the inventory.
    type: list
    elements: str
    required: true
  variables:
    description: Their variables, C(hostvars).
    type: dict
    required: true
  types:
    description: What a machine type is in the cloud, by its name; C(type), and C(cpu_options). Hosts of others are not made.
    type: dict
    required: true
  classes:
    description: The workload classes.
    type: list
    elements: str
    required: true
  prefix:
    description: How names begin; by default the project and the region.
    type: str
    default: ""
  admin:
    description: Networks from which hosts are administered.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: The subnets
  ansible.builtin.debug:
    msg: "{{ (ull_region | ull.metal.cloud_plan(groups.all, hostvars, {}, ['worker'])).subnets }}"
"""

RETURN = r"""
_value:
  description:
    - C(name), C(tags), C(vpc), C(zones), C(subnets), C(groups), C(placement_groups), C(instances), C(buckets), C(secrets).
  type: dict
"""

from ansible_collections.ull.metal.plugins.module_utils.inventory.cloud import cloud_plan


class FilterModule:
    """The filter ull.metal.cloud_plan."""

    def filters(self):
        return {"cloud_plan": cloud_plan}
