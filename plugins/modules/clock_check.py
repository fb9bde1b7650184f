#!/usr/bin/python
# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: clock_check
short_description: How far the system clock is off, and whether that is good enough
version_added: "0.1.0"
description:
  - Asks chronyd, or ptp4l and phc2sys, for source, offset, dispersion and age, and compares with the limits.
  - Waits for the clock for a bounded time. In check mode it looks once and fails never.
options:
  max_offset:
    description: Largest offset in nanoseconds; 0 for any.
    type: int
    default: 100000
  max_error:
    description:
      - Largest possible error against the primary clock in nanoseconds, offset plus root dispersion plus half the root delay;
        0 for any. PTP does not say it.
    type: int
    default: 0
  max_age:
    description: Seconds after which a silent source is too old; 0 for never. PTP does not say it.
    type: int
    default: 0
  wait:
    description: Seconds to wait for a clock that is not good enough yet.
    type: int
    default: 60
  daemon:
    description: Whom to ask; by default who disciplines the clock by M(ull.metal.time_sync).
    type: str
    choices: [chrony, ptp4l, phc2sys]
  interface:
    description: The interface of ptp4l; by default the one that M(ull.metal.time_sync) set up.
    type: str
  fail:
    description: Whether a clock that is not good enough is a failure; otherwise RV(wrong) says what it is.
    type: bool
    default: true
  root:
    description: Folder that holds the machine's files; another than V(/) is a captured tree.
    type: path
    default: /
attributes:
  check_mode:
    support: full
    description: It only reads.
  diff_mode:
    support: none
    description: It changes nothing.
author: The ull.metal maintainers (@ull-metal)
seealso:
  - module: ull.metal.time_sync
"""

EXAMPLES = r"""
- name: Within the 100 microseconds that MiFID II asks of high-frequency trading
  ull.metal.clock_check:
    max_offset: 100000
"""

RETURN = r"""
clock:
  description: What the daemon says.
  returned: success
  type: dict
  sample: {daemon: chrony, synchronised: true, source: 10.0.0.1, stratum: 2, offset_ns: -1204, root_delay_ns: 180000,
    root_dispersion_ns: 9000, age_s: 11.2, error_bound_ns: 100204, why: ""}
wrong:
  description: What is wrong with it; empty where it is good enough.
  returned: success
  type: str
  sample: ""
"""

from ansible_collections.ull.metal.plugins.module_utils.clock import check
from ansible_collections.ull.metal.plugins.module_utils.module import run


def main() -> None:
    run(
        {
            "max_offset": {"type": "int", "default": 100_000},
            "max_error": {"type": "int", "default": 0},
            "max_age": {"type": "int", "default": 0},
            "wait": {"type": "int", "default": 60},
            "daemon": {"type": "str", "choices": ["chrony", "ptp4l", "phc2sys"]},
            "interface": {"type": "str"},
            "fail": {"type": "bool", "default": True},
        },
        lambda params, host, check_mode: check(host, params, check_mode),
    )


if __name__ == "__main__":
    main()
