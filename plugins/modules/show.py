#!/usr/bin/python
# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: show
short_description: Print a text as it is
version_added: "0.1.0"
description:
  - Prints a report for people to the terminal, on the controller. It changes nothing and needs no connection.
options:
  text:
    description: What to print.
    type: str
    required: true
attributes:
  check_mode:
    support: full
    description: It only prints.
  action:
    support: full
    description: Runs on the controller.
author: The ull.metal maintainers (@ull-metal)
"""

EXAMPLES = r"""
- name: Show the plans
  ull.metal.show:
    text: "{{ [ull_plan] | ull.metal.plan_text }}"
"""

RETURN = r""" # """
