# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from machines import FAMILIES, KilledError, contents, debian, redhat

from ansible_collections.ull.metal.plugins.module_utils.boot import proven, trial
from ansible_collections.ull.metal.plugins.module_utils.boot.loader import loader, running
from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.setting import converge
from ansible_collections.ull.metal.plugins.module_utils.settings.boot_args import BootArgs
from ansible_collections.ull.metal.plugins.module_utils.settings.reboot import look

OPTIONS = trial.Options()
BAD = "mem=1M"


@pytest.fixture(params=FAMILIES)
def host(request, tmp_path):
    made = FAMILIES[request.param](tmp_path)
    made.bad = {BAD}
    made.boot()
    return made


def declare(host, *tokens):
    converge(BootArgs({"mine": list(tokens)} if tokens else {}, replace=True), host, False)


def lasting(host):
    """What is left on the disk: without the memory of boots, /proc, and what GRUB keeps between two boots."""
    passing = ("proc/", "sys/", "var/lib/ull-metal/")
    return {name: text for name, text in contents(host).items() if not name.startswith(passing)}


def test_a_good_boot_is_tried_once_and_kept(host):
    declare(host, "skew_tick=1")
    declared = lasting(host)
    assert trial.arm(host, OPTIONS)
    assert look(host, None)["trial"] == "armed"
    host.boot()
    seen = look(host, None)
    assert (seen["trial"], seen["required"], seen["blocked"]) == ("trial", False, "")
    assert running(host)[-1] == "skew_tick=1"
    assert host.read(trial.PANIC) == "10"
    assert trial.confirm(host)
    assert (look(host, None)["trial"], look(host, None)["required"]) == ("normal", False)
    assert lasting(host) == declared
    assert host.read(trial.PANIC) == "0"
    assert not trial.confirm(host)
    host.boot()
    assert running(host)[-1] == "skew_tick=1"
    assert "ull_metal" not in host.text("/proc/cmdline")


def test_a_boot_that_fails_ends_on_the_previous_one(host):
    declare(host, "skew_tick=1", BAD)
    trial.arm(host, OPTIONS)
    host.boot()
    assert "skew_tick=1" not in running(host)
    seen = look(host, None)
    assert (seen["trial"], seen["required"]) == ("fallback", True)
    assert f"with skew_tick=1 {BAD} was tried and did not prove itself; the host is back on its prev" in seen["blocked"]
    assert "Remedy" in seen["blocked"]
    # and stays there, however often it boots
    host.boot()
    assert look(host, None)["trial"] == "fallback"


def test_after_a_failure_a_corrected_declaration_is_tried(host):
    declare(host, "skew_tick=1", BAD)
    trial.arm(host, OPTIONS)
    host.boot()
    declare(host, "skew_tick=1")
    seen = look(host, None)
    assert (seen["required"], seen["blocked"]) == (True, "")
    assert trial.arm(host, OPTIONS)
    host.boot()
    assert (look(host, None)["trial"], running(host)[-1]) == ("trial", "skew_tick=1")
    trial.confirm(host)
    host.boot()
    assert running(host)[-1] == "skew_tick=1"


def test_after_a_failure_the_same_is_tried_again_only_when_told(host):
    declare(host, BAD)
    trial.arm(host, OPTIONS)
    host.boot()
    assert look(host, None)["blocked"]
    host.bad.clear()
    trial.arm(host, OPTIONS)
    assert look(host, None)["blocked"] == ""
    host.boot()
    assert look(host, None)["trial"] == "trial"


def test_after_a_failure_taking_it_back_needs_no_boot(host):
    before = lasting(host)
    declare(host, BAD)
    trial.arm(host, OPTIONS)
    host.boot()
    declare(host)
    seen = look(host, None)
    assert (seen["trial"], seen["required"], seen["blocked"]) == ("fallback", False, "")
    trial.settle(host)
    assert lasting(host) == before
    host.boot()
    assert not look(host, None)["required"]


def test_a_trial_that_nobody_confirms_is_no_trial_any_more_with_the_next_boot(host):
    declare(host, "skew_tick=1")
    trial.arm(host, OPTIONS)
    host.boot()
    host.boot()
    assert "skew_tick=1" not in running(host)
    assert look(host, None)["trial"] == "fallback"


def test_what_has_proven_itself_needs_no_trial(host):
    """So an undo leaves nothing behind, not even on the command line."""
    before, cmdline = lasting(host), host.text("/proc/cmdline")
    declare(host, "skew_tick=1")
    trial.arm(host, OPTIONS)
    host.boot()
    trial.confirm(host)
    declare(host)
    assert not trial.arm(host, OPTIONS)
    host.boot()
    assert lasting(host) == before
    assert host.text("/proc/cmdline") == cmdline
    declare(host, "skew_tick=1")
    assert not trial.arm(host, OPTIONS)


def test_a_rebuilt_ramdisk_is_tried_anew(host):
    declare(host, "skew_tick=1")
    trial.arm(host, OPTIONS)
    host.boot()
    trial.confirm(host)
    declare(host)
    assert proven.known(host, loader(host).next_image())
    initrd = loader(host).next_image().initrds[0].rpartition("/")[2]
    host.path(f"/boot/{initrd}").write_text("rebuilt")
    assert not proven.known(host, loader(host).next_image())


def test_a_ramdisk_that_is_newer_than_the_boot_has_not_proven_itself(host):
    host.path("/proc/stat").write_text("btime 1000\n")
    proven.add_running(host)
    assert not proven.known(host, loader(host).next_image())


def test_while_on_trial_the_next_one_keeps_the_way_back(host):
    declare(host, "skew_tick=1")
    trial.arm(host, OPTIONS)
    host.boot()
    declare(host, BAD)
    trial.arm(host, OPTIONS)
    host.boot()
    assert look(host, None)["trial"] == "fallback"
    assert "skew_tick=1" not in running(host)


def test_an_argument_of_the_trial_does_not_hide_a_declared_one(host):
    declare(host, "panic=3")
    trial.arm(host, OPTIONS)
    host.boot()
    assert not look(host, None)["required"]
    assert host.read(trial.PANIC) == "3"
    trial.confirm(host)
    assert host.read(trial.PANIC) == "3"


@pytest.mark.parametrize("last", ["armed", "confirmed", "settled"])
def test_killed_at_any_write_and_completed_by_the_next_run(tmp_path, last):
    """The next run does what the role does: look, then arm and boot, or confirm, or settle."""
    for family, make in FAMILIES.items():
        for killed_at in range(1, 15):
            host = make(tmp_path / f"{family}-{killed_at}")
            host.boot()
            declare(host, "skew_tick=1")
            ready = lasting(host)
            if last != "armed":
                trial.arm(host, OPTIONS)
            if last == "settled":
                declare(host)
                ready = lasting(make(tmp_path / f"{family}-{killed_at}-other"))
            if last == "confirmed":
                host.boot()
            host.writes, host.killed_at = iter(range(1, 99)), killed_at
            step = {"armed": lambda: trial.arm(host, OPTIONS), "confirmed": lambda: trial.confirm(host)}  # noqa: B023
            try:
                step.get(last, lambda: trial.settle(host))()  # noqa: B023
            except KilledError:
                pass
            else:
                if killed_at > 1:
                    break
            host.killed_at = 0
            seen = look(host, None)
            assert not seen["blocked"]
            if seen["required"]:
                assert trial.arm(host, OPTIONS)
                host.boot()
            assert not look(host, None)["required"]
            trial.confirm(host)
            left = {name: text for name, text in lasting(host).items() if name in ready or "ull" in name}
            assert left == ready
            assert trial.state(host) == "normal"
        else:
            pytest.fail("it writes more often than that")


def test_killed_between_any_two_writes_and_booted_by_somebody(tmp_path):
    """Whatever is left of an arming, a boot that fails ends on the previous one, or on what was never begun."""
    for killed_at in range(1, 15):
        host = debian(tmp_path / str(killed_at))
        host.boot()
        declare(host, "skew_tick=1")
        host.writes, host.killed_at = iter(range(1, 99)), killed_at
        try:
            trial.arm(host, OPTIONS)
        except KilledError:
            pass
        else:
            return
        host.killed_at = 0
        host.boot()
        seen = look(host, None)
        assert not seen["blocked"], "it was never begun"
        if seen["required"]:
            trial.arm(host, OPTIONS)
            host.boot()
            trial.confirm(host)
        assert not look(host, None)["required"]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda host: setattr(host, "boot_folder_on", "btrfs"), r"GRUB cannot write to /boot/grub \(btrfs\)"),
        (lambda host: setattr(host, "boot_folder_on", ""), r"unknown file system"),
        (
            lambda host: host.replace("/boot/grub/grub.cfg", host.text("/boot/grub/grub.cfg").replace("custom", "x")),
            "grub.cfg sources no custom.cfg",
        ),
        (lambda host: host.replace("/proc/cmdline", "BOOT_IMAGE=/boot/vmlinuz-5.1 ro"), "no entry in the boot menu"),
    ],
)
def test_a_host_that_cannot_return_by_itself_is_refused(tmp_path, spoil, words):
    host = debian(tmp_path)
    declare(host, "skew_tick=1")
    spoil(host)
    before = contents(host)
    with pytest.raises(UllError, match=rf"reboot_once = True: the next boot cannot be tried once: .*{words}.*Remedy"):
        trial.arm(host, OPTIONS)
    assert contents(host) == before
    assert not trial.arm(host, trial.Options(once=False))


def test_a_custom_cfg_of_somebody_else_stays(tmp_path):
    theirs = "menuentry 'Memory test' {\n\tlinux16 /memtest\n}"
    host = debian(tmp_path, extra={"/boot/grub/custom.cfg": theirs})
    host.path("/boot/grub/custom.cfg").chmod(0o600)
    host.boot()
    declare(host, "skew_tick=1")
    trial.arm(host, OPTIONS)
    assert host.text("/boot/grub/custom.cfg").startswith(theirs)
    host.boot()
    trial.confirm(host)
    assert host.text("/boot/grub/custom.cfg") == theirs + "\n"
    assert host.path("/boot/grub/custom.cfg").stat().st_mode & 0o777 == 0o600


def test_without_a_deadman_no_unit_is_written(host):
    declare(host, "skew_tick=1")
    trial.arm(host, trial.Options(minutes=0))
    assert not host.names("/etc/systemd/system")


def test_dracut_reboots_instead_of_waiting_at_its_shell(tmp_path):
    host = redhat(tmp_path)
    host.path("/usr/bin").mkdir(parents=True)
    host.path("/usr/bin/dracut").touch()
    declare(host, "skew_tick=1")
    trial.arm(host, OPTIONS)
    words = "panic=10 rd.shell=0 rd.emergency=reboot ull_metal.trial root=UUID=1"
    assert f"linux ($root)/vmlinuz-6.12.10-1 {words}" in host.text("/boot/grub2/custom.cfg")
