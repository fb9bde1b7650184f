#!/usr/bin/python
# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: jumbo_frames
short_description: MTU along whole paths, from the NIC to its VFs, bonds, bridges and VLANs
version_added: "0.1.0"
description:
  - Sets the MTU of NICs, of their VFs that have a kernel driver, and of the bonds, bridges and VLANs upon them, of bonds
    with all members. What is raised goes from the bottom up, what is lowered from the top down.
  - Persists each with what configures the interface at boot, which is found out. With systemd-networkd that is a drop-in
    to the very file it applies, with NetworkManager a default in its configuration, with ifupdown a script in if-up.d.
    Where nobody configures the interface, the host applies it itself before the network comes up, once the VFs are there.
  - An MTU above what a device can have, above that of the interface below it, or against the profile of NetworkManager,
    is refused before anything is touched.
  - Drivers reset the link to change its MTU. Neither systemd-networkd nor NetworkManager is told to reload, as that would
    also apply what others left in their files; they read theirs when they start next.
options:
  nics:
    description:
      - NICs as rows with C(name) or C(pci), and C(mtu), as in the plan. C(above) names the bonds, bridges and VLANs upon it
        that get the same MTU; without it all there are. Other keys, and rows without C(mtu), are left out.
      - What is not named any more returns to its MTU from before.
    type: list
    elements: dict
    default: []
  vfs:
    description:
      - VFs as rows with C(pf), the PCI address of their PF, or C(pf_name), and C(index) and C(mtu), as in the plan.
      - Rows with C(driver=vfio-pci) are left out; the application that drives the VF sets its MTU. A VF whose interface is
        in a pod is left as it is.
    type: list
    elements: dict
    default: []
  state:
    description: With V(absent), all return to the MTU from before, and nothing is persisted.
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
    description: Shows files and MTUs, before and after.
author: The ull.metal maintainers (@ull-metal)
seealso:
  - module: ull.metal.path_mtu
"""

EXAMPLES = r"""
- name: 9000 on a NIC with all that is upon it, and on two VFs
  ull.metal.jumbo_frames:
    nics:
      - {name: ens1f0, mtu: 9000}
    vfs:
      - {pf_name: ens1f0, index: 0, mtu: 9000}
      - {pf_name: ens1f0, index: 1, mtu: 9000}

- name: A NIC without the bridge upon it
  ull.metal.jumbo_frames:
    nics:
      - {pci: "0000:81:00.0", mtu: 9000, above: []}
"""

RETURN = r"""
states:
  description: Each interface with its three states.
  returned: success
  type: list
  elements: dict
  sample:
    - {name: jumbo_frames.ens1f0, role: jumbo_frames, impact: link, declared: "9000", persisted: "9000", running: "9000",
       status: in_sync, doc: MTU of ens1f0}
reboot_required:
  description: Always false; MTUs are set live.
  returned: success
  type: bool
  sample: false
"""

from ansible_collections.ull.metal.plugins.module_utils.module import run_domain
from ansible_collections.ull.metal.plugins.module_utils.settings.jumbo_frames import JumboFrames


def main() -> None:
    rows = {"type": "list", "elements": "dict", "default": []}
    run_domain(
        {"nics": rows, "vfs": rows},
        lambda params: JumboFrames(params["nics"] or [], params["vfs"] or []),
    )


if __name__ == "__main__":
    main()
