# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The probe, with instruments that are scripts of this test."""

from __future__ import annotations

import os
import signal
import stat
import threading
import time
from pathlib import Path

import pytest

from ansible_collections.ull.metal.plugins.module_utils.cpuset import CpuSet
from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.host import Host
from ansible_collections.ull.metal.plugins.module_utils.latency import probe as module
from ansible_collections.ull.metal.plugins.module_utils.latency.commands import COMMANDS, Asked, command
from ansible_collections.ull.metal.plugins.module_utils.latency.counters import between, counters, machine
from ansible_collections.ull.metal.plugins.module_utils.latency.instruments import HOST, INSTRUMENTS
from ansible_collections.ull.metal.plugins.module_utils.latency.record import Record

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures/latency"
INTERRUPTS = """           CPU0       CPU1       CPU2       CPU3
  9:          0          0          {acpi}          0   IO-APIC   9-fasteoi   acpi
 45:          7          0          0          {nic}  PCI-MSI-0000:81:00.0  1-edge  ens1f0-TxRx-3
LOC:      90000      90000        {loc}          5   Local timer interrupts
ERR:          0
"""
FILES = {
    "/sys/devices/system/cpu/online": "0-3",
    "/sys/devices/system/cpu/isolated": "2-3",
    "/sys/devices/system/cpu/cpu2/topology/thread_siblings_list": "0,2",
    "/sys/devices/system/cpu/cpu2/cpuidle/state0/name": "POLL",
    "/sys/devices/system/cpu/cpu2/cpuidle/state0/usage": "4",
    "/sys/devices/system/cpu/cpu2/cpuidle/state0/latency": "0",
    "/sys/devices/system/cpu/cpu2/thermal_throttle/core_throttle_count": "3",
    "/sys/devices/system/cpu/cpu2/cpufreq/scaling_cur_freq": "2900000",
    "/proc/interrupts": INTERRUPTS.format(acpi=0, nic=1, loc=100),
    "/proc/stat": "cpu  1 1 1 1\ncpu0 100 0 0 900 0 0 0 0 50 0\ncpu2 5 0 0 5 0 0 0 0 0 0\nintr 5\n",
    "/proc/sys/kernel/osrelease": "6.12.107+deb13-rt-amd64",
    "/proc/cmdline": "isolcpus=2-3",
    "/proc/cpuinfo": "processor\t: 0\nmodel name\t: Xeon 8488C\nmicrocode\t: 0x2b\nflags\t\t: fpu tsc\n\nprocessor\t: 1\n",
    "/sys/kernel/tracing/available_tracers": "hwlat timerlat osnoise nop",
}
ASKED = {
    **{"instrument": "cyclictest", "cpus": "3", "seconds": 1, "runs": 1, "interval_us": 1000},
    **{"consent": True, "name": "engine1"},
}


def write(tree: Path, **files: str) -> Host:
    for path, text in {**FILES, **files}.items():
        where = tree / path.lstrip("/")
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_text(text, encoding="utf-8")
    return Host(str(tree), "engine1")


def tool(tree: Path, name: str, script: str) -> None:
    path = tree / "usr/bin" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture(name="host")
def _host(tmp_path):
    host = write(tmp_path)
    for name in ("cyclictest", "oslat", "hwlatdetect", "rtla"):
        tool(tmp_path, name, "exit 9")
    return host


def run(host: Host, script: str, instrument: str = "cyclictest", **what):
    """Probe with an instrument that is a script; its output file is $out."""
    tool(
        host.root,
        COMMANDS[instrument](asked()).argv[0],
        f"for each; do case $each in --json=*) out=${{each#--json=}}; esac; done\n{script}",
    )
    return module.probe({**ASKED, "instrument": instrument, **what}, host)


def asked() -> Asked:
    return Asked(CpuSet([3]), CpuSet([0, 1]), 1)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_instrument_keeps_its_main_thread_from_the_cpus_measured(name):
    argv = command(name, Asked(CpuSet([2, 3]), CpuSet([0, 1]), 7)).argv
    assert any("2-3" in word for word in argv)
    if name != "hwlatdetect":
        assert any(word in ("0-1", "--mainaffinity=0", "--cpu-main-thread=0") for word in argv)
    assert any("7" in word for word in argv), "it ends by itself"


def test_every_instrument_of_a_host_has_a_command():
    assert set(COMMANDS) == {name for name, each in INSTRUMENTS.items() if each.path == HOST}
    with pytest.raises(UllError, match="use one of cyclictest"):
        command("sockperf", asked())


def test_a_run_is_a_record(host):
    result = run(host, f'cp "{FIXTURES}/cyclictest.json" "$out"', runs=2)
    assert [record["samples"] for record in result["records"]] == [7572, 7572]
    record = Record.from_dict(result["records"][0])
    assert record.machine.host == "engine1"
    assert record.reading.duration_s == 1
    assert "--histogram=1000" in record.options
    assert not any("output" in option or "/tmp" in option for option in record.options)
    assert not result["changed"]


@pytest.mark.parametrize(
    ("instrument", "fixture"), [("hwlatdetect", "hwlatdetect.txt"), ("rtla_timerlat", "rtla-timerlat-hist.txt")]
)
def test_what_prints_to_its_standard_output(host, instrument, fixture):
    # the recording of timerlat has 256 rows of 1 ns
    result = run(host, f'cat "{FIXTURES}/{fixture}"', instrument)
    assert result["records"][0]["instrument"] == instrument


def test_check_mode_runs_nothing(host):
    assert module.probe(ASKED, host, check_mode=True)["records"] == []


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ({"consent": False}, "needs consent"),
        ({"consent": "yes"}, "needs consent"),
        ({"cpus": "7"}, "online are 0-3"),
        ({"cpus": ""}, "no CPUs"),
        ({"cpus": "0-3"}, "leave one CPU"),
        ({"seconds": 0}, "from 1 to 3600"),
        ({"seconds": 4000}, "from 1 to 3600"),
        ({"runs": 500}, "from 1 to 240"),
        ({"interval_us": 5}, "from 100"),
    ],
)
def test_what_is_refused(host, what, words):
    with pytest.raises(UllError, match=words):
        module.probe({**ASKED, **what}, host, check_mode=True)


def test_a_missing_tool_is_named_with_its_package(host):
    (host.root / "usr/bin/rtla").unlink()
    with pytest.raises(UllError, match=r"rtla is not installed.*install rtla"):
        module.probe({**ASKED, "instrument": "rtla_timerlat"}, host)


def test_a_kernel_without_the_tracer_is_named(host):
    write(host.root, **{"/sys/kernel/tracing/available_tracers": "function nop"})
    with pytest.raises(UllError, match="no tracer hwlat"):
        module.probe({**ASKED, "instrument": "hwlatdetect"}, host)
    (host.root / "sys/kernel/tracing/available_tracers").unlink()
    with pytest.raises(UllError, match="cannot be read"):
        module.probe({**ASKED, "instrument": "hwlatdetect"}, host)


def test_an_instrument_that_fails_is_quoted(host):
    with pytest.raises(UllError, match=r"failed \(3\): no permission"):
        run(host, "echo no permission >&2; exit 3")


def test_one_that_hangs_is_stopped_with_all_it_started(host, monkeypatch):
    monkeypatch.setattr(module, "_GRACE_S", 0)
    began = time.monotonic()
    with pytest.raises(UllError, match="did not end in 1 s"):
        run(host, "sleep 60 & sleep 60")
    assert time.monotonic() - began < 30
    assert list(Path(module.tempfile.gettempdir()).glob("ull-metal-probe.*")) == []


def test_a_cancelled_probe_takes_its_instrument_with_it(host):
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM)).start()
    with pytest.raises(UllError, match="cancelled"):
        run(host, "sleep 60", seconds=50)
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_evidence_is_what_happened_between(tmp_path):
    host = write(tmp_path)
    cpus = CpuSet([2, 3])
    before = counters(host, cpus)
    write(
        tmp_path,
        **{
            "/proc/interrupts": INTERRUPTS.format(acpi=2, nic=121, loc=200),
            "/proc/stat": "cpu0 150 0 0 950 0 0 0 0 90 0\ncpu2 5 0 0 5 0 0 0 0 0 0\n",
            "/sys/devices/system/cpu/cpu2/cpuidle/state0/usage": "9",
            "/sys/devices/system/cpu/cpu2/cpufreq/scaling_cur_freq": "1900000",
        },
    )
    assert between(before, counters(host, cpus)) == {
        "interrupts": {"45 ens1f0-TxRx-3": 120, "9 acpi": 2, "LOC": 100},
        "cstates": {"POLL": {"entries": 5, "exit_us": 0}},
        "throttled": 0,
        "siblings": {"0": 0.5},
        "frequency_khz": [1_900_000, 2_900_000],
    }


def test_a_host_without_counters_has_no_evidence(tmp_path):
    host = Host(str(tmp_path))
    cpus = CpuSet([0])
    assert between(counters(host, cpus), counters(host, cpus)) == {"interrupts": {}}


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({}, ""),
        ({"/proc/cpuinfo": "flags\t: fpu hypervisor\n"}, "hypervisor"),
        ({"/sys/class/dmi/id/sys_vendor": "QEMU"}, "qemu"),
        ({"/sys/class/dmi/id/sys_vendor": "Amazon EC2", "/sys/class/dmi/id/product_name": "m7i.metal-24xl"}, ""),
        ({"/sys/class/dmi/id/sys_vendor": "Amazon EC2", "/sys/class/dmi/id/product_name": "c7gn.16xlarge"}, "amazon"),
    ],
)
def test_a_machine_that_is_none_is_known(tmp_path, files, found):
    assert machine(write(tmp_path, **files), "engine1").virtual == found


def test_what_a_processor_is_called(tmp_path):
    assert machine(write(tmp_path), "engine1").cpu_model == "Xeon 8488C"
    arm = "processor\t: 0\nCPU implementer\t: 0x41\nCPU variant\t: 0x1\nCPU part\t: 0xd40\n"
    found = machine(write(tmp_path, **{"/proc/cpuinfo": arm}), "engine1")
    assert found.cpu_model == "CPU implementer 0x41 CPU part 0xd40 CPU variant 0x1"
