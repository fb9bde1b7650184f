# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The greatest MTU of each interface, which the kernel tells by rtnetlink alone."""

from __future__ import annotations

import socket
import struct

# linux/rtnetlink.h, linux/if_link.h
_RTM_NEWLINK, _RTM_GETLINK = 16, 18
_NLM_F_REQUEST_DUMP = 0x301
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_IFLA_IFNAME, _IFLA_MAX_MTU = 3, 51
_HEADER = struct.Struct("=IHHII")
_LINK = struct.Struct("=BxHiII")
_ATTRIBUTE = struct.Struct("=HH")


def max_mtus() -> dict[str, int]:
    """Interface name to greatest MTU, for those whose driver gives one; empty where netlink is not to be had."""
    found: dict[str, int] = {}
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as stream:
            stream.settimeout(5)
            request = _LINK.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
            header = _HEADER.pack(_HEADER.size + len(request), _RTM_GETLINK, _NLM_F_REQUEST_DUMP, 1, 0)
            stream.send(header + request)
            while _read(stream.recv(1 << 18), found):
                pass
    except OSError:
        return found
    return found


def _read(answer: bytes, found: dict[str, int]) -> bool:
    """Take the links of one datagram; whether more will come."""
    start = 0
    while start + _HEADER.size <= len(answer):
        length, kind, *_rest = _HEADER.unpack_from(answer, start)
        if kind in (_NLMSG_ERROR, _NLMSG_DONE) or length < _HEADER.size:
            return False
        if kind == _RTM_NEWLINK:
            _take(answer[start + _HEADER.size + _LINK.size : start + length], found)
        start += _aligned(length)
    return bool(answer)


def _take(attributes: bytes, found: dict[str, int]) -> None:
    name, mtu, start = "", 0, 0
    while start + _ATTRIBUTE.size <= len(attributes):
        length, kind = _ATTRIBUTE.unpack_from(attributes, start)
        value = attributes[start + _ATTRIBUTE.size : start + length]
        if kind == _IFLA_IFNAME:
            name = value.rstrip(b"\0").decode("utf-8", "replace")
        elif kind == _IFLA_MAX_MTU and len(value) == 4:
            mtu = int(struct.unpack("=I", value)[0])
        start += _aligned(max(length, _ATTRIBUTE.size))
    if name and 0 < mtu <= 0x7FFFFFFF:
        found[name] = mtu


def _aligned(length: int) -> int:
    return length + 3 & ~3
