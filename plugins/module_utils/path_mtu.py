# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether packets of a size get through to a peer in one piece, and which size does: ping with don't-fragment set."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .errors import UllError
from .host import Runner

# IPv4 header without options and ICMP header; IPv6 header and ICMPv6 header
HEADERS = {4: 20 + 8, 6: 40 + 8}
# What every path carries: RFC 791 (68 bytes), RFC 8200 (1280 bytes).
LEAST = {4: 68, 6: 1280}
# Seconds between packets; less is for root alone (ping(8), -i, until iputils 20210202 below 0.2).
INTERVAL = 0.2

_REMEDY = (
    "see that switches, and the peer's interface with all below it, have an MTU of this size; "
    "`ip route get` shows an MTU that was learnt of the path, `ip route flush cache` forgets it"
)
_COUNTS = re.compile(r"(\d+) packets transmitted, (\d+) (?:packets )?received")


@dataclass(frozen=True)
class Source:
    """Where the packets come from.

    Args:
        interface: its name or an address; empty leaves it to the routes.
        namespace: of the network, as by ``ip netns``; empty for the host's own.
    """

    interface: str = ""
    namespace: str = ""


@dataclass(frozen=True)
class Ping:
    """The command and its patience.

    Args:
        runner: runs a command.
        source: where from.
        count: packets of each size that is tried.
        timeout: seconds to wait for an answer.
    """

    runner: Runner
    source: Source = Source()
    count: int = 3
    timeout: int = 1

    def loss(self, peer: str, mtu: int, count: int = 0) -> float:
        """Per cent of packets of this size, headers included, that were not answered.

        Raises:
            UllError: ping is missing, or does not even start.
        """
        code, out, err = self._run(self.command(peer, mtu, count or self.count))
        counts = _COUNTS.search(out)
        if counts and int(counts[1]):
            return 100.0 * (int(counts[1]) - int(counts[2])) / int(counts[1])
        words = (err or out).strip().splitlines() or [f"it ends with {code}"]
        raise UllError(
            f"ping cannot be used: {words[-1]}",
            variable="peers",
            value=peer,
            remedy="install iputils-ping (Debian) or iputils (Red Hat), and see that address, interface and namespace exist",
        )

    def command(self, peer: str, mtu: int, count: int) -> list[str]:
        """The command line."""
        source = self.source
        inside = ["ip", "netns", "exec", source.namespace] if source.namespace else []
        by = ["-I", source.interface] if source.interface else []
        size = str(mtu - HEADERS[_version(peer)])
        patience = ["-c", str(count), "-i", str(INTERVAL), "-W", str(self.timeout)]
        return [*inside, "ping", "-n", "-q", "-M", "do", "-s", size, *patience, *by, peer]

    def _run(self, argv: list[str]) -> tuple[int, str, str]:
        try:
            return self.runner(argv)
        except OSError as missing:
            return 127, "", str(missing)


class LossError(UllError):
    """Packets did not get through; ``paths`` are the results of all peers."""

    def __init__(self, paths: list[dict[str, Any]], message: str, mtu: int) -> None:
        super().__init__(message, variable="mtu", value=mtu, remedy=_REMEDY)
        self.paths = paths

    def as_dict(self) -> dict[str, Any]:
        """The parts by name, with the paths."""
        return {**super().as_dict(), "paths": self.paths}


def prove(ping: Ping, peers: list[str], mtu: int, max_loss: float = 0) -> list[dict[str, Any]]:
    """Try every peer with packets of this size, headers included.

    Returns:
        For each :func:`measure`.

    Raises:
        UllError: an address or the size is none, or ping cannot be used.
        LossError: more than ``max_loss`` per cent were not answered by a peer.
    """
    _check(peers, mtu)
    paths = [measure(ping, peer, mtu) for peer in peers]
    wrong = [_sentence(path) for path in paths if path["loss"] > max_loss]
    if wrong:
        raise LossError(paths, "; ".join(wrong), mtu)
    return paths


def measure(ping: Ping, peer: str, mtu: int) -> dict[str, Any]:
    """How packets of this size fare on the way to one peer, and if none gets through, which do.

    Returns:
        ``peer``, ``mtu``, ``loss`` in per cent, ``passed``, and ``largest``: the largest size known to get through, 0 for
        none at all.
    """
    loss = ping.loss(peer, mtu)
    passed = loss < 100
    largest = mtu if passed else bisect(lambda size: ping.loss(peer, size, 1) < 100, LEAST[_version(peer)], mtu - 1)
    return {"peer": peer, "mtu": mtu, "loss": round(loss, 1), "passed": passed, "largest": largest}


def bisect(passes: Callable[[int], bool], low: int, high: int) -> int:
    """The largest size between these that passes, 0 for none: at most 14 tries for a path of 9000."""
    if high < low or not passes(low):
        return 0
    while low < high:
        middle = (low + high + 1) // 2
        if passes(middle):
            low = middle
        else:
            high = middle - 1
    return low


def _check(peers: list[str], mtu: int) -> None:
    """Refuse what is no address, and a size that no path has.

    Raises:
        UllError: that.
    """
    for place, peer in enumerate(peers):
        variable = f"peers[{place}]"
        try:
            least = LEAST[_version(peer)]
        except ValueError as wrong:
            raise UllError(
                "not an IP address", variable=variable, value=peer, remedy="a name may mean another path; e.g. 10.1.0.2"
            ) from wrong
        if not least <= mtu <= 65535:
            raise UllError(
                f"an MTU is from {least} to 65535 here", variable="mtu", value=mtu, remedy="use the NICs' MTU"
            )


def _sentence(result: dict[str, Any]) -> str:
    peer, mtu, largest = result["peer"], result["mtu"], result["largest"]
    if result["passed"]:
        return f"{peer} lost {result['loss']} % of packets of {mtu} bytes"
    if largest:
        return f"{peer} gets no packet of {mtu} bytes in one piece, at most {largest}"
    return f"{peer} does not answer, not even small packets"


def _version(peer: str) -> int:
    return ipaddress.ip_address(peer.split("%", maxsplit=1)[0]).version
