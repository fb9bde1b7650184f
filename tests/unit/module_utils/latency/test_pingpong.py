# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The ping-pong over the loopback."""

from __future__ import annotations

import json
import socket
import threading
import time

import pytest
from fake_tree import tree

from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.host import Host
from ansible_collections.ull.metal.plugins.module_utils.latency.instruments import parse
from ansible_collections.ull.metal.plugins.module_utils.latency.network_probe import pingpong
from ansible_collections.ull.metal.plugins.module_utils.latency.pingpong import listen, ping, serve
from ansible_collections.ull.metal.plugins.module_utils.latency.record import Record


@pytest.fixture(name="peer")
def _peer():
    end = listen("127.0.0.1", 0)
    server = threading.Thread(target=serve, args=(end, 3.0))
    server.start()
    yield end.getsockname()
    server.join()
    end.close()


@pytest.mark.parametrize("timestamps", ["user", "software"])
def test_a_round_trip_is_a_reading(peer, timestamps):
    with listen("127.0.0.1", 0) as end:
        said = ping(end, peer, 0.5, 500, timestamps)
    reading = parse("udp_pingpong", json.dumps(said))[0]
    assert reading.samples > 20
    assert 0 < reading.min_ns <= reading.max_ns < 100_000_000
    assert reading.counts["lost"] == said["sent"] - said["received"] - said["unstamped"]


def test_timestamps_that_the_path_has_not(peer):
    with listen("127.0.0.1", 0) as end, pytest.raises(UllError, match=r"no hardware timestamps.*hwstamp_ctl"):
        ping(end, peer, 0.2, 500, "hardware")


def test_foreign_messages_are_not_answered(peer):
    with listen("127.0.0.1", 0) as end:
        end.settimeout(0.2)
        end.sendto(b"hello", peer)
        with pytest.raises(socket.timeout):
            end.recv(64)


def test_nobody_there():
    with listen("127.0.0.1", 0) as closed:
        nobody = closed.getsockname()
    with listen("127.0.0.1", 0) as end, pytest.raises(UllError, match="no message came back"):
        ping(end, nobody, 0.1, 100)


def test_what_is_refused():
    with pytest.raises(UllError, match="an address of this host"):
        listen("192.0.2.1", 0)
    with listen("127.0.0.1", 0) as end, pytest.raises(UllError, match="use hardware, software, user"):
        ping(end, ("127.0.0.1", 9), 1, 1000, "sundial")


PARAMS = {
    **{"serve": False, "address": "127.0.0.1", "peer": "127.0.0.1", "peer_name": "engine2", "seconds": 1, "cpu": None},
    **{"interval_us": 1000, "timestamps": "user", "busy_poll_us": 0, "name": "engine1", "consent": True},
}


def test_two_ends_make_a_record(tmp_path):
    with listen("127.0.0.1", 0) as end:
        port = end.getsockname()[1]
    found = {}
    far = {**PARAMS, "serve": True, "port": port, "seconds": 3}
    server = threading.Thread(target=lambda: found.update(pingpong(far, Host(str(tmp_path)))))
    server.start()
    time.sleep(0.2)
    result = pingpong({**PARAMS, "port": port}, Host(str(tmp_path)))
    server.join()
    record = Record.from_dict(json.loads(json.dumps(result["records"][0])))
    assert record.subject == "udp_pingpong to engine2"
    assert record.machine.host == "engine1"
    assert found["answered"] >= record.reading.samples


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ({"consent": False}, "needs consent"),
        ({"peer": ""}, "has to know the far one"),
        ({"seconds": 0}, "from 1 to 3600"),
        ({"port": 70_000}, "from 1 to 65535"),
        ({"cpu": 4}, "online are 0-3"),
    ],
)
def test_what_is_refused_before_anything_is_sent(tmp_path, what, words):
    host = tree(tmp_path, {"/sys/devices/system/cpu/online": "0-3"})
    assert pingpong({**PARAMS, "port": 9}, host, check_mode=True)["records"] == []
    with pytest.raises(UllError, match=words):
        pingpong({**PARAMS, "port": 9, **what}, host, check_mode=True)
