# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from fake_tree import tree
from machines import redhat

from ansible_collections.ull.metal.plugins.module_utils.boot import bls
from ansible_collections.ull.metal.plugins.module_utils.errors import UllError

IMAGE = ["root=UUID=1", "ro", "console=tty0", "quiet"]


@pytest.mark.parametrize(
    ("environment", "version"),
    [
        ("saved_entry=a-6.9", "6.9"),
        ("saved_entry=a-6.9\nnext_entry=a-6.10", "6.10"),
        # without one, or with one that is gone, the newest boots; 6.10 is newer than 6.9
        ("", "6.10"),
        ("saved_entry=a-5.14", "6.10"),
        # the menu shows the newest first
        ("saved_entry=0", "6.10"),
        ("saved_entry=1", "6.9"),
        ("saved_entry=Rocky (6.9)", "6.9"),
    ],
)
def test_the_entry_that_boots_next(tmp_path, environment, version):
    entries = {
        f"/boot/loader/entries/a-{found}.conf": f"title Rocky ({found})\noptions\troot=UUID=1 version={found}"
        for found in ("6.10", "6.9", "0-rescue")
    }
    host = tree(tmp_path, {**entries, "/boot/grub2/grubenv": environment})
    assert bls.Bls(host).persisted() == ["root=UUID=1", f"version={version}"]


def test_variables_of_the_environment(tmp_path):
    host = tree(
        tmp_path,
        {
            "/boot/loader/entries/a-1.conf": "options $kernelopts $tuned_params quiet",
            "/boot/grub2/grubenv": "kernelopts=root=UUID=1 ro\ntuned_params=skew_tick=1 isolcpus=2",
        },
    )
    assert bls.Bls(host).persisted() == ["root=UUID=1", "ro", "skew_tick=1", "isolcpus=2", "quiet"]


def test_entries_that_cannot_be_read_are_no_empty_command_line(tmp_path):
    """/boot/loader/entries is for root alone."""
    with pytest.raises(UllError, match="become"):
        bls.Bls(tree(tmp_path, {"/boot/loader/entries": None})).persisted()


def test_write_asks_grubby_for_every_entry(tmp_path):
    host = redhat(tmp_path)
    boot = bls.Bls(host)
    boot.write({"mine": ["nohz_full=1"], "other": ["skew_tick=1"]})
    assert host.commands == [["grubby", "--update-kernel=ALL", "--args", "nohz_full=1 skew_tick=1"]]
    for name in host.names(bls.ENTRIES):
        assert host.read(f"{bls.ENTRIES}/{name}").endswith("quiet nohz_full=1 skew_tick=1")
    assert boot.persisted() == [*IMAGE, "nohz_full=1", "skew_tick=1"]
    assert boot.sections() == {"mine": ["nohz_full=1"], "other": ["skew_tick=1"]}

    host.commands.clear()
    boot.write({"other": ["skew_tick=1"]})
    assert host.commands == [
        ["grubby", "--update-kernel=ALL", "--remove-args", "nohz_full=1 skew_tick=1"],
        ["grubby", "--update-kernel=ALL", "--args", "skew_tick=1"],
    ]
    assert boot.persisted() == [*IMAGE, "skew_tick=1"]

    boot.write({})
    assert boot.persisted() == IMAGE
    assert not host.exists(bls.RECORD)


@pytest.mark.parametrize(
    ("token", "file"),
    [("quiet", "/etc/default/grub"), ("ro", "/boot/loader/entries"), ("tty0", "/boot/loader/entries")],
)
def test_the_origin_of_a_token(tmp_path, token, file):
    assert bls.Bls(redhat(tmp_path)).origin(token) == file
