# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong, or worth knowing, about a declaration on a machine. Its kinds are in kinds.py."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from .errors import UllError
from .kinds import ERROR, KINDS, LEVELS, NOTE, WARNING, Kind

__all__ = ["ERROR", "KINDS", "LEVELS", "NOTE", "WARNING", "Finding", "Kind", "refuse"]


@dataclass(frozen=True)
class Finding:
    """One finding on one host.

    Args:
        id: a key of ``KINDS``.
        message: what is so, with the values.
        path: where in the declaration, e.g. ``ull_profile.hugepages[0].amount``.
        value: what stands there.
        remedy: what to do.
        host: inventory name.
    """

    id: str
    message: str
    path: str = ""
    value: Any = None
    remedy: str = ""
    host: str = ""

    @property
    def level(self) -> str:
        """``error``, ``warning`` or ``note``."""
        return KINDS[self.id].level

    def as_dict(self) -> dict[str, Any]:
        """For a plan: with level and explanation."""
        return {**asdict(self), "level": self.level, "why": KINDS[self.id].why}

    def as_error(self) -> UllError:
        """As the exception of those who must not go on."""
        return UllError(f"{self.message} ({self.id})", self.host, self.path, self.value, self.remedy)


def refuse(findings: Iterable[Finding]) -> None:
    """Raise the first error among the findings.

    Raises:
        UllError: one of them is an error.
    """
    for finding in findings:
        if finding.level == ERROR:
            raise finding.as_error()
