# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A setting that this machine cannot have: said in all three columns, and nothing is written."""

from __future__ import annotations

from ..setting import LIVE, Setting

WORD = "not applicable"


def not_applicable(name: str, role: str, why: str, doc: str = "", source: str = "") -> Setting:
    """A row that says so, with the reason."""
    return Setting(
        name=name,
        role=role,
        impact=LIVE,
        declared=WORD,
        running=lambda host: WORD,
        persisted=lambda host: WORD,
        doc="; ".join(filter(None, [why, doc])),
        source=source,
    )
