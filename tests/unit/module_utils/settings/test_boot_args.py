# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import os

import pytest
from machines import FAMILIES, contents, debian, redhat

from ansible_collections.ull.metal.plugins.module_utils.boot.grub import CONFIG, DROP_IN, FOLDER
from ansible_collections.ull.metal.plugins.module_utils.boot.loader import loader
from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.setting import converge
from ansible_collections.ull.metal.plugins.module_utils.settings.boot_args import BootArgs

IMAGE = ["root=UUID=1", "ro", "console=tty0", "quiet"]


@pytest.fixture(params=FAMILIES)
def host(request, tmp_path):
    return FAMILIES[request.param](tmp_path)


def persisted(host) -> list[str]:
    return loader(host).persisted()


def test_it_appends_and_never_replaces(host):
    converge(BootArgs({"mine": ["skew_tick=1"]}), host, False)
    assert persisted(host) == [*IMAGE, "skew_tick=1"]


def test_sections_that_are_not_named_stay(host):
    converge(BootArgs({"one": ["skew_tick=1"], "two": ["tsc=reliable"]}), host, False)
    converge(BootArgs({"two": ["nosoftlockup"]}), host, False)
    assert persisted(host) == [*IMAGE, "skew_tick=1", "nosoftlockup"]
    converge(BootArgs({"one": []}), host, False)
    assert persisted(host) == [*IMAGE, "nosoftlockup"]
    converge(BootArgs({"three": ["mce=off"]}, replace=True), host, False)
    assert persisted(host) == [*IMAGE, "mce=off"]


def test_order_means_nothing_between_keys(host):
    converge(BootArgs({"mine": ["skew_tick=1", "tsc=reliable"]}), host, False)
    assert (
        converge(BootArgs({"mine": ["tsc=reliable", "skew_tick=1"]}), host, True).states[0].status == "pending_reboot"
    )


def test_a_key_that_another_file_sets_to_another_value_is_refused(tmp_path):
    theirs = "/etc/default/grub.d/10-theirs.cfg"
    host = debian(tmp_path, extra={theirs: 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX nohz-full=1-3 mce=off"'})
    before = contents(host)
    with pytest.raises(UllError, match=rf"{theirs} sets nohz-full=1-3. Remedy: remove nohz-full=1-3 from {theirs}"):
        converge(BootArgs({"mine": ["nohz_full=2"]}), host, False)
    assert contents(host) == before
    # the same value, however it is spelt, is no conflict
    converge(BootArgs({"mine": ["nohz_full=1-3", "mce=off"]}), host, False)


def test_a_key_that_an_entry_sets_to_another_value_is_refused(tmp_path):
    host = redhat(tmp_path)
    path = f"/boot/loader/entries/{host.names('/boot/loader/entries')[0]}"
    host.replace(path, host.text(path).replace("quiet", "quiet isolcpus=3"))
    with pytest.raises(UllError, match="/boot/loader/entries sets isolcpus=3"):
        converge(BootArgs({"mine": ["isolcpus=2"]}), host, False)


def test_one_key_has_one_owner(host):
    words = r"kernel arguments of theirs = 'nohz_full=2': mine sets nohz_full as well. Remedy"
    converge(BootArgs({"mine": ["nohz_full=1"]}), host, False)
    with pytest.raises(UllError, match=words):
        converge(BootArgs({"theirs": ["nohz_full=2"]}), host, False)
    with pytest.raises(UllError, match=words):
        converge(BootArgs({"mine": ["nohz_full=1"], "theirs": ["nohz_full=2"]}), host, False)


def test_a_repeatable_key_stands_beside_others(tmp_path):
    host = debian(tmp_path)
    converge(BootArgs({"mine": ["console=ttyS0"], "theirs": ["console=ttyS1"]}), host, False)
    assert persisted(host) == [*IMAGE, "console=ttyS0", "console=ttyS1"]
    converge(BootArgs({}, replace=True), host, False)
    assert persisted(host) == IMAGE


@pytest.mark.parametrize("token", ["a b", "a;reboot", "a=$(id)", 'a="b"'])
def test_what_is_no_token_is_refused(host, token):
    before = contents(host)
    with pytest.raises(UllError, match=r"kernel arguments of mine = .* one kernel argument. Remedy"):
        converge(BootArgs({"mine": ["quiet", token]}), host, False)
    assert contents(host) == before


def test_a_host_without_boot_loader(host):
    for path in ("/etc/default/grub", "/boot/loader/entries"):
        if host.path(path).is_file():
            host.path(path).unlink()
    for path in host.path("/boot/loader/entries").glob("*"):
        path.unlink()
    with pytest.raises(UllError, match=r"no supported boot loader.*a container has none"):
        converge(BootArgs({"mine": ["quiet"]}), host, False)


def test_a_file_that_wins_over_ours_is_found_out(tmp_path):
    """A drop-in that sorts behind and replaces the variable."""
    host = debian(tmp_path, extra={"/etc/default/grub.d/99-last.cfg": 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"'})
    with pytest.raises(UllError, match=r"boot_args.skew_tick = 'skew_tick=1': the next boot would give None. Remedy"):
        converge(BootArgs({"mine": ["skew_tick=1"]}), host, False)


def test_the_diff_shows_the_drop_in_and_the_arguments(tmp_path):
    host = debian(tmp_path)
    first, second = converge(BootArgs({"mine": ["skew_tick=1"]}), host, True).changes
    assert (first.path, first.before) == (DROP_IN, "")
    assert 'GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT skew_tick=1" # mine' in first.after
    assert second.path == "kernel arguments of the next boot (grub)"
    assert second.after.split() == [*second.before.split(), "skew_tick=1"]


def test_a_configuration_behind_its_sources_is_made_anew(tmp_path):
    host = debian(tmp_path)
    converge(BootArgs({"mine": ["skew_tick=1"]}), host, False)
    made = host.path(CONFIG).stat().st_mtime_ns
    os.utime(host.path(FOLDER), ns=(made + 1, made + 1))
    host.commands.clear()
    assert converge(BootArgs({"mine": ["skew_tick=1"]}), host, False).changed
    assert host.commands == [["update-grub"]]


def test_an_argument_that_was_typed_into_the_boot_menu_does_not_hold_up_an_undo(tmp_path):
    host = debian(tmp_path, extra={"/proc/cmdline": "ro nohz_full=3"})
    converge(BootArgs({"mine": ["nohz_full=1"]}), host, False)
    host.boot()
    assert converge(BootArgs({}, replace=True), host, False).reboot_required
    assert converge(BootArgs({}, replace=True), host, True).reboot_required
    host.boot()
    assert not converge(BootArgs({}, replace=True), host, False).reboot_required
