"""Taken back, the boot menu is to the byte what it was, and the kernel stays installed."""


def test_the_boot_menu_is_as_before(host):
    host.check_output("cmp /root/grub.cfg /boot/grub/grub.cfg")


def test_nothing_is_left_in_etc(host):
    assert not host.run("find /etc -name '*ull-metal*'").stdout


def test_the_package_stays(host):
    assert host.package("linux-image-rt-amd64").is_installed
