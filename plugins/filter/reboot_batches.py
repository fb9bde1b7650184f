# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
name: reboot_batches
short_description: Batches of a rolling reboot, none of which spans two zones
version_added: "0.1.0"
author: The ull.metal maintainers (@ull-metal)
description:
  - Zone by zone, in the order of the inventory. A host's C(ull_zone) names its zone, C(ull_reboot_batch) how many hosts
    may be away at once, as a number or a percentage of the run's hosts in the zone.
positional: hostvars, everyone
options:
  _input:
    description: The hosts to reboot.
    type: list
    elements: str
    required: true
  hostvars:
    description: The variables of all hosts.
    type: dict
    required: true
  everyone:
    description: All hosts of the run, of which percentages are taken.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Show the order
  ull.metal.show:
    text: "{{ ansible_play_hosts | ull.metal.reboot_batches(hostvars, ansible_play_hosts_all) | to_nice_yaml }}"
"""

RETURN = r"""
_value:
  description: Batches with C(number), C(zone), C(hosts) and C(earlier), the hosts of all batches before.
  type: list
  elements: dict
"""

from ansible_collections.ull.metal.plugins.module_utils.fleet.roll import batches


class FilterModule:
    """The filter ull.metal.reboot_batches."""

    def filters(self):
        return {"reboot_batches": batches}
