# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Regions in a few lines of a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..finding import ERROR, WARNING
from ..view import table


def regions_text(plans: Mapping[str, Sequence[Mapping[str, Any]]], reports: Mapping[str, str]) -> str:
    """A line a region: its hosts, how many kinds of plans, where the topologies are from, what is wrong."""
    rows = []
    for name, own in plans.items():
        levels = [found["level"] for plan in own for found in plan["findings"]]
        gathered = sum(plan["source"] == "snapshot" for plan in own)
        rows.append(
            [
                name,
                len(own),
                len({plan["profile"] for plan in own}),
                gathered,
                sum(plan["source"] == "declared" for plan in own),
                levels.count(ERROR),
                levels.count(WARNING),
                reports.get(name, "-"),
            ]
        )
    head = ["region", "hosts", "classes", "gathered", "declared", "errors", "warnings", "report"]
    hosts = sum(len(own) for own in plans.values())
    errors = sum(row[5] for row in rows)
    verdict = f"{len(plans)} regions with {hosts} hosts planned offline; {errors or 'no'} error{'s' * (errors != 1)}"
    return f"{table(head, rows, 0)}\n\n{verdict}"
