# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest

from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.path_mtu import LossError, Ping, Source, bisect, prove


class Path:
    """Answers as iputils does for a path that carries so many bytes, and drops every so many packets."""

    def __init__(self, carries: int, headers: int = 28, drops: int = 0) -> None:
        self.carries, self.headers, self.drops = carries, headers, drops
        self.commands: list[list[str]] = []

    def __call__(self, argv: list[str]) -> tuple[int, str, str]:
        self.commands.append(argv)
        count, size = int(argv[argv.index("-c") + 1]), int(argv[argv.index("-s") + 1])
        got = max(count - self.drops, 0) if size + self.headers <= self.carries else 0
        text = f"--- {argv[-1]} ping statistics ---\n{count} packets transmitted, {got} received, ?% packet loss"
        return (0 if got else 1), text, ""


def test_what_gets_through():
    path = Path(9000)
    assert prove(Ping(path), ["10.1.0.2"], 9000) == [
        {"peer": "10.1.0.2", "mtu": 9000, "loss": 0.0, "passed": True, "largest": 9000}
    ]
    (command,) = path.commands
    assert command[:2] == ["ping", "-n"]
    assert command[command.index("-M") + 1] == "do"
    assert command[command.index("-s") + 1] == "8972"


def test_the_headers_of_ipv6_are_larger():
    path = Path(9000, headers=48)
    prove(Ping(path, Source("ens2", "pod")), ["fe80::1%ens2"], 9000)
    (command,) = path.commands
    assert command[:5] == ["ip", "netns", "exec", "pod", "ping"]
    assert command[command.index("-s") + 1] == "8952"
    assert command[-3:] == ["-I", "ens2", "fe80::1%ens2"]


@pytest.mark.parametrize(("carries", "words"), [(1500, "at most 1500"), (8999, "at most 8999"), (0, "not even small")])
def test_the_largest_size_is_found_in_few_tries(carries, words):
    path = Path(carries)
    with pytest.raises(LossError, match=words) as caught:
        prove(Ping(path), ["10.1.0.2"], 9000)
    assert caught.value.as_dict()["paths"][0]["largest"] == carries
    assert caught.value.remedy
    assert len(path.commands) <= 16


def test_loss_is_measured_and_may_be_allowed():
    with pytest.raises(LossError, match=r"lost 33\.3 %"):
        prove(Ping(Path(9000, drops=1)), ["10.1.0.2"], 9000)
    assert prove(Ping(Path(9000, drops=1)), ["10.1.0.2"], 9000, max_loss=40)[0]["loss"] == 33.3


def test_every_peer_is_tried_before_it_fails():
    path = Path(1500)
    with pytest.raises(LossError, match=r"10\.1\.0\.2 .*; 10\.1\.0\.3 "):
        prove(Ping(path), ["10.1.0.2", "10.1.0.3"], 9000)


@pytest.mark.parametrize(
    ("peers", "mtu", "variable"),
    [(["feed.example"], 9000, "peers[0]"), (["10.1.0.2", "fd00::1"], 1279, "mtu"), (["10.1.0.2"], 70000, "mtu")],
)
def test_refused(peers, mtu, variable):
    path = Path(9000)
    with pytest.raises(UllError) as caught:
        prove(Ping(path), peers, mtu)
    assert (caught.value.variable, path.commands) == (variable, [])
    assert caught.value.remedy


def test_ping_that_does_not_start():
    def missing(argv):
        raise FileNotFoundError(argv[0])

    with pytest.raises(UllError, match="ping cannot be used") as caught:
        prove(Ping(missing), ["10.1.0.2"], 9000)
    assert "iputils" in caught.value.remedy
    with pytest.raises(UllError, match="unknown iface"):
        prove(Ping(lambda _argv: (2, "", "ping: unknown iface: ens9\n")), ["10.1.0.2"], 9000)


@pytest.mark.parametrize("largest", [67, 68, 69, 1500, 8998, 8999, 9000])
def test_bisect(largest):
    assert bisect(lambda size: size <= largest, 68, 8999) == (0 if largest < 68 else min(largest, 8999))
