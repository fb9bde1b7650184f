# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files that every CPU, or every group of CPUs, has one of: read and written together, as one value.

The value is a word when all agree, else e.g. ``performance on 0-3; powersave on 4-7``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ..cpuset import CpuSet
from ..host import Host

Members = Sequence["tuple[CpuSet, str]"]

_PART = re.compile(r"(.+) on ([0-9,-]+)\Z")


def summary(values: Sequence[tuple[CpuSet, str]]) -> str:
    """Values by CPUs as one text; the value of the lowest CPU first."""
    by_value: dict[str, CpuSet] = {}
    for cpus, value in values:
        by_value[value] = by_value.get(value, CpuSet()) | cpus
    if len(by_value) == 1:
        return next(iter(by_value))
    return "; ".join(f"{value} on {cpus}" for value, cpus in by_value.items())


def value_of(text: str, cpus: CpuSet) -> str | None:
    """What a summary says of some CPUs; None when it says nothing, as of a CPU that came online since."""
    for part in text.split("; "):
        match = _PART.match(part)
        if not match:
            return part
        if cpus.first in CpuSet.parse(match[2]):
            return match[1]
    return None


def read(host: Host, members: Members, meaning: Callable[[str], str]) -> str:
    """The value of all members together."""
    return summary([(cpus, meaning(host.read(path) or "")) for cpus, path in members])


def write(host: Host, members: Members, meaning: Callable[[str], str], text: str) -> None:
    """Write to each member what the summary says of it, where that is not so yet."""
    for cpus, path in members:
        value = value_of(text, cpus)
        if value is not None and meaning(host.read(path) or "") != value:
            host.poke(path, value)
