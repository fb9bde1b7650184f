"""The control socket, against a small server, at a path longer than a socket's address may be."""

import json
import os
import socket
import threading

import pytest

from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.lab.qmp import Qmp

ANSWERS = {
    "qmp_capabilities": {"return": {}},
    "query-status": {"return": {"status": "running"}},
    "query-migrate": {"return": {"status": "failed", "error-desc": "igb"}},
    "bad": {"error": {"desc": "no such command"}},
}


def serve(listener):
    connection, _peer = listener.accept()
    with connection, connection.makefile("rw") as stream:
        print(json.dumps({"QMP": {}}), file=stream, flush=True)
        for line in stream:
            name = json.loads(line)["execute"]
            if name == "hang-up":
                return
            print(json.dumps({"event": "RTC_CHANGE"}), file=stream)
            print(json.dumps(ANSWERS[name]), file=stream, flush=True)


@pytest.fixture
def qmp(tmp_path):
    folder = tmp_path / ("long-" * 20) / ("longer-" * 10)
    folder.mkdir(parents=True)
    handle = os.open(folder, os.O_PATH)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"/proc/self/fd/{handle}/qmp.sock")
    listener.listen()
    thread = threading.Thread(target=serve, args=(listener,), daemon=True)
    thread.start()
    with Qmp(folder / "qmp.sock", timeout=5) as session:
        yield session
    os.close(handle)
    listener.close()
    thread.join(5)


def test_answers_are_told_from_events(qmp):
    assert qmp.execute("query-status") == {"status": "running"}


def test_refusal(qmp):
    with pytest.raises(UllError, match="no such command"):
        qmp.execute("bad")


def test_failed_migration(qmp):
    with pytest.raises(UllError, match="igb"):
        qmp.wait_migration(1)


def test_closed_socket(qmp):
    with pytest.raises(UllError, match="closed"):
        qmp.execute("hang-up")


def test_no_socket(tmp_path):
    with pytest.raises(UllError, match="does not answer"):
        Qmp(tmp_path / "qmp.sock", timeout=0)
