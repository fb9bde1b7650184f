# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one exception for what a user declared wrongly or a host lacks."""

from __future__ import annotations

from typing import Any


class UllError(Exception):
    """Something the user can put right.

    Args:
        message: what is wrong, one sentence.
        host: inventory name of the host, where one is concerned.
        variable: path of the variable, e.g. ``ull_profile.hugepages[0]``.
        value: what it holds.
        remedy: what to do about it.
    """

    def __init__(self, message: str, host: str = "", variable: str = "", value: Any = None, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.host = host
        self.variable = variable
        self.value = value
        self.remedy = remedy

    def __str__(self) -> str:
        what = " = ".join(part for part in (self.variable, "" if self.value is None else repr(self.value)) if part)
        text = ": ".join(part for part in (f"host {self.host}" if self.host else "", what, self.message) if part)
        return f"{text.rstrip('.')}. Remedy: {self.remedy}" if self.remedy else text

    def as_dict(self) -> dict[str, Any]:
        """The parts by name, for a module's ``fail_json``."""
        return {
            "host": self.host,
            "variable": self.variable,
            "value": self.value,
            "remedy": self.remedy,
        }
