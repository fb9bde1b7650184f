#!/usr/bin/python
# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: hardening
short_description: sshd, firewall, audit and kernel parameters that cost no latency
version_added: "0.1.0"
description:
  - sshd gets a drop-in that comes first, is checked before it is written, and never shuts the connected user out.
  - The firewall is a table of its own that drops what comes in unasked; no other table is touched. New rules return to those
    from before after a time, unless M(ull.metal.firewall_confirm) is called over a new connection.
  - auditd watches files alone, no system calls.
  - Kernel parameters that the plan sets are left to the plan.
options:
  parts:
    description: Which parts are wanted; the others are as they were before.
    type: list
    elements: str
    choices: [ssh, firewall, audit, kernel]
    default: [ssh, firewall, audit, kernel]
  ssh:
    description: sshd's part.
    type: dict
    suboptions:
      root_login:
        description: Whether root may log in, by key.
        type: str
        choices: [prohibit-password, "no"]
        default: prohibit-password
      allow_users:
        description: Patterns of users who may log in; none for all.
        type: list
        elements: str
        default: []
      allow_groups:
        description: Patterns of groups whose users may log in; none for all.
        type: list
        elements: str
        default: []
      algorithms:
        description: Whether weak algorithms are taken out; where a system-wide crypto policy is, it is left to that.
        type: bool
        default: true
      options:
        description: Further keywords of sshd_config(5), which win over ours.
        type: dict
        default: {}
  firewall:
    description: The firewall's part.
    type: dict
    suboptions:
      management:
        description: Networks from which ssh is open; none for any, with a warning.
        type: list
        elements: str
        default: []
      flows:
        description: What may come in.
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description: A name for people.
            type: str
            required: true
          proto:
            description: Protocol.
            type: str
            choices: [tcp, udp]
            default: tcp
          ports:
            description: Destination ports as V(80) or V(5000-5010); none for all.
            type: list
            elements: str
            default: []
          from:
            description: Networks it comes from; none for any.
            type: list
            elements: str
            default: []
          to:
            description: Networks it goes to, e.g. multicast groups; none for any.
            type: list
            elements: str
            default: []
          interface:
            description: Interface it comes in by; by default any.
            type: str
          notrack:
            description: Whether connection tracking passes it by. UDP only.
            type: bool
            default: false
      confirm:
        description: Seconds in which changed rules must be confirmed; 0 for no need.
        type: int
        default: 60
  audit:
    description: auditd's part.
    type: dict
    suboptions:
      watches:
        description: Further files and folders to watch for changes.
        type: list
        elements: str
        default: []
      exempt_users:
        description: Users whose tasks get no audit context at all.
        type: list
        elements: str
        default: []
  kernel:
    description: The kernel's part.
    type: dict
    suboptions:
      sysctl:
        description: Further parameters, which win over ours.
        type: dict
        default: {}
      modules:
        description: Modules that must not be loaded; empty for ours.
        type: list
        elements: str
        default: []
      planned:
        description: Parameters that the plan sets; they are left out.
        type: dict
        default: {}
  packages:
    description:
      - Packages that it needs. When some are not installed nothing is done but to name them in RV(packages_missing), so
        that the package manager is only asked then; in check mode the rest is predicted as far as it goes.
      - Debian's names; C(auditd) stands for C(audit) on a host without dpkg.
    type: list
    elements: str
    default: []
  state:
    description: With V(absent), files, units, rules and parameters are as they were before.
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
    description: Predicts the changes and writes nothing; sshd and nft read what would be written from memory.
  diff_mode:
    support: full
    description: Shows files, rules and parameters, before and after.
author: The ull.metal maintainers (@ull-metal)
seealso:
  - module: ull.metal.firewall_confirm
"""

EXAMPLES = r"""
- name: Market data without tracking, and Prometheus
  ull.metal.hardening:
    firewall:
      management: [10.0.0.0/8]
      flows:
        - {name: market data, proto: udp, ports: [30001-30040], to: [239.10.0.0/16], interface: ens2, notrack: true}
        - {name: prometheus, ports: [9100], from: [10.20.0.0/16]}
"""

RETURN = r"""
packages_missing:
  description: Those of O(packages) that are not installed, or of which only the package manager can tell.
  returned: success
  type: list
  elements: str
  sample: []
states:
  description: Each setting with its three states.
  returned: success
  type: list
  elements: dict
  sample:
    - {name: hardening.ssh.PasswordAuthentication, role: hardening, impact: live, declared: "no", persisted: "no",
       running: "no", status: in_sync, doc: "sshd: PasswordAuthentication"}
armed:
  description: Whether new firewall rules wait for M(ull.metal.firewall_confirm).
  returned: success
  type: bool
  sample: false
notes:
  description: What is allowed, but should be known; they are warnings, too.
  returned: success
  type: list
  elements: str
  sample: ["ssh is open to any address: name your networks in hardening_management_cidrs"]
reboot_required:
  description: Always false.
  returned: success
  type: bool
  sample: false
"""

from typing import Any

from ansible.module_utils.common.warnings import warn

from ansible_collections.ull.metal.plugins.module_utils.host import Host
from ansible_collections.ull.metal.plugins.module_utils.module import PACKAGES, STATE, after_packages, run
from ansible_collections.ull.metal.plugins.module_utils.setting import converge
from ansible_collections.ull.metal.plugins.module_utils.settings.firewall_store import armed
from ansible_collections.ull.metal.plugins.module_utils.settings.hardening import PARTS, Hardening, packages

_NAMES = {"type": "list", "elements": "str", "default": []}
_WORDS = {"type": "dict", "default": {}}
_FLAG = {"type": "bool", "default": False}
SSH = {
    "root_login": {"type": "str", "choices": ["prohibit-password", "no"], "default": "prohibit-password"},
    "allow_users": _NAMES,
    "allow_groups": _NAMES,
    "algorithms": {"type": "bool", "default": True},
    "options": _WORDS,
}
FLOW = {
    "name": {"type": "str", "required": True},
    "proto": {"type": "str", "choices": ["tcp", "udp"], "default": "tcp"},
    "ports": _NAMES,
    "from": _NAMES,
    "to": _NAMES,
    "interface": {"type": "str"},
    "notrack": _FLAG,
}
FIREWALL = {
    "management": _NAMES,
    "flows": {"type": "list", "elements": "dict", "default": [], "options": FLOW},
    "confirm": {"type": "int", "default": 60},
}
AUDIT = {"watches": _NAMES, "exempt_users": _NAMES}
KERNEL = {"sysctl": _WORDS, "modules": _NAMES, "planned": _WORDS}


def work(params: dict[str, Any], host: Host, check_mode: bool) -> dict[str, Any]:
    """Converge the parts that are wanted; with state absent none is."""
    parts = params["parts"] if params["state"] == "present" else []
    words = {part: params[part] or {} for part in PARTS}
    domain = Hardening(parts, **words)
    notes = domain.warnings(host)
    for note in notes:
        warn(note)
    return {**converge(domain, host, check_mode).as_result(), "armed": armed(host), "notes": notes}


def installed(params: dict[str, Any], host: Host, check_mode: bool) -> dict[str, Any]:
    """The work, once its packages are there."""
    return after_packages(work)({**params, "packages": packages(host, params["packages"])}, host, check_mode)


def main() -> None:
    spec = {
        "parts": {"type": "list", "elements": "str", "choices": list(PARTS), "default": list(PARTS)},
        "ssh": {"type": "dict", "options": SSH},
        "firewall": {"type": "dict", "options": FIREWALL},
        "audit": {"type": "dict", "options": AUDIT},
        "kernel": {"type": "dict", "options": KERNEL},
    }
    run({**STATE, **PACKAGES, **spec}, installed)


if __name__ == "__main__":
    main()
