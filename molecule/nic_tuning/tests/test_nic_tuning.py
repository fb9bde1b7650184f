"""What the driver runs is what was asked for, and the unit of the next boot brings it back."""

import pytest

WANTED = {
    "-l": "Combined:\t2",
    "-g": "RX:\t\t\t4096",
    "-c": "rx-usecs:\t0",
    "-k": "generic-receive-offload: off",
    "-a": "RX:\t\toff",
}


def current(host, option, nic="ens2"):
    return host.check_output("ethtool %s %s", option, nic).split("Current hardware settings:")[-1]


@pytest.mark.parametrize("option", WANTED)
def test_the_driver_says_so(host, option):
    assert WANTED[option] in current(host, option)


@pytest.mark.parametrize(("file", "value"), [("napi_defer_hard_irqs", "2"), ("gro_flush_timeout", "200000")])
def test_busy_polling(host, file, value):
    assert host.file(f"/sys/class/net/ens2/{file}").content_string.strip() == value


def test_the_nic_of_the_connection_was_left_alone(host):
    assert "RX:\t\t\t256" in current(host, "-g", "mgmt0")


def test_the_unit_of_the_next_boot_brings_it_back(host):
    host.check_output("ethtool -L ens2 combined 4 && ethtool -G ens2 rx 512 && ethtool -C ens2 rx-usecs 3")
    host.check_output("ethtool -K ens2 gro on && ethtool -A ens2 autoneg on")
    host.check_output("systemctl start ull-metal-nic_tuning")
    assert [option for option, words in WANTED.items() if words not in current(host, option)] == []


def test_values_stay_when_the_link_goes_down_and_up(host):
    host.check_output("ip link set ens2 down && ip link set ens2 up")
    assert [option for option, words in WANTED.items() if words not in current(host, option)] == []
