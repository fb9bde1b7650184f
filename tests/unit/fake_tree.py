# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fake sysfs in a few lines: paths to their content, to a Link, or to None for an empty folder.

host = tree(tmp_path, {"/sys/class/net/eth0/mtu": "1500", "/sys/class/net/eth0/device": Link("../../../pci0")})
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.ull.metal.plugins.module_utils.host import Host


@dataclass(frozen=True)
class Link:
    """A symbolic link."""

    target: str


def tree(root: Path, entries: Mapping[str, str | Link | None]) -> Host:
    """Make the entries below ``root`` and give the host they are."""
    for path, content in entries.items():
        place = root / path.lstrip("/")
        (place if content is None else place.parent).mkdir(parents=True, exist_ok=True)
        if isinstance(content, Link):
            place.symlink_to(content.target)
        elif content is not None:
            place.write_text(content + "\n")
    return Host(str(root))
