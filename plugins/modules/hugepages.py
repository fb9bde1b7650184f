#!/usr/bin/python
# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: hugepages
short_description: Hugepage pools per NUMA node and page size
version_added: "0.1.0"
description:
  - Pools of 1 GiB pages and larger are reserved by kernel arguments with the next boot, per node.
  - Pools of smaller pages are set live, and at boot by tmpfiles.d. What the kernel granted is read back; if less
    than asked for, memory is compacted once, and then the module fails with both numbers.
  - Pools that do not fit the node, or that the machine has no pages for, are refused before anything is touched.
options:
  pools:
    description: All pools of the host. What is not named any more returns to its number of pages from before.
    type: list
    elements: dict
    default: []
    suboptions:
      node:
        description: NUMA node.
        type: int
        required: true
      size:
        description: Page size as the kernel writes it, V(2M) or V(1G) on x86-64.
        type: str
        required: true
      pages:
        description: Number of pages.
        type: int
        required: true
  boot_args:
    description:
      - Whether to put the kernel arguments into the boot loader. False where M(ull.metal.boot_args) did that for
        all roles; then only what it left is checked.
    type: bool
    default: true
  state:
    description: With V(absent), live pools return to what they were, and nothing is reserved at the next boot.
    type: str
    choices: [present, absent]
    default: present
  root:
    description: Folder that holds the machine's files; another than V(/) is a captured tree.
    type: path
    default: /
attributes:
  check_mode:
    support: full
    description: Predicts the changes and writes nothing.
  diff_mode:
    support: full
    description: Shows files and live values, before and after.
author: The ull.metal maintainers (@ull-metal)
seealso:
  - name: HugeTLB pages
    description: The kernel's documentation of pools, and of what it may grant.
    link: https://docs.kernel.org/admin-guide/mm/hugetlbpage.html
"""

EXAMPLES = r"""
- name: 16 GiB in pages of 1 GiB on node 1, and some small ones on each
  ull.metal.hugepages:
    pools:
      - {node: 1, size: 1G, pages: 16}
      - {node: 0, size: 2M, pages: 256}
      - {node: 1, size: 2M, pages: 256}
"""

RETURN = r"""
states:
  description: Each pool and kernel argument with its three states.
  returned: success
  type: list
  elements: dict
  sample:
    - {name: hugepages.node1.2M, role: hugepages, impact: live, declared: "256", persisted: "256", running: "256",
       status: in_sync, doc: 2M pages on NUMA node 1}
reboot_required:
  description: Whether a pool is persisted but waits for a boot.
  returned: success
  type: bool
  sample: false
"""

from ansible_collections.ull.metal.plugins.module_utils.module import run_domain
from ansible_collections.ull.metal.plugins.module_utils.settings.hugepages import Hugepages


def main() -> None:
    pool = {
        "node": {"type": "int", "required": True},
        "size": {"type": "str", "required": True},
        "pages": {"type": "int", "required": True},
    }
    run_domain(
        {
            "pools": {"type": "list", "elements": "dict", "default": [], "options": pool},
            "boot_args": {"type": "bool", "default": True},
        },
        lambda params: Hugepages(params["pools"] or [], params["boot_args"] is not False),
    )


if __name__ == "__main__":
    main()
