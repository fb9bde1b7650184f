# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The same topology in fewer bytes, for machines so large that the full form weighs on every task.

A CPU's row takes some 95 bytes, 78 of them the names of its keys and what JSON puts around them: 256 rows cannot stay
under 16 KiB. Where a topology is larger than that, keys leave the rows, in the order of ``ORDER`` and no more of them
than needed, and stand once for all rows in ``left_out``, each value with the places in the list that have it:
``{"cpus": {"online": [[true, "0-255"]]}}``. ``complete`` puts them back, exactly.
"""

from __future__ import annotations

import json
from typing import Any

from ..cpuset import CpuSet

LIMIT = 16 * 1024
# Those first that save most and are missed least: nearly all CPUs are online, siblings are the same on a core's rows.
ORDER = (
    *(("cpus", key) for key in ("online", "siblings", "package", "node", "l3", "core")),
    *(("nics", key) for key in ("sriov_total", "sriov_num", "max_mtu", "queues", "up", "speed", "mtu", "kind", "pf")),
)


def size(topology: dict[str, Any]) -> int:
    """How many bytes the topology takes as JSON, written as Ansible does, with spaces."""
    return len(json.dumps(topology))


def compact(topology: dict[str, Any], limit: int = LIMIT) -> dict[str, Any]:
    """The topology in at most ``limit`` bytes, or as near as can be; unchanged where it is as small already."""
    small = topology
    for part, key in ORDER:
        if size(small) <= limit:
            break
        small = _leave_out(small, part, key)
    return small


def complete(topology: dict[str, Any]) -> dict[str, Any]:
    """The full form: every row with all its keys. Takes either form, and changes neither."""
    whole = {key: value for key, value in topology.items() if key != "left_out"}
    for part, keys in topology.get("left_out", {}).items():
        rows = [dict(row) for row in topology[part]]
        for key, groups in keys.items():
            for value, places in groups:
                for place in CpuSet.parse(places):
                    rows[place][key] = value
        whole[part] = rows
    return whole


def _leave_out(topology: dict[str, Any], part: str, key: str) -> dict[str, Any]:
    groups: dict[Any, list[int]] = {}
    for place, row in enumerate(topology[part]):
        groups.setdefault(row[key], []).append(place)
    values = [[value, str(CpuSet(places))] for value, places in groups.items()]
    before = topology.get("left_out", {})
    return {
        **topology,
        part: [{name: value for name, value in row.items() if name != key} for row in topology[part]],
        "left_out": {**before, part: {**before.get(part, {}), key: values}},
    }
