# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Findings grouped over hosts: the same one is said once, with all the hosts that have it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..finding import LEVELS


@dataclass
class Place:
    """Where in the declaration something stands, and on which hosts; the path is empty when it is nowhere."""

    path: str
    value: Any
    hosts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Path and value."""
        return self.path if self.value is None else f"{self.path} = {self.value!r}"


@dataclass
class Case:
    """What is said, word for word, of some places."""

    message: str
    remedy: str
    said: str
    accepted: str = ""
    places: list[Place] = field(default_factory=list)

    @property
    def hosts(self) -> list[str]:
        """Everyone concerned, once."""
        return list(dict.fromkeys(host for place in self.places for host in place.hosts))

    @property
    def text(self) -> str:
        """What is so; a message that names its host names it only where it is the only one."""
        return self.said if len(self.hosts) == 1 else self.message


@dataclass
class Problem:
    """All findings of one kind."""

    id: str
    level: str
    why: str
    cases: list[Case] = field(default_factory=list)

    @property
    def hosts(self) -> list[str]:
        """Everyone concerned, once."""
        return list(dict.fromkeys(host for case in self.cases for host in case.hosts))


def problems(findings: Iterable[Mapping[str, Any]]) -> list[Problem]:
    """Group findings, the gravest first, then those with most hosts."""
    made: dict[tuple[str, str], Problem] = {}
    cases: dict[tuple[str, ...], Case] = {}
    places: dict[tuple[str, ...], Place] = {}
    for found in findings:
        kind = (found["level"], found["id"])
        problem = made.setdefault(kind, Problem(found["id"], found["level"], found.get("why", "")))
        host, said, remedy, path = (str(found.get(key) or "") for key in ("host", "message", "remedy", "path"))
        message, value = _anonymous(said, host), found.get("value")
        accepted = _accepted(found.get("accepted"))
        key = (*kind, message, remedy, accepted)
        if key not in cases:
            cases[key] = Case(message, remedy, said, accepted)
            problem.cases.append(cases[key])
        place = (*key, path, repr(value))
        if place not in places:
            places[place] = Place(path, value)
            cases[key].places.append(places[place])
        if host not in places[place].hosts:
            places[place].hosts.append(host)
    return sorted(made.values(), key=lambda problem: (_rank(problem.level), -len(problem.hosts), problem.id))


def _accepted(entry: Any) -> str:
    """Why somebody answers for it, and until when."""
    if not isinstance(entry, Mapping):
        return ""
    return f"{entry.get('reason', '')} ({entry.get('level', 'finding')}, accepted until {entry.get('until', '?')})"


def _rank(level: str) -> int:
    return LEVELS.index(level) if level in LEVELS else len(LEVELS)


def _anonymous(message: str, host: str) -> str:
    """The message without the host's name, so that it is the same on all of them."""
    return re.sub(rf"(?<![\w.-]){re.escape(host)}(?![\w-]|\.\w)", "the host", message) if host else message
