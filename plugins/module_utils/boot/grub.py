# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""GRUB as Debian and Ubuntu configure it: an own drop-in beside /etc/default/grub, and update-grub.

The drop-in appends to GRUB_CMDLINE_LINUX_DEFAULT, so that the recovery entries stay untuned as a way back. It sorts
behind 50-cloudimg-settings.cfg, by which cloud images replace that variable.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..host import MANAGED, Host
from . import cmdline

FOLDER = "/etc/default/grub.d"
DROP_IN = f"{FOLDER}/95-ull-metal.cfg"
CONFIG = "/boot/grub/grub.cfg"
ENVIRONMENT = "/boot/grub/grubenv"

_ENTRY = re.compile(r"""^\s*(menuentry|submenu)\s+(?:'((?:[^']|'\\'')*)'|"([^"]*)")(.*)\{\s*$""")
_ID = re.compile(r"""(?:\$menuentry_id_option|--id)\s+['"]?([^\s'"]+)""")
_DEFAULT = re.compile(r"""^\s*set\s+default=["']?([^"'\n]*)["']?\s*$""", re.MULTILINE)
# TuneD's own arguments reach every entry as $tuned_params.
_TUNED = re.compile(r'^\s*set\s+tuned_params="([^"\n]*)"\s*$', re.MULTILINE)
_SECTION = re.compile(r'^GRUB_CMDLINE_LINUX_DEFAULT="\$GRUB_CMDLINE_LINUX_DEFAULT (.*)" # (\S+)$', re.MULTILINE)


@dataclass
class Entry:
    """A menu entry, or a submenu with entries of its own."""

    title: str
    id: str
    linux: list[str] = field(default_factory=list)
    children: list[Entry] = field(default_factory=list)


class Grub:
    """Reads what the next boot gets from grub.cfg, and keeps the collection's arguments in the drop-in."""

    name = "grub"

    def __init__(self, host: Host) -> None:
        self.host = host

    def persisted(self) -> list[str]:
        """The kernel arguments of the entry that the next boot takes."""
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


def environment(text: str) -> dict[str, str]:
    """The variables of a GRUB environment block."""
    lines = (line.partition("=") for line in text.splitlines() if not line.startswith("#"))
    return {name: value for name, equals, value in lines if equals}


def default_entry(config: str, env: dict[str, str]) -> list[str]:
    """The arguments of the entry that boots next: ``next_entry``, then GRUB's default, then the first one."""
    top = parse(config.replace("$tuned_params", "".join(_TUNED.findall(config)[-1:])))
    for wanted in (env.get("next_entry", ""), *_defaults(config, env), "0"):
        entry = _find(top, wanted)
        if entry is not None:
            return entry.linux
    return []


def parse(config: str) -> Entry:
    """The menu of a grub.cfg as a tree. Lines outside of any entry belong to its root."""
    root = Entry("", "")
    path = [root]
    for line in config.splitlines():
        opened = _ENTRY.match(line)
        if opened:
            found = _ID.search(opened[4])
            entry = Entry(opened[2] if opened[2] is not None else opened[3], found[1] if found else "")
            path[-1].children.append(entry)
            path.append(entry)
            continue
        words = line.split()
        if len(path) > 1 and words == ["}"]:
            path.pop()
        elif words and words[0] in ("linux", "linuxefi", "linux16"):
            path[-1].linux = cmdline.split(line)[2:]
    return root


def _defaults(config: str, env: dict[str, str]) -> list[str]:
    """What `set default=` says, the last first: grub-mkconfig writes the next_entry branch before the usual one."""
    found = [value for value in _DEFAULT.findall(config) if "next_entry" not in value]
    return [env.get("saved_entry", "") if "saved_entry" in value else value for value in reversed(found)]


def _find(menu: Entry, wanted: str) -> Entry | None:
    """The entry by index, id or title; ``a>b`` walks into a submenu, and a submenu alone means its first entry."""
    if not menu.children:
        return menu if wanted == "0" and menu.linux else None
    head, _arrow, rest = wanted.partition(">")
    entry = next((child for child in menu.children if head and head in (child.id, child.title)), None)
    if entry is None and head.isdigit() and int(head) < len(menu.children):
        entry = menu.children[int(head)]
    if entry is None or not entry.children:
        return entry
    return _find(entry, rest or "0")
