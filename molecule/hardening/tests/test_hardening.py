"""A machine is hardened; a network namespace knocks at its ports."""

import re

import pytest

HARDENED = "10.9.1.1"
OUTSIDE = "ip netns exec outside"
GREET = OUTSIDE + " timeout 20 python3 -c 'import socket; print(socket.create_connection((\"{}\", 22), 15).recv(40))'"
KNOCK = OUTSIDE + " timeout 20 python3 -c 'import socket; socket.create_connection((\"{}\", {}), 3)'"
GROUP = "239.10.1.1"
LISTEN = """
import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", {port}))
s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton("{group}") + socket.inet_aton("10.9.1.1"))
s.settimeout(20)
heard = s.recv(100)
open("/run/heard-{port}", "wb").write(heard)
"""
SEND = """
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.9.1.2"))
for _ in range(20):
    for port in (30001, 31001):
        s.sendto(b"tick", ("{group}", port))
    time.sleep(0.2)
"""


@pytest.mark.parametrize(("port", "open_"), [(8001, True), (8002, False)])
def test_what_is_declared_is_open(host, port, open_):
    assert (host.run(KNOCK.format(HARDENED, port)).rc == 0) == open_


def test_ssh_is_open_from_the_management_networks(host):
    assert "SSH-2.0" in host.check_output(GREET.format(HARDENED))


def test_it_answers_pings(host):
    assert host.run(f"{OUTSIDE} ping -c 2 -W 3 {HARDENED}").rc == 0


def test_what_was_dropped_is_counted(host):
    host.run(KNOCK.format(HARDENED, 8002))
    (packets,) = re.findall(r"counter packets (\d+) .*dropped", host.check_output("nft list table inet ull_metal"))
    assert int(packets) > 0


def test_market_data_comes_in_untracked_and_other_groups_do_not(host):
    for port in (30001, 31001):
        program = LISTEN.format(port=port, group=GROUP)
        host.check_output(f"rm -f /run/heard-{port}; systemd-run --collect --unit=hear-{port} python3 -c '{program}'")
    host.check_output(f"{OUTSIDE} python3 -c '{SEND.format(group=GROUP)}'")
    assert host.file("/run/heard-30001").content_string == "tick"
    assert not host.file("/run/heard-31001").exists
    assert GROUP not in host.run("cat /proc/net/nf_conntrack").stdout
    host.run("systemctl stop hear-31001; rm -f /run/heard-30001")


def test_somebody_elses_rules_are_there(host):
    tables = host.check_output("nft list tables").splitlines()
    assert tables == ["table inet somebody_else", "table inet ull_metal"]


def test_the_rules_come_with_the_boot(host):
    host.check_output("nft delete table inet ull_metal")
    host.check_output("systemctl restart ull-metal-firewall")
    assert "8001" in host.check_output("nft list table inet ull_metal")
    assert host.service("ull-metal-firewall").is_enabled


def test_nothing_waits_for_confirmation(host):
    assert not host.file("/etc/systemd/system/ull-metal-firewall-revert.timer").exists
    assert "revert" not in host.check_output("systemctl list-timers")


def test_sshd(host):
    settings = host.check_output("sshd -T").splitlines()
    for line in ("passwordauthentication no", "x11forwarding no", "maxauthtries 4", "permitrootlogin without-password"):
        assert line in settings
    assert "hmac-sha1" not in next(line for line in settings if line.startswith("macs "))
    assert "chacha20" not in next(line for line in settings if line.startswith("ciphers "))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kernel.dmesg_restrict", "1"),
        ("net.ipv4.conf.all.accept_redirects", "0"),
        ("net.ipv6.conf.default.accept_redirects", "0"),
        ("fs.protected_fifos", "2"),
    ],
)
def test_parameters(host, name, value):
    assert host.check_output(f"sysctl -n {name}") == value


def test_the_plans_parameter_is_left_to_the_plan(host):
    assert "kptr_restrict" not in host.file("/etc/sysctl.d/90-ull-metal-hardening.conf").content_string


def test_a_module_is_not_loaded(host):
    assert host.run("modprobe tipc").rc != 0


def test_a_change_is_written_down(host):
    host.check_output("touch /etc/sysctl.d/written && rm /etc/sysctl.d/written")
    assert host.service("auditd").is_running
    assert "written" in host.check_output("ausearch --input-logs --key ull-kernel --raw")
    assert "-S open" not in host.check_output("auditctl -l")
