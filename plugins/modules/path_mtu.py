#!/usr/bin/python
# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: path_mtu
short_description: Prove that packets of a size reach other hosts in one piece
version_added: "0.1.0"
description:
  - Pings peers with the don't-fragment bit set and packets of exactly the given size, headers included. Fails when they
    do not get through, and says the largest size that does, found by halving with one packet a try.
  - An MTU is a matter of the whole path. An interface set to 9000 tells nothing of the switch between, or of the peer.
  - A path for which the kernel has learnt a smaller MTU in the last minutes (an ICMP "fragmentation needed") fails without
    a packet sent; C(ip route flush cache) makes it forget.
  - Needs ping of iputils on the host. Changes nothing.
options:
  peers:
    description: IP addresses, IPv4 or IPv6, one after the other. None proves nothing and succeeds.
    type: list
    elements: str
    required: true
  mtu:
    description: Size of the packets, with IP header.
    type: int
    default: 9000
  interface:
    description: Interface or address to send from; by default as the routes say.
    type: str
    default: ''
  namespace:
    description: Network namespace to send from, as C(ip netns) names it; by default the host's own.
    type: str
    default: ''
  count:
    description: Packets to each peer, 5 a second.
    type: int
    default: 3
  timeout:
    description: Seconds to wait for an answer.
    type: int
    default: 1
  max_loss:
    description: Per cent of packets that may stay unanswered.
    type: float
    default: 0
attributes:
  check_mode:
    support: full
    description: Sends the same packets, as it changes nothing.
  diff_mode:
    support: none
    description: Changes nothing.
author: The ull.metal maintainers (@ull-metal)
seealso:
  - module: ull.metal.jumbo_frames
"""

EXAMPLES = r"""
- name: 9000 bytes to both neighbours
  ull.metal.path_mtu:
    peers: [10.1.0.2, 10.1.0.3]
    mtu: 9000
    interface: ens1f0
"""

RETURN = r"""
paths:
  description:
    - For each peer C(loss) in per cent, whether any packet C(passed), and the C(largest) size known to get through, V(0)
      when nothing does.
  returned: always, where ping could be used
  type: list
  elements: dict
  sample: [{peer: 10.1.0.2, mtu: 9000, loss: 0.0, passed: true, largest: 9000}]
"""

import platform
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ull.metal.plugins.module_utils.host import Runner
from ansible_collections.ull.metal.plugins.module_utils.module import conclude
from ansible_collections.ull.metal.plugins.module_utils.path_mtu import Ping, Source, prove


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "peers": {"type": "list", "elements": "str", "required": True},
            "mtu": {"type": "int", "default": 9000},
            "interface": {"type": "str", "default": ""},
            "namespace": {"type": "str", "default": ""},
            "count": {"type": "int", "default": 3},
            "timeout": {"type": "int", "default": 1},
            "max_loss": {"type": "float", "default": 0},
        },
        supports_check_mode=True,
    )
    said = module.params

    def work() -> dict[str, Any]:
        source = Source(said["interface"], said["namespace"])
        ping = Ping(_runner(module), source, said["count"], said["timeout"])
        return {"changed": False, "paths": prove(ping, said["peers"], said["mtu"], said["max_loss"])}

    conclude(module, work, platform.node())


def _runner(module: AnsibleModule) -> Runner:
    """In English, as the counts are read; a command that is missing is an OSError."""
    return lambda argv: module.run_command(argv, handle_exceptions=False, environ_update={"LC_ALL": "C"})


if __name__ == "__main__":
    main()
