"""One machine is hardened; the other knocks at its ports over the wire."""

import pytest

HARDENED = "10.9.1.1"
KNOCK = "timeout 5 python3 -c 'import socket; socket.create_connection((\"{}\", {}), 3)'"
GROUP = "239.10.1.1"
LISTEN = """
import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", {port}))
s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton("{group}") + socket.inet_aton("10.9.1.1"))
s.settimeout(20)
open("/run/heard-{port}", "wb").write(s.recv(100))
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


@pytest.fixture
def hardened(host):
    if host.backend.get_hostname() != "hardened":
        pytest.skip("the other machine")
    return host


@pytest.fixture
def peer(host):
    if host.backend.get_hostname() != "peer":
        pytest.skip("the other machine")
    return host


@pytest.mark.parametrize(("port", "open_"), [(8001, True), (8002, False), (22, True)])
def test_what_is_declared_is_open(peer, port, open_):
    assert (peer.run(KNOCK.format(HARDENED, port)).rc == 0) == open_


def test_it_answers_pings(peer):
    assert peer.run(f"ping -c 2 -W 3 {HARDENED}").rc == 0


def test_market_data_comes_in_untracked_and_other_groups_do_not(host):
    if host.backend.get_hostname() == "hardened":
        for port in (30001, 31001):
            host.check_output(
                f"rm -f /run/heard-{port}; systemd-run --unit=hear-{port} python3 -c '"
                + LISTEN.format(port=port, group=GROUP)
                + "'"
            )
        other = host.get_host(f"ansible://peer?ansible_inventory={host.backend.ansible_runner.inventory_file}")
        other.check_output("python3 -c '" + SEND.format(group=GROUP) + "'")
        assert host.file("/run/heard-30001").content_string == "tick"
        assert not host.file("/run/heard-31001").exists
        host.run("systemctl stop hear-31001; rm -f /run/heard-30001")
        assert GROUP not in host.run("cat /proc/net/nf_conntrack").stdout


def test_somebody_elses_rules_are_there(hardened):
    tables = hardened.check_output("nft list tables").splitlines()
    assert tables == ["table inet somebody_else", "table inet ull_metal"]


def test_the_rules_come_with_the_boot(hardened):
    hardened.check_output("nft delete table inet ull_metal")
    hardened.check_output("systemctl restart ull-metal-firewall")
    assert "8001" in hardened.check_output("nft list table inet ull_metal")
    assert hardened.service("ull-metal-firewall").is_enabled


def test_nothing_waits_for_confirmation(hardened):
    assert not hardened.file("/etc/systemd/system/ull-metal-firewall-revert.timer").exists
    assert "revert" not in hardened.check_output("systemctl list-timers")


def test_sshd(hardened):
    settings = hardened.check_output("sshd -T").splitlines()
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
def test_parameters(hardened, name, value):
    assert hardened.check_output(f"sysctl -n {name}") == value


def test_the_plans_parameter_is_left_to_the_plan(hardened):
    assert "kptr_restrict" not in hardened.file("/etc/sysctl.d/90-ull-metal-hardening.conf").content_string


def test_a_module_is_not_loaded(hardened):
    assert hardened.run("modprobe tipc").rc != 0


def test_a_change_is_written_down(hardened):
    hardened.check_output("touch /etc/sysctl.d/written && rm /etc/sysctl.d/written")
    assert hardened.service("auditd").is_running
    assert "written" in hardened.check_output("ausearch --input-logs --key ull-kernel --raw")
    assert "-S open" not in hardened.check_output("auditctl -l")
