"""The client follows the server for real: it was seven seconds off."""

import re


def test_chronyd_reads_its_own_configuration(host):
    pid = host.check_output("systemctl show --property=MainPID --value chrony")
    assert "/etc/chrony/ull-metal.conf" in host.file(f"/proc/{pid}/cmdline").content_string
    assert "Cpus_allowed_list:\t0-1" in host.file(f"/proc/{pid}/status").content_string


def test_it_starts_with_the_next_boot(host):
    assert host.service("chrony").is_enabled
    assert host.service("chrony").is_running


def test_the_clock_was_set_right(host):
    """It was seven seconds ahead of the server's."""
    if host.backend.get_hostname() == "time-client":
        said = host.check_output("journalctl --unit=chrony --output=cat --no-pager")
        (stepped,) = re.findall(r"System clock was stepped by (-\d+)\.", said)
        assert int(stepped) <= -6
        assert abs(float(host.check_output("chronyc -c -n tracking").split(",")[4])) < 0.05


def test_only_the_server_serves(host):
    listening = host.check_output("ss -Hlun")
    assert (":123 " in listening) == (host.backend.get_hostname() == "time-server")
    assert "0.0.0.0:323" not in listening


def test_the_source(host):
    tracking = host.check_output("chronyc -c -n tracking").split(",")
    assert tracking[0] == ("0A090001" if host.backend.get_hostname() == "time-client" else "7F7F0101")


def test_the_platforms_file_is_as_it_was(host):
    assert "/etc/" not in host.run("dpkg --verify chrony").stdout
