# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The machine as a whole."""

from __future__ import annotations

import pytest
from captures import TUNED_VM, capture
from fake_tree import tree

from ansible_collections.ull.metal.plugins.module_utils.host import Host
from ansible_collections.ull.metal.plugins.module_utils.topology import machine


@pytest.fixture(scope="module")
def tuned():
    return Host(str(capture(TUNED_VM)))


def test_the_tuned_machine(tuned):
    assert machine.arch(tuned) == "x86_64"
    assert machine.container(tuned) == ""
    assert machine.system(tuned) == {"id": "debian", "version": "13", "family": "debian"}
    assert machine.boot_loader(tuned) == "grub"
    kernel = machine.kernel(tuned)
    assert (kernel["release"], kernel["flavour"]) == ("6.12.107+deb13-rt-amd64", "rt")
    assert "isolcpus=managed_irq,domain,1,3" in kernel["args"].split()


def test_nothing_at_all(tmp_path):
    host = tree(tmp_path, {})
    assert machine.arch(host) == machine.container(host) == machine.boot_loader(host) == ""
    assert machine.system(host) == {"id": "", "version": "", "family": ""}
    assert machine.kernel(host) == {"release": "", "flavour": "generic", "args": ""}


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ({"/run/systemd/container": "systemd-nspawn\n"}, "systemd-nspawn"),
        ({"/proc/1/environ": "PATH=/bin\0container=lxc\0TERM=x\0"}, "lxc"),
        ({"/proc/1/environ": "mycontainer=1\0"}, ""),
        ({"/.dockerenv": ""}, "docker"),
        ({"/run/.containerenv": ""}, "podman"),
        ({"/run/systemd/container": "docker", "/run/.containerenv": ""}, "docker"),
    ],
)
def test_containers(tmp_path, files, kind):
    assert machine.container(tree(tmp_path, files)) == kind


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("ID=debian", "debian"),
        ("ID=ubuntu\nID_LIKE=debian", "debian"),
        ('ID="rocky"\nID_LIKE="rhel centos fedora"', "redhat"),
        ('ID="rhel"\nID_LIKE="fedora"', "redhat"),
        ("ID=arch", ""),
        ("NAME=x", ""),
    ],
)
def test_families(tmp_path, text, family):
    assert machine.system(tree(tmp_path, {"/etc/os-release": text}))["family"] == family


def test_version_without_its_quotes(tmp_path):
    assert machine.system(tree(tmp_path, {"/etc/os-release": 'ID="rocky"\nVERSION_ID="9.4"'})) == {
        "id": "rocky",
        "version": "9.4",
        "family": "",
    }


@pytest.mark.parametrize(
    ("paths", "loader"),
    [
        (["/etc/default/grub", "/boot/grub/grub.cfg"], "grub"),
        # installed, but something else boots this machine
        (["/etc/default/grub", "/usr/sbin/update-grub"], ""),
        (["/etc/default/grub"], ""),
        (["/boot/loader/entries/a.conf", "/usr/sbin/grubby", "/etc/default/grub"], "bls"),
        (["/boot/loader/entries/a.conf", "/etc/default/grub", "/boot/grub/grub.cfg"], "grub"),
        (["/usr/sbin/grubby"], ""),
        (["/boot/loader/entries/a.conf"], ""),
    ],
)
def test_boot_loaders(tmp_path, paths, loader):
    assert machine.boot_loader(tree(tmp_path, dict.fromkeys(paths, ""))) == loader


def test_red_hats_loader_where_the_entries_are_closed(tmp_path):
    files = {"/usr/sbin/grubby": "", "/etc/default/grub": "GRUB_TIMEOUT=5\nGRUB_ENABLE_BLSCFG=true"}
    assert machine.boot_loader(tree(tmp_path, files)) == "bls"


@pytest.mark.parametrize(
    ("files", "flavour"),
    [
        ({"/sys/kernel/realtime": "1"}, "rt"),
        ({"/sys/kernel/realtime": "0"}, "generic"),
        ({"/proc/version": "Linux version 6.1.0 (x) #1 SMP PREEMPT_RT Debian"}, "rt"),
        ({"/proc/version": "Linux version 4.19 (x) #1 SMP PREEMPT RT Debian"}, "rt"),
        ({"/proc/version": "Linux version 6.1.0 (x) #1 SMP PREEMPT_DYNAMIC Debian"}, "generic"),
    ],
)
def test_flavours(tmp_path, files, flavour):
    assert machine.kernel(tree(tmp_path, files))["flavour"] == flavour


@pytest.mark.parametrize(
    ("cpuinfo", "arch"),
    [
        ("flags\t\t: fpu lm nx", "x86_64"),
        ("flags\t\t: fpu nx", "i686"),
        ("CPU implementer\t: 0x41\nCPU architecture: 8", "aarch64"),
        ("cpu\t\t: POWER9, altivec supported", "ppc64le"),
        ("cpu\t\t: POWER7 (architected), altivec supported", "ppc64"),
        ("cpu\t\t: Cell Broadband Engine, altivec supported", "ppc64"),
        ("vendor_id       : IBM/S390", "s390x"),
        ("hart\t: 0\nisa\t: rv64imafdc", "riscv64"),
        ("", ""),
    ],
)
def test_architecture_of_a_captured_tree(tmp_path, cpuinfo, arch):
    assert machine.arch(tree(tmp_path, {"/proc/cpuinfo": cpuinfo})) == arch


def test_newer_kernels_name_the_architecture(tmp_path):
    assert machine.arch(tree(tmp_path, {"/proc/sys/kernel/arch": "aarch64"})) == "aarch64"
