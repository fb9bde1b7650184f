# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the parsers share: text and JSON of instruments read strictly, and the one way to say that it is broken."""

from __future__ import annotations

import json
import math
import re
import shlex
from collections.abc import Mapping
from typing import Any

from ...errors import UllError
from ..histogram import Histogram

# A day in nanoseconds has 14 digits.
_MOST_DIGITS = 18
_ESCAPE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_TIME = re.compile(r"(\d{1,6}) (\d\d):(\d\d):(\d\d)", re.ASCII)


class Broken:
    """Makes the error of one instrument's output."""

    def __init__(self, instrument: str) -> None:
        self.instrument = instrument

    def __call__(self, message: str, value: Any = None, remedy: str = "") -> UllError:
        """The exception to raise."""
        text = None if value is None else repr(value)
        short = text if text is None or len(text) <= 80 else text[:77] + "..."
        return UllError(
            f"the output of {self.instrument} is not whole: {message}",
            variable=f"{self.instrument} output",
            value=short,
            remedy=remedy or "run it to its end, and keep all of its output, the last line's end included",
        )

    def number(self, text: Any, what: str) -> int:
        """A whole number that is not negative."""
        digits = str(text).strip()
        if not digits.isascii() or not digits.isdigit() or len(digits) > _MOST_DIGITS:
            raise self(f"{what} is no number", text)
        return int(digits)

    def real(self, text: Any, what: str) -> float:
        """A number that is finite and not negative."""
        try:
            value = float(text)
        except (TypeError, ValueError):
            value = math.nan
        if isinstance(text, bool) or not 0 <= value < 10**_MOST_DIGITS:
            raise self(f"{what} is no number", text)
        return value

    def whole(self, value: Any, what: str) -> int:
        """A whole number of JSON that is not negative."""
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 10**_MOST_DIGITS:
            raise self(f"{what} is no number", value)
        return value

    def json(self, text: str) -> dict[str, Any]:
        """The object that a JSON text is."""
        try:
            said = json.loads(text)
        except (ValueError, RecursionError) as bad:
            raise self(f"this is no JSON ({bad.__class__.__name__})", text[:60]) from bad
        if not isinstance(said, dict):
            raise self("this is no JSON object", text[:60])
        return said

    def mapping(self, said: Mapping[str, Any], key: str) -> dict[str, Any]:
        """A key that holds an object."""
        value = said.get(key)
        if not isinstance(value, dict):
            raise self(f"{key} is missing", value)
        return value

    def threads(self, said: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The threads of a result of rt-tests, as many as it says there are."""
        threads = self.mapping(said, "thread")
        if len(threads) != self.whole(said.get("num_threads"), "num_threads") or not threads:
            raise self(f"{len(threads)} threads are there", said.get("num_threads"))
        return [self.mapping(threads, key) for key in threads]

    def finished(self, said: Mapping[str, Any]) -> None:
        """Refuse the result of a run that failed."""
        code = said.get("return_code", 0)
        if code != 0:
            raise self("the run failed", code, "look at what it wrote to its standard error")

    def same(self, counted: int, said: int, what: str) -> None:
        """Refuse a sum that is not what the instrument says it is."""
        if counted != said:
            raise self(f"{what} are {counted} in the rows, and {said} in the summary")

    def extremes(self, histogram: Histogram, low: int | None, high: int | None) -> None:
        """Set the extremes of a histogram, in ns, unless they contradict its rows."""
        if low is not None and high is not None and low > high:
            raise self(f"the minimum {low} is above the maximum {high} ns")
        rows = histogram.rows()
        limit = max(histogram.over, default=None)
        if rows and high is not None and high < rows[-1][0]:
            raise self(f"the maximum {high} ns is below a sample of {rows[-1][0]} ns")
        if limit is not None and high is not None and high < limit:
            raise self(f"the maximum {high} ns is below the {limit} ns that samples are above")
        if rows and low is not None and low >= rows[0][1]:
            raise self(f"the minimum {low} ns is above a sample of {rows[0][0]} ns")
        histogram.min_ns, histogram.max_ns = low, high


def command(said: Mapping[str, Any]) -> str:
    """The command line of a result of rt-tests, whose keys end in a colon."""
    for key in ("cmdline:", "cmdline"):
        if isinstance(said.get(key), str):
            return str(said[key])
    return ""


def option(line: str, short: str, long: str) -> str | None:
    """Value of an option on a command line: ``-h 5``, ``-h5``, ``--histogram 5`` or ``--histogram=5``; else None."""
    try:
        words = shlex.split(line)
    except ValueError:
        return None
    for place, word in enumerate(words):
        if word in (f"-{short}", f"--{long}"):
            return words[place + 1] if place + 1 < len(words) else ""
        if word.startswith(f"--{long}="):
            return word.partition("=")[2]
        if word.startswith(f"-{short}") and not word.startswith("--") and len(word) > 2:
            return word[2:]
    return None


def lines(text: str) -> list[str]:
    """Whole lines, without colours and without white space at their end.

    A last line that has no end may be cut off in the middle of a number, so it is not read.
    """
    whole = text.rpartition("\n")[0]
    return [line.rstrip() for line in _ESCAPE.sub("", whole).splitlines()]


def seconds(text: str) -> int | None:
    """Seconds of rtla's ``0 00:00:05``."""
    match = _TIME.search(text)
    if not match:
        return None
    days, hours, minutes, rest = (int(part) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + rest
