# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One conflict: somebody else on the host who sets what the plan sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..finding import ERROR, Finding


@dataclass(frozen=True)
class Conflict:
    """Who it is, where, and what it is about.

    Args:
        id: what a policy names, e.g. ``tuned`` or ``sysctl``.
        kind: of finding.
        message: what is so, with the values.
        where: file and line, or a unit.
        settings: those of the plan that it sets too.
        remedy: what to do.
        unit: the unit that policy ``disable`` stops and disables; empty where there is none.
    """

    id: str
    kind: str
    message: str
    where: str
    settings: Sequence[str]
    remedy: str
    unit: str = ""

    @property
    def finding(self) -> Finding:
        """As a finding, to be shown like all others."""
        return Finding(self.kind, self.message, self.where, ", ".join(self.settings), self.remedy)

    @property
    def grave(self) -> bool:
        """Whether a run must not go on with it."""
        return self.finding.level == ERROR
