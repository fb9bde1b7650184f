# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import os

import pytest
from captures import TUNED_VM, capture
from hypothesis import given
from hypothesis import strategies as st
from machines import debian, grub_cfg

from ansible_collections.ull.metal.plugins.module_utils.boot import grub
from ansible_collections.ull.metal.plugins.module_utils.host import Host

MENU = """
menuentry 'First' --class os $menuentry_id_option 'first-id' {
    linux    /vmlinuz root=/dev/sda1 ro first
}
menuentry "Second" --class os --id second-id {
    if [ "$x" = 1 ]; then
        insmod part_gpt
    fi
    linuxefi /vmlinuz second
}
submenu 'More' $menuentry_id_option 'more-id' {
    menuentry 'Third' $menuentry_id_option 'third-id' {
        linux    /vmlinuz third
    }
    submenu 'Deeper' {
        menuentry 'Fourth' $menuentry_id_option 'fourth-id' {
            linux    /vmlinuz fourth
        }
    }
}
menuentry 'Firmware' $menuentry_id_option 'uefi-firmware' {
    fwsetup
}
""".replace("    ", "\t")


@pytest.mark.parametrize(
    ("default", "chosen"),
    [
        ("0", "first"),
        ("1", "second"),
        ("Second", "second"),
        ("second-id", "second"),
        ("2>0", "third"),
        ("more-id>third-id", "third"),
        ("More>Third", "third"),
        ("2", "third"),
        ("2>1>0", "fourth"),
        ("more-id>Deeper>fourth-id", "fourth"),
        # GRUB falls back to the first entry
        ("no such entry", "first"),
        ("17", "first"),
        ("", "first"),
        ("2>nothing", "first"),
    ],
)
def test_the_default_by_index_id_title_or_path(default, chosen):
    config = f'set default="{default}"\n{MENU}'
    assert grub.default_entry(config, {})[-1] == chosen


SAVED = 'if [ "${next_entry}" ] ; then\n set default="${next_entry}"\nelse\n set default="${saved_entry}"\nfi\n'


@pytest.mark.parametrize(
    ("environment", "chosen"),
    [
        ("", "first"),
        ("saved_entry=second-id", "second"),
        ("saved_entry=more-id>third-id", "third"),
        ("saved_entry=second-id\nnext_entry=more-id>third-id", "third"),
        ("saved_entry=second-id\nnext_entry=", "second"),
    ],
)
def test_the_saved_and_the_next_entry_of_the_environment(tmp_path, environment, chosen):
    host = debian(
        tmp_path,
        extra={"/boot/grub/grubenv": f"# GRUB Environment Block\n{environment}\n########"},
    )
    host.replace("/boot/grub/grub.cfg", SAVED + MENU)
    assert grub.Grub(host).persisted()[-1] == chosen


def test_the_last_default_counts():
    """A script behind grub-mkconfig's own, like 40_custom, may set another."""
    assert grub.default_entry(f'set default="0"\n{MENU}\nset default=1\n', {})[-1] == "second"


def test_an_entry_without_kernel_has_no_arguments():
    assert grub.default_entry(f'set default="3"\n{MENU}', {}) == []


@pytest.mark.parametrize("config", ["", "set default=0\n", "# no menu\nlinux /vmlinuz quiet\n"])
def test_a_configuration_without_menu(config):
    entry = grub.default_entry(config, {})
    assert entry == (["quiet"] if "linux" in config else [])


def test_what_tuned_sets_counts():
    config = 'set tuned_params="skew_tick=1 isolcpus=3"\n' + grub_cfg("console=tty0", "quiet $tuned_params")
    assert grub.default_entry(config, {})[-4:] == ["console=tty0", "quiet", "skew_tick=1", "isolcpus=3"]
    assert grub.default_entry(grub_cfg("", "quiet $tuned_params"), {})[-1] == "quiet"


def test_a_real_configuration():
    """The next boot of the captured machine, which runs what it was booted with."""
    host = Host(str(capture(TUNED_VM)))
    booted = host.read("/proc/cmdline").split()
    assert grub.Grub(host).persisted() == booted[1:]
    root = grub.parse(host.text(grub.CONFIG))
    assert [(entry.title, len(entry.children)) for entry in root.children] == [
        ("Debian GNU/Linux", 0),
        ("Advanced options for Debian GNU/Linux", 4),
        ("UEFI Firmware Settings", 0),
    ]
    recovery = root.children[1].children[1]
    assert recovery.title.endswith("(recovery mode)")
    assert "single" in recovery.linux


NAMES = st.text("abcdef_", min_size=1, max_size=6)
ARGUMENTS = st.builds("{}={}".format, NAMES, st.text("0123456789,-:./", max_size=6))


@given(st.dictionaries(NAMES, st.lists(ARGUMENTS, min_size=1, max_size=4), max_size=3))
def test_the_drop_in_is_read_as_it_was_written(tmp_path_factory, sections):
    host = Host(str(tmp_path_factory.mktemp("host")))
    host.replace(grub.DROP_IN, grub.render(sections))
    assert grub.Grub(host).sections() == sections


def test_the_drop_in_appends_behind_the_cloud_images_and_spares_the_recovery(tmp_path):
    host = debian(tmp_path)
    grub.Grub(host).write({"mine": ["nohz_full=1"], "other": ["skew_tick=1"]})
    assert grub.Grub(host).persisted()[-4:] == ["console=tty0", "quiet", "nohz_full=1", "skew_tick=1"]
    recovery = grub.parse(host.text(grub.CONFIG)).children[1].children[1]
    assert "nohz_full=1" not in recovery.linux
    assert host.commands == [["update-grub"]]
    assert host.text(grub.DROP_IN).startswith("# Managed by Ansible, collection ull.metal")


def test_a_drop_in_newer_than_the_configuration_is_stale(tmp_path):
    host = debian(tmp_path)
    config, folder = host.path(grub.CONFIG), host.path(grub.FOLDER)
    os.utime(config, (1000, 1000))
    os.utime(folder, (999, 999))
    assert not grub.Grub(host).stale()
    os.utime(folder, (1001, 1001))
    assert grub.Grub(host).stale()


@pytest.mark.parametrize(
    ("token", "file"),
    [
        ("nohz_full=1-3", "/etc/default/grub.d/10-theirs.cfg"),
        ("quiet", "/etc/default/grub.d/50-cloudimg-settings.cfg"),
        # a part of a token, a comment, and a file that GRUB does not read are no origin
        ("nohz_full=1", ""),
        ("mitigations=off", ""),
        ("tsc=reliable", ""),
        ("isolcpus=2", ""),
    ],
)
def test_the_origin_of_a_token(tmp_path, token, file):
    host = debian(
        tmp_path,
        extra={
            "/etc/default/grub.d/10-theirs.cfg": '# not mitigations=off\nGRUB_CMDLINE_LINUX="a nohz_full=1-3"',
            "/etc/default/grub.d/10-theirs.cfg.dpkg-old": 'GRUB_CMDLINE_LINUX="tsc=reliable"',
            grub.DROP_IN: 'GRUB_CMDLINE_LINUX_DEFAULT="isolcpus=2"',
        },
    )
    assert grub.Grub(host).origin(token) == file
