# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Quantiles of a sample with distribution-free confidence intervals, refused where the sample is too small for them.

How many of n samples lie below the true q-quantile is binomial (n, q), whatever the distribution; so two order statistics
enclose it with a confidence that the binomial gives (H. A. David, H. N. Nagaraja: Order Statistics, 3rd ed., 7.1;
W. J. Conover: Practical Nonparametric Statistics, 3rd ed., 3.2). For distributions with ties it is kept or exceeded.
The largest of n samples is above the q-quantile with confidence 1 - q^n, which is the smallest sample that says anything.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..errors import UllError
from . import binomial
from .histogram import Histogram, Value

CONFIDENCE = 0.95
_NAME = re.compile(r"p(\d{1,3}(?:\.\d{1,9})?)\Z", re.ASCII)
# What is shown, and stands in baselines.
SHOWN = ("p50", "p90", "p99", "p99.9", "p99.99", "p99.999")


def share(name: str) -> float:
    """0.999 of ``p99.9``.

    Raises:
        UllError: this names no quantile.
    """
    match = _NAME.match(name) if isinstance(name, str) else None
    percent = float(match[1]) if match else 0.0
    if not 0 < percent < 100:
        raise UllError("this is no quantile", variable="quantile", value=name, remedy="write e.g. p99 or p99.9")
    # 99.9 / 100 is 0.9990000000000001
    return round(percent / 100, 12)


def needed(q: float, confidence: float = CONFIDENCE) -> int:
    """Samples that a one-sided upper bound of the q-quantile takes: the least n with 1 - q^n >= confidence."""
    n = math.ceil(math.log1p(-confidence) / math.log(q))
    # rounding of the logarithms may be off by one in either direction
    while n > 1 and 1 - q ** (n - 1) >= confidence:
        n -= 1
    return n if 1 - q**n >= confidence else n + 1


def rank(q: float, n: int) -> int:
    """Rank of the sample quantile: the least sample below or at which a share of q lies."""
    # the product of 0.999 and 1000 is 999.0000000000001 nowhere, but of 0.07 and 100 it is
    return min(max(math.ceil(q * n - 1e-9), 1), n)


def interval_ranks(q: float, n: int, confidence: float = CONFIDENCE) -> tuple[int | None, int | None]:
    """Ranks of the two samples that enclose the true q-quantile; None where the sample is too small for that side."""
    tail = (1 - confidence) / 2
    return lower_rank(q, n, 1 - tail), upper_rank(q, n, 1 - tail)


@lru_cache(maxsize=1024)
def lower_rank(q: float, n: int, confidence: float = CONFIDENCE) -> int | None:
    """The greatest rank whose sample is at or below the q-quantile with this confidence."""
    found = binomial.least_reaching(1 - confidence, n, q)
    # P(X <= found - 1) < 1 - confidence, so the sample of rank `found` will do, and the next only if it is equal
    if binomial.cdf(found, n, q) <= 1 - confidence:
        found += 1
    return found if found >= 1 else None


@lru_cache(maxsize=1024)
def upper_rank(q: float, n: int, confidence: float = CONFIDENCE) -> int | None:
    """The least rank whose sample is at or above the q-quantile with this confidence."""
    found = binomial.least_reaching(confidence, n, q) + 1
    return found if found <= n else None


@dataclass(frozen=True)
class Quantile:
    """A quantile of one histogram.

    Args:
        name: as ``p99.9``.
        value: the sample quantile.
        low: with 97.5 % confidence the true one is not below; None where the sample cannot say.
        high: with 97.5 % confidence the true one is not above; None where the sample cannot say.
        bound: with 95 % confidence, one-sided, the true one is not above.
    """

    name: str
    value: Value
    low: Value | None
    high: Value | None
    bound: Value

    def as_dict(self) -> dict[str, Any]:
        """For JSON; ``above`` stands where the value is only known to be above ``ns``."""
        made: dict[str, Any] = {"ns": self.value.low_ns}
        if self.value.above:
            made["above"] = True
        made["interval_ns"] = [self.low and self.low.low_ns, None if self.high is None else self.high.high_ns]
        return made


def quantile(histogram: Histogram, name: str, confidence: float = CONFIDENCE) -> Quantile:
    """A quantile with its intervals.

    Raises:
        UllError: the sample is too small for a one-sided bound.
    """
    q, n = share(name), histogram.count
    least = needed(q, confidence)
    if n < least:
        raise UllError(
            f"{n:,} samples are too few for {name}",
            variable="samples",
            value=n,
            remedy=f"a one-sided {confidence:.0%} bound of {name} takes {least:,} samples: measure longer",
        )
    low, high = interval_ranks(q, n, confidence)
    ranks = [rank(q, n), low or 1, high or n, upper_rank(q, n, confidence) or n]
    value, below, above, bound = histogram.at_ranks(ranks)
    return Quantile(name, value, below if low else None, above if high else None, bound)


def quantiles(histogram: Histogram, names: tuple[str, ...] = SHOWN) -> dict[str, Quantile]:
    """Those of the named quantiles that the sample is large enough for."""
    return {name: quantile(histogram, name) for name in names if histogram.count >= needed(share(name))}


def values(histogram: Histogram, names: tuple[str, ...] = SHOWN) -> dict[str, Value]:
    """The same without intervals, for the gate: it is over runs, and each run is one number."""
    n = histogram.count
    known = [name for name in names if n >= needed(share(name))]
    return dict(zip(known, histogram.at_ranks([rank(share(name), n) for name in known])))
