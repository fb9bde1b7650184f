#!/usr/bin/python
# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: conflicts
short_description: Find others that set what the plan sets
version_added: "0.1.0"
description:
  - Looks, in one call, for services that tune by themselves (TuneD, irqbalance, cpupower, power-profiles-daemon and
    others), for interfaces with two network managers, and for files that set a value of the plan too - sysctl.d,
    tmpfiles.d, modprobe.d, udev rules, .link files, cloud-init's network, kernel arguments, rc.local, cron and units in /etc.
  - Each has a policy. V(disable) stops and disables a service and remembers how it was. Files of others are never
    changed, so that for them V(disable) fails like V(fail).
  - Warnings and notes, such as a script that seems to write a setting, never fail.
options:
  plan:
    description: The host's whole plan, which says what is its own.
    type: dict
    default: {}
  policy:
    description: What becomes of a conflict.
    type: str
    choices: [fail, disable, ignore]
    default: fail
  policies:
    description:
      - Other policies by the conflict's id, for example V(disable) for C(tuned).
    type: dict
    default: {}
  state:
    description: With V(absent), services that were disabled return to what they were.
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
    description: Finds the same, predicts which services would be stopped, and touches nothing.
  diff_mode:
    support: full
    description: Shows services before and after.
author: The ull.metal maintainers (@ull-metal)
seealso:
  - module: ull.metal.boot_args
"""

EXAMPLES = r"""
- name: TuneD goes, everything else that fights ends the run
  ull.metal.conflicts:
    plan: "{{ ansible_facts.ull_plan }}"
    policies:
      tuned: disable
"""

RETURN = r"""
conflicts:
  description: All that were found, also those that are ignored or disabled now. Given on failure, too.
  returned: always
  type: list
  elements: dict
  contains:
    id: {description: What a policy names., type: str, sample: tuned}
    what: {description: What is so., type: str, sample: "tuned.service is enabled and active, profile balanced"}
    where: {description: File and line or unit., type: str, sample: tuned.service}
    settings: {description: What of the plan it sets too., type: list, elements: str, sample: [vm.stat_interval]}
    remedy: {description: What to do., type: str, sample: stop and disable it yourself}
    policy: {description: What becomes of it., type: str, sample: fail}
    level: {description: "V(error), V(warning) or V(note).", type: str, sample: error}
findings:
  description: The same as findings, for P(ull.metal.findings_text#filter).
  returned: always
  type: list
  elements: dict
states:
  description: Each service that is to be disabled with its three states.
  returned: success
  type: list
  elements: dict
reboot_required:
  description: Never.
  returned: success
  type: bool
  sample: false
"""

from typing import Any

from ansible_collections.ull.metal.plugins.module_utils.host import Host
from ansible_collections.ull.metal.plugins.module_utils.module import STATE, run
from ansible_collections.ull.metal.plugins.module_utils.setting import converge
from ansible_collections.ull.metal.plugins.module_utils.settings.conflicts import POLICIES, Conflicts


def work(params: dict[str, Any], host: Host, check_mode: bool) -> dict[str, Any]:
    """What is found before anything is stopped, and what then becomes of it."""
    present = params["state"] == "present"
    domain = Conflicts(params["plan"], params["policy"], params["policies"]) if present else Conflicts()
    found = domain.found(host)
    outcome = converge(domain, host, check_mode)
    told = {"conflicts": domain.rows(found), "findings": domain.findings(host, found)}
    return {**outcome.as_result(), **told}


def main() -> None:
    run(
        {
            **STATE,
            "plan": {"type": "dict", "default": {}},
            "policy": {"type": "str", "choices": list(POLICIES), "default": POLICIES[0]},
            "policies": {"type": "dict", "default": {}},
        },
        work,
    )


if __name__ == "__main__":
    main()
