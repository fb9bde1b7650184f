"""The client follows the server for real: it was seven seconds off."""

import testinfra


def test_chronyd_reads_its_own_configuration(host):
    pid = host.check_output("systemctl show --property=MainPID --value chrony")
    assert "/etc/chrony/ull-metal.conf" in host.file(f"/proc/{pid}/cmdline").content_string
    assert "Cpus_allowed_list:\t0-1" in host.file(f"/proc/{pid}/status").content_string


def test_it_starts_with_the_next_boot(host):
    assert host.service("chrony").is_enabled
    assert host.service("chrony").is_running


def test_the_clock_is_right(host):
    here = float(testinfra.get_host("local://").check_output("date +%s.%N"))
    assert abs(float(host.check_output("date +%s.%N")) - here) < 3


def test_only_the_server_serves(host):
    listening = host.check_output("ss -Hlun")
    assert (":123 " in listening) == (host.backend.get_hostname() == "time-server")
    assert "0.0.0.0:323" not in listening


def test_the_source(host):
    tracking = host.check_output("chronyc -c -n tracking").split(",")
    assert tracking[1] == ("10.9.0.1" if host.backend.get_hostname() == "time-client" else "127.127.1.1")


def test_the_platforms_file_is_as_it_was(host):
    assert host.check_output("dpkg --verify chrony") == ""
