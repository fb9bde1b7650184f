#!/usr/bin/python
# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: latency_probe
short_description: Measure the latency of CPUs with one instrument
version_added: "0.1.0"
description:
  - Runs cyclictest, oslat, hwlatdetect or rtla on the CPUs named, for a given time and so many times, and returns a latency
    record for each run. Several CPUs are one record, whose tail is that of the slowest.
  - What happened on these CPUs meanwhile (interrupts, idle states, SMIs, busy siblings) is in each record.
  - A tool that is not installed, a kernel without the tracer, and missing permission are errors with a remedy.
options:
  instrument:
    description: What measures. The ones of rtla and hwlatdetect need tracers that not every kernel has.
    type: str
    choices: [cyclictest, oslat, hwlatdetect, rtla_timerlat, rtla_osnoise]
    default: cyclictest
  cpus:
    description: CPUs to measure, as the kernel writes a list. At least one CPU of the host must remain.
    type: str
    required: true
  seconds:
    description: How long each run takes, up to an hour.
    type: int
    default: 10
  runs:
    description: How many runs, one after the other, up to 240.
    type: int
    default: 1
  interval_us:
    description: Time between two wake-ups in microseconds, for cyclictest and rtla_timerlat.
    type: int
    default: 1000
  name:
    description: The host's name in the inventory, which records carry.
    type: str
    default: ""
  consent:
    description: An instrument takes its CPUs with real-time priority. Without consent it does not run.
    type: bool
    default: false
  root:
    description: Folder that holds the machine's files. On another than V(/), a captured tree, use check mode.
    type: path
    default: /
attributes:
  check_mode:
    support: full
    description: Checks tool, tracer, permission and CPUs, and runs nothing.
  diff_mode:
    support: none
    description: It changes nothing.
author: The ull.metal maintainers (@ull-metal)
"""

EXAMPLES = r"""
- name: Six runs of 20 seconds on the isolated CPUs
  ull.metal.latency_probe:
    instrument: cyclictest
    cpus: "{{ ansible_facts.ull_plan.cpu_isolation.isolated }}"
    seconds: 20
    interval_us: 200
    runs: 6
    name: "{{ inventory_hostname }}"
    consent: true
  register: first_look

- name: They are within the budget
  ansible.builtin.assert:
    that: first_look.records is ull.metal.within_budget(1000)
"""

RETURN = r"""
records:
  description: A latency record a run, and a context where the instrument has several. See docs/latency.md.
  returned: success
  type: list
  elements: dict
  sample: []
look_first:
  description: What happened on the CPUs meanwhile that should not, the likeliest cause first.
  returned: outside check mode
  type: list
  elements: dict
  sample: [{cause: irq, says: interrupt 45 ens1f0-TxRx-3 ran 120 times on the measured CPUs, remedy: move it}]
command:
  description: The command line; the word for its output file stands as it is in the collection.
  returned: success
  type: list
  elements: str
  sample: [oslat, --cpu-list=2-7]
"""

from ansible_collections.ull.metal.plugins.module_utils.latency.probe import probe
from ansible_collections.ull.metal.plugins.module_utils.module import run


def main() -> None:
    run(
        {
            "instrument": {
                "type": "str",
                "choices": ["cyclictest", "oslat", "hwlatdetect", "rtla_timerlat", "rtla_osnoise"],
                "default": "cyclictest",
            },
            "cpus": {"type": "str", "required": True},
            "seconds": {"type": "int", "default": 10},
            "runs": {"type": "int", "default": 1},
            "interval_us": {"type": "int", "default": 1000},
            "name": {"type": "str", "default": ""},
            "consent": {"type": "bool", "default": False},
        },
        probe,
    )


if __name__ == "__main__":
    main()
