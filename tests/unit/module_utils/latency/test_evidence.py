# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from ansible_collections.ull.metal.plugins.module_utils.latency.evidence import look_first


def causes(evidence, duration=10.0):
    return [hint.cause for hint in look_first(evidence, duration)]


def test_a_quiet_cpu_gives_no_hint():
    quiet = {
        "smi": 0,
        "throttled": 0,
        "interrupts": {"LOC": 10, "PMI": 3, "45 ens1f0-TxRx-3": 0, "RES": 0},
        "cstates": {
            "POLL": {"entries": 900, "exit_us": 0},
            "C1": {"entries": 9, "exit_us": 1},
            "C6": {"entries": 0, "exit_us": 133},
        },
        "siblings": {"35": 0.001},
        "frequency_khz": [3_100_000, 3_100_000],
        "osnoise": {"hw": 0, "irq": 0},
    }
    assert causes(quiet) == causes({}) == []


def test_what_stops_the_machine_comes_first():
    loud = {
        "interrupts": {"LOC": 10_000, "45 ens1f0-TxRx-3": 120, "9 acpi": 1, "CAL": 40},
        "siblings": {"35": 0.4},
        "cstates": {"C6": {"entries": 90, "exit_us": 133}},
        "frequency_khz": [1_900_000, 3_100_000],
        "throttled": 1,
        "smi": 2,
    }
    assert causes(loud) == ["smi", "throttling", "cstate", "sibling", "frequency", "irq", "irq", "timer", "call"]
    words = [hint.says for hint in look_first(loud, 10.0)]
    assert "interrupt 45 ens1f0-TxRx-3 ran 120 times on the measured CPUs" in words
    assert "the timer interrupted a CPU 1000 times a second" in words


def test_the_instruments_own_timers_are_none():
    assert look_first({"interrupts": {"LOC": 20_010}, "seconds": 10.0}, cpus=2, own_timers=20_000) == []


def test_timers_of_arm_are_no_device():
    assert causes({"interrupts": {"11 GICv3 30 Level arch_timer": 10_000}}) == ["timer"]


def test_the_commonest_noise_first():
    assert causes({"osnoise": {"hw": 5, "irq": 11, "thread": 9, "nmi": 0}}) == ["irq", "thread", "hardware"]
