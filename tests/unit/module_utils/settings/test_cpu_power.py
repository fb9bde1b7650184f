# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import itertools
import json

import pytest
from machines import KilledError, contents
from power_machines import CPU, DRIVERS, power_host

from ansible_collections.ull.metal.plugins.module_utils.agent import boot
from ansible_collections.ull.metal.plugins.module_utils.cpuset import CpuSet
from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.setting import converge
from ansible_collections.ull.metal.plugins.module_utils.settings import cpu_power
from ansible_collections.ull.metal.plugins.module_utils.settings.cpu_power import CpuPower
from ansible_collections.ull.metal.plugins.module_utils.settings.cpu_sysfs import summary, value_of

LATENCY = CpuPower("latency", "2-3", "never")


def running(outcome) -> dict[str, str]:
    return {state.name[len("cpu_power.") :]: state.running for state in outcome.states}


def statuses(outcome) -> set[str]:
    return {state.status for state in outcome.states}


def limits(host) -> list[str]:
    return [host.read(f"{CPU}/cpu{cpu}/power/pm_qos_resume_latency_us") for cpu in range(4)]


@pytest.mark.parametrize("driver", [driver for driver in DRIVERS if driver])
@pytest.mark.parametrize("domain", [LATENCY, CpuPower("balanced", turbo="allowed"), CpuPower(turbo="never")])
def test_from_the_first_run_to_the_undo(tmp_path, driver, domain):
    host = power_host(tmp_path, driver, bias=driver.startswith("intel"), uncore=driver == "intel_pstate")
    before = contents(host)
    predicted = converge(domain, host, True)
    assert contents(host) == before
    made = converge(domain, host, False)
    assert (made.states, statuses(made)) == (predicted.states, {"in_sync"})
    assert made.changed
    after = contents(host)
    assert not converge(domain, host, False).changed
    assert contents(host) == after
    assert statuses(converge(CpuPower(), host, False)) == {"in_sync"} or domain.mode == "keep"
    assert contents(host) == before


@pytest.mark.parametrize(
    ("driver", "bias", "found"),
    [
        ("intel_pstate", True, {"governor": "performance", "energy_preference": "performance", "energy_bias": "0"}),
        ("intel_cpufreq", True, {"governor": "performance", "energy_preference": "performance", "energy_bias": "0"}),
        ("amd-pstate-epp", False, {"governor": "performance", "energy_preference": "performance"}),
        ("acpi-cpufreq", False, {"governor": "performance", "energy_preference": "not applicable"}),
        ("cppc_cpufreq", False, {"governor": "performance", "energy_preference": "not applicable"}),
        ("", False, {"governor": "not applicable", "energy_preference": "not applicable", "turbo": "not applicable"}),
    ],
)
def test_latency(tmp_path, driver, bias, found):
    outcome = converge(LATENCY, power_host(tmp_path, driver, bias=bias), False)
    expected = {"energy_bias": "not applicable", "idle": "0 on 0-1; 1 on 2-3", "turbo": "never"}
    assert running(outcome) == {**expected, **found}


@pytest.mark.parametrize(
    ("driver", "governor"),
    [("intel_pstate", "powersave"), ("amd-pstate-epp", "powersave"), ("acpi-cpufreq", "schedutil")],
)
def test_balanced(tmp_path, driver, governor):
    host = power_host(tmp_path, driver, bias=True)
    converge(LATENCY, host, False)
    found = running(converge(CpuPower("balanced"), host, False))
    assert (found["governor"], found["energy_bias"], found["idle"]) == (governor, "6", "0")
    assert found["energy_preference"] in ("balance_performance", "not applicable")
    assert found["turbo"] == "allowed", "what is not asked for any more returns"


@pytest.mark.parametrize(("idle", "limit"), [("intel", "1"), ("amd", "1"), ("arm", "1"), ("none", "0")])
def test_the_first_idle_state_is_left(tmp_path, idle, limit):
    host = power_host(tmp_path, "", idle)
    found = running(converge(LATENCY, host, False))
    assert limits(host) == ["0", "0", limit, limit]
    assert (found["idle"] == "not applicable") == (idle == "none")


def test_no_idle_state_at_all(tmp_path):
    host = power_host(tmp_path, "")
    converge(CpuPower("latency", "1", idle="poll"), host, False)
    assert limits(host) == ["0", "n/a", "0", "0"]
    converge(CpuPower("latency", "1", idle="keep"), host, False)
    assert limits(host) == ["0"] * 4


def test_uncore_runs_at_its_highest(tmp_path):
    host = power_host(tmp_path, "intel_pstate", uncore=True)
    assert running(converge(LATENCY, host, False))["uncore"] == "2400000"
    base = f"{CPU}/intel_uncore_frequency"
    assert host.read(f"{base}/package_00_die_00/min_freq_khz") == "2400000"
    assert host.read(f"{base}/uncore00/min_freq_khz") == "800000"


def test_a_guest_is_left_alone(tmp_path):
    host = power_host(tmp_path, "", "none")
    before = contents(host)
    outcome = converge(LATENCY, host, False)
    assert (outcome.changed, statuses(outcome), contents(host)) == (False, {"in_sync"}, before)
    assert "a guest" in outcome.states[0].doc


def test_governors_that_differ_return_each_to_its_own(tmp_path):
    host = power_host(tmp_path, "acpi-cpufreq")
    host.poke(f"{CPU}/cpufreq/policy2/scaling_governor", "userspace")
    before = contents(host)
    converge(LATENCY, host, False)
    memory = json.loads(host.text("/var/lib/ull-metal/before/cpu_power.json"))
    assert memory["cpu_power.governor"] == "ondemand on 0-1; userspace on 2-3"
    converge(CpuPower(), host, False)
    assert contents(host) == before


def test_the_agent_applies_it_at_boot(tmp_path):
    host = power_host(tmp_path / "a", "intel_pstate", bias=True)
    converge(LATENCY, host, False)
    stored = json.loads(host.text("/etc/ull-metal/cpu_power.json"))
    assert stored["devices"] == [f"{CPU}/cpufreq/policy0/scaling_governor"]
    booted = power_host(tmp_path / "b", "intel_pstate", bias=True)
    said = []
    assert boot.apply(CpuPower(**stored["slice"]), booted, said.append) == []
    assert booted.read(f"{CPU}/cpufreq/policy3/energy_performance_preference") == "performance"
    assert limits(booted) == ["0", "0", "1", "1"]
    assert "cpu_power.governor: powersave -> performance" in said


def test_what_another_plan_left_for_the_next_boot_is_seen(tmp_path):
    host = power_host(tmp_path, "acpi-cpufreq")
    converge(CpuPower("balanced"), host, False)
    states = {setting.name: setting.persisted(host) for setting in LATENCY.settings(host)}
    assert (states["cpu_power.governor"], states["cpu_power.idle"]) == ("schedutil", "0")
    assert CpuPower().settings(host) == []


def test_a_run_that_is_killed_is_completed_by_the_next(tmp_path):
    for number in itertools.count(1):
        host = power_host(tmp_path / str(number), "intel_pstate", bias=True)
        before = contents(host)
        host.killed_at = number
        try:
            converge(LATENCY, host, False)
            converge(CpuPower(), host, False)
        except KilledError:
            assert statuses(converge(LATENCY, host, False)) == {"in_sync"}
            converge(CpuPower(), host, False)
            assert contents(host) == before, number
        else:
            assert number > 20
            return


@pytest.mark.parametrize(
    ("domain", "words"),
    [
        (
            CpuPower("fast"),
            r"cpu_power_mode = 'fast': there is no such word. Remedy: use one of keep, latency, balanced",
        ),
        (CpuPower(turbo="on"), r"cpu_power_turbo = 'on'"),
        (CpuPower("latency", idle="c1"), r"cpu_power_idle = 'c1'"),
        (CpuPower("latency", "2-9"), r"cpu_power_cpus = '2-9': CPUs 4-9 are not online. Remedy: use CPUs of 0-3"),
        (CpuPower("latency", "x"), r"cpu_power_cpus = 'x'.*not a CPU list"),
        (
            CpuPower("latency", governor="schedutil"),
            r"cpu_power.governor = 'schedutil': CPUs 0 offer performance, powersave.*Remedy: load the module "
            r"cpufreq_schedutil, or use one of: performance, powersave",
        ),
    ],
)
def test_a_bad_declaration_is_refused_before_anything_is_touched(tmp_path, domain, words):
    host = power_host(tmp_path, "intel_pstate")
    before = contents(host)
    with pytest.raises(UllError, match=words):
        converge(domain, host, False)
    assert contents(host) == before


def test_a_container_is_told(tmp_path, monkeypatch):
    host = power_host(tmp_path, "intel_pstate")
    before = contents(host)
    monkeypatch.setattr(cpu_power.os, "access", lambda *_args: False)
    with pytest.raises(UllError, match=r"cannot be written here.*belong to its host"):
        converge(LATENCY, host, False)
    assert contents(host) == before


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([("0-1", "a"), ("2", "a")], "a"),
        ([("0-1", "a"), ("2", "n/a"), ("3", "a")], "a on 0-1,3; n/a on 2"),
    ],
)
def test_values_of_many_cpus_as_one(values, text):
    pairs = [(CpuSet.parse(cpus), value) for cpus, value in values]
    assert summary(pairs) == text
    assert [value_of(text, cpus) for cpus, _value in pairs] == [value for _cpus, value in pairs]


def test_a_cpu_that_came_later_has_no_value():
    assert value_of("a on 0-1; b on 2", CpuSet([7])) is None
