#!/usr/bin/python
# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: dpdk
short_description: DPDK on virtual functions
version_added: "0.1.0"
description:
  - Binds VFs to vfio-pci by C(driver_override), now and at boot, behind the unit of M(ull.metal.sriov) that makes them.
  - A VF that shares its IOMMU group with a device of another driver, or has no IOMMU group although the kernel runs with
    the arguments for it, is refused. Where the IOMMU comes with the next boot, the binding waits for it.
  - Mounts hugetlbfs for page sizes beside the default one, and writes EAL arguments to C(/etc/ull-metal/dpdk.env) and to
    the local fact C(ansible_local.ull_metal_dpdk).
options:
  vfs:
    description:
      - VFs, each with C(pf), the NIC's PCI address, C(index), its number, and C(driver); those with V(vfio-pci) are bound.
        VFs with C(use) V(dpdk) are among the applications' devices whatever their driver.
      - The other keys of the plan's rows are accepted and do not count here.
    type: list
    elements: dict
    default: []
  eal:
    description: What applications get, C(lcores) and C(main_lcore), and C(eal_args) without devices; C(memory) is for readers.
    type: dict
    default: {}
  hugepage_sizes:
    description: Page sizes that applications map, e.g. V(1G).
    type: list
    elements: str
    default: []
  boot_args:
    description:
      - Whether to put the kernel arguments of the IOMMU into the boot loader. False where M(ull.metal.boot_args) did that
        for all roles; then only what it left is checked.
    type: bool
    default: true
  packages:
    description:
      - Packages that it needs. When some are not installed nothing is done but to name them in RV(packages_missing), so
        that the package manager is only asked then; in check mode the rest is predicted as far as it goes.
    type: list
    elements: str
    default: []
  state:
    description: With V(absent), VFs return to the driver from before, or to none, and mounts, module and files go.
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
  - name: VFIO
    description: The kernel's documentation of IOMMU groups.
    link: https://docs.kernel.org/driver-api/vfio.html
  - name: EAL parameters
    description: DPDK's documentation of the arguments.
    link: https://doc.dpdk.org/guides/linux_gsg/linux_eal_parameters.html
"""

EXAMPLES = r"""
- name: The first VF for DPDK, with two lcores
  ull.metal.dpdk:
    vfs:
      - {pf: "0000:81:00.0", index: 0, driver: vfio-pci}
    eal:
      lcores: 2-3
      main_lcore: 2
      eal_args: [-l, 2-3, --main-lcore, "2", --socket-mem, "0,512"]
    hugepage_sizes: [1G]
"""

RETURN = r"""
packages_missing:
  description: Those of O(packages) that are not installed, or of which only the package manager can tell.
  returned: success
  type: list
  elements: str
  sample: []
states:
  description: Kernel arguments, module, VFs and mounts with their three states.
  returned: success
  type: list
  elements: dict
  sample:
    - {name: "dpdk.0000:81:00.0.vf0", role: dpdk, impact: link, declared: vfio-pci, persisted: vfio-pci,
       running: vfio-pci, status: in_sync, doc: "driver of VF 0 of 0000:81:00.0"}
reboot_required:
  description: Whether a kernel argument, or a binding that needs it, waits for a boot.
  returned: success
  type: bool
  sample: false
"""

from ansible_collections.ull.metal.plugins.module_utils.module import PACKAGES, run_domain
from ansible_collections.ull.metal.plugins.module_utils.settings.dpdk import Dpdk


def main() -> None:
    run_domain(
        {
            **PACKAGES,
            "vfs": {"type": "list", "elements": "dict", "default": []},
            "eal": {"type": "dict", "default": {}},
            "hugepage_sizes": {"type": "list", "elements": "str", "default": []},
            "boot_args": {"type": "bool", "default": True},
        },
        lambda params: Dpdk(
            params["vfs"] or [], params["eal"] or {}, params["hugepage_sizes"] or [], params["boot_args"] is not False
        ),
        always=("boot_args",),
    )


if __name__ == "__main__":
    main()
