# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The machine as files under a root: ``/`` on a host, a captured tree in a test."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from .errors import UllError

Runner = Callable[["list[str]"], "tuple[int, str, str]"]

MANAGED = "Managed by Ansible, collection ull.metal, role {role}. Local changes are undone by the next run."


class Host:
    """Reads and writes below ``root``. Paths are absolute, as on the host itself.

    Args:
        root: ``/``, or the folder that holds a captured tree.
        name: what errors call it.
        runner: runs a command and gives its code, output and errors, as ``AnsibleModule.run_command`` does.
    """

    def __init__(self, root: str = "/", name: str = "", runner: Runner | None = None) -> None:
        self.root = Path(root)
        self.name = name
        self.runner = runner
        self.commands: list[list[str]] = []

    @property
    def live(self) -> bool:
        """Whether this is the running machine and not a captured tree."""
        return str(self.root) == "/"

    def path(self, path: str) -> Path:
        """Where ``path`` lies below the root."""
        return self.root / path.lstrip("/")

    def read(self, path: str) -> str | None:
        """The file's text, stripped of white space at its ends; None where it is missing or cannot be read."""
        try:
            return self.path(path).read_bytes().decode("utf-8", "replace").strip()
        except OSError:
            return None

    def text(self, path: str) -> str:
        """The file's whole text; empty where it is missing.

        Raises:
            UllError: it is there but closed to this user, so that taking it for empty would be wrong.
        """
        try:
            return self.path(path).read_bytes().decode("utf-8", "surrogateescape")
        except PermissionError as closed:
            raise UllError(
                f"{path} cannot be read: {closed.strerror}",
                host=self.name,
                variable=path,
                remedy="read as root, with `become: true`",
            ) from closed
        except OSError:
            return ""

    def exists(self, path: str) -> bool:
        """Whether the path is there, and may be seen (Path.exists raises where a folder above is closed)."""
        return os.path.exists(self.path(path))  # noqa: PTH110

    def names(self, path: str) -> list[str]:
        """The names in a folder, sorted; empty where it is missing."""
        try:
            return sorted(os.listdir(self.path(path)))  # noqa: PTH208 (scandir over sysfs, names alone)
        except OSError:
            return []

    def link(self, path: str) -> str | None:
        """The last component a symbolic link points to; None where there is no link."""
        try:
            return os.readlink(self.path(path)).rstrip("/").rsplit("/", 1)[-1]  # noqa: PTH115
        except OSError:
            return None

    def replace(self, path: str, content: str, mode: int = 0o644) -> None:
        """Write a whole file: into a temporary file beside it, synced, then renamed over it."""
        target = self.path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content.encode("utf-8", "surrogateescape"))
                stream.flush()
                os.fsync(stream.fileno())
            os.chmod(temporary, mode)  # noqa: PTH101
            os.replace(temporary, target)  # noqa: PTH105
        except BaseException:
            os.unlink(temporary)  # noqa: PTH108
            raise

    def put(self, path: str, content: str | None) -> None:
        """Write a whole file, or with None remove it; one that is missing already is as good."""
        if content is None:
            self.path(path).unlink(missing_ok=True)
        else:
            self.replace(path, content)

    def poke(self, path: str, value: str) -> None:
        """Write a value into a sysfs or procfs file, which is never made.

        Raises:
            UllError: the kernel refuses the value.
        """
        try:
            # some may be opened for writing alone, even by root
            handle = os.open(self.path(path), os.O_WRONLY | os.O_TRUNC)
            with os.fdopen(handle, "w") as stream:
                stream.write(value)
        except OSError as refused:
            raise UllError(
                f"the kernel refuses this value: {refused.strerror}",
                host=self.name,
                variable=path,
                value=value,
                remedy="see the kernel's log (dmesg) for the reason",
            ) from refused

    def run(self, argv: list[str]) -> str:
        """Run a command of the host; on a captured tree it is only noted in ``commands``.

        Raises:
            UllError: the command is missing or fails; its own words are in the message.
        """
        self.commands.append(argv)
        if self.runner is None:
            return ""
        code, out, err = self.runner(argv)
        if code:
            words = (err or out).strip()[-2000:]
            raise UllError(
                f"{' '.join(argv)} failed ({code}): {words}",
                host=self.name,
                remedy=f"see what {argv[0]} says, and run again",
            )
        return out
