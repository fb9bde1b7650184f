#!/usr/bin/python
# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: latency_pingpong
short_description: Measure the latency of UDP between two hosts
version_added: "0.1.0"
description:
  - One end answers (O(serve=true)), the other sends a message, waits for it, and again; its result is a latency record.
  - Needs nothing but Python. With timestamps of the kernel or of the NIC a round trip holds the interpreter of the far end
    only, some ten microseconds. It is for telling that a path has become slower, not for the path's least latency.
options:
  serve:
    description: Whether this end answers.
    type: bool
    default: false
  address:
    description: Own address to send from or to answer at.
    type: str
    required: true
  peer:
    description: Address of the end that answers.
    type: str
    default: ""
  peer_name:
    description: The other host's name in the inventory, which the record carries.
    type: str
    default: ""
  port:
    description: UDP port of the end that answers.
    type: int
    default: 11111
  seconds:
    description: How long, up to an hour. The end that answers needs some seconds more.
    type: int
    default: 10
  interval_us:
    description: Time between two messages in microseconds.
    type: int
    default: 1000
  timestamps:
    description: Who takes the time. The NIC's have to be switched on, e.g. with C(hwstamp_ctl).
    type: str
    choices: [user, software, hardware]
    default: user
  busy_poll_us:
    description: Microseconds for which the kernel polls the NIC's queue instead of waiting for its interrupt.
    type: int
    default: 0
  cpu:
    description: CPU to run on; by default any that the process may have.
    type: int
  name:
    description: The host's name in the inventory, which the record carries.
    type: str
    default: ""
  consent:
    description: It polls a CPU and sends into the network. Without consent it does not run.
    type: bool
    default: false
  root:
    description: Folder that holds the machine's files. On another than V(/), a captured tree, use check mode.
    type: path
    default: /
attributes:
  check_mode:
    support: full
    description: Checks the options, and sends nothing.
  diff_mode:
    support: none
    description: It changes nothing.
author: The ull.metal maintainers (@ull-metal)
"""

EXAMPLES = r"""
- name: The far end answers
  ull.metal.latency_pingpong:
    serve: true
    address: 10.0.1.12
    seconds: 30
    consent: true
  async: 60
  poll: 0
  delegate_to: gateway1

- name: The near end measures
  ull.metal.latency_pingpong:
    address: 10.0.1.11
    peer: 10.0.1.12
    peer_name: gateway1
    seconds: 20
    timestamps: software
    cpu: 3
    name: "{{ inventory_hostname }}"
    consent: true
  register: path
"""

RETURN = r"""
records:
  description: The latency record; none of the end that answers.
  returned: success
  type: list
  elements: dict
  sample: []
answered:
  description: How many messages this end answered.
  returned: success
  type: int
  sample: 20064
"""

from ansible_collections.ull.metal.plugins.module_utils.latency.network_probe import pingpong
from ansible_collections.ull.metal.plugins.module_utils.module import run


def main() -> None:
    run(
        {
            "serve": {"type": "bool", "default": False},
            "address": {"type": "str", "required": True},
            "peer": {"type": "str", "default": ""},
            "peer_name": {"type": "str", "default": ""},
            "port": {"type": "int", "default": 11111},
            "seconds": {"type": "int", "default": 10},
            "interval_us": {"type": "int", "default": 1000},
            "timestamps": {"type": "str", "choices": ["user", "software", "hardware"], "default": "user"},
            "busy_poll_us": {"type": "int", "default": 0},
            "cpu": {"type": "int"},
            "name": {"type": "str", "default": ""},
            "consent": {"type": "bool", "default": False},
        },
        pingpong,
    )


if __name__ == "__main__":
    main()
