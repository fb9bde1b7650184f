# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from fake_tree import Link, tree

from ansible_collections.ull.metal.plugins.module_utils.dropins import (
    files,
    sysctl_lines,
    sysctl_path,
    sysctl_winner,
    tmpfiles_lines,
    tmpfiles_winner,
)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("vm.stat_interval", "vm/stat_interval"),
        ("vm/stat_interval", "vm/stat_interval"),
        ("net.ipv4.conf.ens1/100.mtu", "net/ipv4/conf/ens1.100/mtu"),
        ("net/ipv4/conf/ens1.100/mtu", "net/ipv4/conf/ens1.100/mtu"),
    ],
)
def test_names_are_paths(name, path):
    assert sysctl_path(name) == f"/proc/sys/{path}"


def test_names_are_sorted_over_all_folders_and_the_nearer_folder_masks(tmp_path):
    host = tree(
        tmp_path,
        {
            "/usr/lib/sysctl.d/50-default.conf": "a.b = 1",
            "/usr/lib/sysctl.d/60-masked.conf": "a.b = 2",
            "/etc/sysctl.d/60-masked.conf": Link("/dev/null"),
            "/usr/lib/sysctl.d/70-both.conf": "a.b = 3",
            "/run/sysctl.d/70-both.conf": "a.b = 4",
            "/etc/sysctl.d/99-sysctl.conf": Link("../sysctl.conf"),
            "/etc/sysctl.conf": "a.b = 5",
            "/etc/sysctl.d/README.sysctl": "a.b = 6",
        },
    )
    names = ["/usr/lib/sysctl.d/50-default.conf", "/etc/sysctl.d/60-masked.conf", "/run/sysctl.d/70-both.conf"]
    assert files(host, "sysctl.d") == [*names, "/etc/sysctl.d/99-sysctl.conf"]
    assert [line.value for line in sysctl_lines(host)] == ["1", "4", "5"]
    assert sysctl_winner(sysctl_lines(host), "/proc/sys/a/b").where == "/etc/sysctl.d/99-sysctl.conf:1"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a.b=1\na.b = 2 ", "2"),
        ("# a.b = 1\n; a.b = 2\nnonsense", None),
        ("-a.b = 3", "3"),
        ("a.b = 1\na.* = 2", "1"),
        ("a.* = 1\n*.b = 2", "2"),
        ("a.* = 1\n-a.b", None),
        ("a.b.* = 1\n* = 2", None),
        ("a/b = 4", "4"),
        ("a.b = x = y", "x = y"),
    ],
)
def test_what_counts_in_the_end(tmp_path, text, value):
    host = tree(tmp_path, {"/etc/sysctl.d/a.conf": text})
    found = sysctl_winner(sysctl_lines(host), "/proc/sys/a/b")
    assert (found.value if found else None) == value


def test_tmpfiles_take_the_first_line_of_a_path_and_the_last_that_matches(tmp_path):
    host = tree(
        tmp_path,
        {
            "/usr/lib/tmpfiles.d/a.conf": "w! /sys/a - - - - 1\nd /tmp 1777 root root 10d\n# w /sys/a - - - - 9",
            "/etc/tmpfiles.d/b.conf": "w- /sys/a - - - - 2\nw /sys/c - - - - defer madvise\nw /sys/empty",
            "/etc/tmpfiles.d/c.conf": "w /sys/? - - - - 3",
        },
    )
    lines = tmpfiles_lines(host)
    assert [line.where for line in lines] == [
        "/usr/lib/tmpfiles.d/a.conf:1",
        "/etc/tmpfiles.d/b.conf:2",
        "/etc/tmpfiles.d/c.conf:1",
    ]
    assert tmpfiles_winner(lines, "/sys/a").value == "3"
    assert tmpfiles_winner(lines[:2], "/sys/a").value == "1"
    assert lines[1].value == "defer madvise"
