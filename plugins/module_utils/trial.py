# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A program's verdict on a file that is not there yet: sshd and nft check a configuration before it replaces the old one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from .errors import UllError
from .host import Host

NAME = "{}"


@contextmanager
def in_memory(content: str) -> Iterator[str]:
    """A path under which other programs can read ``content``, with nothing written to any disk."""
    handle = os.memfd_create("ull-metal")
    try:
        with os.fdopen(os.dup(handle), "w") as stream:
            stream.write(content)
        yield f"/proc/{os.getpid()}/fd/{handle}"
    finally:
        os.close(handle)


def examine(host: Host, argv: list[str], content: str, variable: str) -> str:
    """Let a program read ``content`` in place of ``{}`` in its arguments; what it prints.

    On a captured tree, and where the program is missing because its package is still to come, nothing is examined.

    Raises:
        UllError: the program refuses it; its own words are in the message.
    """
    if host.runner is None:
        return ""
    with in_memory(content) as path:
        try:
            code, out, err = host.runner([word.replace(NAME, path) for word in argv])
        except OSError:
            return ""
    if code:
        raise UllError(
            f"{argv[0]} refuses what would be written: {(err or out).strip()[-1000:].replace(path, 'line')}",
            host=host.name,
            variable=variable,
            remedy="correct the value that it names; nothing was changed",
        )
    return out
