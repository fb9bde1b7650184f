# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A UDP ping-pong between two hosts, with the timestamps of the kernel or of the NIC where there are any.

With user's timestamps a round trip holds the interpreter of both ends, some ten microseconds; the kernel's and the NIC's are
taken where the frame leaves and enters (Documentation/networking/timestamping.rst), and hold the far end's interpreter only.
Either is good for telling that a path has become slower, and the record says which it was.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from typing import Any

from ..errors import UllError
from .histogram import Histogram
from .parsers.udp_pingpong import NAME, SCHEMA, TIMESTAMPS

# Of asm-generic/socket.h and linux/net_tstamp.h; Python has no names for them.
_SO_BUSY_POLL, _SO_TIMESTAMPING, _MSG_ERRQUEUE = 46, 37, 0x2000
_TX_HARDWARE, _TX_SOFTWARE, _RX_HARDWARE, _RX_SOFTWARE = 1, 2, 4, 8
_SOFTWARE, _RAW_HARDWARE, _TIMESTAMP_ALONE = 16, 64, 2048
_FLAGS = {
    "software": _TX_SOFTWARE | _RX_SOFTWARE | _SOFTWARE | _TIMESTAMP_ALONE,
    "hardware": _TX_HARDWARE | _RX_HARDWARE | _RAW_HARDWARE | _TIMESTAMP_ALONE,
}
# Three times in the kernel's answer: its own, one that is no more, and the NIC's.
_PLACE = {"software": 0, "hardware": 2}
_TIMES = struct.Struct("@6q")
_MESSAGE = struct.Struct("!4sQ")
_MAGIC = b"ULPP"
_WARM_UP, _WARM_UP_S = 64, 2.0
# A reply that takes longer is lost; so is one that never came.
_LOST_AFTER_S = 0.1


def listen(address: str, port: int, busy_poll_us: int = 0) -> socket.socket:
    """The socket of one end; port 0 is any.

    Raises:
        UllError: the address is not this host's, or busy polling is not allowed.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = socket.socket(family, socket.SOCK_DGRAM)
    try:
        made.bind((address, port))
    except OSError as refused:
        made.close()
        remedy = "name an address of this host, and a port that is free"
        raise UllError(
            f"cannot listen: {refused.strerror}", variable="address", value=address, remedy=remedy
        ) from refused
    if busy_poll_us:
        _set(made, _SO_BUSY_POLL, busy_poll_us, "busy_poll_us")
    return made


def serve(end: socket.socket, seconds: float) -> int:
    """Send every message back, for so long; how many there were."""
    count, until = 0, time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        end.settimeout(left)
        try:
            message, peer = end.recvfrom(64)
        except socket.timeout:
            break
        # nothing but our own messages is answered
        if len(message) == _MESSAGE.size and message[:4] == _MAGIC:
            end.sendto(message, peer)
            count += 1
    return count


def ping(
    end: socket.socket, peer: tuple[str, int], seconds: float, interval_us: int = 1000, timestamps: str = "user"
) -> dict[str, Any]:
    """Send a message, wait for it, again; what the parser udp_pingpong reads.

    Raises:
        UllError: no timestamps of that kind, or no answer at all.
    """
    if timestamps not in TIMESTAMPS:
        known = ", ".join(TIMESTAMPS)
        raise UllError("there are no such timestamps", variable="timestamps", value=timestamps, remedy=f"use {known}")
    if timestamps in _FLAGS:
        _set(end, _SO_TIMESTAMPING, _FLAGS[timestamps], "timestamps")
    end.settimeout(_LOST_AFTER_S)
    first = _warm(end, peer, timestamps)
    times: list[int] = []
    sent, unstamped, began = 0, 0, time.monotonic()
    while time.monotonic() - began < seconds:
        try:
            trip = _trip(end, peer, first + sent, timestamps)
        except _UnstampedError:
            # a NIC that is busy leaves some out
            trip, unstamped = None, unstamped + 1
        sent += 1
        if trip is not None:
            times.append(trip)
        time.sleep(interval_us / 1e6)
    if unstamped > len(times):
        raise _none(timestamps)
    return {
        "instrument": NAME,
        "schema": SCHEMA,
        "timestamps": timestamps,
        "cpu": _cpu(),
        "duration_s": round(time.monotonic() - began, 3),
        "sent": sent,
        "received": len(times),
        "unstamped": unstamped,
        "histogram": Histogram.of(times).as_dict(),
    }


class _UnstampedError(Exception):
    """A message came back, but nobody took its time."""


def _warm(end: socket.socket, peer: tuple[str, int], timestamps: str) -> int:
    """Until neighbours, caches, the interpreter and the kernel's timestamps are warm; how many messages that took."""
    number = came = unstamped = 0
    until = time.monotonic() + _WARM_UP_S
    while came < _WARM_UP and time.monotonic() < until:
        try:
            came += _trip(end, peer, number, timestamps) is not None
        except _UnstampedError:
            # the kernel begins to take them a moment after it is asked to
            unstamped += 1
        number += 1
        time.sleep(0.001)
    if came:
        return number
    if unstamped:
        raise _none(timestamps)
    words = f"no message came back from {peer[0]} port {peer[1]}"
    raise UllError(words, variable="peer", remedy="start the other end first, and open its UDP port")


def _trip(end: socket.socket, peer: tuple[str, int], number: int, timestamps: str) -> int | None:
    """Nanoseconds of one round trip; None if it was lost."""
    message = _MESSAGE.pack(_MAGIC, number)
    left = time.perf_counter_ns()
    end.sendto(message, peer)
    while True:
        try:
            answer, said, _flags, _peer = end.recvmsg(64, 256)
        except (socket.timeout, ConnectionRefusedError):
            return None
        came = time.perf_counter_ns()
        # an answer that was given up before is not this one's
        if answer == message:
            break
    if timestamps not in _FLAGS:
        return came - left
    return _stamp(said, timestamps) - _sent_at(end, timestamps)


def _sent_at(end: socket.socket, timestamps: str) -> int:
    """When the last message left, of the socket's error queue."""
    at = None
    # a socket with a timeout would wait for it where the queue is empty
    end.setblocking(False)
    try:
        while True:
            _message, said, _flags, _peer = end.recvmsg(0, 256, _MSG_ERRQUEUE)
            at = _stamp(said, timestamps)
    except BlockingIOError:
        pass
    finally:
        end.settimeout(_LOST_AFTER_S)
    if at is None:
        raise _UnstampedError
    return at


def _stamp(said: Any, timestamps: str) -> int:
    for level, kind, data in said:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPING and len(data) >= _TIMES.size:
            times = _TIMES.unpack(data[: _TIMES.size])
            seconds, nanoseconds = times[2 * _PLACE[timestamps] : 2 * _PLACE[timestamps] + 2]
            if seconds or nanoseconds:
                return int(seconds) * 10**9 + int(nanoseconds)
    raise _UnstampedError


def _none(timestamps: str) -> UllError:
    remedy = "switch them on with hwstamp_ctl -t 1 -r 1, or use software" if timestamps == "hardware" else "use user"
    return UllError(f"there are no {timestamps} timestamps on this path", variable="timestamps", remedy=remedy)


def _set(end: socket.socket, option: int, value: int, variable: str) -> None:
    try:
        end.setsockopt(socket.SOL_SOCKET, option, value)
    except OSError as refused:
        words = f"the kernel refuses this: {refused.strerror}"
        raise UllError(words, variable=variable, value=value, remedy="become: true, or leave it out") from refused


def _cpu() -> int:
    """The CPU it runs on: the one it is pinned to, or the first it may have."""
    return min(os.sched_getaffinity(0))
