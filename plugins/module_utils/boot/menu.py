# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""GRUB's menu as grub-mkconfig writes it, as a tree, and its environment block as a dictionary."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from . import cmdline

_ENTRY = re.compile(r"""^\s*(menuentry|submenu)\s+(?:'((?:[^']|'\\'')*)'|"([^"]*)")(.*)\{\s*$""")
_ID = re.compile(r"""(?:\$menuentry_id_option|--id)\s+['"]?([^\s'"]+)""")
_DEFAULT = re.compile(r"""^\s*set\s+default=["']?([^"'\n]*)["']?\s*$""", re.MULTILINE)
# TuneD's own arguments reach every entry as $tuned_params.
_TUNED = re.compile(r'^\s*set\s+tuned_params="([^"\n]*)"\s*$', re.MULTILINE)
_LINUX = ("linux", "linuxefi", "linux16")
_INITRD = ("initrd", "initrdefi", "initrd16")


@dataclass
class Entry:
    """A menu entry, or a submenu with entries of its own. ``body`` are an entry's own lines."""

    title: str
    id: str
    linux: list[str] = field(default_factory=list)
    children: list[Entry] = field(default_factory=list)
    kernel: str = ""
    body: list[str] = field(default_factory=list)

    @property
    def initrds(self) -> list[str]:
        """The paths of the initial ramdisks."""
        lines = (line.split() for line in self.body)
        return [path for words in lines if words and words[0] in _INITRD for path in words[1:]]


def environment(text: str) -> dict[str, str]:
    """The variables of a GRUB environment block."""
    lines = (line.partition("=") for line in text.splitlines() if not line.startswith("#"))
    return {name: value for name, equals, value in lines if equals}


def default_entry(config: str, env: dict[str, str]) -> Entry:
    """The entry that boots next: ``next_entry``, then GRUB's default, then the first one; an empty one without any."""
    top = menu(config)
    for wanted in (env.get("next_entry", ""), *defaults(config, env), "0"):
        entry = find(top, wanted)
        if entry is not None:
            return entry
    return Entry("", "")


def menu(config: str) -> Entry:
    """The menu of a grub.cfg, with TuneD's arguments in their place."""
    return parse(config.replace("$tuned_params", "".join(_TUNED.findall(config)[-1:])))


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
            continue
        path[-1].body.append(line.strip())
        if len(words) > 1 and words[0] in _LINUX:
            _command, path[-1].kernel, *path[-1].linux = cmdline.split(line)
    return root


def walk(entry: Entry, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Entry]]:
    """Every entry that boots something, with the path by which GRUB finds it: ids, or titles, joined by ``>``."""
    for child in entry.children:
        here = (*path, child.id or child.title)
        if child.children:
            yield from walk(child, here)
        elif child.kernel:
            yield ">".join(here), child


def find(top: Entry, wanted: str) -> Entry | None:
    """The entry by index, id or title; ``a>b`` walks into a submenu, and a submenu alone means its first entry."""
    if not top.children:
        return top if wanted == "0" and top.linux else None
    head, _arrow, rest = wanted.partition(">")
    entry = next((child for child in top.children if head and head in (child.id, child.title)), None)
    if entry is None and head.isdigit() and int(head) < len(top.children):
        entry = top.children[int(head)]
    if entry is None or not entry.children:
        return entry
    return find(entry, rest or "0")


def defaults(config: str, env: dict[str, str]) -> list[str]:
    """What `set default=` says, the last first: grub-mkconfig writes the next_entry branch before the usual one."""
    found = [value for value in _DEFAULT.findall(config) if "next_entry" not in value]
    return [env.get("saved_entry", "") if "saved_entry" in value else value for value in reversed(found)]
