#!/usr/bin/python
# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: firewall_confirm
short_description: Keep the new firewall rules
version_added: "0.1.0"
description:
  - Stops the timer that would return to the rules from before. Call it over a new connection, which proves that the new rules
    let one in.
options:
  root:
    description: Folder that holds the machine's files; another than V(/) is a captured tree.
    type: path
    default: /
attributes:
  check_mode:
    support: full
    description: Says whether rules wait, and writes nothing.
  diff_mode:
    support: none
    description: It only ends a wait.
author: The ull.metal maintainers (@ull-metal)
seealso:
  - module: ull.metal.hardening
"""

EXAMPLES = r"""
- name: A new connection
  ansible.builtin.meta: reset_connection

- name: Keep the rules
  ull.metal.firewall_confirm:
"""

RETURN = r""" # """

from ansible_collections.ull.metal.plugins.module_utils.module import run
from ansible_collections.ull.metal.plugins.module_utils.settings.firewall_store import armed, confirm


def main() -> None:
    run({}, lambda params, host, check_mode: {"changed": armed(host) if check_mode else confirm(host)})


if __name__ == "__main__":
    main()
