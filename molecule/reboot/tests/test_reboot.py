"""One reboot, and the argument runs."""


def test_argument_runs(host):
    assert "skew_tick=1" in host.file("/proc/cmdline").content_string.split()


def test_booted_exactly_twice(host):
    assert len(host.check_output("journalctl --list-boots --quiet --no-pager").splitlines()) == 2


def test_an_edit_by_somebody_else_asks_for_no_reboot(host):
    host.check_output("sed -i 's/quiet/quiet loglevel=7/' /etc/default/grub && update-grub")
    assert "loglevel=7" in host.file("/boot/grub/grub.cfg").content_string
