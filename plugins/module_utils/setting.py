# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A setting and its three states, and the one way by which all settings of a domain are applied.

*declared* is what the plan wants, *persisted* what the next boot will give, *running* what the kernel does now.
A diff, a check-mode run, a validation and the decision to reboot are views of these three columns.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from .errors import UllError
from .host import Host

# What applying a difference costs the workload, the cheapest first.
LIVE, LINK, DRAIN, REBOOT = "live", "link", "drain", "reboot"
IMPACTS = (LIVE, LINK, DRAIN, REBOOT)

# How a host ran before the collection touched it; what undo returns to.
BEFORE = "/var/lib/ull-metal/before/{role}.json"

Read = Callable[[Host], "str | None"]


@dataclass(frozen=True)
class Setting:
    """One knob: where it is read, how it is written, and what changing it costs.

    Args:
        name: ``role.key``, unique on a host.
        role: the role and tag that applies it.
        impact: one of ``live``, ``link``, ``drain``, ``reboot``.
        declared: what the plan wants; None when it should not be set.
        running: reads what the kernel does now.
        persisted: reads what the next boot will give; None where only its neighbour settings are persisted.
        write: makes the kernel do it now; None when only a boot can.
        restored: nothing declares it any more; ``declared`` is then the value from before the first converge.
        remedy: what to do when the kernel does not grant it.
        doc: what it does, one line.
        source: where the recommended value comes from.
    """

    name: str
    role: str
    impact: str
    declared: str | None
    running: Read
    persisted: Read
    write: Callable[[Host, str], None] | None = None
    restored: bool = False
    remedy: str = "see the kernel's log (dmesg) for the reason"
    doc: str = ""
    source: str = ""


@dataclass(frozen=True)
class State:
    """The three columns of one setting on one host."""

    name: str
    role: str
    impact: str
    declared: str | None
    persisted: str | None
    running: str | None
    doc: str = ""

    @property
    def status(self) -> str:
        """``in_sync``, ``pending_reboot`` (persisted, and a boot will bring it), or ``differs``."""
        if self.persisted != self.declared:
            return "differs"
        if self.running == self.declared:
            return "in_sync"
        return "pending_reboot" if self.impact == REBOOT else "differs"

    def as_dict(self) -> dict[str, Any]:
        """The columns and the status, for a module's result."""
        return {**asdict(self), "status": self.status}


@dataclass(frozen=True)
class Change:
    """What becomes of one file or one live value."""

    path: str
    before: str
    after: str


class Store(Protocol):
    """Where settings persist: a file, or the boot loader."""

    def changes(self, host: Host) -> list[Change]: ...
    def write(self, host: Host) -> None: ...
    def pending(self, host: Host) -> bool: ...


class Domain(Protocol):
    """What a role's slice of the plan means on a host."""

    role: str

    def settings(self, host: Host) -> list[Setting]: ...
    def stores(self, host: Host) -> list[Store]: ...
    def restore(self, host: Host, before: dict[str, str]) -> list[Setting]: ...
    def check(self, host: Host) -> None: ...


@dataclass(frozen=True)
class FileStore:
    """A whole file with one owner, and the commands that make its reader notice."""

    path: str
    content: str | None
    refresh: tuple[tuple[str, ...], ...] = ()

    def changes(self, host: Host) -> list[Change]:
        """The file's text before and after, when they differ."""
        before, after = host.text(self.path), self.content or ""
        same = before == after and host.exists(self.path) == (self.content is not None)
        return [] if same else [Change(self.path, before, after)]

    def write(self, host: Host) -> None:
        """Replace or remove the file, then tell its reader."""
        host.put(self.path, self.content)
        for argv in self.refresh:
            host.run(list(argv))

    def pending(self, host: Host) -> bool:
        """Whether a boot is still to come before it counts: its settings' states say that."""
        return False


@dataclass
class Outcome:
    """What a converge did, or in check mode would do."""

    states: list[State]
    changes: list[Change]
    boot_pending: bool

    @property
    def changed(self) -> bool:
        """Whether anything was, or would be, written."""
        return bool(self.changes)

    @property
    def reboot_required(self) -> bool:
        """Whether a boot is still to come before the kernel does what is persisted."""
        waiting = (state.persisted != state.running for state in self.states if state.impact == REBOOT)
        return self.boot_pending or any(waiting)

    def as_result(self) -> dict[str, Any]:
        """A module's result: states, diff and whether a reboot is needed."""
        return {
            "changed": self.changed,
            "states": [state.as_dict() for state in self.states],
            "reboot_required": self.reboot_required,
            "diff": [
                {"before_header": c.path, "after_header": c.path, "before": c.before, "after": c.after}
                for c in self.changes
            ],
        }


def observe(settings: Sequence[Setting], host: Host) -> list[State]:
    """Read the three states of every setting. What a restored setting persists is no longer ours to say."""
    return [
        State(
            s.name,
            s.role,
            s.impact,
            s.declared,
            s.declared if s.restored else s.persisted(host),
            s.running(host),
            s.doc,
        )
        for s in settings
    ]


def converge(domain: Domain, host: Host, check_mode: bool) -> Outcome:
    """Bring a host's persisted and live state to what the domain declares; write only what differs.

    Raises:
        UllError: the declaration does not fit the host (before anything is touched), or the kernel did not grant it.
    """
    domain.check(host)
    memory = Memory(host, domain.role)
    settings = domain.settings(host)
    named = {setting.name for setting in settings}
    settings += [s for s in domain.restore(host, memory.values) if s.name not in named]

    stores = domain.stores(host)
    stale = [(store, found) for store in stores if (found := store.changes(host))]
    live = [
        (s.write, s.declared, Change(s.name, f"{now}\n", f"{s.declared}\n"))
        for s in settings
        if s.write and s.declared is not None and (now := s.running(host)) != s.declared
    ]
    changes = [change for _store, found in stale for change in found] + [change for _write, _value, change in live]
    if check_mode:
        return Outcome(_predict(settings, host), changes, any(store.pending(host) for store in stores))

    memory.keep(settings)
    for store, _found in stale:
        store.write(host)
    for write, value, _change in live:
        write(host, value)
    states = observe(settings, host)
    _verify(states, settings, host)
    memory.forget(s.name for s, state in zip(settings, states) if s.restored and state.running == state.declared)
    return Outcome(states, changes, any(store.pending(host) for store in stores))


def _predict(settings: Sequence[Setting], host: Host) -> list[State]:
    """The states a real run would leave."""
    return [
        State(s.name, s.role, s.impact, s.declared, s.declared, s.declared if s.write else s.running(host), s.doc)
        for s in settings
    ]


def _verify(states: Sequence[State], settings: Sequence[Setting], host: Host) -> None:
    """Check what the kernel and the next boot really give, not what was written."""
    for state, setting in zip(states, settings):
        if setting.write and setting.declared is not None and state.running != setting.declared:
            raise UllError(
                f"the kernel granted {state.running!r}",
                host=host.name,
                variable=state.name,
                value=setting.declared,
                remedy=setting.remedy,
            )
        if state.persisted != state.declared:
            raise UllError(
                f"the next boot would give {state.persisted!r}",
                host=host.name,
                variable=state.name,
                value=state.declared,
                remedy="see what else writes this setting; the task's diff names the files",
            )


class Memory:
    """What ran before the first converge, kept on the host so that an undo can return to it."""

    def __init__(self, host: Host, role: str) -> None:
        self.host = host
        self.path = BEFORE.format(role=role)
        self.values = self._load(self.path)

    def keep(self, settings: Sequence[Setting]) -> None:
        """Note the running value of settings that are declared, and will be written live, for the first time."""
        fresh = {
            s.name: s.running(self.host) or ""
            for s in settings
            if s.write and not s.restored and s.name not in self.values
        }
        if fresh:
            self.values.update(fresh)
            self._save()

    def forget(self, names: Iterable[str]) -> None:
        """Drop what runs again as it did before."""
        gone = set(names)
        left = {name: value for name, value in self.values.items() if name not in gone}
        if left != self.values:
            self.values = left
            self._save()

    def _load(self, path: str) -> dict[str, str]:
        try:
            return dict(json.loads(self.host.text(path) or "{}"))
        except ValueError as damaged:
            raise UllError(
                f"{path} is damaged: {damaged}",
                host=self.host.name,
                variable=path,
                remedy="restore it from a backup, or remove it; an undo then does not know what was before",
            ) from damaged

    def _save(self) -> None:
        content = json.dumps(self.values, indent=1, sort_keys=True) + "\n" if self.values else None
        self.host.put(self.path, content)
