# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether runs of today lie above those of the baseline: the exact test of Wilcoxon, Mann and Whitney.

U is the number of pairs in which the run of today is the greater one. If nothing has changed, every order of all runs is
as likely as any other, whatever the distribution, so P(U >= u) is a matter of counting (H. B. Mann, D. R. Whitney: On a
Test of Whether one of Two Random Variables is Stochastically Larger than the Other, 1947). The number of orders with U = u
is the coefficient of q^u in the Gaussian binomial [m+n over n] = prod (1 - q^(m+i)) / (1 - q^i), i = 1..n.

Ties count as "not greater": that can only raise P, so the test stays valid, and needs no correction.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache

from ..errors import UllError

# 240 against 240 takes half a second, once; more runs than that say nothing more.
_MOST_PAIRS = 60_000


def wins(baseline: Sequence[float], check: Sequence[float]) -> int:
    """U: pairs in which the run of today is greater than the run of the baseline."""
    ordered = sorted(baseline)
    return sum(bisect_left(ordered, value) for value in check)


def p_value(u: int, baseline: int, check: int) -> float:
    """P(U >= u) of so many runs if nothing has changed; exact."""
    pairs = baseline * check
    if not baseline or not check or not 0 <= u <= pairs:
        raise UllError(f"U = {u} is none of {baseline} runs against {check}")
    # the distribution is symmetric, and known up to its middle
    mirrored = pairs - u
    orders, total = _cumulated(min(baseline, check), max(baseline, check)), math.comb(baseline + check, check)
    if mirrored < len(orders):
        return orders[mirrored] / total
    return (total - orders[u - 1]) / total if u else 1.0


def least_p(baseline: int, check: int) -> float:
    """The smallest P that so many runs can reach: every run of today above every one of the baseline."""
    return 1 / math.comb(baseline + check, check) if baseline and check else 1.0


def ratio(baseline: Sequence[float], check: Sequence[float], confidence: float = 0.95) -> tuple[float, float, float]:
    """How many times the baseline today is: the estimate of Hodges and Lehmann, and its exact interval.

    The estimate is the median of all quotients of two runs; the interval are those quotients at which the test turns
    (J. L. Hodges, E. L. Lehmann: Estimates of Location Based on Rank Tests, 1963). All runs are above zero.
    """
    quotients = sorted(now / before for now in check for before in baseline)
    tail = (1 - confidence) / 2
    orders, total = _cumulated(*sorted((len(baseline), len(check)))), math.comb(len(baseline) + len(check), len(check))
    outside = bisect_left(orders, tail * total)
    middle = len(quotients) // 2
    centre = quotients[middle] if len(quotients) % 2 else math.sqrt(quotients[middle - 1] * quotients[middle])
    if not outside:
        return centre, 0.0, math.inf
    return centre, quotients[outside - 1], quotients[-outside]


@lru_cache(maxsize=64)
def _cumulated(fewer: int, more: int) -> tuple[int, ...]:
    """Orders with U <= 0, 1, 2 ... up to the middle.

    All coefficients stand in one large integer, each in a field wide enough for the largest, so that a step over all of
    them is one shift and one addition. Dividing by 1 - q^i is multiplying with (1 + q^i)(1 + q^2i)(1 + q^4i)...
    """
    if fewer * more > _MOST_PAIRS:
        raise UllError(f"{fewer} runs against {more} are too many", remedy="240 runs on either side are enough")
    last = fewer * more // 2
    size = math.comb(fewer + more, fewer).bit_length() // 8 + 1
    field, mask = size * 8, (1 << size * 8 * (last + 1)) - 1
    packed = 1
    for i in range(1, fewer + 1):
        if more + i <= last:
            packed = (packed - (packed << field * (more + i))) & mask
        step = i
        while step <= last:
            packed = (packed + (packed << field * step)) & mask
            step *= 2
    raw = packed.to_bytes(size * (last + 1), "little")
    found, total = [], 0
    for start in range(0, len(raw), size):
        total += int.from_bytes(raw[start : start + size], "little")
        found.append(total)
    return tuple(found)
