# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import itertools

import pytest
from fake_tree import tree
from machines import KilledError, contents
from services import ServingHost, serving

from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.setting import converge
from ansible_collections.ull.metal.plugins.module_utils.settings import firewall_store, hardening_ssh
from ansible_collections.ull.metal.plugins.module_utils.settings.hardening import PARTS, Hardening, packages
from ansible_collections.ull.metal.plugins.module_utils.settings.hardening_firewall import (
    Flow,
    closed_listeners,
    render,
)
from ansible_collections.ull.metal.plugins.module_utils.settings.hardening_ssh import Login

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI root@admin"
ROOT = Login("root", "10.0.2.2", 22)
DROP_IN = "/etc/ssh/sshd_config.d/00-ull-metal.conf"
# sshd -T, as much of it as matters
SSHD = """port 22
permitrootlogin without-password
authorizedkeysfile .ssh/authorized_keys .ssh/authorized_keys2
authorizedkeyscommand none
trustedusercakeys none
passwordauthentication no
kbdinteractiveauthentication no
permitemptypasswords no
hostbasedauthentication no
ignorerhosts yes
x11forwarding no
permituserenvironment no
maxauthtries 4
logingracetime 60
loglevel VERBOSE
"""
TCP = """  sl  local_address rem_address   st tx_queue
   0: 00000000:0016 00000000:0000 0A 0
   1: 0100007F:0019 00000000:0000 0A 0
   2: 00000000:238C 00000000:0000 0A 0
   3: 0A00020F:0016 0A000202:B41E 01 0
"""
UDP = """  sl  local_address rem_address   st
   0: 00000000:007B 00000000:0000 07
   1: 00000000:9C40 00000000:0000 07
"""
FLOWS = [
    {"name": "prometheus", "ports": [9100], "from": ["10.0.0.0/8", "2001:db8::/32"]},
    {"name": "market data", "proto": "udp", "ports": ["30001-30010"], "to": ["239.10.0.0/16"], "notrack": True},
]


@pytest.fixture
def host(tmp_path) -> ServingHost:
    made = serving(
        tmp_path,
        {
            "/etc/passwd": "root:x:0:0:root:/root:/bin/bash\ntrader:x:1001:1001::/home/trader:/bin/sh",
            "/etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf",
            "/root/.ssh/authorized_keys": KEY,
            "/etc/audit/rules.d/audit.rules": "-D",
            "/etc/audit/audit.rules": "-D",
            "/etc/systemd/system/keep": "",
            "/etc/modprobe.d/keep": "",
            "/etc/sysctl.d/keep": "",
            "/proc/sys/kernel/dmesg_restrict": "0",
            "/proc/sys/kernel/kptr_restrict": "0",
            "/proc/sys/net/ipv4/conf/all/accept_redirects": "1",
            "/proc/sys/net/ipv4/ip_local_port_range": "32768\t60999",
            "/proc/net/tcp": TCP,
            "/proc/net/udp": UDP,
        },
        {"ssh.service": (True, True), "auditd.service": (False, False)},
    )
    made.answers["/usr/sbin/sshd -T"] = (0, SSHD)
    made.answers["nft --check"] = (0, "")
    made.answers["id --groups"] = (0, "root wheel\n")
    return made


def hardening(**words) -> Hardening:
    """All parts, with these words."""
    given = {"parts": PARTS, "login": ROOT, "firewall": {"flows": FLOWS, "confirm": 60}, **words}
    return Hardening(**given)


# -- every part is idempotent, predicted, undone, and completed when it was killed


@pytest.mark.parametrize("parts", [PARTS, *([part] for part in PARTS)], ids="-".join)
def test_a_second_run_is_unchanged_and_undo_returns(host, parts):
    before = contents(host)
    domain = hardening(parts=parts)
    predicted = converge(domain, host, True)
    assert contents(host) == before
    assert [c.path for c in converge(domain, host, False).changes] == [c.path for c in predicted.changes]
    again = converge(domain, host, False)
    assert again.changes == []
    assert {state.status for state in again.states} <= {"in_sync"}
    converge(Hardening(login=ROOT), host, False)
    assert contents(host) == before
    assert host.rules == ""
    assert host.units["auditd.service"] == [False, False]
    assert host.audited == "0"
    assert converge(Hardening(login=ROOT), host, False).changes == []


def test_a_part_that_is_left_out_later_is_undone(host):
    converge(hardening(), host, False)
    converge(hardening(parts=["ssh"]), host, False)
    assert host.rules == ""
    assert host.read("/proc/sys/kernel/dmesg_restrict") == "0"
    assert host.exists(DROP_IN)


@pytest.mark.parametrize("killed_at", range(1, 40))
def test_killed_and_completed(host, killed_at):
    before = contents(host)
    host.killed_at = killed_at
    for state, domain in (("present", hardening()), ("absent", Hardening(login=ROOT))):
        host.writes = itertools.count(1)
        host.killed_at = killed_at
        try:
            converge(domain, host, False)
        except KilledError:
            host.killed_at = 0
            converge(domain, host, False)
        host.killed_at = 0
        assert converge(domain, host, False).changes == [], state
    assert contents(host) == before


# -- firewall


def test_rules():
    text = render([Flow.of(flow, "") for flow in FLOWS], ["10.1.0.0/16"], [22])
    lines = [line.strip() for line in text.splitlines()]
    assert lines[1:4] == ["table inet ull_metal", "delete table inet ull_metal", "table inet ull_metal {"]
    order = [
        'ip daddr { 239.10.0.0/16 } udp dport { 30001-30010 } notrack comment "market data"',
        "type filter hook input priority filter; policy drop;",
        'ip daddr { 239.10.0.0/16 } udp dport { 30001-30010 } accept comment "market data"',
        "ct state vmap { established : accept, related : accept, invalid : drop }",
        'ip saddr { 10.1.0.0/16 } tcp dport { 22 } accept comment "ssh"',
        'ip saddr { 10.0.0.0/8 } tcp dport { 9100 } accept comment "prometheus"',
        'ip6 saddr { 2001:db8::/32 } tcp dport { 9100 } accept comment "prometheus"',
    ]
    assert [line for line in lines if line in order] == order
    assert "packet-too-big" in text
    assert "nd-neighbor-solicit" in text
    assert "flush" not in text


def test_ssh_is_open_when_nothing_is_declared():
    assert 'tcp dport { 22, 2222 } accept comment "ssh"' in render([], [], [22, 2222])


@pytest.mark.parametrize(
    ("flow", "key"),
    [
        ({"ports": [1]}, "name"),
        ({"name": 'x" accept'}, "name"),
        ({"name": "x\ny"}, "name"),
        ({"name": "x", "proto": "icmp"}, "proto"),
        ({"name": "x", "ports": ["0"]}, "ports"),
        ({"name": "x", "ports": ["70000"]}, "ports"),
        ({"name": "x", "ports": ["20-10"]}, "ports"),
        ({"name": "x", "ports": ["1 } accept"]}, "ports"),
        ({"name": "x", "interface": 'a" accept'}, "interface"),
        ({"name": "x", "from": ["everywhere"]}, "from"),
        ({"name": "x", "from": ["10.0.0.1/8"]}, "from"),
        ({"name": "x", "to": ["239.300.0.0/16"]}, "to"),
        ({"name": "x", "notrack": True}, "notrack"),
    ],
)
def test_a_flow_that_is_none(flow, key):
    with pytest.raises(UllError) as refused:
        Flow.of(flow, "hardening_flows[0]")
    assert refused.value.variable == f"hardening_flows[0].{key}"
    assert refused.value.remedy


def test_what_listens_and_will_be_cut_off(host):
    assert closed_listeners(host, [], [22]) == ["tcp/9100", "udp/123"]
    assert closed_listeners(host, [Flow.of(FLOWS[0], "")], [22]) == ["udp/123"]
    notes = hardening(kernel={"planned": {"kernel.kptr_restrict": "0"}}).warnings(host)
    assert any("udp/123" in note for note in notes)
    assert any("ssh is open to any address" in note for note in notes)
    assert any("kernel.kptr_restrict: the plan sets 0" in note for note in notes)


def test_new_rules_wait_for_confirmation(host):
    converge(hardening(parts=["firewall"]), host, False)
    first = host.rules
    assert firewall_store.armed(host)
    assert ["systemctl", "restart", "ull-metal-firewall-revert.timer"] in host.commands
    assert firewall_store.confirm(host)
    assert not firewall_store.armed(host)
    assert not firewall_store.confirm(host)
    assert converge(hardening(parts=["firewall"]), host, False).changes == []
    assert not firewall_store.armed(host)

    converge(hardening(parts=["firewall"], firewall={"confirm": 60}), host, False)
    assert host.rules != first
    # what the revert's unit loads, and returns to
    assert host.text(firewall_store.RETURN) == host.text(firewall_store.BEFORE) == first
    unit = host.text("/etc/systemd/system/ull-metal-firewall-revert.service")
    assert f"cp -f {firewall_store.BEFORE} {firewall_store.RULES}" in unit


def test_unconfirmed_rules_are_none_to_return_to(host):
    converge(hardening(parts=["firewall"]), host, False)
    converge(hardening(parts=["firewall"], firewall={"confirm": 60}), host, False)
    assert host.text(firewall_store.RETURN) == firewall_store.NOTHING


def test_after_the_revert_the_next_run_applies_again(host):
    converge(hardening(parts=["firewall"]), host, False)
    host.rules = ""
    host.path(firewall_store.RULES).unlink()
    assert converge(hardening(parts=["firewall"]), host, False).changed
    assert "9100" in host.rules


def test_rules_that_somebody_changed_are_loaded_again(host):
    domain = hardening(parts=["firewall"])
    converge(domain, host, False)
    host.rules = host.rules.replace("policy drop", "policy accept")
    outcome = converge(domain, host, True)
    assert [change.path for change in outcome.changes] == ["table inet ull_metal"]
    converge(domain, host, False)
    assert "policy drop" in host.rules


def test_nft_has_the_last_word(host):
    before = contents(host)
    host.answers["nft --check"] = (1, "Error: No such file or directory; did you mean table x")
    with pytest.raises(UllError, match="nft refuses what would be written: Error: No such"):
        converge(hardening(), host, False)
    assert contents(host) == before


# -- sshd


def test_weak_algorithms_are_taken_out_of_what_there_is(host):
    converge(hardening(parts=["ssh"]), host, False)
    text = host.text(DROP_IN)
    assert "Ciphers -3des-cbc," in text
    assert "PermitRootLogin prohibit-password\n" in text
    assert ["systemctl", "try-reload-or-restart", "ssh.service"] in host.commands


def test_red_hats_policy_owns_the_algorithms(tmp_path):
    host = tree(tmp_path, {hardening_ssh.CRYPTO_POLICY: ""})
    assert "Ciphers" not in hardening_ssh.Ssh().render(host)


@pytest.mark.parametrize(
    ("said", "ssh", "says"),
    [
        ("allowusers trader", {"allow_users": ["trader"]}, "trader would be allowed"),
        ("allowgroups traders", {"allow_groups": ["traders"]}, "traders would be allowed"),
        ("permitrootlogin no", {"root_login": "no"}, "PermitRootLogin would be no"),
        ("authorizedkeysfile /nowhere", {}, "no key could log in"),
    ],
)
def test_nobody_is_shut_out(host, said, ssh, says):
    word = said.split()[0]
    kept = "".join(line + "\n" for line in SSHD.splitlines() if not line.startswith(f"{word} "))
    host.answers["/usr/sbin/sshd -T"] = (0, kept + said + "\n")
    before = contents(host)
    with pytest.raises(UllError, match=f"root, who is connected, would be shut out: .*{says}") as refused:
        converge(hardening(ssh=ssh), host, False)
    assert refused.value.remedy
    assert contents(host) == before


@pytest.mark.parametrize(
    ("said", "ssh"),
    [
        ("allowusers r*t", {"allow_users": ["r*t"]}),
        ("allowusers root@10.0.2.*", {"allow_users": ["root@10.0.2.*"]}),
        ("allowgroups wheel", {"allow_groups": ["wheel"]}),
        ("authorizedkeysfile /etc/keys/%u", {}),
    ],
)
def test_who_may_still_log_in(host, said, ssh):
    tree(host.root, {"/etc/keys/root": f'from="10.0.0.0/8" {KEY}'})
    word = said.split()[0]
    kept = "".join(line + "\n" for line in SSHD.splitlines() if not line.startswith(f"{word} "))
    host.answers["/usr/sbin/sshd -T"] = (0, kept + said + "\n")
    hardening(ssh=ssh).check(host)


def test_another_file_that_wins_is_named(host):
    host.answers["/usr/sbin/sshd -T"] = (0, SSHD.replace("passwordauthentication no", "passwordauthentication yes"))
    with pytest.raises(UllError, match="next boot would give 'yes'"):
        converge(hardening(parts=["ssh"]), host, False)


def test_sshd_must_read_drop_ins(host):
    host.path("/etc/ssh/sshd_config").write_text("PasswordAuthentication yes\n")
    with pytest.raises(UllError, match="does not read"):
        converge(hardening(parts=["ssh"]), host, False)


def test_who_is_connected_is_found_above_sudo(tmp_path):
    host = tree(
        tmp_path,
        {
            "/proc/30/status": "Name:\tpython3\nPPid:\t20",
            "/proc/30/environ": "PATH=/bin\0USER=root\0",
            "/proc/20/status": "Name:\tsudo\nPPid:\t10",
            "/proc/20/environ": "USER=deploy\0LOGNAME=deploy\0SSH_CONNECTION=10.0.2.2 46114 10.0.2.15 2222\0",
        },
    )
    assert hardening_ssh.connected(host, 30) == Login("deploy", "10.0.2.2", 2222)
    assert hardening_ssh.connected(host, 99) == Login()


def test_the_connected_address_must_stay_in(host):
    with pytest.raises(UllError, match=r"connected from 10\.0\.2\.2"):
        converge(hardening(firewall={"management": ["192.0.2.0/24"]}), host, False)
    hardening(firewall={"management": ["10.0.0.0/8"]}).check(host)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"parts": ["selinux"]}, "no such part"),
        ({"ssh": {"allow_users": ["a b"]}}, "no pattern of a name"),
        ({"ssh": {"options": {"Match": "all"}}}, "a keyword with a value of one line"),
        ({"ssh": {"options": {"Banner": "a\nPermitRootLogin yes"}}}, "a keyword with a value of one line"),
        ({"firewall": {"flows": [FLOWS[0], FLOWS[0]]}}, "two flows have this name"),
        ({"audit": {"watches": ["etc"]}}, "no whole path"),
        ({"audit": {"exempt_users": ["nobody-here"]}}, "no such user"),
    ],
)
def test_refused_before_anything_is_touched(host, words, says):
    before = contents(host)
    with pytest.raises(UllError, match=says) as refused:
        converge(hardening(**words), host, False)
    assert refused.value.remedy
    assert contents(host) == before


# -- audit and kernel


def test_audit_watches_files_alone(host):
    converge(hardening(parts=["audit"], audit={"exempt_users": ["trader"]}), host, False)
    lines = host.text("/etc/audit/rules.d/50-ull-metal.rules").splitlines()
    assert lines[1] == "-a never,task -F uid=1001"
    assert "-a always,exit -F arch=b64 -S all -F path=/etc/passwd -F perm=wa -F key=ull-identity" in lines
    assert "-a always,exit -F arch=b64 -S all -F dir=/etc/ssh -F perm=wa -F key=ull-ssh" in lines
    assert all("-F path=" in line or "-F dir=" in line for line in lines[2:])
    assert host.audited == "1"


def test_an_auditd_that_refuses_to_be_stopped_is_signalled(host):
    """Red Hat's unit says RefuseManualStop=yes."""
    host.refusing.add("auditd.service")
    converge(hardening(), host, False)
    converge(Hardening(login=ROOT), host, False)
    assert host.units["auditd.service"] == [False, False]
    assert ["systemctl", "kill", "--signal=TERM", "auditd.service"] in host.commands


@pytest.mark.parametrize(("dpkg", "named"), [(True, ["nftables", "auditd"]), (False, ["nftables", "audit"])])
def test_the_host_says_how_a_package_is_called(host, dpkg, named):
    if dpkg:
        host.put("/var/lib/dpkg/info/bash.list", "")
    assert packages(host, ["nftables", "auditd"]) == named


def test_parameters_that_the_plan_sets_are_left_to_it(host):
    domain = hardening(parts=["kernel"], kernel={"planned": {"kernel.kptr_restrict": "0"}})
    converge(domain, host, False)
    assert host.read("/proc/sys/kernel/kptr_restrict") == "0"
    text = host.text("/etc/sysctl.d/90-ull-metal-hardening.conf")
    assert "kernel.dmesg_restrict = 1\n" in text
    assert "kptr" not in text
    # what this kernel does not have is left out
    assert "yama" not in text


def test_a_later_file_that_wins_is_found(host):
    tree(host.root, {"/etc/sysctl.d/99-local.conf": "kernel.dmesg_restrict=0"})
    with pytest.raises(UllError, match=r"dmesg_restrict.*the next boot would give '0'"):
        converge(hardening(parts=["kernel"]), host, False)
