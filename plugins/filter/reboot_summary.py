# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
name: reboot_summary
short_description: What became of a rolling reboot
version_added: "0.1.0"
author: The ull.metal maintainers (@ull-metal)
description:
  - The hosts that came back right, those that did not, and those that were not rebooted for their sake.
positional: outcomes
options:
  _input:
    description: The batches, as P(ull.metal.reboot_batches#filter) makes them.
    type: list
    elements: dict
    required: true
  outcomes:
    description: By host, C(right) or why it is not.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show it
  ull.metal.show:
    text: "{{ (reboot_batches | ull.metal.reboot_summary({'engine1': 'right'})).text }}"
"""

RETURN = r"""
_value:
  description: Hosts by C(right), C(wrong) and C(left), and all of it as C(text).
  type: dict
"""

from ansible_collections.ull.metal.plugins.module_utils.fleet.roll import summary


class FilterModule:
    """The filter ull.metal.reboot_summary."""

    def filters(self):
        return {"reboot_summary": summary}
