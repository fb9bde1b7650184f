# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The same topology in fewer bytes, for machines so large that the full form weighs on every task.

A CPU's row takes some 85 bytes, 65 of them the names of its keys: 256 rows cannot stay under 16 KiB. Where a topology
is larger than that, keys leave the rows, in the order of ``ORDER`` and no more of them than needed, and stand once for
all CPUs in ``left_out``: ``{"online": [[true, "0-255"]]}``. ``complete`` puts them back, exactly.
"""

from __future__ import annotations

import json
from typing import Any

from ..cpuset import CpuSet

LIMIT = 16 * 1024
# Those first that save most: nearly all CPUs are online, and siblings say the same on each row of a core.
ORDER = ("online", "siblings", "package", "node", "l3", "core")
_ROW = ("id", "package", "core", "siblings", "node", "l3", "online", "kind", "capacity")


def size(topology: dict[str, Any]) -> int:
    """How many bytes the topology takes as JSON."""
    return len(json.dumps(topology, separators=(",", ":")).encode())


def compact(topology: dict[str, Any], limit: int = LIMIT) -> dict[str, Any]:
    """The topology in at most ``limit`` bytes, or as near as can be; unchanged where it is as small already."""
    small = topology
    for count, _key in enumerate(ORDER, 1):
        if size(small) <= limit:
            break
        small = _leave_out(topology, ORDER[:count])
    return small


def complete(topology: dict[str, Any]) -> dict[str, Any]:
    """The full form: every CPU's row with all its keys. Takes either form, and changes neither."""
    extra: dict[int, dict[str, Any]] = {row["id"]: {} for row in topology["cpus"]}
    for key, groups in topology.get("left_out", {}).items():
        for value, cpus in groups:
            for cpu in CpuSet.parse(cpus):
                extra[cpu][key] = value
    rows = [{**row, **extra[row["id"]]} for row in topology["cpus"]]
    whole = {key: value for key, value in topology.items() if key != "left_out"}
    return {**whole, "cpus": [{key: row[key] for key in _ROW if key in row} for row in rows]}


def _leave_out(topology: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    cpus = topology["cpus"]
    rows = [{key: value for key, value in row.items() if key not in keys} for row in cpus]
    return {**topology, "cpus": rows, "left_out": {key: _groups(key, cpus) for key in keys}}


def _groups(key: str, cpus: list[dict[str, Any]]) -> list[list[Any]]:
    """The values of a key, each with the CPUs that have it."""
    found: dict[Any, list[int]] = {}
    for row in cpus:
        found.setdefault(row[key], []).append(row["id"])
    return [[value, str(CpuSet(members))] for value, members in found.items()]
