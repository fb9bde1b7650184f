# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which packages a host lacks, read from the package manager's own records: no call of its own for each role."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .host import Host

DPKG = "/var/lib/dpkg/info"
# Names alone can be looked up; a version, a file or a URL is for the package manager to judge.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]*\Z")


def missing(host: Host, wanted: Sequence[str]) -> list[str]:
    """The packages of ``wanted`` that are not installed, or of which only the package manager can tell."""
    if not wanted:
        return []
    there = _dpkg(host) if host.exists(DPKG) else _rpm(host, wanted)
    return [name for name in wanted if not _NAME.match(name) or name not in there]


def _dpkg(host: Host) -> set[str]:
    """A list of files stands there for each package that is unpacked, with its architecture where several may be."""
    return {name[: -len(".list")].split(":")[0] for name in host.names(DPKG) if name.endswith(".list")} - _removed(host)


def _removed(host: Host) -> set[str]:
    """A package that was removed and not purged keeps its list, of configuration files alone."""
    found, name = set(), ""
    for line in host.text("/var/lib/dpkg/status").splitlines():
        if line.startswith("Package: "):
            name = line[len("Package: ") :]
        elif line.startswith("Status: ") and not line.endswith(" installed"):
            found.add(name)
    return found


def _rpm(host: Host, wanted: Sequence[str]) -> set[str]:
    names = [name for name in wanted if _NAME.match(name)]
    # rpm says of each on a line of its own, and fails where one is missing: ask one by one
    return {name for name in names if host.ask(["rpm", "--query", "--queryformat", "%{NAME}", name])}
