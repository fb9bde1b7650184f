# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Boot loader specification entries with grubby, as Red Hat's family has them.

grubby changes every entry and /etc/kernel/cmdline, from which new kernels take theirs. What is the collection's own
stands in a record, because the entries cannot tell. Never /boot/efi/EFI/*/grub.cfg: from release 9 on that is a stub.
"""

from __future__ import annotations

import re

from ..errors import UllError
from ..host import MANAGED, Host
from . import cmdline
from .grub import environment

ENTRIES = "/boot/loader/entries"
ENVIRONMENTS = ("/boot/grub2/grubenv", "/boot/efi/EFI/redhat/grubenv")
RECORD = "/etc/ull-metal/boot_args"
# The record's line of arguments that are on their way out: an interrupted run leaves it.
LEAVING = "(leaving)"


class Bls:
    """Reads the default entry's options, and changes all entries through grubby."""

    name = "bls"

    def __init__(self, host: Host) -> None:
        self.host = host

    def persisted(self) -> list[str]:
        """The kernel arguments of the entry that the next boot takes."""
        env = self._environment()
        # The menu shows the newest first, and counts from there.
        names = sorted((n for n in self.host.names(ENTRIES) if n.endswith(".conf")), key=_version, reverse=True)
        if not names:
            raise UllError(
                f"no entry can be read in {ENTRIES}",
                host=self.host.name,
                variable="boot loader",
                remedy="read as root, with `become: true`",
            )
        for wanted in (env.get("next_entry"), env.get("saved_entry")):
            for index, name in enumerate(names):
                if wanted and wanted in (name[: -len(".conf")], str(index), self._value(name, "title")):
                    return self._options(name, env)
        return self._options(names[0], env)

    def sections(self) -> dict[str, list[str]]:
        """The collection's arguments, by the role that wants them."""
        return {role: tokens for role, tokens in self._record().items() if role != LEAVING}

    def owned(self) -> list[str]:
        """What of the next boot's arguments the collection put there."""
        return [token for tokens in self._record().values() for token in tokens]

    def record(self, sections: dict[str, list[str]]) -> dict[str, str | None]:
        """The record's path and its new text; None when no section is left."""
        return {RECORD: _render(sections) if sections else None}

    def write(self, sections: dict[str, list[str]]) -> None:
        """Take the old arguments out of every entry, then append the new ones; all are on record meanwhile."""
        old, new = self.owned(), [token for tokens in sections.values() for token in tokens]
        self.host.put(RECORD, _render({**sections, LEAVING: [token for token in old if token not in new]}))
        # Two calls: within one, grubby would take out what it just added.
        if old:
            self.host.run(["grubby", "--update-kernel=ALL", "--remove-args", " ".join(old)])
        if new:
            self.host.run(["grubby", "--update-kernel=ALL", "--args", " ".join(new)])
        for path, content in self.record(sections).items():
            self.host.put(path, content)

    def stale(self) -> bool:
        """Never: what an interrupted run leaves on record is unlike any whole record."""
        return False

    def origin(self, token: str) -> str:
        """The file by which somebody else sets a token."""
        candidates = ("/etc/kernel/cmdline", "/etc/default/grub")
        return next((path for path in candidates if cmdline.mentions(self.host.text(path), token)), ENTRIES)

    def _record(self) -> dict[str, list[str]]:
        lines = (line for line in self.host.text(RECORD).splitlines() if not line.startswith("#"))
        pairs = (line.partition(":") for line in lines)
        return {role: cmdline.split(tokens) for role, colon, tokens in pairs if colon}

    def _environment(self) -> dict[str, str]:
        merged: dict[str, str] = {}
        for path in ENVIRONMENTS:
            merged.update(environment(self.host.text(path)))
        return merged

    def _options(self, name: str, env: dict[str, str]) -> list[str]:
        options = self._value(name, "options")
        for variable in ("kernelopts", "tuned_params"):
            options = options.replace(f"${variable}", env.get(variable, ""))
        return cmdline.split(options)

    def _value(self, name: str, wanted: str) -> str:
        """The value of a key in an entry; keys may repeat, and then add up."""
        pairs = (line.split(None, 1) for line in self.host.text(f"{ENTRIES}/{name}").splitlines())
        return " ".join(pair[1].strip() for pair in pairs if pair[0:1] == [wanted] and len(pair) > 1)


def _render(sections: dict[str, list[str]]) -> str:
    lines = [f"# {MANAGED.format(role='boot_args')}"]
    lines += [f"{role}: {' '.join(tokens)}" for role, tokens in sections.items()]
    return "\n".join(lines) + "\n"


def _version(name: str) -> list[str | int]:
    """A sort key by which 6.10 comes behind 6.9."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]
