# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""GRUB as Debian and Ubuntu configure it: an own drop-in beside /etc/default/grub, and update-grub.

The drop-in appends to GRUB_CMDLINE_LINUX_DEFAULT, so that the recovery entries stay untuned as a way back. It sorts
behind 50-cloudimg-settings.cfg, by which cloud images replace that variable.
"""

from __future__ import annotations

import re

from ..host import MANAGED, Host
from . import cmdline
from .image import Image, of_entry, release
from .menu import Entry, default_entry, defaults, environment, menu, walk

FOLDER = "/etc/default/grub.d"
DROP_IN = f"{FOLDER}/95-ull-metal.cfg"
CONFIG = "/boot/grub/grub.cfg"
ENVIRONMENT = "/boot/grub/grubenv"

_SECTION = re.compile(r'^GRUB_CMDLINE_LINUX_DEFAULT="\$GRUB_CMDLINE_LINUX_DEFAULT (.*)" # (\S+)$', re.MULTILINE)


class Grub:
    """Reads what the next boot gets from grub.cfg, and keeps the collection's arguments in the drop-in."""

    name = "grub"
    config = CONFIG
    editenv = "grub-editenv"
    probe = "grub-probe"

    def __init__(self, host: Host) -> None:
        self.host = host

    def persisted(self) -> list[str]:
        """The kernel arguments of the entry that the next boot takes."""
        return self._default().linux

    def environment_file(self) -> str:
        """Where GRUB keeps what outlives a boot."""
        return ENVIRONMENT

    def next_image(self) -> Image:
        """What the next boot starts."""
        return _image(self._default())

    def image_of(self, kernel: str) -> Image | None:
        """What an entry of that kernel starts; None where no entry has it."""
        entries = [entry for _path, entry in walk(menu(self.host.text(CONFIG))) if entry.kernel == kernel]
        return _image(entries[0]) if entries else None

    def releases(self) -> dict[str, str]:
        """The first entry of each kernel release by its path in the menu: what GRUB_DEFAULT may name.

        In the submenu each entry is of one release for good; the one above them is of whichever is the newest.
        """
        found: dict[str, str] = {}
        for path, entry in sorted(walk(menu(self.host.text(CONFIG))), key=lambda row: ">" not in row[0]):
            if not {"single", "recovery"} & set(entry.linux):
                found.setdefault(release(entry.kernel), path)
        return found

    def orphaned(self) -> bool:
        """Whether grub.cfg selects an entry that no source names any more: an interrupted run leaves it so."""
        chosen = defaults(self.host.text(CONFIG), {})
        sources = ["/etc/default/grub", *(f"{FOLDER}/{name}" for name in self.host.names(FOLDER))]
        named = "".join(self.host.text(path) for path in sources)
        return self.stale() and any(path in chosen and path not in named for path in self.releases().values())

    def _default(self) -> Entry:
        return default_entry(self.host.text(CONFIG), environment(self.host.text(ENVIRONMENT)))

    def sections(self) -> dict[str, list[str]]:
        """The collection's arguments in the drop-in, by the role that wants them."""
        return {role: cmdline.split(line) for line, role in _SECTION.findall(self.host.text(DROP_IN))}

    def owned(self) -> list[str]:
        """What of the next boot's arguments the collection put there."""
        return [token for tokens in self.sections().values() for token in tokens]

    def record(self, sections: dict[str, list[str]]) -> dict[str, str | None]:
        """The drop-in's path and its new text; None when no section is left."""
        return {DROP_IN: render(sections) if sections else None}

    def write(self, sections: dict[str, list[str]]) -> None:
        """Put the drop-in in place, then have grub.cfg written anew from it."""
        for path, content in self.record(sections).items():
            self.host.put(path, content)
        self.host.run(["update-grub"])

    def stale(self) -> bool:
        """Whether a file came into or went from grub.d since grub.cfg was made: an interrupted run leaves it so."""
        sources, made = self.host.path(FOLDER), self.host.path(CONFIG)
        return sources.exists() and sources.stat().st_mtime_ns > made.stat().st_mtime_ns

    def origin(self, token: str) -> str:
        """The file by which somebody else sets a token; empty when no file does."""
        names = [name for name in self.host.names(FOLDER) if name.endswith(".cfg")]
        candidates = [path for path in ("/etc/default/grub", *(f"{FOLDER}/{n}" for n in names)) if path != DROP_IN]
        return next((path for path in candidates if cmdline.mentions(self.host.text(path), token)), "")


def render(sections: dict[str, list[str]]) -> str:
    """The drop-in: one line a role, so that each has one owner."""
    lines = [f"# {MANAGED.format(role='boot_args')}"]
    lines += [
        f'GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT {" ".join(tokens)}" # {role}'
        for role, tokens in sections.items()
    ]
    return "\n".join(lines) + "\n"


def _image(entry: Entry) -> Image:
    return of_entry(entry.body, entry.kernel, entry.initrds, entry.linux)
