"""Every interface of the paths runs with its MTU, and whoever configures it brings that again."""

import time

import pytest

UNOWNED = ["ens2.7", "ens2v1", "bond9", "br9"]
MANAGED = ["nmdummy", "nmbond0", "nmvlan"]


def mtu(host, name):
    return host.file(f"/sys/class/net/{name}/mtu").content_string.strip()


def wait(check, seconds=30):
    end = time.monotonic() + seconds
    while not check() and time.monotonic() < end:
        time.sleep(0.5)
    return check()


@pytest.mark.parametrize("name", ["ens2", *UNOWNED, *MANAGED])
def test_it_runs(host, name):
    assert mtu(host, name) == "9000"


def test_the_management_nic_is_left_alone(host):
    assert mtu(host, "mgmt0") == "1500"
    assert host.check_output("ls /etc/systemd/network") == "\n".join(
        ["10-mgmt0.link", "10-mgmt0.network", "50-wire.network", "50-wire.network.d"]
    )


def test_networkd_brings_it_again(host):
    host.check_output("ip link set ens2 mtu 1500")
    host.check_output("systemctl restart systemd-networkd")
    assert wait(lambda: mtu(host, "ens2") == "9000")
    assert mtu(host, "ens2.7") == "1500"  # the kernel lowered it with its parent


def test_the_unit_brings_what_nobody_else_does(host):
    host.check_output("ip link set br9 mtu 1500 && ip link set bond9 mtu 1500 && ip link set ens2.7 mtu 1500")
    assert mtu(host, "ens2v1") == "1500"
    host.check_output("systemctl restart ull-metal-jumbo_frames")
    assert {mtu(host, name) for name in UNOWNED} == {"9000"}


def test_a_link_that_comes_later_gets_it(host):
    host.check_output("ip link set br9 mtu 1500 && ip link set bond9 mtu 1500 && ip link set bond9 down")
    host.check_output("ip link set bond9 up")
    assert wait(lambda: {mtu(host, name) for name in ("bond9", "br9", "ens2v1")} == {"9000"})


def test_network_manager_brings_it_again(host):
    host.check_output("systemctl stop NetworkManager")
    host.check_output("for link in nmvlan nmdummy nmbond0; do ip link delete $link; done")
    host.check_output("systemctl start NetworkManager")
    assert wait(lambda: all(host.file(f"/sys/class/net/{name}").exists for name in MANAGED))
    assert wait(lambda: {mtu(host, name) for name in MANAGED} == {"9000"})


def test_no_profile_was_edited(host):
    assert host.run("grep -r mtu /etc/NetworkManager/system-connections").rc == 1


def test_everything_runs(host):
    assert host.run("systemctl is-system-running").stdout.strip() == "running"
