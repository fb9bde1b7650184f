# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
name: checks_text
short_description: Checks of a host as text for a terminal
version_added: "0.1.0"
author: The ull.metal maintainers (@ull-metal)
description:
  - Each check by name, what was expected and what was found.
positional: checks
options:
  checks:
    description: The checks, as the action M(ull.metal.validate) returns them.
    type: list
    elements: dict
    required: true
  _input:
    description: Name of the host.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show it
  ull.metal.show:
    text: "{{ inventory_hostname | ull.metal.checks_text(validation.checks) }}"
"""

RETURN = r"""
_value:
  description: The text.
  type: str
"""

from ansible_collections.ull.metal.plugins.module_utils.view import checks_text


class FilterModule:
    """The filter ull.metal.checks_text."""

    def filters(self):
        return {"checks_text": checks_text}
