#!/usr/bin/python
# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: lab_image
short_description: Build the image of the lab's machines
version_added: 0.1.0
description:
  - Builds a Debian disk for virtual machines (GRUB, stock kernel), or a Debian root file system for containers, from
    the package sources that the controller already uses.
  - An image is cached under a key made from all that goes into it. What is there is not built again.
  - Makes the lab's keys (login, host key, known_hosts) where they are missing.
author:
  - The ull.metal maintainers (@ull-metal)
options:
  lab_dir:
    description: The lab's state folder, an absolute path.
    type: path
    required: true
  kind:
    description: What the image is for.
    type: str
    choices: [vm, container]
    required: true
  suite:
    description: The Debian release.
    type: str
    default: trixie
  packages:
    description: Packages beside those that the image cannot do without. The machines have no way out to fetch more.
    type: list
    elements: str
    default: []
  size_gib:
    description: Size of a virtual machine's disk.
    type: int
    default: 6
  mirror:
    description:
      - apt lines (C(deb ADDRESS SUITE main)) to build from. Empty takes Debian from where the controller's own apt
        does, or else from where mmdebstrap knows it to be.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    description: Says whether an image would be built; writes nothing.
    support: full
"""

EXAMPLES = r"""
- name: Image for virtual machines, with the real-time kernel beside the stock one
  ull.metal.lab_image:
    lab_dir: /srv/lab
    kind: vm
    packages: [ethtool, numactl, linux-image-rt-amd64]
  become: true
"""

RETURN = r"""
path:
  description: The image.
  type: str
  returned: success
key:
  description: Names what it was made from.
  type: str
  returned: success
log:
  description: What the build printed.
  type: str
  returned: success
present:
  description: Whether it is there.
  type: bool
  returned: success
kind:
  description: What it is for.
  type: str
  returned: success
seconds:
  description: How long the build took; 0 when there was nothing to do.
  type: float
  returned: success
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ull.metal.plugins.module_utils.lab.access import ensure_keys
from ansible_collections.ull.metal.plugins.module_utils.lab.builder import Builder, describe, spec_of
from ansible_collections.ull.metal.plugins.module_utils.lab.image import KINDS
from ansible_collections.ull.metal.plugins.module_utils.lab.state import Lab
from ansible_collections.ull.metal.plugins.module_utils.module import conclude


def run(module: AnsibleModule) -> dict:
    options = module.params
    lab = Lab(options["lab_dir"])
    changed = False if module.check_mode else ensure_keys(lab)
    spec = spec_of(lab, options["kind"], options["suite"], options["packages"], options["size_gib"])
    builder = Builder(lab, spec, options["mirror"])
    missing = not builder.present
    seconds = builder.build() if missing and not module.check_mode else 0.0
    return {"changed": changed or missing, "seconds": round(seconds, 1), **describe(builder)}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "lab_dir": {"type": "path", "required": True},
            "kind": {"type": "str", "choices": list(KINDS), "required": True},
            "suite": {"type": "str", "default": "trixie"},
            "packages": {"type": "list", "elements": "str", "default": []},
            "size_gib": {"type": "int", "default": 6},
            "mirror": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    conclude(module, lambda: run(module))


if __name__ == "__main__":
    main()
