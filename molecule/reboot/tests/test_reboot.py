"""A good boot is kept, a bad one is left by itself, and nothing of either trial stays."""


def test_the_corrected_arguments_run(host):
    words = host.file("/proc/cmdline").content_string.split()
    assert {"skew_tick=1", "tsc=nowatchdog"} <= set(words)
    assert "root=/dev/does-not-exist" not in words


def test_the_selected_kernel_runs(host):
    assert host.file("/sys/kernel/realtime").content_string.strip() == "1"


def test_the_boots_that_reached_a_system(host):
    # the first, the good trial, the way back, and the corrected trial; the bad trial had no system to write a journal
    assert len(host.check_output("journalctl --list-boots --quiet --no-pager").splitlines()) == 4


def test_nothing_of_a_trial_is_left(host):
    assert not host.file("/boot/grub/custom.cfg").exists
    assert "=" not in host.file("/boot/grub/grubenv").content_string
    assert not host.run("find /etc -name '*ull-metal-trial*'").stdout
    assert not host.run("systemctl list-timers --all --no-legend ull-metal-trial.timer").stdout
    assert host.file("/proc/sys/kernel/panic").content_string.strip() == "0"


def test_an_edit_by_somebody_else_asks_for_no_reboot(host):
    host.check_output("sed -i 's/quiet/quiet loglevel=7/' /etc/default/grub && update-grub")
    assert "loglevel=7" in host.file("/boot/grub/grub.cfg").content_string
