# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from fake_tree import Link, tree
from machines import KilledError, contents, debian

from ansible_collections.ull.metal.plugins.module_utils.conflicts.owned import Owned
from ansible_collections.ull.metal.plugins.module_utils.conflicts.services import TUNERS
from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.host import Host
from ansible_collections.ull.metal.plugins.module_utils.setting import converge
from ansible_collections.ull.metal.plugins.module_utils.settings.conflicts import IDS, Conflicts, ConflictsError
from ansible_collections.ull.metal.plugins.module_utils.view import findings_text

THP = "/sys/kernel/mm/transparent_hugepage/enabled"
NIC = {"nic": "feed", "name": "ens1", "pci": "0000:81:00.0", "driver": "igb", "node": 1, "mtu": 9000, "numvfs": 4}
PLAN = {
    "sysctl": {"vm.swappiness": "1", "vm.stat_interval": "10"},
    "sysfs": {THP: "never", "/sys/kernel/mm/ksm/run": "0"},
    "cpu_power": {"mode": "latency", "turbo": "keep", "cpus": "1-3"},
    "irq": {"banned": "1-3", "nics": [{"name": "ens1", "pci": "0000:81:00.0", "cpus": "0"}]},
    "nics": [NIC],
    "hugepages": {"pools": [{"node": 0, "size": "2M", "pages": 8}]},
    "boot_args": {"sections": {"mine": ["skew_tick=1"], "empty": []}},
}
TREE = {
    "/proc/sys/vm/swappiness": "60",
    "/proc/sys/vm/stat_interval": "1",
    THP: "always [madvise] never",
    "/sys/kernel/mm/ksm/run": "0",
    "/sys/class/net/ens1/ifindex": "7",
    "/sys/class/net/ens1/address": "02:00:5e:00:10:01",
}


class Systemd:
    """Units by name: whether each is enabled, and active."""

    def __init__(self, killed_at: int = 0, **found: tuple[bool, bool]) -> None:
        self.units = {f"{name.replace('_', '-')}.service": list(state) for name, state in found.items()}
        self.calls = itertools.count(1)
        self.killed_at = killed_at

    def __call__(self, argv: list[str]) -> tuple[int, str, str]:
        assert argv[0] == "systemctl"
        if argv[1] == "show":
            return 0, "\n".join(self.show(name) for name in argv[3:]), ""
        if next(self.calls) == self.killed_at:
            raise KilledError
        place = 0 if argv[1] in ("enable", "disable") else 1
        self.units[argv[2]][place] = argv[1] in ("enable", "start")
        return 0, "", ""

    def show(self, name: str) -> str:
        enabled, active = self.units.get(name, (None, False))
        state = {None: "", True: "enabled", False: "disabled"}[enabled]
        return f"UnitFileState={state}\nActiveState={'active' if active else 'inactive'}\n"


def machine(root: Path, entries: dict | None = None, **found: tuple[bool, bool]) -> Host:
    tree(root, {**TREE, **(entries or {})})
    host = Host(str(root), "lab1")
    host.runner = Systemd(**found)
    return host


def conflicts(host: Host, plan: dict | None = None) -> list[tuple[str, str]]:
    return [(conflict.id, conflict.where) for conflict in Conflicts(plan or PLAN).found(host)]


def test_a_host_without(tmp_path):
    host = machine(tmp_path, tuned=(False, False), irqbalance=(False, False))
    outcome = converge(Conflicts(PLAN), host, False)
    assert (outcome.changed, outcome.states, conflicts(host)) == (False, [], [])


@pytest.mark.parametrize(
    ("unit", "state", "words"),
    [
        ("tuned", (True, True), "enabled and active, profile balanced; it sets the kernel's"),
        ("tuned", (True, False), "is enabled, profile"),
        ("irqbalance", (False, True), "is active, keeps off CPUs 1-3; it moves interrupts"),
        ("thermald", (True, True), "lowers clocks"),
        ("power_profiles_daemon", (True, True), "sets energy hints"),
        ("ksmtuned", (True, True), "equal pages"),
    ],
)
def test_services(tmp_path, unit, state, words):
    entries = {"/etc/tuned/active_profile": "balanced", "/etc/default/irqbalance": 'IRQBALANCE_BANNED_CPULIST="1-3"'}
    host = machine(tmp_path, entries, **{unit: state})
    (conflict,) = Conflicts(PLAN).found(host)
    assert words in conflict.message
    assert (conflict.id, conflict.unit) == (unit.replace("_", "-"), f"{unit.replace('_', '-')}.service")
    assert conflict.settings
    with pytest.raises(
        ConflictsError, match=rf"others on this host set what the plan sets \(1\).*Remedy.*{conflict.id}: disable"
    ):
        converge(Conflicts(PLAN), host, True)


def test_a_plan_that_owns_nothing_has_no_conflicts(tmp_path):
    host = machine(tmp_path, **{name[: -len(".service")].replace("-", "_"): (True, True) for name in TUNERS})
    assert Conflicts({}).found(host) == []
    assert {name for name, _where in conflicts(host)} == {tuner.id for tuner in TUNERS.values()} - {"numad"}
    assert [name for name, _where in conflicts(host, {"sysctl": {"vm.swappiness": "1"}})] == ["tuned"]


def test_irqbalance_is_none_when_the_collection_tells_it_what_to_leave_alone(tmp_path):
    drop_in = {"/etc/systemd/system/irqbalance.service.d/90-ull-metal.conf": "[Service]"}
    assert conflicts(machine(tmp_path, drop_in, irqbalance=(True, True))) == []


def test_disabled_ignored_and_as_they_were(tmp_path):
    host = machine(tmp_path, tuned=(True, True), irqbalance=(True, True), thermald=(False, True))
    before = contents(host)
    policies = {"tuned": "disable", "thermald": "disable", "irqbalance": "ignore"}
    domain = Conflicts(PLAN, policies=policies)
    predicted = converge(domain, host, True)
    assert host.runner.units["tuned.service"] == [True, True]
    made = converge(domain, host, False)
    assert (made.changed, made.states) == (True, predicted.states)
    assert host.runner.units == {
        "tuned.service": [False, False],
        "thermald.service": [False, False],
        "irqbalance.service": [True, True],
    }
    assert not converge(domain, host, False).changed
    # fail is content with a service that is down, and does not start it to complain
    converge(Conflicts(PLAN, policies={"irqbalance": "ignore"}), host, False)
    assert host.runner.units["tuned.service"] == [False, False]
    converge(Conflicts(), host, False)
    assert host.runner.units["tuned.service"] == [True, True]
    assert host.runner.units["thermald.service"] == [False, True]
    assert contents(host) == before


def test_a_run_that_is_killed_is_completed_by_the_next(tmp_path):
    for number in range(1, 5):
        host = machine(tmp_path / str(number), tuned=(True, True))
        host.runner.killed_at = number
        domain = Conflicts(PLAN, "disable")
        for wanted in (domain, Conflicts()):
            try:
                converge(wanted, host, False)
            except KilledError:
                converge(wanted, host, False)
        assert host.runner.units["tuned.service"] == [True, True]
        assert not host.exists("/var/lib/ull-metal")


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("/etc/sysctl.d/99-x.conf", "# 1\nvm.swappiness = 60", ("sysctl", 2)),
        ("/etc/sysctl.d/10-x.conf", "vm.swappiness = 60", ("overruled", 1)),
        ("/etc/sysctl.d/99-x.conf", "vm.swappiness = 1", None),
        ("/etc/sysctl.d/10-x.conf", "vm.nr_hugepages = 60", ("sysctl", 1)),
        ("/etc/sysctl.d/90-ull-metal.conf", "vm.swappiness = 60", None),
        ("/etc/tmpfiles.d/a.conf", f"w {THP} - - - - always", ("tmpfiles", 1)),
        ("/etc/modprobe.d/igb.conf", "options igb max_vfs=7", ("modprobe", 1)),
        ("/etc/modprobe.d/igb.conf", "options e1000e max_vfs=7", None),
        ("/etc/modprobe.d/igb.conf", "\nblacklist igb", ("modprobe", 2)),
        ("/etc/udev/rules.d/7.rules", 'KERNELS=="0000:81:00.0", ATTR{device/sriov_numvfs}="2"', ("udev", 1)),
        ("/etc/udev/rules.d/7.rules", 'NAME=="ens1", ATTR{mtu}="1500"', ("udev", 1)),
        ("/etc/udev/rules.d/7.rules", 'NAME=="ens10", ATTR{mtu}="1500"', None),
        ("/etc/udev/rules.d/7-ull-metal.rules", 'NAME=="ens1", ATTR{mtu}="1500"', None),
        ("/etc/systemd/network/1.link", "[Match]\nOriginalName=ens*\n[Link]\nMTUBytes=1500", ("link", 0)),
        ("/etc/systemd/network/1.link", "[Match]\nMACAddress=02:00:5E:00:10:01\n[Link]\nMTUBytes=1500", ("link", 0)),
        ("/etc/systemd/network/1.link", "[Match]\nDriver=mlx5_core\n[Link]\nMTUBytes=1500", None),
        ("/etc/systemd/network/1.link", "[Match]\nOriginalName=*\n[Link]\nNamePolicy=kernel", None),
        (
            "/etc/netplan/50-cloud-init.yaml",
            "network:\n  ethernets:\n    ens1:\n      dhcp4: true\n      mtu: 1500",
            ("cloud-init", 5),
        ),
        ("/etc/netplan/50-cloud-init.yaml", "network:\n  ethernets:\n    ens1:\n      mtu: 9000", None),
        ("/etc/netplan/50-cloud-init.yaml", "network:\n  ethernets:\n    ens2:\n      mtu: 1500\n    ens1: {}", None),
        ("/etc/cron.d/x", "@reboot root echo always > " + THP, ("script", 1)),
        ("/etc/systemd/system/my.service", "[Service]\nExecStart=ip link set ens1 mtu 1", ("script", 2)),
        ("/etc/systemd/system/my.service", "[Service]\nExecStart=cpupower frequency-set -g powersave", ("script", 2)),
        ("/etc/systemd/system/ull-metal-x.service", f"[Service]\nExecStart={THP}", None),
    ],
)  # fmt: skip
def test_files(tmp_path, path, text, found):
    host = machine(tmp_path, {path: text})
    where = path if found and not found[1] else f"{path}:{found[1]}" if found else ""
    assert conflicts(host) == ([(found[0], where)] if found else [])


def test_rc_local_counts_only_when_it_can_run(tmp_path):
    host = machine(tmp_path, {"/etc/rc.local": "#!/bin/sh\nsysctl -w vm.swappiness=60 # or vm.swappiness_more"})
    assert conflicts(host) == []
    host.path("/etc/rc.local").chmod(0o755)
    assert conflicts(host) == [("script", "/etc/rc.local:2")]
    # a warning: it does not end the run
    assert not converge(Conflicts(PLAN), host, False).changed


def test_cloud_init_that_is_told_to_leave_the_network_alone(tmp_path):
    entries = {
        "/etc/netplan/50-cloud-init.yaml": "    ens1:\n      mtu: 1500",
        "/etc/cloud/cloud.cfg.d/99.cfg": "network: {config: disabled}",
    }
    assert conflicts(machine(tmp_path, entries)) == []


def test_two_network_managers(tmp_path):
    entries = {
        "/run/systemd/netif/links/7": "ADMIN_STATE=configured\nOPER_STATE=routable",
        "/run/NetworkManager/devices/7": "[device]\nmanaged=true",
    }
    both = {"NetworkManager": (True, True), "systemd_networkd": (True, True)}
    assert conflicts(machine(tmp_path / "a", entries, **both)) == [("networkmanager", "/run/NetworkManager/devices/7")]
    entries["/run/systemd/netif/links/7"] = "ADMIN_STATE=unmanaged"
    assert conflicts(machine(tmp_path / "b", entries, **both)) == []


def test_kernel_arguments_of_others(tmp_path):
    host = debian(tmp_path)
    tree(tmp_path, {**TREE, "/etc/default/grub.d/99-x.cfg": 'GRUB_CMDLINE_LINUX="skew_tick=0"'})
    host.obey(["update-grub"])
    assert conflicts(host) == [("boot_args", "/etc/default/grub.d/99-x.cfg")]


def test_a_captured_tree_tells_what_is_enabled(tmp_path):
    wants = "/etc/systemd/system/multi-user.target.wants/tuned.service"
    tree(tmp_path, {**TREE, wants: Link("/usr/lib/systemd/system/tuned.service")})
    assert conflicts(Host(str(tmp_path))) == [("tuned", "tuned.service")]


def test_files_are_never_disabled(tmp_path):
    host = machine(tmp_path, {"/usr/lib/sysctl.d/99-x.conf": "vm.swappiness = 60"}, tuned=(True, True))
    before = contents(host)
    with pytest.raises(ConflictsError, match=r"99-x.conf:1.*link to /dev/null: /etc/sysctl.d/99-x.conf") as failed:
        converge(Conflicts(PLAN, "disable"), host, False)
    assert contents(host) == before
    assert host.runner.units["tuned.service"] == [True, True]
    rows = {row["id"]: row for row in failed.value.as_dict()["conflicts"]}
    assert (rows["sysctl"]["policy"], rows["sysctl"]["settings"]) == ("disable", ["vm.swappiness"])


def test_they_are_shown_like_all_findings(tmp_path):
    entries = {"/etc/sysctl.d/99-x.conf": "vm.swappiness = 60", "/etc/sysctl.d/10-x.conf": "vm.stat_interval = 1"}
    host = machine(tmp_path, entries, tuned=(True, True), thermald=(True, True))
    domain = Conflicts(PLAN, policies={"tuned": "disable", "sysctl": "ignore"})
    findings = domain.findings(host, domain.found(host))
    assert [finding["level"] for finding in findings] == ["note", "error", "accepted", "note"]
    text = findings_text(findings)
    assert "ERROR conflict-service: thermald.service is enabled and active" in text
    assert "accepted conflict-sysctl" in text
    assert "lab1: /etc/sysctl.d/99-x.conf:1" in text


@pytest.mark.parametrize(
    ("policy", "policies", "words"),
    [
        ("stop", {}, r"conflicts_policy = 'stop'.*Remedy: use one of fail, disable, ignore"),
        ("fail", {"tuned": "off"}, r"conflicts_policies.tuned = 'off'.*no such policy"),
        ("fail", {"tunde": "disable"}, r"conflicts_policies.tunde.*there is no conflict 'tunde'.*did you mean 'tuned'"),
    ],
)
def test_a_bad_policy_is_refused(tmp_path, policy, policies, words):
    with pytest.raises(UllError, match=words):
        converge(Conflicts(PLAN, policy, policies), machine(tmp_path), False)


def test_every_id_is_known(tmp_path):
    assert len(set(IDS)) == len(IDS)
    assert Owned.of({}).kernel == []


def test_systemd_that_does_not_answer_is_no_peace(tmp_path):
    host = machine(tmp_path)
    host.runner = lambda _argv: (1, "", "Connection timed out")
    with pytest.raises(UllError, match="Connection timed out"):
        converge(Conflicts(PLAN), host, False)
