# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names of many hosts in few words: ``engine1 … engine40``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

# nine digits: Python refuses to convert some thousands of them
_NUMBERS = re.compile(r"([0-9]{1,9})")


def natural(name: str) -> list[Any]:
    """Sort key by which engine2 stands before engine10."""
    parts: list[Any] = _NUMBERS.split(name)
    parts[1::2] = [(int(digits), digits) for digits in parts[1::2]]
    return parts


def fold(names: Iterable[str], limit: int = 0) -> str:
    """The names in natural order, three and more in a row as first and last; behind ``limit`` entries only a count."""
    runs: list[list[str]] = []
    for name in sorted(set(names), key=natural):
        if runs and _follows(runs[-1][-1], name):
            runs[-1].append(name)
        else:
            runs.append([name])
    shown = [words for run in runs for words in ([f"{run[0]} … {run[-1]}"] if len(run) > 2 else run)]
    if limit and len(shown) > limit:
        return f"{', '.join(shown[:limit])} and {len(shown) - limit} more"
    return ", ".join(shown)


def count(number: int, word: str) -> str:
    """``1 host``, ``2 hosts``."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _follows(before: str, name: str) -> bool:
    """Whether the names are the same but for one number, which is the next one."""
    old, new = _NUMBERS.split(before), _NUMBERS.split(name)
    differ = [place for place, (a, b) in enumerate(zip(old, new)) if a != b]
    if len(old) != len(new) or len(differ) != 1 or differ[0] % 2 == 0:
        return False
    digits = old[differ[0]]
    return new[differ[0]] == str(int(digits) + 1).zfill(len(digits))
