"""Services that fought are stopped and stay so; files of others are as they were."""

import json

import pytest


@pytest.mark.parametrize("unit", ["tuned", "irqbalance"])
def test_services_are_stopped_and_do_not_come_back_with_a_boot(host, unit):
    assert not host.service(unit).is_running
    assert not host.service(unit).is_enabled


def test_files_of_others_are_left(host):
    assert "vm.swappiness = 60" in host.file("/etc/sysctl.d/99-tuning.conf").content_string
    assert host.file("/etc/udev/rules.d/70-vfs.rules").exists


def test_what_was_before_is_remembered(host):
    before = json.loads(host.file("/var/lib/ull-metal/before/conflicts.json").content_string)
    assert before["conflicts.unit.tuned.service.enabled"] == "yes"
    assert before["conflicts.unit.irqbalance.service.active"] == "yes"
