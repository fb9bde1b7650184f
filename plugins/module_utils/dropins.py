# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Drop-in folders as systemd reads them: sysctl.d and tmpfiles.d, in the order in which the next boot applies them.

A file's name counts once, that of the folder with the higher priority; the names are sorted over all folders. An empty
file, or a link to /dev/null, masks those of its name below it. Sources: sysctl.d(5), tmpfiles.d(5).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from .host import Host

# The higher priority first. /lib counts where it is a folder of its own.
FOLDERS = ("/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib")


@dataclass(frozen=True)
class Line:
    """One assignment of a drop-in: a path below the root, its value (None: only excluded from globs), and where."""

    target: str
    value: str | None
    path: str
    number: int

    @property
    def where(self) -> str:
        """``file:line``."""
        return f"{self.path}:{self.number}"

    @property
    def is_glob(self) -> bool:
        """Whether it means every file that matches."""
        return any(sign in self.target for sign in "*?[")

    def matches(self, target: str) -> bool:
        """Whether it means this file; a star does not cross a slash."""
        mine, other = self.target.split("/"), target.split("/")
        return len(mine) == len(other) and all(fnmatchcase(*pair) for pair in zip(other, mine))


def files(host: Host, kind: str) -> list[str]:
    """The files of e.g. ``sysctl.d`` that count, in the order in which they are read."""
    found: dict[str, str] = {}
    for folder in FOLDERS:
        for name in host.names(f"{folder}/{kind}"):
            if name.endswith(".conf"):
                found.setdefault(name, f"{folder}/{kind}/{name}")
    return [found[name] for name in sorted(found)]


def text_lines(host: Host, path: str, comments: str = "#;") -> Iterator[tuple[int, str]]:
    """The lines of a file that say something, with their numbers."""
    for number, line in enumerate(host.text(path).splitlines(), 1):
        said = line.strip()
        if said and said[0] not in comments:
            yield number, said


# -- sysctl.d


def sysctl_path(name: str) -> str:
    """``vm.stat_interval`` as /proc/sys/vm/stat_interval; where a slash comes first, dots belong to the names."""
    signs = [sign for sign in name if sign in "./"]
    if signs[:1] == ["."]:
        name = name.translate(str.maketrans("./", "/."))
    return f"/proc/sys/{name}"


def sysctl_lines(host: Host) -> list[Line]:
    """Every assignment of all sysctl.d files, in order. systemd reads /etc/sysctl.conf only through a link in them."""
    return [line for path in files(host, "sysctl.d") for line in sysctl_file(host, path)]


def sysctl_file(host: Host, path: str) -> list[Line]:
    """The assignments of one file; a ``-`` before the name lets the kernel refuse, or excludes the name from globs."""
    found = []
    for number, said in text_lines(host, path):
        name, equals, value = said.partition("=")
        if equals or name.startswith("-"):
            name = name[1:] if name.startswith("-") else name
            found.append(Line(sysctl_path(name.strip()), value.strip() if equals else None, path, number))
    return found


def sysctl_winner(lines: Iterable[Line], target: str) -> Line | None:
    """The assignment that counts in the end: the last one of the name itself, else the last glob that matches."""
    named: Line | None = None
    globbed: Line | None = None
    for line in lines:
        if line.target == target:
            named = line
        elif line.is_glob and line.matches(target):
            globbed = line
    found = named or globbed
    return found if found and found.value is not None else None


# -- tmpfiles.d


def tmpfiles_lines(host: Host) -> list[Line]:
    """Every line that counts of those that write a value into a file."""
    found = []
    for path in files(host, "tmpfiles.d"):
        for number, said in text_lines(host, path, "#"):
            fields = said.split(None, 6)
            if len(fields) == 7 and fields[0].rstrip("!+-=~^$") == "w":
                target = posixpath.normpath(fields[1].strip("\"'"))
                found.append(Line(target, fields[6].strip(), path, number))
    return first_of_each(found)


def first_of_each(lines: Iterable[Line]) -> list[Line]:
    """Of the lines with the same path the first alone counts: tmpfiles.d(5)."""
    found: dict[str, Line] = {}
    for line in lines:
        found.setdefault(line.target, line)
    return list(found.values())


def tmpfiles_winner(lines: Iterable[Line], target: str) -> Line | None:
    """The line that writes last into a file."""
    found = None
    for line in lines:
        if line.matches(target):
            found = line
    return found
