# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import errno
import os
import pathlib

import pytest
from fake_tree import Link, tree

from ansible_collections.ull.metal.plugins.module_utils import host as module
from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.host import Host


@pytest.fixture
def host(tmp_path):
    return tree(
        tmp_path, {"/a/file": " text ", "/a/folder": None, "/a/link": Link("../b/target/"), "/a/10": "", "/a/9": ""}
    )


def test_reading(host):
    assert (host.read("/a/file"), host.text("/a/file")) == ("text", " text \n")
    assert (host.read("/a/none"), host.text("/a/none")) == (None, "")
    assert (host.read("/a/folder"), host.text("/a/folder")) == (None, "")
    assert (host.read("/a/file/below"), host.text("/a/file/below")) == (None, "")
    assert host.names("/a") == ["10", "9", "file", "folder", "link"]
    assert host.names("/a/file") == host.names("/none") == []
    assert (host.link("/a/link"), host.link("/a/file"), host.link("/none")) == ("target", None, None)


def test_what_is_no_text(host):
    host.path("/a/file").write_bytes(b"\xff\n")
    assert host.read("/a/file") == "\N{REPLACEMENT CHARACTER}"
    host.replace("/a/copy", host.text("/a/file"))
    assert host.path("/a/copy").read_bytes() == b"\xff\n"


def test_a_closed_file_is_not_an_empty_one(host, monkeypatch):
    def closed(path):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(pathlib.Path, "read_bytes", closed)
    assert host.read("/a/file") is None
    with pytest.raises(UllError, match=r"/a/file cannot be read: Permission denied. Remedy: .*become: true"):
        host.text("/a/file")


def test_replacing_a_file(host):
    host.replace("/new/folder/file", "one")
    host.replace("/new/folder/file", "two", mode=0o600)
    assert host.text("/new/folder/file") == "two"
    assert host.path("/new/folder/file").stat().st_mode & 0o777 == 0o600
    assert host.names("/new/folder") == ["file"]


def test_an_interrupted_replacement_leaves_the_old_file(host, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(module.os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        host.replace("/a/file", "new")
    assert host.read("/a/file") == "text"
    assert "file" in host.names("/a")
    assert not [name for name in host.names("/a") if name.startswith(".")]


def test_putting_nothing_removes(host):
    host.put("/a/file", None)
    host.put("/a/file", None)
    assert not host.exists("/a/file")


def test_poking(host):
    host.poke("/a/file", "5")
    assert host.path("/a/file").read_text() == "5"
    with pytest.raises(UllError, match=r"/a/none = '5': the kernel refuses this value: No such file.*Remedy"):
        host.poke("/a/none", "5")
    assert not host.exists("/a/none"), "sysfs has no new files"


def test_the_kernel_refuses(host, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(module.os, "open", refuse)
    with pytest.raises(
        UllError, match=r"/a/file = '5': the kernel refuses this value: Invalid argument. Remedy: .*dmesg"
    ):
        host.poke("/a/file", "5")


def test_commands_of_a_captured_tree_are_only_noted(host):
    assert host.run(["false", "it"]) == ""
    assert host.commands == [["false", "it"]]


def test_commands_are_run_by_the_runner_that_is_given():
    live = Host("/", "lab1", lambda argv: (2, "", "No such file") if argv[0] == "ls" else (0, "a b", ""))
    assert live.live
    assert live.run(["printf", "%s", "a b"]) == "a b"
    with pytest.raises(UllError, match=r"ls /no/such/place failed \(2\): No such file"):
        live.run(["ls", "/no/such/place"])
