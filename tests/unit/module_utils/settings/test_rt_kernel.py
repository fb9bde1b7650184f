# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from machines import FAMILIES, KilledError, contents, debian, redhat

from ansible_collections.ull.metal.plugins.module_utils.boot import trial
from ansible_collections.ull.metal.plugins.module_utils.boot.loader import loader
from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.setting import converge
from ansible_collections.ull.metal.plugins.module_utils.settings.boot_args import BootArgs
from ansible_collections.ull.metal.plugins.module_utils.settings.reboot import look
from ansible_collections.ull.metal.plugins.module_utils.settings.rt_kernel import RtKernel, is_rt, package, running

RT, OLD_RT = "6.12.8-rt2", "6.12.7-rt1"
STOCK = "6.12.10-1"


def with_rt(host):
    """The same host with two RT kernels installed, both older than the stock one, and booted once."""
    for kernel in (RT, OLD_RT):
        for name in ("vmlinuz-{}", "initrd.img-{}", "initramfs-{}.img"):
            host.path(f"/boot/{name.format(kernel)}").write_text(kernel)
        host.path(f"/boot/config-{kernel}").write_text("CONFIG_PREEMPT=y\nCONFIG_PREEMPT_RT=y\n")
        if host.path("/boot/loader/entries").exists():
            host.path(f"/boot/loader/entries/1d-{kernel}.conf").write_text(
                f"title Rocky ({kernel})\nlinux /vmlinuz-{kernel}\ninitrd /initramfs-{kernel}.img\n"
                "options root=UUID=1 ro console=tty0 quiet\n"
            )
        else:
            host.obey(["update-grub"])
    host.boot()
    host.commands.clear()
    return host


@pytest.fixture(params=FAMILIES)
def host(request, tmp_path):
    return with_rt(FAMILIES[request.param](tmp_path))


def persisted(host):
    return loader(host).next_image().release


def test_the_newest_rt_kernel_is_selected_and_boots(host):
    assert (persisted(host), running(host)) == (STOCK, STOCK)
    before = contents(host)
    predicted = converge(RtKernel("rt"), host, True)
    assert contents(host) == before
    done = converge(RtKernel("rt"), host, False)
    assert [change.path for change in done.changes] == [change.path for change in predicted.changes]
    assert (done.changed, done.reboot_required) == (True, True)
    assert (persisted(host), done.states[0].status) == (RT, "pending_reboot")
    assert look(host, None)["differences"] == [{"name": "kernel", "persisted": RT, "running": STOCK}]
    assert trial.arm(host, trial.Options())
    host.boot()
    assert (running(host), look(host, None)["required"], look(host, None)["trial"]) == (RT, False, "trial")
    trial.confirm(host)
    again = converge(RtKernel("rt"), host, False)
    assert (again.changed, again.reboot_required) == (False, False)
    host.boot()
    assert running(host) == RT


def test_undo_selects_what_was_before(host):
    before = contents(host)
    converge(RtKernel("rt"), host, False)
    host.boot()
    done = converge(RtKernel("any"), host, False)
    assert (done.changed, done.reboot_required, look(host, None)["required"]) == (True, True, True)
    assert not converge(RtKernel("any"), host, False).changed
    host.boot()
    assert running(host) == STOCK
    assert not look(host, None)["required"]
    assert contents(host) == before


def test_a_kernel_that_does_not_boot_ends_on_the_old_one(host):
    host.bad = {RT}
    converge(RtKernel("rt"), host, False)
    trial.arm(host, trial.Options())
    host.boot()
    assert running(host) == STOCK
    assert (
        f"{RT} was tried and did not prove itself; the host is back on its previous boot ({STOCK})"
        in (look(host, None)["blocked"])
    )


def test_the_generic_kernel(host):
    converge(RtKernel("rt"), host, False)
    host.boot()
    converge(RtKernel("generic"), host, False)
    assert persisted(host) == STOCK
    host.boot()
    assert not converge(RtKernel("generic"), host, False).changed


def test_any_kernel_touches_nothing(host):
    before = contents(host)
    assert not converge(RtKernel("any"), host, False).changed
    assert contents(host) == before


def test_a_kernel_of_somebody_else_asks_for_no_reboot(tmp_path):
    host = with_rt(debian(tmp_path))
    for name in ("vmlinuz", "initrd.img"):
        host.path(f"/boot/{name}-6.12.11-1").write_text("new")
    host.obey(["update-grub"])
    assert persisted(host) == "6.12.11-1"
    assert not look(host, None)["required"]


def test_its_arguments_are_those_of_the_selected_kernel(host):
    converge(RtKernel("rt"), host, False)
    converge(BootArgs({"mine": ["skew_tick=1"]}), host, False)
    assert (persisted(host), loader(host).persisted()[-1]) == (RT, "skew_tick=1")


@pytest.mark.parametrize("undo", [False, True])
def test_killed_at_any_write_and_completed_by_the_next_run(tmp_path, undo):
    for family, make in FAMILIES.items():
        for killed_at in range(1, 9):
            host = with_rt(make(tmp_path / f"{family}-{killed_at}"))
            before = contents(host)
            if undo:
                converge(RtKernel("rt"), host, False)
                host.boot()
            wanted = RtKernel("any" if undo else "rt")
            host.writes, host.killed_at = iter(range(1, 99)), killed_at
            try:
                converge(wanted, host, False)
            except KilledError:
                pass
            else:
                break
            host.killed_at = 0
            converge(wanted, host, False)
            assert not converge(wanted, host, False).changed
            host.boot()
            assert running(host) == (STOCK if undo else RT)
            assert contents(host) == before or not undo
        else:
            pytest.fail("it writes more often than that")


def test_without_such_a_kernel(host):
    """A plan can still be looked at, before one is installed."""
    for path in host.path("/boot").glob("config-*rt*"):
        path.write_text("# CONFIG_PREEMPT_RT is not set\n")
    with pytest.raises(
        UllError, match=r"rt_kernel_flavour = 'rt': the boot menu has no rt kernel \(it has 6.12.*Remedy"
    ):
        converge(RtKernel("rt"), host, False)
    with pytest.raises(UllError, match=r"rt_kernel_flavour = 'fast': this is no flavour"):
        converge(RtKernel("fast"), host, False)


@pytest.mark.parametrize(
    ("release", "found"),
    [
        ("6.12.9+deb13-rt-amd64", True),
        ("6.1.0-13-rt-arm64", True),
        ("6.8.1-1010-realtime", True),
        ("5.14.0-427.13.1.el9_4.x86_64+rt", True),
        ("6.6.31-rt31", True),
        ("6.12.9-amd64", False),
        ("5.14.0-427.13.1.el9_4.x86_64", False),
        ("6.1.0-virtual-start-amd64", False),
    ],
)
def test_by_its_name_where_it_has_no_configuration(tmp_path, release, found):
    assert is_rt(debian(tmp_path), release) == found


def test_the_package_of_each_distribution(tmp_path):
    assert package(with_rt(debian(tmp_path / "has"))) == ""
    assert package(debian(tmp_path / "debian")) == "linux-image-rt-amd64"
    arm = {"/proc/sys/kernel/arch": "aarch64"}
    assert package(debian(tmp_path / "arm", extra=arm)) == "linux-image-rt-arm64"
    ubuntu = debian(tmp_path / "ubuntu", extra={"/etc/os-release": "ID=ubuntu\nID_LIKE=debian"})
    with pytest.raises(UllError, match=r"no source of PREEMPT_RT kernels is enabled.*Remedy: attach it to Ubuntu Pro"):
        package(ubuntu)
    ubuntu.path("/etc/apt/sources.list.d").mkdir(parents=True)
    ubuntu.path("/etc/apt/sources.list.d/ubuntu-realtime-kernel.sources").touch()
    assert package(ubuntu) == "linux-realtime"
    rocky = redhat(tmp_path / "rocky")
    with pytest.raises(
        UllError, match=r"rt_kernel_flavour = 'rt'.*Remedy: enable it: dnf config-manager --set-enabled rt"
    ):
        package(rocky)
    rocky.path("/etc/yum.repos.d").mkdir(parents=True)
    repo = rocky.path("/etc/yum.repos.d/rocky-extras.repo")
    repo.write_text("[extras]\nenabled=1\n\n[rt]\nname=Real Time\nenabled=0\n\n[nfv]\nenabled=0\n")
    with pytest.raises(UllError, match="rt_kernel_flavour"):
        package(rocky)
    repo.write_text("[extras]\nenabled=0\n\n[rt]\nname=Real Time\nenabled=1\n")
    assert package(rocky) == "kernel-rt"
    with pytest.raises(UllError, match="no PREEMPT_RT kernel is known for this distribution"):
        package(debian(tmp_path / "other", extra={"/etc/os-release": "ID=arch"}))
