# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import itertools
import re

import pytest
from fake_tree import tree
from machines import FakeHost, KilledError, contents

from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.setting import converge
from ansible_collections.ull.metal.plugins.module_utils.settings import kernel_runtime
from ansible_collections.ull.metal.plugins.module_utils.settings.kernel_runtime import (
    SYSCTL,
    TMPFILES,
    KernelRuntime,
    canonical,
)

THP = "/sys/kernel/mm/transparent_hugepage/enabled"
MASK = "/sys/devices/virtual/workqueue/cpumask"
PROC = "/proc/sys"
TREE = {
    f"{PROC}/vm/stat_interval": "1",
    f"{PROC}/vm/swappiness": "60",
    f"{PROC}/vm/dirty_ratio": "20",
    f"{PROC}/vm/dirty_bytes": "0",
    f"{PROC}/vm/nr_hugepages": "0",
    f"{PROC}/kernel/watchdog_cpumask": "0-7",
    f"{PROC}/net/ipv4/tcp_rmem": "4096\t131072\t6291456",
    f"{PROC}/net/ipv4/conf/all/rp_filter": "0",
    f"{PROC}/net/ipv4/conf/ens1/rp_filter": "2",
    f"{PROC}/net/ipv4/conf/ens1.100/rp_filter": "2",
    THP: "always [madvise] never",
    MASK: "00000000,000000ff",
}
WANTED = {
    "vm.stat_interval": 10,
    "vm.dirty_bytes": 4096,
    "kernel.watchdog_cpumask": "0,1,2",
    "net.ipv4.tcp_rmem": "4096 262144  6291456",
}
PATHS = {THP: "never", MASK: "0000000f"}


class Kernel(FakeHost):
    """Values are printed in the kernel's own ways, and of the two kinds of limits for dirty pages one counts."""

    def poke(self, path: str, value: str) -> None:
        super().poke(path, self.printed(path, value))
        pair = {"dirty_ratio": "dirty_bytes", "dirty_bytes": "dirty_ratio"}.get(path.rsplit("/", 1)[-1])
        if pair:
            assert not (path.endswith("bytes") and value == "0"), "EINVAL"
            self._set(f"{PROC}/vm/{pair}", "0")

    def printed(self, path: str, value: str) -> str:
        if path == THP:
            return re.sub(rf"\b{value}\b", f"[{value}]", "always madvise never")
        return f"00000000,{int(value, 16):08x}" if path == MASK else value.replace(" ", "\t")

    def obey(self, argv: list[str]) -> None:
        raise AssertionError(argv)


@pytest.fixture
def host(tmp_path):
    tree(tmp_path, TREE)
    return Kernel(tmp_path)


def statuses(outcome) -> set[str]:
    return {state.status for state in outcome.states}


def test_from_the_first_run_to_the_undo(host):
    before = contents(host)
    domain = KernelRuntime(WANTED, PATHS)
    predicted = converge(domain, host, True)
    assert contents(host) == before
    made = converge(domain, host, False)
    assert (made.changed, made.states, made.changes) == (True, predicted.states, predicted.changes)
    assert statuses(made) == {"in_sync"}
    assert host.read(f"{PROC}/kernel/watchdog_cpumask") == "0,1,2".replace("0,1,2", "0-2")
    assert host.read(THP) == "always madvise [never]"
    assert host.text(SYSCTL).splitlines()[1:3] == ["vm.stat_interval = 10", "vm.dirty_bytes = 4096"]
    assert host.text(TMPFILES).splitlines()[1:] == [f"w! {THP} - - - - never", f"w! {MASK} - - - - f"]
    after = contents(host)
    again = converge(domain, host, False)
    assert (again.changed, contents(host)) == (False, after)
    assert statuses(converge(KernelRuntime(), host, False)) == {"in_sync"}
    assert contents(host) == before
    assert not host.exists("/var/lib/ull-metal")


def test_a_run_that_is_killed_is_completed_by_the_next(tmp_path):
    for number in itertools.count(1):
        root = tmp_path / str(number)
        tree(root, TREE)
        host = Kernel(root)
        before = contents(host)
        host.killed_at = number
        try:
            converge(KernelRuntime(WANTED, PATHS), host, False)
            converge(KernelRuntime(), host, False)
        except KilledError:
            assert statuses(converge(KernelRuntime(WANTED, PATHS), host, False)) == {"in_sync"}
            converge(KernelRuntime(), host, False)
            assert contents(host) == before
        else:
            assert number > 10
            return


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        (THP, "always [madvise] never", "madvise"),
        (THP, "never", "never"),
        (MASK, "00000000,000000ff", "ff"),
        (MASK, "0xFF", "ff"),
        (MASK, "rubbish", "rubbish"),
        ("kernel.watchdog_cpumask", "0,1,2,3,6", "0-3,6"),
        ("net.ipv4.tcp_rmem", "4096\t131072  6291456\n", "4096 131072 6291456"),
        ("kernel.core_pattern", "|/bin/core [x] %p", "|/bin/core [x] %p"),
        ("/sys/module/workqueue/parameters/power_efficient", "N", "0"),
        ("/sys/devices/system/cpu/smt/control", "on", "on"),
    ],
)
def test_values_are_compared_by_their_meaning(name, text, value):
    assert canonical(name, text) == value


def test_what_the_kernel_is_built_without_is_said_and_no_failure(host):
    outcome = converge(KernelRuntime({"kernel.numa_balancing": 0, "vm.swappiness": 1}), host, False)
    states = {state.name: state for state in outcome.states}
    lacking = states["kernel_runtime.kernel.numa_balancing"]
    assert (lacking.declared, lacking.running, lacking.status) == ("not applicable", "not applicable", "in_sync")
    assert lacking.doc.startswith("this kernel has no kernel.numa_balancing")
    assert "numa_balancing" not in host.text(SYSCTL)
    assert not converge(KernelRuntime({"kernel.numa_balancing": 0, "vm.swappiness": 1}), host, False).changed


def test_stars_and_names_that_overrule_them(host):
    domain = KernelRuntime({"net.ipv4.conf.*.rp_filter": 1, "net.ipv4.conf.all.rp_filter": 0})
    outcome = converge(domain, host, False)
    assert statuses(outcome) == {"in_sync"}
    assert {state.name[len("kernel_runtime.") :]: state.running for state in outcome.states} == {
        "net.ipv4.conf.all.rp_filter": "0",
        "net.ipv4.conf.ens1.rp_filter": "1",
        "net/ipv4/conf/ens1.100/rp_filter": "1",
    }
    assert "net.ipv4.conf.*.rp_filter = 1\n" in host.text(SYSCTL)
    converge(KernelRuntime(), host, False)
    assert host.read(f"{PROC}/net/ipv4/conf/ens1.100/rp_filter") == "2"


def test_a_parameter_that_leaves_the_plan_returns(host):
    converge(KernelRuntime({"vm.swappiness": 1, "vm.stat_interval": 10}), host, False)
    outcome = converge(KernelRuntime({"vm.stat_interval": 10}), host, False)
    assert (host.read(f"{PROC}/vm/swappiness"), statuses(outcome)) == ("60", {"in_sync"})


@pytest.mark.parametrize(
    ("sysctl", "sysfs", "words"),
    [
        ({"vm.swapiness": 1}, {}, r"vm.swapiness.*no such parameter.*Remedy: did you mean 'swappiness'"),
        ({"net.bridge.x": 1}, {}, r"no such parameter.*Remedy: load the module"),
        ({"../x.y": 1}, {}, r"not the name of a kernel parameter"),
        ({"vm.nr_hugepages": 9}, {}, r"the role hugepages owns it"),
        ({"vm.swappiness": ""}, {}, r"one line, and not empty"),
        ({}, {MASK: "zz\nw /etc/x - - - - 1"}, r"one line, and not empty"),
        ({}, {"/etc/passwd": "x"}, r"not a path below /sys"),
        ({}, {"/sys/../etc/passwd": "x"}, r"not a path below /sys"),
        ({}, {"/sys/kernel/mm/transparent_hugepage/enabld": "x"}, r"no such parameter.*did you mean 'enabled'"),
    ],
)
def test_a_bad_declaration_is_refused_before_anything_is_touched(host, sysctl, sysfs, words):
    before = contents(host)
    with pytest.raises(UllError, match=words):
        converge(KernelRuntime(sysctl, sysfs), host, False)
    assert contents(host) == before


@pytest.mark.parametrize(
    ("path", "text", "refused"),
    [
        ("/etc/sysctl.d/99-tuning.conf", "\nvm.swappiness = 60", True),
        ("/usr/lib/sysctl.d/99-tuning.conf", "vm/swappiness = 60", True),
        ("/etc/sysctl.d/10-first.conf", "vm.swappiness = 60", False),
        ("/etc/sysctl.d/99-same.conf", "vm.swappiness =  1", False),
        ("/etc/sysctl.d/99-glob.conf", "vm.swap* = 60", False),
        ("/etc/tmpfiles.d/a.conf", f"w {THP} - - - - always", True),
        ("/etc/tmpfiles.d/z.conf", f"w {THP} - - - - always", False),
        ("/etc/tmpfiles.d/z.conf", "w /sys/kernel/mm/*/enabled - - - - always", True),
        ("/etc/tmpfiles.d/a.conf", "w /sys/kernel/mm/*/enabled - - - - always", False),
    ],
)
def test_a_file_that_takes_it_back_at_boot_is_named(host, path, text, refused):
    tree(host.root, {path: text})
    before = contents(host)
    domain = KernelRuntime({"vm.swappiness": 1}, {THP: "never"})
    if not refused:
        assert statuses(converge(domain, host, False)) == {"in_sync"}
        return
    number = 2 if text.startswith("\n") else 1
    with pytest.raises(UllError, match=rf"{path}:{number} sets it to '\w+' at the next boot.*Remedy: remove it from"):
        converge(domain, host, False)
    assert contents(host) == before


def test_a_container_is_told_that_its_host_owns_the_kernel(host, monkeypatch):
    monkeypatch.setattr(kernel_runtime.os, "access", lambda *_args: False)
    before = contents(host)
    with pytest.raises(UllError, match=r"cannot be written here.*a container shares its host's kernel"):
        converge(KernelRuntime({"vm.swappiness": 1}), host, False)
    assert contents(host) == before
    # what is as declared already is not written, and then only the file is new
    assert converge(KernelRuntime({"vm.swappiness": 60}), host, False).changed


def test_an_action_is_no_setting(host, monkeypatch):
    tree(host.root, {f"{PROC}/vm/compact_memory": ""})
    read = host.read
    monkeypatch.setattr(host, "read", lambda path: None if path.endswith("compact_memory") else read(path))
    with pytest.raises(UllError, match="an action, not a setting"):
        converge(KernelRuntime({"vm.compact_memory": 1}), host, False)
