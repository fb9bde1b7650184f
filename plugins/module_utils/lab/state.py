# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lab's one state folder, its locks, and the processes that are verifiably its own."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import UllError

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")


class Lab:
    """The state folder: images, machines, keys. Nothing of the lab is written elsewhere.

    Args:
        folder: where it is; made when something is written.
        group: sub-folder that holds a set of machines of its own, e.g. ``molecule/lab_vm``; empty for the lab's own.
    """

    def __init__(self, folder: str, group: str = "") -> None:
        if not Path(folder).is_absolute():
            raise UllError("the lab's folder must be an absolute path", variable="lab_dir", value=folder)
        self.folder = Path(folder)
        if group and not all(_NAME.match(part.replace("_", "-")) for part in group.split("/")):
            raise UllError("this is not a group of lab machines", variable="group", value=group)
        self.machines = self.folder / group if group else self.folder

    @property
    def images(self) -> Path:
        """Cached images and snapshots."""
        return self.folder / "image"

    def machine(self, kind: str, name: str) -> Path:
        """The folder of one machine.

        Raises:
            UllError: the name cannot be a host name.
        """
        if not _NAME.match(name):
            raise UllError(
                f"{name!r} cannot name a lab machine", variable="name", value=name, remedy="use a-z, 0-9 and -"
            )
        return self.machines / kind / name

    def every(self, kind: str) -> list[Path]:
        """The folders of all machines of a kind, of every group."""
        patterns = (f"{depth}{kind}/*/machine.json" for depth in ("", "*/", "*/*/"))
        return sorted(path.parent for pattern in patterns for path in self.folder.glob(pattern))

    def make(self, folder: Path) -> Path:
        """Make a folder below the state folder, owned by the state folder's owner."""
        if not self.folder.exists():
            self.folder.mkdir(parents=True, mode=0o755)
        if not folder.exists():
            self.make(folder.parent)
            with contextlib.suppress(FileExistsError):
                folder.mkdir(mode=0o755)
            self.own(folder)
        return folder

    def own(self, *paths: Path) -> None:
        """Give files to the state folder's owner: parts of the lab run as root, the rest as that user."""
        owner = self.folder.stat()
        if os.geteuid() == 0 and owner.st_uid != 0:
            for path in paths:
                os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)

    @contextlib.contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold one of the lab's locks; others wait. The kernel lets go of it when the process ends."""
        path = self.make(self.folder / "lock") / name.replace("/", "-")
        with path.open("a") as stream:
            self.own(path)
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield


def read_json(path: Path) -> dict[str, Any]:
    """A file's JSON object; empty where it is missing or broken off."""
    try:
        loaded = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return loaded if isinstance(loaded, dict) else {}


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON object: to a temporary file, then renamed."""
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
    temporary.replace(path)


def attempt(argv: list[str], cwd: Path | None = None, log: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a tool of the controller, with its output kept, or appended to ``log``.

    Raises:
        UllError: it is missing.
    """
    environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    try:
        with log.open("ab") if log else contextlib.nullcontext(subprocess.PIPE) as stream:
            # pylint: disable-next=ansible-bad-function
            return subprocess.run(
                argv,
                cwd=cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                text=True,
                check=False,
            )
    except FileNotFoundError as missing:
        raise UllError(
            f"{argv[0]} is not installed", value=argv[0], remedy="run role ull.metal.lab_host, or `make lab-start`"
        ) from missing


def run(argv: list[str], cwd: Path | None = None, log: Path | None = None) -> str:
    """Run a tool of the controller and return what it printed, or append that to ``log``.

    Raises:
        UllError: it is missing or fails; its own words are in the message.
    """
    done = attempt(argv, cwd, log)
    if done.returncode:
        words = f"see {log}\n{tail(log, 15)}" if log else (done.stderr or done.stdout).strip()
        raise UllError(f"{argv[0]} failed ({done.returncode}): {words[-3000:]}")
    return done.stdout or ""


def mounts_below(path: Path, mountinfo: str) -> list[str]:
    """Mount points in or below a folder.

    Args:
        path: the folder.
        mountinfo: text of /proc/self/mountinfo.
    """
    points = [line.split()[4].replace("\\040", " ") for line in mountinfo.splitlines() if line.count(" ") > 4]
    return [point for point in points if point == str(path) or point.startswith(f"{path}/")]


def remove_tree(path: Path) -> None:
    """Remove a folder of the lab; not what is mounted in it.

    Raises:
        UllError: something is mounted there, e.g. /proc by a build that was killed.
    """
    mounted = mounts_below(path.absolute(), Path("/proc/self/mountinfo").read_text())
    if mounted:
        raise UllError(f"{path} holds mounts, so it is not removed: {', '.join(mounted)}", remedy="unmount them")
    shutil.rmtree(path, ignore_errors=True)


def tail(path: Path, lines: int) -> str:
    """The last lines of a log, without a console's control characters."""
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - 16384))
            text = stream.read().decode("utf-8", "replace")
    except OSError:
        return ""
    text = re.sub(r"\x1b\[[0-9;?=]*[A-Za-z]|[\x00-\x08\x0b-\x1f]", "", text)
    return "\n".join(text.splitlines()[-lines:])


class Process:
    """A process of the lab, known by its pid file *and* by its command line: a stale pid file means nothing.

    Args:
        pid_file: where the pid is.
        program: how the base name of its first argument starts.
        marker: an argument that only this process has, a path below the state folder.
    """

    def __init__(self, pid_file: Path, program: str, marker: str) -> None:
        self.pid_file = pid_file
        self.program = program
        self.marker = marker

    @property
    def pid(self) -> int:
        """Its pid; 0 when it does not run."""
        try:
            pid = int(self.pid_file.read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return 0
        return pid if self._is_ours(pid) else 0

    def _is_ours(self, pid: int) -> bool:
        if pid <= 1:
            return False
        try:
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        program = arguments[0].rsplit(b"/", 1)[-1].decode("utf-8", "replace")
        return program.startswith(self.program) and self.marker.encode() in arguments

    def children(self) -> list[int]:
        """The pids of its children."""
        pid = self.pid
        try:
            return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()] if pid else []
        except OSError:
            return []

    def wait(self, seconds: float) -> bool:
        """Whether it has ended within the time."""
        end = time.monotonic() + seconds
        while self.pid:
            if time.monotonic() > end:
                return False
            time.sleep(0.05)
        return True

    def kill(self) -> None:
        """End it at once. The process is pinned by a pidfd, so that a reused pid is not hit."""
        pid = self.pid
        if not pid:
            return
        with contextlib.suppress(ProcessLookupError):
            handle = os.pidfd_open(pid)
            try:
                if self._is_ours(pid):
                    signal.pidfd_send_signal(handle, signal.SIGKILL)
            finally:
                os.close(handle)
        self.wait(10)
