#!/usr/bin/python
# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: topology_snapshot
short_description: Store the topology of a host on the controller
version_added: "0.1.0"
description:
  - Reads the host's topology and stores it, so that plans can be made without the host.
  - Where it contradicts the topology that is stored, or before one is stored its machine type, RV(findings) say so. The
    file is replaced all the same, as what was read is the truth; version control has the old one.
options:
  path:
    description: File on the controller; its folder is made when missing.
    type: path
    required: true
  machine_types:
    description: Files on the controller with the host's machine type; the first that exists counts.
    type: list
    elements: path
    default: []
attributes:
  check_mode:
    support: full
    description: Nothing is stored; what would be is in the diff.
  action:
    support: full
    description: The file is written on the controller.
author: The ull.metal maintainers (@ull-metal)
seealso:
  - module: ull.metal.topology_facts
  - module: ull.metal.plan
"""

EXAMPLES = r"""
- name: Store the topology
  ull.metal.topology_snapshot:
    path: "{{ inventory_dir }}/topology/{{ inventory_hostname }}.json"
"""

RETURN = r"""
path:
  description: The file.
  returned: success
  type: str
  sample: inventories/lab/topology/lab1.json
findings:
  description: What the machine contradicts, as findings of a plan.
  returned: success
  type: list
  elements: dict
ansible_facts:
  description: C(ull_topology), what was read.
  returned: success
  type: dict
"""
