# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The kernel command line: the collection's arguments in sections, one a role, and one owner of them all."""

from __future__ import annotations

from dataclasses import dataclass

from ..boot import cmdline
from ..boot.loader import loader, running
from ..errors import UllError
from ..host import Host
from ..setting import REBOOT, Change, Setting, Store

PREFIX = "boot_args."
# Names of arguments taken back since the last boot, which clears /run: until then the kernel still runs with them.
REMOVED = "/run/ull-metal/removed_boot_args"


@dataclass
class BootArgs:
    """Domain of the kernel arguments.

    Args:
        sections: arguments by the role that wants them; a role with an empty list loses its section.
        replace: whether sections of roles that are not named go; otherwise they stay as they are.
    """

    sections: dict[str, list[str]]
    replace: bool = False
    role: str = "boot_args"

    def settings(self, host: Host) -> list[Setting]:
        """One setting for each key of the sections."""
        return [
            argument(name, section, wanted)
            for section, tokens in self.sections.items()
            for name, wanted in cmdline.by_name(tokens).items()
        ]

    def stores(self, host: Host) -> list[Store]:
        """The boot loader, with the sections that stay and the ones declared."""
        return [BootStore(self.after(host))]

    def restore(self, host: Host, before: dict[str, str]) -> list[Setting]:
        """Nothing is written live, so nothing is to be returned; others' arguments never went."""
        return []

    def check(self, host: Host) -> None:
        """Refuse arguments that are no tokens, and keys that somebody else sets to another value."""
        for role, tokens in self.sections.items():
            cmdline.check(tokens, f"kernel arguments of {role}", host.name)
        self._refuse_two_owners(host)
        for path, theirs, ours in foreign(host, self.after(host)):
            raise UllError(
                f"{path} sets {theirs}",
                host=host.name,
                variable="kernel argument",
                value=ours,
                remedy=f"remove {theirs} from {path}, or do not declare {cmdline.key(ours)}",
            )

    def _refuse_two_owners(self, host: Host) -> None:
        owners: dict[str, str] = {}
        for role, tokens in self.after(host).items():
            for name in cmdline.by_name(tokens):
                if name not in cmdline.REPEATABLE and owners.setdefault(name, role) != role:
                    raise UllError(
                        f"{owners[name]} sets {name} as well",
                        host=host.name,
                        variable=f"kernel arguments of {role}",
                        value=" ".join(tokens),
                        remedy=f"declare {name} in one of them",
                    )

    def after(self, host: Host) -> dict[str, list[str]]:
        """The sections there will be."""
        kept = {} if self.replace else loader(host).sections()
        return {role: tokens for role, tokens in {**kept, **self.sections}.items() if tokens}


def argument(name: str, role: str, wanted: list[str]) -> Setting:
    """The setting of one kernel argument, or of the hugepage arguments together."""

    def of(tokens: list[str]) -> str | None:
        return cmdline.effective(cmdline.by_name(tokens).get(name, []), wanted)

    return Setting(
        name=PREFIX + name,
        role=role,
        impact=REBOOT,
        declared=cmdline.effective(wanted, wanted),
        running=lambda host: of(running(host)),
        persisted=lambda host: of(loader(host).persisted()),
        doc=f"kernel argument {name}",
        source="Documentation/admin-guide/kernel-parameters.txt",
    )


@dataclass(frozen=True)
class BootStore:
    """The boot loader's configuration with these sections."""

    sections: dict[str, list[str]]

    def changes(self, host: Host) -> list[Change]:
        """The record's text, and the next boot's arguments: an interrupted run leaves the second behind the first."""
        boot = loader(host)
        found = [
            Change(path, host.text(path), content or "")
            for path, content in boot.record(self.sections).items()
            if host.text(path) != (content or "")
        ]
        now, then = boot.persisted(), self._next_boot(host)
        if found or boot.stale() or not _same(now, then):
            found.append(Change(f"kernel arguments of the next boot ({boot.name})", _lines(now), _lines(then)))
        return found

    def write(self, host: Host) -> None:
        """Write the record and the boot loader's own files, and note what this boot still runs with."""
        boot = loader(host)
        gone = _names(boot.sections()) - _names(self.sections)
        if gone:
            host.put(REMOVED, "".join(f"{name}\n" for name in sorted(gone | _removed(host))))
        boot.write(self.sections)

    def pending(self, host: Host) -> bool:
        """Whether a boot is then still to come before the kernel runs with it."""
        return bool(self.differences(host))

    def differences(self, host: Host) -> list[dict[str, str]]:
        """Arguments of the collection, kept or taken back, that the next boot changes: ``name, persisted, running``.

        Arguments of others do not count: a boot menu edited by hand is not ours to reboot for.
        """
        names = _names(self.sections) | _names(loader(host).sections()) | _removed(host)
        then, now = cmdline.by_name(self._next_boot(host)), cmdline.by_name(running(host))
        return [
            {"name": name, "persisted": " ".join(then.get(name, [])), "running": " ".join(now.get(name, []))}
            for name in sorted(names)
            if then.get(name) != now.get(name)
        ]

    def _next_boot(self, host: Host) -> list[str]:
        boot = loader(host)
        new = [token for tokens in self.sections.values() for token in tokens]
        return [*cmdline.subtract(boot.persisted(), boot.owned()), *new]


def pending(host: Host) -> list[dict[str, str]]:
    """What the next boot changes, as it is now."""
    return BootStore(loader(host).sections()).differences(host)


def foreign(host: Host, sections: dict[str, list[str]]) -> list[tuple[str, str, str]]:
    """Keys of ours that somebody else sets to another value: (file, their token, our token)."""
    boot = loader(host)
    ours = {name: tokens for section in sections.values() for name, tokens in cmdline.by_name(section).items()}
    found = []
    for token in cmdline.subtract(boot.persisted(), boot.owned()):
        wanted = ours.get(cmdline.name(token), [])
        known = cmdline.name(token) in cmdline.REPEATABLE or any(cmdline.same(token, mine) for mine in wanted)
        # A token that stands in no source is left from an interrupted run and goes when the configuration is made anew.
        if wanted and not known and boot.origin(token):
            found.append((boot.origin(token), token, wanted[-1]))
    return found


def _names(sections: dict[str, list[str]]) -> set[str]:
    return {cmdline.name(token) for tokens in sections.values() for token in tokens}


def _removed(host: Host) -> set[str]:
    return set(host.text(REMOVED).split())


def _same(now: list[str], then: list[str]) -> bool:
    """Whether two command lines mean the same: the order counts only within a name."""
    return cmdline.by_name(now) == cmdline.by_name(then)


def _lines(tokens: list[str]) -> str:
    return "".join(f"{token}\n" for token in tokens)
