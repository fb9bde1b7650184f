# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Boots of this host that have proven themselves. Going back to one of them, as an undo does, needs no trial."""

from __future__ import annotations

import json
from typing import Any

from ..host import Host
from .image import Image, image
from .loader import running_image

PATH = "/var/lib/ull-metal/boots.json"
# Enough to go back and forth between some kernels and profiles.
KEPT = 8


def known(host: Host, wanted: Image) -> bool:
    """Whether exactly this has booted and was right: kernel, arguments, and the files as they are on the disk now."""
    stamps = wanted.stamps(host)
    return all(stamps) and any(row["stamps"] == stamps and image(row["image"]).same(wanted) for row in _load(host))


def add(host: Host, booted: Image, stamps: list[str]) -> None:
    """Note a boot that was right, with its files as they were then."""
    row = {"image": booted.as_dict(), "stamps": stamps}
    others = _load(host)
    if row in others or not all(stamps):
        return
    kept = [*others, row][-KEPT:]
    host.put(PATH, json.dumps(kept, indent=1, sort_keys=True) + "\n")


def add_running(host: Host) -> None:
    """Note the boot that runs, unless one of its files was written since: then the disk holds another."""
    booted = running_image(host)
    if booted is None:
        return
    stamps = booted.stamps(host)
    since = _boot_time(host)
    if all(stamp and int(stamp.partition(":")[2]) < since for stamp in stamps):
        add(host, booted, stamps)


def _boot_time(host: Host) -> int:
    """When the kernel was booted, in ns since 1970; 0 where it does not say."""
    lines = (line.split() for line in host.text("/proc/stat").splitlines())
    return next((int(words[1]) * 10**9 for words in lines if words[:1] == ["btime"]), 0)


def _load(host: Host) -> list[dict[str, Any]]:
    try:
        return list(json.loads(host.text(PATH) or "[]"))
    except ValueError:
        # Only a memory of what needs no trial: without it everything is tried.
        return []
