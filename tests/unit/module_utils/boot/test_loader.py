# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from fake_tree import tree

from ansible_collections.ull.metal.plugins.module_utils.boot.loader import kind, loader, running
from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.topology.machine import boot_loader

GRUB = {"/boot/grub/grub.cfg": "", "/etc/default/grub": ""}
ENTRY = {"/boot/loader/entries/a.conf": "options ro"}


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (GRUB, "grub"),
        ({**GRUB, **ENTRY}, "grub"),
        ({**GRUB, **ENTRY, "/usr/sbin/grubby": ""}, "bls"),
        ({**ENTRY, "/usr/bin/grubby": ""}, "bls"),
        # the entries are for root alone
        ({"/etc/default/grub": "GRUB_ENABLE_BLSCFG=true", "/usr/sbin/grubby": ""}, "bls"),
        (ENTRY, ""),
        ({"/boot/grub/grub.cfg": ""}, ""),
        ({"/etc/default/grub": "", "/usr/sbin/update-grub": ""}, ""),
        ({}, ""),
    ],
)
def test_the_kind_of_boot_loader(tmp_path, files, found):
    host = tree(tmp_path, files)
    assert kind(host) == found
    assert boot_loader(host) == found
    if found:
        assert loader(host).name == found
    else:
        with pytest.raises(UllError, match=r"boot loader.*Remedy: .*container"):
            loader(host)


def test_running(tmp_path):
    assert running(tree(tmp_path, {"/proc/cmdline": "BOOT_IMAGE=/vmlinuz ro quiet"})) == [
        "BOOT_IMAGE=/vmlinuz",
        "ro",
        "quiet",
    ]
    assert running(tree(tmp_path / "none", {"/proc": None})) == []
