# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import struct

import pytest
from fake_tree import tree

from ansible_collections.ull.metal.plugins.module_utils.agent.boot import apply, wait
from ansible_collections.ull.metal.plugins.module_utils.agent.links import came_up
from ansible_collections.ull.metal.plugins.module_utils.host import Host
from ansible_collections.ull.metal.plugins.module_utils.setting import LIVE, Setting


class Knobs:
    """Settings that are files."""

    role = "knobs"

    def __init__(self, **values: str) -> None:
        self.values = values

    def settings(self, host: Host) -> list[Setting]:
        return [
            Setting(
                f"knobs.{name}",
                "knobs",
                LIVE,
                value,
                running=lambda host, name=name: host.read(f"/sys/{name}"),
                persisted=lambda host: None,
                write=lambda host, value, name=name: host.poke(f"/sys/{name}", value),
            )
            for name, value in self.values.items()
        ]


def test_only_what_differs_is_written_and_one_failure_does_not_keep_the_others_from_it(tmp_path):
    tree(tmp_path, {"/sys/a": "1", "/sys/c": "1"})
    said: list[str] = []
    failed = apply(Knobs(a="1", b="2", c="2"), Host(str(tmp_path)), said.append)
    assert [error.variable for error in failed] == ["/sys/b"]
    assert said[-1] == "knobs.c: 1 -> 2"
    assert (tmp_path / "sys/c").read_text().strip() == "2"


def test_a_device_is_waited_for(tmp_path):
    host = Host(str(tmp_path))
    tree(tmp_path, {"/sys/there/eth0": ""})
    assert wait(host, ["/sys/there"], patience=0) == []
    assert wait(host, ["/sys/there", "/sys/missing"], patience=0, pause=0) == ["/sys/missing"]


@pytest.mark.parametrize(("flags", "change", "up"), [(1, 1, True), (0x41, 0, True), (1, 0x100, False), (0, 1, False)])
def test_a_link_that_comes_up_is_told_from_other_news(flags, change, up):
    def message(kind: int, flags: int, change: int) -> bytes:
        return struct.pack("=IHHII", 32, kind, 0, 0, 0) + struct.pack("=BxHiII", 0, 1, 2, flags, change)

    assert came_up(message(16, flags, change)) is up
    assert came_up(message(17, 1, 1) + message(16, flags, change)) is up
    assert came_up(b"") is False
    assert came_up(b"\0" * 40) is False
