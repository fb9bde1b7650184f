# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The greatest MTUs, from rtnetlink."""

from __future__ import annotations

import socket
import struct

from ansible_collections.ull.metal.plugins.module_utils.topology import netlink


def attribute(kind, value):
    padding = b"\0" * (-len(value) % 4)
    return struct.pack("=HH", 4 + len(value), kind) + value + padding


def message(kind, payload=b""):
    return struct.pack("=IHHII", 16 + len(payload), kind, 2, 1, 0) + payload


def link(*attributes):
    return message(16, bytes(16) + b"".join(attributes))


class Answers:
    """A socket that has its answers ready."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def __call__(self, *_arguments):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        pass

    def settimeout(self, _seconds):
        pass

    def send(self, request):
        assert struct.unpack_from("=IH", request) == (len(request), 18)

    def recv(self, _size):
        if not self.answers:
            raise TimeoutError
        return self.answers.pop(0)


def test_links_until_done(monkeypatch):
    eth0 = link(attribute(3, b"eth0\0"), attribute(51, struct.pack("=I", 9216)))
    eth1 = link(attribute(51, struct.pack("=I", 1500)), attribute(3, b"eth1\0"))
    unlimited = link(attribute(3, b"lo\0"), attribute(51, bytes(4)))
    monkeypatch.setattr(netlink.socket, "socket", Answers(eth0 + unlimited, eth1, message(3)))
    assert netlink.max_mtus() == {"eth0": 9216, "eth1": 1500}


def test_what_came_before_an_error_is_kept(monkeypatch):
    eth0 = link(attribute(3, b"eth0\0"), attribute(51, struct.pack("=I", 9216)))
    for last in ([], [b""], [message(2, bytes(20))], [b"\0" * 16], [eth0[:-3]]):
        monkeypatch.setattr(netlink.socket, "socket", Answers(eth0, *last))
        assert netlink.max_mtus()["eth0"] == 9216


def test_this_host_answers():
    names = {name for _number, name in socket.if_nameindex()}
    assert netlink.max_mtus().keys() <= names
