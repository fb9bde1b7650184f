# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files that a running service has read, as one store: all of them, then the command that makes it read them again.

A run that is killed between the two leaves a marker in /run, and the next one repeats the command. A boot removes the
marker, as a service that starts reads its files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..host import Host
from ..setting import Change

MARKER = "/run/ull-metal/again-{name}"


@dataclass(frozen=True)
class UnitFiles:
    """Whole files with one owner, and what makes their readers notice.

    Args:
        name: names the marker; unique on a host.
        files: content by path, in the order of writing; None removes.
        refresh: commands after the last file.
        stop: commands before the first file, while what is removed can still be stopped.
    """

    name: str
    files: Mapping[str, str | None]
    refresh: tuple[tuple[str, ...], ...] = ()
    stop: tuple[tuple[str, ...], ...] = ()

    def changes(self, host: Host) -> list[Change]:
        """The files that differ; the commands alone where a run was interrupted before them."""
        found = []
        for path, content in self.files.items():
            before = host.text(path)
            if before != (content or "") or host.exists(path) != (content is not None):
                found.append(Change(path, before, content or ""))
        if not found and host.exists(self._marker):
            words = "".join(f"{' '.join(argv)}\n" for argv in self.refresh)
            found.append(Change(f"{self.name}: an interrupted run", "", words))
        return found

    def write(self, host: Host) -> None:
        """Mark, write what differs, tell the readers, unmark."""
        if self.refresh:
            host.put(self._marker, "\n")
        for argv in self.stop:
            host.run(list(argv))
        for path, content in self.files.items():
            if host.text(path) != (content or "") or host.exists(path) != (content is not None):
                host.put(path, content)
        for argv in self.refresh:
            host.run(list(argv))
        if self.refresh:
            host.put(self._marker, None)

    def pending(self, host: Host) -> bool:
        """No boot is needed: the readers were told."""
        return False

    @property
    def _marker(self) -> str:
        return MARKER.format(name=self.name)
