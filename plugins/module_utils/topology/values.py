# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Kernel values out of files that may be missing, empty or damaged: the value or its default, never an exception."""

from __future__ import annotations

import os
import re

from ..cpuset import CpuSet
from ..errors import UllError
from ..host import Host


def as_number(text: str | None, default: int = -1) -> int:
    """The kernel's number in ``text``; ``default`` for none, a negative one or one beyond a C int."""
    if not text or not re.match(r"\d{1,10}\Z", text, re.ASCII):
        return default
    # 4294967295, (unsigned) -1, is how some drivers say "unknown" (a link's speed, a package)
    return int(text) if int(text) <= 0x7FFFFFFF else default


def number(host: Host, path: str, default: int = -1) -> int:
    """The number a file holds."""
    return as_number(host.read(path), default)


def cpu_set(host: Host, *paths: str) -> CpuSet | None:
    """The CPUs in the first readable of the files; None without one.

    The kernel's names tell the notation: masks are ``*_cpus``, ``*_siblings`` and ``*map``, everything else is a list.
    """
    for path in paths:
        text = host.read(path)
        if text is None:
            continue
        parse = CpuSet.parse_mask if path.endswith(("_cpus", "_siblings", "map")) else CpuSet.parse
        try:
            return parse(text)
        except UllError:
            continue
    return None


def numbered(host: Host, folder: str, prefix: str) -> list[int]:
    """The numbers of the entries ``prefix<number>`` in a folder, ascending."""
    tails = (name[len(prefix) :] for name in host.names(folder) if name.startswith(prefix))
    return sorted(found for found in map(as_number, tails) if found >= 0)


def first_line(text: str | None) -> str:
    """The first line of a text; empty for none."""
    return text.splitlines()[0].strip() if text else ""


def real(host: Host, path: str) -> str:
    """Where a path leads, links resolved, as seen on the host; empty when that is missing or outside the root."""
    root = os.path.realpath(host.root)
    found = os.path.realpath(host.path(path))
    if not os.path.exists(found) or os.path.commonpath((root, found)) != root:  # noqa: PTH110
        return ""
    return found if root == "/" else found[len(root) :]
