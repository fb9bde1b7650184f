# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sizes in the words of people (``16 GiB``, ``2M``) and of the kernel (``2M``, ``1G``, ``2048kB``). All are binary."""

from __future__ import annotations

import re

from .errors import UllError

_FACTORS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_SIZE = re.compile(r"(\d+)\s*([KMGT]?)(?:i?B)?\Z", re.IGNORECASE | re.ASCII)


def parse_size(text: str | int, variable: str = "") -> int:
    """Bytes of a size.

    Raises:
        UllError: the text is no size.
    """
    match = _SIZE.match(str(text).strip())
    if not match:
        raise UllError("this is not a size", variable=variable, value=text, remedy="write e.g. 512 MiB or 16 GiB")
    return int(match[1]) * _FACTORS[match[2].upper()]


def short(size: int) -> str:
    """The kernel's short form, e.g. ``2M``, ``1G``; the largest unit that divides the size."""
    for unit in ("T", "G", "M", "K"):
        if size and size % _FACTORS[unit] == 0:
            return f"{size // _FACTORS[unit]}{unit}"
    return str(size)


def human(size: int) -> str:
    """For people, e.g. ``3.8 GiB``."""
    for unit in ("T", "G", "M", "K"):
        if size >= _FACTORS[unit]:
            return f"{size / _FACTORS[unit]:.4g} {unit}iB"
    return f"{size} B"
