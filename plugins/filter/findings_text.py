# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
name: findings_text
short_description: Findings of a plan as text
version_added: "0.1.0"
author: The ull.metal maintainers (@ull-metal)
description:
  - The gravest first, each with path, value and remedy.
options:
  _input:
    description: The findings of a plan.
    type: list
    required: true
"""

EXAMPLES = r"""
- name: Show it
  ull.metal.show:
    text: "{{ ull_plan.findings | ull.metal.findings_text }}"
"""

RETURN = r"""
_value:
  description: The text.
  type: str
"""

from ansible_collections.ull.metal.plugins.module_utils.view import findings_text


class FilterModule:
    """The filter ull.metal.findings_text."""

    def filters(self):
        return {"findings_text": findings_text}
