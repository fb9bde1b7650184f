# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The facts of a small region."""

from __future__ import annotations

from typing import Any

ZONES = ["a", "b", "c"]
DAY = {"days": ["mon"], "from": "09:00", "to": "17:00"}
FACTS = {
    "name": "x",
    "provider": "aws",
    "exchanges": [],
    "zones": ZONES,
    "time": {"ntp": ["a", "b", "c"]},
    "windows": {"timezone": "UTC", "trading": [DAY], "maintenance": []},
    "tags": {"Environment": "test", "Project": "p", "Team": "t", "CostCenter": "1", "Compliance": "none"},
}


def region(vpc: str = "10.0.0.0/16", **network: Any) -> dict[str, Any]:
    """The facts with these words of the network."""
    return {**FACTS, "network": {"vpc": vpc, **network}}
