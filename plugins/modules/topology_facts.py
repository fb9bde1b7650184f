#!/usr/bin/python
# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Module topology_facts."""

from __future__ import annotations

DOCUMENTATION = r"""
module: topology_facts
short_description: Read the hardware topology of a host
version_added: 0.1.0
author:
  - The ull.metal maintainers (@ull-metal)
description:
  - Reads the NUMA nodes, CPUs, caches, network interfaces and accelerators of a host, with the kernel it runs, and
    returns them as the fact C(ull_topology), from which C(ull.metal.plan) compiles the host's plan.
  - Reads files below C(/sys), C(/proc), C(/etc), C(/boot) and C(/run), and asks a running host's netlink once. It
    changes nothing, needs no root privileges and no package.
  - What a host does not tell is V(-1), V(0) or empty. A NUMA node of V(-1) means unknown and is not an error.
options:
  root:
    description:
      - Where the tree to read is. V(/) is the host itself; any other folder is a captured tree, for example of
        C(hwloc-gather-topology).
    type: path
    default: /
attributes:
  check_mode:
    description: Can run in check mode and return the same facts.
    support: full
  diff_mode:
    description: Returns what has changed, or would change, in check mode.
    support: N/A
  platform:
    description: The systems it runs on.
    support: full
    platforms: linux
"""

EXAMPLES = r"""
- name: Read the topology
  ull.metal.topology_facts:

- name: Show which CPUs are next to the trading interface
  ansible.builtin.debug:
    msg: "{{ ull_topology.nodes | selectattr('id', 'eq', nic.node) | map(attribute='cpus') }}"
  vars:
    nic: "{{ ull_topology.nics | selectattr('name', 'eq', 'ens1f0') | first }}"

- name: Read a captured tree on the controller
  ull.metal.topology_facts:
    root: "{{ playbook_dir }}/captures/db1"
  delegate_to: localhost
"""

RETURN = r"""
ansible_facts:
  description: The facts.
  returned: success
  type: dict
  contains:
    ull_topology:
      description: The topology of the host.
      returned: success
      type: dict
      contains:
        schema:
          description: Version of this structure.
          type: int
          returned: always
          sample: 1
        arch:
          description: Architecture as by C(uname -m).
          type: str
          returned: always
          sample: x86_64
        container:
          description: The kind of container the host is; empty on a real or virtual machine.
          type: str
          returned: always
          sample: systemd-nspawn
        os:
          description: Distribution, its version, and its family, V(debian), V(redhat) or empty.
          type: dict
          returned: always
          sample: {id: debian, version: "13", family: debian}
        boot_loader:
          description: What owns the kernel's command line, V(grub) (update-grub), V(bls) (grubby), or empty.
          type: str
          returned: always
          sample: grub
        kernel:
          description: Release of the kernel, its flavour, V(rt) with PREEMPT_RT or else V(generic), its boot arguments.
          type: dict
          returned: always
          sample: {release: 6.12.107+deb13-rt-amd64, flavour: rt, args: "root=/dev/vda1 ro isolcpus=1,3"}
        nodes:
          description:
            - The online NUMA nodes; a kernel without NUMA gives one, number 0.
            - C(cpus) are the online ones, none on nodes of memory alone. C(distances) go to the nodes in this order.
          type: list
          elements: dict
          returned: always
          sample:
            - id: 0
              cpus: "0-1"
              memory_bytes: 4158652416
              distances: [10, 21]
              hugepages: [{size: 2M, total: 0, free: 0}, {size: 1G, total: 1, free: 1}]
        cpus:
          description:
            - Every CPU, offline ones too. C(package) and C(core) are the kernel's numbers; tell cores by C(siblings).
            - C(l3) is the lowest CPU of those that share the L3 cache.
            - Where cores differ, C(kind) is V(P), V(E) or V(LP), and C(capacity) the kernel's measure, at most 1024.
          type: list
          elements: dict
          returned: always
          sample: [{id: 0, package: 0, core: 0, siblings: "0", node: 0, l3: 0, online: true}]
        left_out:
          description:
            - Where the topology would pass 16 KiB, some keys leave the rows of C(cpus), and then of C(nics), and stand
              here, with each value and the places in the list, from 0, of the rows that have it.
          type: dict
          returned: on machines of some 150 CPUs and more
          sample: {cpus: {online: [[true, "0-254"], [false, "255"]]}}
        nics:
          description:
            - Network interfaces with a device behind them, and network functions without an interface (bound for DPDK),
              in PCI order. C(kind) is V(physical) or V(vf); C(pf) is a VF's physical function.
            - C(up) says there is a link; C(queues) counts those that receive; C(max_mtu) is V(0) on a captured tree, as
              only the running kernel tells it.
          type: list
          elements: dict
          returned: always
          sample:
            - name: ens2
              pci: "0000:81:00.0"
              node: 1
              driver: igb
              sriov_total: 7
              sriov_num: 2
              mtu: 1500
              max_mtu: 9216
              queues: 2
              iommu_group: 8
              mac: "52:54:00:00:20:03"
              speed: 1000
              up: true
              kind: physical
              pf: ""
              irqs: 40-42
        virtual_nics:
          description: Bonds, bridges, VLANs and switch ports that stand on these, with the interfaces right below each.
          type: list
          elements: dict
          returned: always
          sample: [{name: bond0, kind: bond, members: [ens1, ens2]}]
        gpus:
          description: Graphics processors and accelerators; C(memory_node) is the NUMA node made of their memory.
          type: list
          elements: dict
          returned: always
          sample: [{pci: "0004:05:00.0", vendor: 10de, driver: nvidia, node: 0, memory_node: 255}]
        doubts:
          description: What in the kernel's own tables contradicts itself, in words, and how it was read.
          type: list
          elements: str
          returned: always
          sample: ["node 1 lists CPUs 0-7, which node 0 has"]
"""

from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.module import run
from ansible_collections.ull.metal.plugins.module_utils.topology.compact import compact
from ansible_collections.ull.metal.plugins.module_utils.topology.reader import read_topology


def work(params, host, check_mode):
    """The facts."""
    topology = read_topology(host)
    if not topology["cpus"]:
        raise UllError(
            "no CPU is described there",
            variable="root",
            value=params["root"],
            remedy="name a tree with /sys or /proc",
        )
    return {"ansible_facts": {"ull_topology": compact(topology)}}


def main() -> None:
    """Run the module."""
    run({}, work)


if __name__ == "__main__":
    main()
