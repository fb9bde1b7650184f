# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Many tests at once: which of them may be believed.

Holm keeps the chance of *any* false alarm at a level, whatever the tests have to do with each other (S. Holm: A Simple
Sequentially Rejective Multiple Test Procedure, 1979): for what wakes somebody up. Benjamini and Hochberg keep the expected
*share* of false ones among those named (Controlling the False Discovery Rate, 1995): for a list to look at.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)


def holm(p_values: Mapping[Key, float], level: float, tests: int = 0) -> set[Key]:
    """The keys whose test is significant.

    Args:
        p_values: of the tests that were made.
        level: chance of any false one.
        tests: all tests there might have been, where more than these; those not made count as not significant.
    """
    total = max(tests, len(p_values))
    found: set[Key] = set()
    for key in sorted(p_values, key=lambda each: p_values[each]):
        if p_values[key] > level / (total - len(found)):
            break
        found.add(key)
    return found


def benjamini_hochberg(p_values: Mapping[Key, float], level: float, tests: int = 0) -> set[Key]:
    """The keys to name, of which a share of ``level`` is expected to be false; ``tests`` as with Holm."""
    total = max(tests, len(p_values))
    ordered = sorted(p_values, key=lambda each: p_values[each])
    last = 0
    for place, key in enumerate(ordered, start=1):
        if p_values[key] <= level * place / total:
            last = place
    return set(ordered[:last])
