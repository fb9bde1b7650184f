# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Values out of files that may be missing, empty or damaged."""

from __future__ import annotations

import pytest
from fake_tree import Link, tree

from ansible_collections.ull.metal.plugins.module_utils.topology import values


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("42", 42),
        ("2147483647", 2147483647),
        ("2147483648", -1),
        ("4294967295", -1),
        ("-1", -1),
        ("", -1),
        (None, -1),
        ("1 2", -1),
        ("0x10", -1),
        ("٣", -1),
        ("9" * 5000, -1),
    ],
)
def test_numbers(text, number):
    assert values.as_number(text) == number


def test_a_sets_notation_is_told_by_the_files_name(tmp_path):
    host = tree(tmp_path, {"/a_list": "10", "/a_cpus": "10", "/a_siblings": "10", "/a_map": "10", "/bad": "x"})
    assert str(values.cpu_set(host, "/a_list")) == "10"
    assert {str(values.cpu_set(host, path)) for path in ("/a_cpus", "/a_siblings", "/a_map")} == {"4"}
    assert str(values.cpu_set(host, "/missing", "/bad", "/a_cpus")) == "4"
    assert values.cpu_set(host, "/missing", "/bad") is None


def test_numbered_entries(tmp_path):
    host = tree(tmp_path, dict.fromkeys(("/x/cpu10", "/x/cpu9", "/x/cpufreq", "/x/cpu", "/x/cpu-1", "/x/node0")))
    assert values.numbered(host, "/x", "cpu") == [9, 10]
    assert values.numbered(host, "/missing", "cpu") == []


def test_links_are_followed_and_never_out_of_the_root(tmp_path):
    (tmp_path / "outside").mkdir()
    links = {"in": Link("../a"), "out": Link("../../outside"), "loop": Link("loop"), "dangling": Link("../none")}
    host = tree(tmp_path / "root", {"/a": None, **{f"/links/{name}": link for name, link in links.items()}})
    assert [values.real(host, f"/links/{name}") for name in links] == ["/a", "", "", ""]
