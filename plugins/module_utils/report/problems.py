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
class Case:
    """One finding, word for word, on some hosts; ``places`` are the paths it concerns, each with its value."""

    message: str
    remedy: str
    places: list[tuple[str, Any]]
    said: str = ""
    hosts: list[str] = field(default_factory=list)

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
    for found in findings:
        kind = (found["level"], found["id"])
        problem = made.setdefault(kind, Problem(found["id"], found["level"], found.get("why", "")))
        host, said, remedy = (str(found.get(key) or "") for key in ("host", "message", "remedy"))
        place = (found.get("path") or "", found.get("value"))
        message = _anonymous(said, host)
        key = (*kind, message, remedy, *map(repr, place))
        if key not in cases:
            cases[key] = Case(message, remedy, [place] if place[0] else [], said)
            problem.cases.append(cases[key])
        if host not in cases[key].hosts:
            cases[key].hosts.append(host)
    for problem in made.values():
        problem.cases = _joined(problem.cases)
    return sorted(made.values(), key=lambda problem: (_rank(problem.level), -len(problem.hosts), problem.id))


def _joined(cases: Iterable[Case]) -> list[Case]:
    """What is said of several places on the same hosts, once with all the places."""
    made: dict[tuple[str, ...], Case] = {}
    for case in cases:
        first = made.setdefault((case.message, case.remedy, *case.hosts), case)
        if first is not case:
            first.places += case.places
    return list(made.values())


def _rank(level: str) -> int:
    return LEVELS.index(level) if level in LEVELS else len(LEVELS)


def _anonymous(message: str, host: str) -> str:
    """The message without the host's name, so that it is the same on all of them."""
    return re.sub(rf"(?<![\w.-]){re.escape(host)}(?![\w-]|\.\w)", "the host", message) if host else message
