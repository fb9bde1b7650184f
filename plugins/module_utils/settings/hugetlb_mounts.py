# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A mount of hugetlbfs for each page size but the default one's, which systemd mounts at /dev/hugepages itself."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import UllError
from ..host import MANAGED, Host
from ..setting import LIVE, Change, Setting
from ..units import parse_size, short

UNITS = "/etc/systemd/system"
WANTS = f"{UNITS}/sysinit.target.wants"
PLACE = "/dev/hugepages{size}"
POOLS = "/sys/kernel/mm/hugepages"
MOUNTED, GONE = "mounted", "no"

_UNIT = """# {managed}
[Unit]
Description=Huge pages of {size}
Documentation=https://docs.kernel.org/admin-guide/mm/hugetlbpage.html
DefaultDependencies=no
Before=sysinit.target
ConditionPathExists={pool}

[Mount]
What=hugetlbfs
Where={place}
Type=hugetlbfs
Options=nosuid,nodev,pagesize={size}

[Install]
WantedBy=sysinit.target
"""


def extra_sizes(host: Host, sizes: Sequence[str], role: str) -> list[str]:
    """The sizes that need a mount of their own, each once.

    Raises:
        UllError: the machine has no pages of a size.
    """
    having = {int(name[len("hugepages-") : -len("kB")]) << 10 for name in host.names(POOLS)}
    found = []
    for size in sizes:
        asked = parse_size(size, f"{role}_hugepage_sizes")
        if having and asked not in having:
            remedy = f"use {', '.join(short(one) for one in sorted(having))}"
            raise UllError(f"there are no {size} pages here", host.name, f"{role}_hugepage_sizes", size, remedy)
        if asked != _default(host):
            found.append(short(asked))
    return list(dict.fromkeys(found))


def _default(host: Host) -> int:
    match = re.search(r"^Hugepagesize:\s+(\d+) kB", host.text("/proc/meminfo"), re.MULTILINE)
    return int(match[1]) << 10 if match else 2 << 20


@dataclass(frozen=True)
class MountStore:
    """The mount unit of one size, and the link that enables it; without ``wanted`` neither."""

    role: str
    size: str
    wanted: bool = True

    @property
    def unit(self) -> str:
        """The unit's name, which systemd derives from the place."""
        return f"{_place(self.size)[1:].replace('/', '-')}.mount"

    def changes(self, host: Host) -> list[Change]:
        """The unit's text, and whether it is enabled."""
        path, link = f"{UNITS}/{self.unit}", f"{WANTS}/{self.unit}"
        found = [Change(path, before, self._text())] if (before := host.text(path)) != self._text() else []
        enabled, target = host.link(link) == self.unit, f"-> {path}\n"
        if enabled != self.wanted:
            found.append(Change(link, target if enabled else "", target if self.wanted else ""))
        return found

    def write(self, host: Host) -> None:
        """The unit first and the link last; away in reverse."""
        path, link = f"{UNITS}/{self.unit}", f"{WANTS}/{self.unit}"
        if self.wanted:
            host.put(path, self._text())
            host.point(link, path)
        else:
            host.point(link, None)
            host.put(path, None)
        host.run(["systemctl", "daemon-reload"])

    def pending(self, host: Host) -> bool:
        """It is mounted live, too."""
        return False

    def persisted(self, host: Host) -> str:
        """Whether the next boot mounts it."""
        return MOUNTED if self.wanted and not self.changes(host) else GONE

    def _text(self) -> str:
        if not self.wanted:
            return ""
        pool = f"{POOLS}/hugepages-{parse_size(self.size) >> 10}kB"
        managed = MANAGED.format(role=self.role)
        return _UNIT.format(managed=managed, size=self.size, pool=pool, place=_place(self.size))


def mount(role: str, size: str, declared: str = MOUNTED, restored: bool = False) -> Setting:
    """The setting of one size's mount."""
    store = MountStore(role, size)

    def write(host: Host, value: str) -> None:
        host.run(["systemctl", "start" if value == MOUNTED else "stop", store.unit])
        if value != MOUNTED:
            with contextlib.suppress(UllError):  # somebody keeps files beside it
                host.run(["rmdir", _place(size)])

    return Setting(
        name=f"{role}.mount.{size}",
        role=role,
        impact=LIVE,
        declared=declared,
        running=lambda host: _running(host, size),
        persisted=store.persisted,
        write=write,
        restored=restored,
        remedy=f"see `systemctl status {store.unit}`",
        doc=f"hugetlbfs of {size} pages at {_place(size)}",
        source="systemd.mount(5), Documentation/admin-guide/mm/hugetlbpage.rst",
    )


def _running(host: Host, size: str) -> str:
    mounts = (line.split() for line in host.text("/proc/mounts").splitlines())
    return MOUNTED if any(words[1:3] == [_place(size), "hugetlbfs"] for words in mounts) else GONE


def _place(size: str) -> str:
    return PLACE.format(size=size)
