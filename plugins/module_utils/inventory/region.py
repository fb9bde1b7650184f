# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The facts of a region: whether they are whole, by the schema and beyond it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..finding import Finding
from ..json_schema import nearest, validate
from .region_schema import DAYS, SCHEMA, VARIABLE
from .source import Variable

_IDS = {"profile-unknown-key": "region-unknown-key", "profile-bad-value": "region-bad-value"}
_PART = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
_DAY = 24 * 60
_WEEK = 7 * _DAY


def keys_of(path: str) -> tuple[Any, ...]:
    """``ull_region.network.peers[0].cidr`` as the keys below the variable."""
    return tuple(int(index) if index else word for index, word in _PART.findall(path))[1:]


def located(finding: Finding, variable: Variable) -> Finding:
    """The finding with the file and line of what it is about."""
    value = finding.value if isinstance(finding.value, (str, int, float, bool)) else None
    return replace(finding, path=f"{variable.place(*keys_of(finding.path))} {finding.path}", value=value)


def schema_findings(said: Variable) -> list[Finding]:
    """What the schema finds."""
    found = []
    for one in validate(said.value, SCHEMA, VARIABLE):
        message = "this is not as the schema has it" if "language of profiles" in one.message else one.message
        found.append(located(replace(one, id=_IDS[one.id], message=message), said))
    return found


def fact_findings(said: Variable, name: str, regions: Sequence[str]) -> Iterator[Finding]:
    """What no schema can say of facts that it found to be whole.

    Args:
        said: the variable.
        name: the folder's name.
        regions: the names of all regions.
    """
    facts = said.value

    def wrong(kind: str, message: str, remedy: str, *keys: Any) -> Finding:
        path = VARIABLE + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
        value: Any = facts
        for key in keys:
            value = (
                value[key] if isinstance(value, (list, Mapping)) and (isinstance(key, int) or key in value) else None
            )
        return located(Finding(kind, message, path, value, remedy), said)

    if facts["name"] != name:
        yield wrong("region-name", f"the folder is {name!r}", f"write name: {name}, or rename the folder", "name")
    if len(facts["zones"]) < 3:
        message = f"{len(facts['zones'])} zones: a quorum that outlives the loss of a zone needs three"
        yield wrong("zone-spread", message, "name three zones", "zones")
    for index, zone in enumerate(facts["zones"]):
        if zone in facts["zones"][:index]:
            yield wrong("region-bad-value", f"{zone} is said twice", "name each zone once", "zones", index)
    yield from _exchanges(facts, wrong)
    yield from _recovery(facts, name, regions, wrong)
    yield from _time(facts["time"], wrong)
    yield from _windows(facts["windows"], wrong)


def _exchanges(facts: Mapping[str, Any], wrong: Any) -> Iterator[Finding]:
    for key in ("exchange_budget_ns", "exchange_link"):
        if facts["exchanges"] and key not in facts:
            message = f"{key} is missing, and the region has exchanges"
            yield wrong("budget-missing", message, "e.g. exchange_budget_ns: 10000 and exchange_link: 10G", "exchanges")
        elif not facts["exchanges"] and key in facts:
            yield wrong("region-bad-value", "the region has no exchanges", "remove it, or name the exchanges", key)


def _recovery(facts: Mapping[str, Any], name: str, regions: Sequence[str], wrong: Any) -> Iterator[Finding]:
    other = facts.get("recovers", "")
    if other and (other == name or other not in regions):
        remedy = nearest(other, [each for each in regions if each != name]) or "name another region"
        yield wrong("region-bad-value", "there is no such other region", remedy, "recovers")


def _time(time: Mapping[str, Any], wrong: Any) -> Iterator[Finding]:
    """Of two clocks that differ nobody knows which one is wrong (RFC 5905 wants a majority)."""
    if len(time["ntp"]) < 3 and time.get("ptp", "none") == "none":
        message = f"{len(time['ntp'])} NTP servers and no PTP: of two that differ nobody knows which one is wrong"
        yield wrong("time-sources-few", message, "name three servers, or say ptp: phc or network", "time", "ntp")


def _windows(windows: Mapping[str, Any], wrong: Any) -> Iterator[Finding]:
    trading = [minutes for window in windows["trading"] for minutes in spans(window)]
    for key in ("trading", "maintenance"):
        for index, window in enumerate(windows[key]):
            if not window["days"]:
                yield wrong(
                    "region-bad-value",
                    "the window has no days",
                    f"name some of {', '.join(DAYS)}",
                    "windows",
                    key,
                    index,
                )
            doubled = [day for day, number in Counter(window["days"]).items() if number > 1]
            if doubled:
                yield wrong(
                    "region-bad-value", f"{doubled[0]} is said twice", "name it once", "windows", key, index, "days"
                )
    for index, window in enumerate(windows["maintenance"]):
        clash = next((span for span in spans(window) for other in trading if _meet(span, other)), None)
        if clash:
            day = DAYS[clash[0] // _DAY % 7]
            message = f"maintenance on {day} from {window['from']} to {window['to']} is while the region trades"
            yield wrong("window-in-trading", message, "move it to when nothing trades", "windows", "maintenance", index)


def spans(window: Mapping[str, Any]) -> Iterator[tuple[int, int]]:
    """The window's minutes of the week; one that goes beyond Sunday begins the week too."""
    begin, end = _minutes(window["from"]), _minutes(window["to"])
    length = (end - begin) % _DAY or _DAY
    for day in window["days"]:
        start = DAYS.index(day) * _DAY + begin
        yield start, start + length
        if start + length > _WEEK:
            yield 0, start + length - _WEEK


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _meet(span: tuple[int, int], other: tuple[int, int]) -> bool:
    return span[0] < other[1] and other[0] < span[1]
