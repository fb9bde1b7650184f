"""What was asked for runs, comes back with a boot, and is read with the kernel's own words."""

import json

import pytest

SYSCTL = "/etc/sysctl.d/90-ull-metal.conf"
TMPFILES = "/etc/tmpfiles.d/ull-metal-kernel.conf"
THP = "/sys/kernel/mm/transparent_hugepage/enabled"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("vm.stat_interval", "10"),
        ("vm.swappiness", "1"),
        ("kernel.numa_balancing", "0"),
        ("kernel.watchdog_cpumask", "0,2"),
        ("net.ipv4.tcp_rmem", "4096\t262144\t6291456"),
        ("net.core.rmem_max", "16777216"),
        ("vm.dirty_background_bytes", "67108864"),
        ("vm.dirty_background_ratio", "0"),
    ],
)
def test_parameters_that_run(host, name, value):
    assert host.check_output(f"sysctl -n {name}") == value


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (THP, "always madvise [never]"),
        ("/sys/kernel/mm/ksm/run", "0"),
        ("/sys/devices/virtual/workqueue/cpumask", "5"),
        ("/sys/devices/virtual/workqueue/writeback/cpumask", "5"),
    ],
)
def test_files_that_run(host, path, value):
    assert host.file(path).content_string.strip() == value


def test_systemd_itself_brings_them_back_at_boot(host):
    host.check_output("sysctl -w vm.swappiness=60 vm.stat_interval=1")
    host.check_output(f"echo always > {THP}")
    host.check_output("/usr/lib/systemd/systemd-sysctl")
    host.check_output("systemd-tmpfiles --create --boot --prefix=/sys/kernel/mm")
    assert host.check_output("sysctl -n vm.swappiness vm.stat_interval") == "1\n10"
    assert host.file(THP).content_string.strip() == "always madvise [never]"


def test_each_file_says_who_manages_it(host):
    for path in (SYSCTL, TMPFILES):
        assert host.file(path).content_string.startswith("# Managed by Ansible, collection ull.metal")


def test_what_was_before_is_remembered(host):
    before = json.loads(host.file("/var/lib/ull-metal/before/kernel_runtime.json").content_string)
    assert before["kernel_runtime.vm.swappiness"] == "60"
    assert before["kernel_runtime./sys/kernel/mm/transparent_hugepage/enabled"] in ("always", "madvise")
