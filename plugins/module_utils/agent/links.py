# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Links that come up, as the kernel tells them by netlink: opening an interface resets what was set on its queues."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import time
from collections.abc import Iterator

# linux/rtnetlink.h, linux/netlink.h, linux/if.h
RTMGRP_LINK = 1
RTM_NEWLINK = 16
IFF_UP = 1
IFF_RUNNING = 0x40
_NLMSGHDR = struct.Struct("=IHHII")
_IFINFOMSG = struct.Struct("=BxHiII")

# Drivers that open in steps report each: wait until it is quiet.
QUIET = 0.3


def events() -> Iterator[None]:
    """One item at once, for links that came up before; then one each time that some have, and it has been quiet since."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        kernel.bind((0, RTMGRP_LINK))
        yield None
        while True:
            if came_up(_receive(kernel)):
                time.sleep(QUIET)
                with contextlib.suppress(BlockingIOError):
                    while kernel.recv(1 << 16, socket.MSG_DONTWAIT):
                        pass
                yield None


def _receive(kernel: socket.socket) -> bytes:
    try:
        return kernel.recv(1 << 16)
    except OSError:  # more events than the buffer holds: some were lost, so take it for one of ours
        return _NLMSGHDR.pack(_NLMSGHDR.size + _IFINFOMSG.size, RTM_NEWLINK, 0, 0, os.getpid()) + _IFINFOMSG.pack(
            0, 0, 0, IFF_UP, IFF_UP
        )


def came_up(data: bytes) -> bool:
    """Whether a message among these says that a link was set up, or runs (again).

    Other queues or another MTU make a driver request its interrupts anew without setting the link down: what is to be
    seen of it is a message about a link that runs.
    """
    place = 0
    while place + _NLMSGHDR.size <= len(data):
        length, kind, _flags, _sequence, _port = _NLMSGHDR.unpack_from(data, place)
        if kind == RTM_NEWLINK and length >= _NLMSGHDR.size + _IFINFOMSG.size:
            _family, _type, _index, flags, change = _IFINFOMSG.unpack_from(data, place + _NLMSGHDR.size)
            if flags & IFF_UP and (change & IFF_UP or flags & IFF_RUNNING):
                return True
        place += max(length + 3 & ~3, _NLMSGHDR.size)
    return False
