"""The next boot gets our arguments behind everybody else's; the recovery entries do not."""

import re

DROP_IN = "/etc/default/grub.d/95-ull-metal.cfg"
OURS = "skew_tick=1 console=ttyS1 tsc=reliable"


def linux_lines(host):
    config = host.file("/boot/grub/grub.cfg").content_string
    return [" ".join(line.split()) for line in re.findall(r"^\s*linux\s.*$", config, re.MULTILINE)]


def test_drop_in_says_who_manages_it(host):
    drop_in = host.file(DROP_IN)
    assert (drop_in.mode, drop_in.user, drop_in.group) == (0o644, "root", "root")
    assert "ull.metal" in drop_in.content_string
    assert "# mine" in drop_in.content_string
    assert "# tsc" in drop_in.content_string


def test_appended_behind_the_arguments_of_others(host):
    default = linux_lines(host)[0]
    assert default.endswith(f"quiet panic=30 {OURS}")
    assert "no_timer_check" in default


def test_recovery_entries_are_a_way_back(host):
    recovery = [line for line in linux_lines(host) if " single" in line]
    assert recovery
    assert not any("skew_tick" in line for line in recovery)


def test_nothing_is_rebooted(host):
    assert "skew_tick" not in host.file("/proc/cmdline").content_string
    assert len(host.check_output("journalctl --list-boots --quiet --no-pager").splitlines()) == 1
