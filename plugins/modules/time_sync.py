#!/usr/bin/python
# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: time_sync
short_description: One daemon that disciplines the system clock, by NTP or by PTP
version_added: "0.1.0"
description:
  - Configures chronyd, or ptp4l with phc2sys, and stops every other time daemon of the host.
  - chronyd gets a configuration of its own by a drop-in of its unit; the platform's chrony.conf stays as it is.
  - What would let two daemons discipline the clock is refused before anything is touched.
options:
  source:
    description: What the clock follows. With V(none) it is left to whoever had it.
    type: str
    choices: [ntp, ptp, none]
    default: none
  ntp:
    description: chronyd's part.
    type: dict
    suboptions:
      sources:
        description: Servers, pools and peers.
        type: list
        elements: dict
        default: []
        suboptions:
          address:
            description: Name or address.
            type: str
            required: true
          kind:
            description: What it is.
            type: str
            choices: [server, pool, peer]
            default: server
          iburst:
            description: Whether to ask quickly at start.
            type: bool
            default: true
          nts:
            description: Whether to authenticate it by Network Time Security (RFC 8915).
            type: bool
            default: false
          prefer:
            description: Whether it is preferred.
            type: bool
            default: false
          xleave:
            description: Whether to use interleaved mode, in which servers send hardware stamps of their own packets.
            type: bool
            default: false
          minpoll:
            description: Shortest time between questions, as a power of two seconds.
            type: int
          maxpoll:
            description: Longest time between questions, as a power of two seconds.
            type: int
      hwtimestamp:
        description: Interfaces whose NIC stamps NTP packets.
        type: list
        elements: str
        default: []
      serve:
        description: Networks that may ask this host for the time; none closes the port.
        type: list
        elements: str
        default: []
      makestep:
        description: Threshold in seconds, and the number of updates after start in which the clock may be stepped.
        type: str
        default: 1.0 3
      local_stratum:
        description: Stratum at which this host serves its own clock when it has no source; 0 for never.
        type: int
        default: 0
  ptp:
    description: linuxptp's part.
    type: dict
    suboptions:
      interfaces:
        description: Interfaces on which PTP arrives.
        type: list
        elements: str
        default: []
      profile:
        description: Profile whose values are set beside ptp4l's defaults.
        type: str
        choices: [default, G.8275.1, G.8275.2]
        default: default
      options:
        description: Further options of ptp4l(8), which win over the profile's.
        type: dict
        default: {}
      masters:
        description: Addresses of grandmasters that are asked by unicast.
        type: list
        elements: str
        default: []
      stamping:
        description:
          - Who stamps the packets. V(hardware) refuses a NIC that cannot. V(software) is the consent to the kernel's stamps,
            off by tens of microseconds; ptp4l then steers the system clock itself.
        type: str
        choices: [hardware, software]
        default: hardware
      servo:
        description: Who brings the NIC's clock to the system clock.
        type: str
        choices: [phc2sys, chrony]
        default: phc2sys
  cpus:
    description: CPUs of the daemons in list format; empty for systemd's default.
    type: str
    default: ""
  packages:
    description:
      - Packages that it needs. When some are not installed nothing is done but to name them in RV(packages_missing), so
        that the package manager is only asked then; in check mode the rest is predicted as far as it goes.
    type: list
    elements: str
    default: []
  state:
    description: With V(absent), files and units are as they were before.
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
    description: Shows files and units, before and after.
author: The ull.metal maintainers (@ull-metal)
seealso:
  - module: ull.metal.clock_check
"""

EXAMPLES = r"""
- name: Two servers, stamped by the NIC
  ull.metal.time_sync:
    source: ntp
    ntp:
      sources: [{address: 10.0.0.1, xleave: true}, {address: 10.0.0.2, xleave: true}]
      hwtimestamp: [ens2]

- name: PTP
  ull.metal.time_sync:
    source: ptp
    ptp: {interfaces: [ens2], profile: G.8275.1}
"""

RETURN = r"""
packages_missing:
  description: Those of O(packages) that are not installed, or of which only the package manager can tell.
  returned: success
  type: list
  elements: str
  sample: []
states:
  description: Each unit, enabled and active, with its three states.
  returned: success
  type: list
  elements: dict
  sample:
    - {name: time_sync.unit.chrony.service.active, role: time_sync, impact: live, declared: "yes", persisted: "yes",
       running: "yes", status: in_sync, doc: it disciplines the clock}
reboot_required:
  description: Always false.
  returned: success
  type: bool
  sample: false
"""

from ansible_collections.ull.metal.plugins.module_utils.module import PACKAGES, run_domain
from ansible_collections.ull.metal.plugins.module_utils.settings.time_sync import NONE, TimeSync

_FLAG = {"type": "bool", "default": False}
_NAMES = {"type": "list", "elements": "str", "default": []}
SOURCE = {
    "address": {"type": "str", "required": True},
    "kind": {"type": "str", "choices": ["server", "pool", "peer"], "default": "server"},
    "iburst": {"type": "bool", "default": True},
    "nts": _FLAG,
    "prefer": _FLAG,
    "xleave": _FLAG,
    "minpoll": {"type": "int"},
    "maxpoll": {"type": "int"},
}
NTP = {
    "sources": {"type": "list", "elements": "dict", "default": [], "options": SOURCE},
    "hwtimestamp": _NAMES,
    "serve": _NAMES,
    "makestep": {"type": "str", "default": "1.0 3"},
    "local_stratum": {"type": "int", "default": 0},
}
PTP = {
    "interfaces": _NAMES,
    "profile": {"type": "str", "choices": ["default", "G.8275.1", "G.8275.2"], "default": "default"},
    "options": {"type": "dict", "default": {}},
    "masters": _NAMES,
    "stamping": {"type": "str", "choices": ["hardware", "software"], "default": "hardware"},
    "servo": {"type": "str", "choices": ["phc2sys", "chrony"], "default": "phc2sys"},
}


def main() -> None:
    run_domain(
        {
            **PACKAGES,
            "source": {"type": "str", "choices": ["ntp", "ptp", "none"], "default": "none"},
            "ntp": {"type": "dict", "options": NTP},
            "ptp": {"type": "dict", "options": PTP},
            "cpus": {"type": "str", "default": ""},
        },
        lambda params: TimeSync(
            params["source"] or NONE, params["ntp"] or {}, params["ptp"] or {}, params["cpus"] or ""
        ),
    )


if __name__ == "__main__":
    main()
