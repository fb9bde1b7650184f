# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Maintenance windows: weekly, in a place's own time, through midnight and through changes of the clock."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

from ..errors import UllError

VARIABLE = "ull_reboot_windows"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
KEYS = ("days", "start", "end", "timezone")

_TIME = re.compile(r"(\d\d?):(\d\d)")


def window(windows: Sequence[Mapping[str, Any]], now: datetime | float) -> dict[str, Any]:
    """Whether a window is open.

    Args:
        windows: each with ``days`` (``mon``, ``mon-fri``, or a list of such; every day by default), ``start`` and
            ``end`` (``22:00``; an end before the start is on the next day, one equal to it is a whole day later) and
            ``timezone`` (``UTC`` by default). A window belongs to the day on which it starts.
        now: an aware time, or seconds since 1970.

    Returns:
        ``open``; ``until``, when it closes; ``next``, when the next one opens (texts, empty where that is never). No
        windows at all are always open.
    """
    if not isinstance(now, datetime):
        now = datetime.fromtimestamp(now, timezone.utc)
    if not windows:
        return {"open": True, "until": "", "next": ""}
    spans = sorted(span for index, row in enumerate(windows) for span in _spans(row, f"{VARIABLE}[{index}]", now))
    around = [span for span in spans if span[0] <= now < span[1]]
    later = [span for span in spans if span[0] > now]
    until = max(around, key=lambda span: span[1])[1] if around else None
    return {"open": bool(around), "until": _text(until), "next": _text(later[0][0] if later else None)}


def _spans(row: Mapping[str, Any], path: str, now: datetime) -> list[tuple[datetime, datetime]]:
    """When the window is open, from the day before to nine days on: a week always holds the next one."""
    unknown = sorted(set(row) - set(KEYS))
    if unknown:
        raise _error(f"{path}.{unknown[0]}", row[unknown[0]], f"use {', '.join(KEYS)}", "unknown key")
    days = _days(row.get("days", list(DAYS)), f"{path}.days")
    start, end = (_time(row.get(key), f"{path}.{key}") for key in ("start", "end"))
    zone = _zone(row.get("timezone", "UTC"), f"{path}.timezone")
    today = now.astimezone(zone).date()
    dates = [today + timedelta(days=offset) for offset in range(-1, 9)]
    return [_span(day, start, end, zone) for day in dates if day.weekday() in days]


def _span(day: date, start: time, end: time, zone: Any) -> tuple[datetime, datetime]:
    """Its two ends. Of an hour that the clock shows twice, the window has both: its start is the first, its end the last."""
    last = day if end > start else day + timedelta(days=1)
    opens = datetime.combine(day, start, zone)
    closes = datetime.combine(last, end, zone).replace(fold=1)
    return opens.astimezone(timezone.utc), closes.astimezone(timezone.utc)


def _days(value: Any, path: str) -> set[int]:
    parts = value if isinstance(value, (list, tuple)) else str(value).split(",")
    found: set[int] = set()
    for part in parts:
        first, _dash, last = str(part).strip().lower().partition("-")
        if first not in DAYS or (last and last not in DAYS):
            raise _error(path, value, f"use {', '.join(DAYS)} or mon-fri", "this is no day")
        here, there = DAYS.index(first), DAYS.index(last or first)
        found.update(step % 7 for step in range(here, there + 1 + (7 if there < here else 0)))
    return found


def _time(value: Any, path: str) -> time:
    # YAML reads an unquoted 22:00 as 22 * 60, and 02:00 as a text.
    minutes = value if isinstance(value, int) and not isinstance(value, bool) else None
    matched = _TIME.fullmatch(str(value))
    if matched:
        minutes = int(matched[1]) * 60 + int(matched[2])
    if minutes is None or not 0 <= minutes < 24 * 60 or (matched and int(matched[2]) > 59):
        raise _error(path, value, 'write hours and minutes, as in "22:00"', "this is no time of day")
    return time(*divmod(minutes, 60))


def _zone(value: Any, path: str) -> Any:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError) as unknown:
        remedy = "use a name such as Europe/London; the controller needs the time zones (package tzdata)"
        raise _error(path, value, remedy, "this time zone is not known") from unknown


def _error(path: str, value: Any, remedy: str, message: str) -> UllError:
    return UllError(message, variable=path, value=value, remedy=remedy)


def _text(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC") if moment else ""
