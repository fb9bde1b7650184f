# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""QEMU's control socket."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from ..errors import UllError


class Qmp:
    """A session on a QMP socket, used as a context manager.

    The socket is addressed through a descriptor of its folder: the path itself may be longer than the 107 bytes that
    a UNIX socket's address holds.

    Args:
        path: the socket.
        timeout: seconds to wait for it, and for each answer.
    """

    def __init__(self, path: Path, timeout: float = 10) -> None:
        self._timeout = timeout
        folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
        try:
            self._socket = self._connect(f"/proc/self/fd/{folder}/{path.name}")
        except OSError as refused:
            raise UllError(f"QEMU's control socket {path} does not answer: {refused.strerror or refused}") from refused
        finally:
            os.close(folder)
        self._stream = self._socket.makefile("rw", encoding="utf-8")
        self._read()
        self.execute("qmp_capabilities")

    def _connect(self, address: str) -> socket.socket:
        end = time.monotonic() + self._timeout
        while True:
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(self._timeout)
            try:
                connection.connect(address)
            except OSError:
                connection.close()
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)
            else:
                return connection

    def _read(self) -> dict[str, Any]:
        line = self._stream.readline()
        if not line:
            raise UllError("QEMU has closed its control socket")
        message: dict[str, Any] = json.loads(line)
        return message

    def execute(self, command: str, **arguments: Any) -> Any:
        """Run a command and return what it returns; events in between are passed over.

        Raises:
            UllError: QEMU refuses.
        """
        self._stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self._stream.flush()
        while True:
            message = self._read()
            if "error" in message:
                raise UllError(f"QEMU refuses {command}: {message['error'].get('desc', message['error'])}")
            if "return" in message:
                return message["return"]

    def wait_migration(self, seconds: float) -> None:
        """Wait until saving or loading a machine's state is complete.

        Raises:
            UllError: it failed, or the time is over.
        """
        end = time.monotonic() + seconds
        while True:
            answer = self.execute("query-migrate")
            status = answer.get("status", "none")
            if status == "completed":
                return
            if status in ("failed", "cancelled") or time.monotonic() > end:
                raise UllError(f"moving the machine's state: {status}. {answer.get('error-desc', '')}".strip())
            time.sleep(0.05)

    def __enter__(self) -> Qmp:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._stream.close()
        self._socket.close()
