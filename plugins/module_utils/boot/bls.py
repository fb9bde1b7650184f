# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Boot loader specification entries with grubby, as Red Hat's family has them.

grubby changes every entry and /etc/kernel/cmdline, from which new kernels take theirs. What is the collection's own
stands in a record, because the entries cannot tell. Never /boot/efi/EFI/*/grub.cfg: from release 9 on that is a stub.
"""

from __future__ import annotations

from ..host import MANAGED, Host
from . import cmdline
from .grub import environment

ENTRIES = "/boot/loader/entries"
ENVIRONMENTS = ("/boot/grub2/grubenv", "/boot/efi/EFI/redhat/grubenv")
RECORD = "/etc/ull-metal/boot_args"


class Bls:
    """Reads the default entry's options, and changes all entries through grubby."""

    name = "bls"

    def __init__(self, host: Host) -> None:
        self.host = host

    def persisted(self) -> list[str]:
        """The kernel arguments of the entry that the next boot takes."""
        env = self._environment()
        names = [name for name in self.host.names(ENTRIES) if name.endswith(".conf")]
        wanted = env.get("next_entry") or env.get("saved_entry", "")
        chosen = f"{wanted}.conf" if f"{wanted}.conf" in names else (names or [""])[-1]
        return self._options(chosen, env) if chosen else []

    def sections(self) -> dict[str, list[str]]:
        """The collection's arguments, by the role that wants them."""
        lines = (line for line in self.host.text(RECORD).splitlines() if ": " in line and not line.startswith("#"))
        return {role: cmdline.split(tokens) for role, tokens in (line.split(": ", 1) for line in lines)}

    def record(self, sections: dict[str, list[str]]) -> dict[str, str | None]:
        """The record's path and its new text; None when no section is left."""
        lines = [f"# {MANAGED.format(role='boot_args')}"]
        lines += [f"{role}: {' '.join(tokens)}" for role, tokens in sections.items()]
        return {RECORD: "\n".join(lines) + "\n" if sections else None}

    def write(self, sections: dict[str, list[str]]) -> None:
        """Take the old arguments out of every entry, append the new ones, and only then note them as the old."""
        old = [token for tokens in self.sections().values() for token in tokens]
        new = [token for tokens in sections.values() for token in tokens]
        # Two calls: within one, grubby would take out what it just added.
        if old:
            self.host.run(["grubby", "--update-kernel=ALL", "--remove-args", " ".join(old)])
        if new:
            self.host.run(["grubby", "--update-kernel=ALL", "--args", " ".join(new)])
        for path, content in self.record(sections).items():
            self.host.put(path, content)

    def stale(self) -> bool:
        """Never: the record is written last."""
        return False

    def origin(self, token: str) -> str:
        """The file by which somebody else sets a token."""
        candidates = ("/etc/kernel/cmdline", "/etc/default/grub")
        return next((path for path in candidates if token in self.host.text(path)), ENTRIES)

    def _environment(self) -> dict[str, str]:
        merged: dict[str, str] = {}
        for path in ENVIRONMENTS:
            merged.update(environment(self.host.text(path)))
        return merged

    def _options(self, name: str, env: dict[str, str]) -> list[str]:
        for line in self.host.text(f"{ENTRIES}/{name}").splitlines():
            word, _space, options = line.partition(" ")
            if word == "options":
                return cmdline.split(
                    options.replace("$kernelopts", env.get("kernelopts", "")).replace("$tuned_params", "")
                )
        return []
