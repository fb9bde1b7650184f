# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Findings that an owner answers for: accepted by id, with a reason and an end. Nothing here asks for the date."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from fnmatch import fnmatchcase
from typing import Any

from .errors import UllError
from .finding import Finding
from .json_schema import nearest
from .kinds import ACCEPTED, KINDS, NOTE

VARIABLE = "ull_accepted_findings"
_KEYS = ("id", "reason", "until", "hosts")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_EXAMPLE = "e.g. {id: nic-mtu-too-large, reason: new NICs are ordered, until: 2027-01-31}"


def accept(findings: Iterable[Mapping[str, Any]], accepted: Any, host: str, today: str) -> list[dict[str, Any]]:
    """The findings, those that are accepted with that level, and what is wrong with the acceptances.

    Args:
        findings: as a plan holds them.
        accepted: entries ``{id, reason, until, hosts}``; ``hosts`` is a name with ``*`` and ``?``, by default all.
        host: inventory name.
        today: as 2027-01-31; an entry holds up to and with its ``until``.
    """
    now = date.fromisoformat(today)
    valid, wrong = _read(accepted, host)
    made = [_judge(finding, valid, now) for finding in findings]
    wrong += [_refused(entry, path) for entry, path in valid if not KINDS[entry["id"]].acceptable]
    wrong += [_expired(entry, path) for entry, path in valid if entry["until"] < now and _used(entry, made)]
    return made + [{**finding.as_dict(), "host": host} for finding in wrong]


def _read(accepted: Any, host: str) -> tuple[list[tuple[dict[str, Any], str]], list[Finding]]:
    """The entries for this host that are whole, each with its path; and what is wrong with the others."""
    valid, wrong = [], []
    if not isinstance(accepted, (list, tuple)):
        return [], [Finding("acceptance-invalid", "this should be a list", VARIABLE, accepted, _EXAMPLE)]
    for index, entry in enumerate(accepted):
        path = f"{VARIABLE}[{index}]"
        try:
            read = _entry(entry, path)
        except UllError as bad:
            wrong.append(Finding("acceptance-invalid", bad.message, bad.variable, bad.value, bad.remedy))
            continue
        if fnmatchcase(host, read["hosts"]):
            valid.append((read, path))
    return valid, wrong


def _entry(entry: Any, path: str) -> dict[str, Any]:
    if not isinstance(entry, Mapping):
        raise UllError("this should be a mapping", variable=path, value=entry, remedy=_EXAMPLE)
    for key in entry:
        if key not in _KEYS:
            remedy = nearest(str(key), list(_KEYS)) or f"known are {', '.join(_KEYS)}"
            raise UllError(f"there is no {key!r}", variable=f"{path}.{key}", value=entry[key], remedy=remedy)
    if entry.get("id") not in KINDS:
        remedy = nearest(str(entry.get("id")), list(KINDS)) or "see docs/findings.md"
        raise UllError("there is no such finding", variable=f"{path}.id", value=entry.get("id"), remedy=remedy)
    for key in ("reason", "hosts"):
        if not isinstance(entry.get(key, "*" if key == "hosts" else None), str) or not entry.get(key, "*").strip():
            raise UllError(f"{key} is missing", variable=f"{path}.{key}", value=entry.get(key), remedy=_EXAMPLE)
    return {"id": entry["id"], "reason": entry["reason"], "hosts": entry.get("hosts", "*"), "until": _day(entry, path)}


def _day(entry: Mapping[str, Any], path: str) -> date:
    """YAML reads 2027-01-31 as a date; JSON and extra variables give a text."""
    said = entry.get("until")
    try:
        # the text of a date and of a time begins with the day
        text = str(said)[:10]
        if said is None or not _DAY.match(text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise UllError("until is no day", variable=f"{path}.until", value=said, remedy=_EXAMPLE) from None


def _judge(finding: Mapping[str, Any], valid: list[tuple[dict[str, Any], str]], now: date) -> dict[str, Any]:
    for entry, _path in valid:
        acceptable = KINDS[entry["id"]].acceptable and finding["level"] != NOTE
        if entry["id"] == finding["id"] and acceptable and entry["until"] >= now:
            said = {"reason": entry["reason"], "until": entry["until"].isoformat(), "level": finding["level"]}
            message = f"{finding['message']} (accepted until {said['until']}: {said['reason']})"
            return {**finding, "message": message, "level": ACCEPTED, "accepted": said}
    return dict(finding)


def _used(entry: Mapping[str, Any], findings: list[dict[str, Any]]) -> bool:
    return any(finding["id"] == entry["id"] and finding["level"] != ACCEPTED for finding in findings)


def _refused(entry: Mapping[str, Any], path: str) -> Finding:
    message = f"{entry['id']} cannot be accepted"
    remedy = KINDS[entry["id"]].remedy
    return Finding("acceptance-refused", message, f"{path}.id", entry["id"], remedy)


def _expired(entry: Mapping[str, Any], path: str) -> Finding:
    until = entry["until"].isoformat()
    message = f"{entry['id']} was accepted until {until}: {entry['reason']}"
    return Finding("acceptance-expired", message, f"{path}.until", until, "remove the cause, or accept it anew")
