# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a boot loader starts: a kernel with its arguments and its initial ramdisks, as commands of GRUB's script."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..host import Host
from . import cmdline

_DEVICE = re.compile(r"^\([^)]*\)")
_PLAIN = re.compile(r"[\w@%+=:,./()\[\]^~-]+")
_COMMANDS = ("linux", "linuxefi", "linux16")
# It would make an entry that is only passed through the default one.
_DROPPED = ("savedefault",)


@dataclass(frozen=True)
class Image:
    """A kernel and all that goes with it.

    Args:
        kernel: its path as the boot loader sees it, e.g. ``/boot/vmlinuz-6.12``, or ``/vmlinuz-6.12`` below /boot.
        initrds: paths of the initial ramdisks, likewise.
        arguments: kernel arguments, in GRUB's spelling.
        before: GRUB's commands before the one that loads the kernel.
        after: those behind it; they load the ramdisks.
        command: the one that loads the kernel.
    """

    kernel: str
    initrds: tuple[str, ...]
    arguments: tuple[str, ...]
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    command: str = "linux"

    @property
    def release(self) -> str:
        """The kernel's release, as ``uname -r`` has it."""
        return release(self.kernel)

    def script(self, extra: Iterable[str] = ()) -> list[str]:
        """The lines of a menu entry; ``extra`` arguments stand before all others, so that those win."""
        return [*self.before, " ".join([self.command, self.kernel, *extra, *self.arguments]), *self.after]

    def running(self, tokens: Sequence[str]) -> Image:
        """The same with the arguments that a kernel was booted with."""
        return replace(self, arguments=tuple(quote(token) for token in tokens))

    def stamps(self, host: Host) -> list[str]:
        """Size and time of each file, to tell a rebuilt ramdisk from the one that has booted; empty where missing."""
        return [_stamp(host, path) for path in (self.kernel, *self.initrds)]

    def missing(self, host: Host) -> list[str]:
        """The files that are not there."""
        return [path for path in (self.kernel, *self.initrds) if not _stamp(host, path)]

    def same(self, other: Image) -> bool:
        """Whether both mean the same boot: the order of arguments counts only within a name."""
        mine, theirs = (cmdline.by_name(list(image.arguments)) for image in (self, other))
        return (bare(self.kernel), mine) == (bare(other.kernel), theirs)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()}


def image(data: Mapping[str, Any]) -> Image:
    """The image of which ``data`` is the dictionary."""
    parts: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
    return Image(**parts)


def of_entry(body: Sequence[str], kernel: str, initrds: Sequence[str], arguments: Sequence[str]) -> Image:
    """The image that a menu entry with these lines starts."""
    lines = [line for line in body if line.split()[:1] and line.split()[0] not in _DROPPED]
    place = next(index for index, line in enumerate(lines) if line.split()[0] in _COMMANDS)
    return Image(
        kernel=kernel,
        initrds=tuple(initrds),
        arguments=tuple(arguments),
        before=tuple(lines[:place]),
        after=tuple(lines[place + 1 :]),
        command=lines[place].split()[0],
    )


def bare(kernel: str) -> str:
    """A kernel's path without GRUB's device before it."""
    return _DEVICE.sub("", kernel)


def release(kernel: str) -> str:
    """``6.12.9-amd64`` of ``/boot/vmlinuz-6.12.9-amd64``."""
    return kernel.rsplit("/", 1)[-1].partition("-")[2]


def quote(token: str) -> str:
    """A token of /proc/cmdline as a word of GRUB's script, which quotes words with blanks for the kernel by itself."""
    if _PLAIN.fullmatch(token):
        return token
    return "'" + token.replace('"', "").replace("'", "'\\''") + "'"


def on_disk(host: Host, path: str) -> str:
    """Where a path of the boot loader is on the host: /boot may be a file system of its own."""
    path = bare(path)
    return path if host.exists(path) else f"/boot{path}"


def _stamp(host: Host, path: str) -> str:
    try:
        found = host.path(on_disk(host, path)).stat()
    except OSError:
        return ""
    return f"{found.st_size}:{found.st_mtime_ns}"
