# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
name: reboot_window
short_description: Whether a maintenance window is open
version_added: "0.1.0"
author: The ull.metal maintainers (@ull-metal)
description:
  - Windows are weekly, in a place's own time; they may go through midnight and through changes of the clock. Without any,
    it is always open.
positional: now
options:
  _input:
    description: >-
      Windows with C(days) (C(mon-fri), or a list; every day by default), C(start), C(end) and C(timezone) (C(UTC) by
      default).
    type: list
    elements: dict
    required: true
  now:
    description: Seconds since 1970.
    type: float
    required: true
"""

EXAMPLES = r"""
- name: Only at the weekend
  ull.metal.show:
    text: "{{ (windows | ull.metal.reboot_window(now(utc=true).timestamp())).open }}"
  vars:
    windows:
      - {days: [sat, sun], start: "22:00", end: "04:00", timezone: Europe/London}
"""

RETURN = r"""
_value:
  description: C(open), C(until) when it closes, and C(next) when the next one opens.
  type: dict
"""

from ansible_collections.ull.metal.plugins.module_utils.fleet.windows import window


class FilterModule:
    """The filter ull.metal.reboot_window."""

    def filters(self):
        return {"reboot_window": window}
