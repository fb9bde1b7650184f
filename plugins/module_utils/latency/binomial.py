# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The binomial distribution for any number of trials, to the precision of floating point.

The mass is C. Loader's saddle-point form ("Fast and Accurate Computation of Binomial Probabilities", 2000, as in R's
dbinom): log-gammas of large numbers would cancel digits. A tail is summed from its largest term outwards; that is the
regularised incomplete beta function, P(X >= k) = I_p(k, n - k + 1), with positive terms only.
"""

from __future__ import annotations

import math
from statistics import NormalDist

# Terms below this share of the sum do not change it.
_SMALL = 1e-18
# Rounding of a cdf and of a few terms added to it is below this.
_CLOSE = 1e-12


def mass(k: int, n: int, p: float) -> float:
    """P(X = k) of n trials that succeed with probability p."""
    if not 0 <= k <= n:
        return 0.0
    if p in (0.0, 1.0):
        return float(k == n * p)
    if k in (0, n):
        return math.exp(n * (math.log(p) if k else math.log1p(-p)))
    exponent = _stirling_error(n) - _stirling_error(k) - _stirling_error(n - k)
    exponent -= _deviance(k, n * p) + _deviance(n - k, n * (1 - p))
    return math.exp(exponent) * math.sqrt(n / (2 * math.pi * k * (n - k)))


def cdf(k: int, n: int, p: float) -> float:
    """P(X <= k)."""
    if k < 0:
        return 0.0
    if k >= n:
        return 1.0
    return _lower(k, n, p) if k < n * p else 1.0 - _lower(n - k - 1, n, 1 - p)


def sf(k: int, n: int, p: float) -> float:
    """P(X > k), precise where it is small."""
    return cdf(n - k - 1, n, 1 - p)


def least_reaching(level: float, n: int, p: float) -> int:
    """The least k with P(X <= k) >= level."""
    guess = n * p + NormalDist().inv_cdf(min(max(level, 1e-300), 1 - 1e-16)) * math.sqrt(n * p * (1 - p))
    k = min(max(round(guess), 0), n)
    below = cdf(k, n, p)
    # the normal guess is a few off; each step is one term
    while below >= level and k >= 0:
        below = _less(below, mass(k, n, p), level, k - 1, n, p)
        k -= 1
    while below < level and k < n:
        k += 1
        below = _less(below, -mass(k, n, p), level, k, n, p)
    return k


def _less(below: float, term: float, level: float, k: int, n: int, p: float) -> float:
    """The cdf at k from the one beside it; where rounding might decide, from its own terms."""
    found = below - term
    return cdf(k, n, p) if abs(found - level) < _CLOSE else found


def _lower(k: int, n: int, p: float) -> float:
    """P(X <= k) for k below the mean: the terms fall from the last one on."""
    term = total = mass(k, n, p)
    odds = (1 - p) / p
    while k and term > total * _SMALL:
        term *= k * odds / (n - k + 1)
        total += term
        k -= 1
    return min(total, 1.0)


def _stirling_error(n: int) -> float:
    """log(n!) less Stirling's approximation of it."""
    if n < 16:
        return math.lgamma(n + 1) - (n + 0.5) * math.log(n) + n - 0.5 * math.log(2 * math.pi)
    square = 1 / (n * n)
    return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - square / 1188) * square) * square) * square) / n


def _deviance(x: float, mean: float) -> float:
    """x log(x / mean) + mean - x, without cancellation where the two are near."""
    if abs(x - mean) >= 0.1 * (x + mean):
        return x * math.log(x / mean) + mean - x
    ratio = (x - mean) / (x + mean)
    total = (x - mean) * ratio
    term, odd = 2 * x * ratio, 1
    while True:
        term *= ratio * ratio
        odd += 2
        if total + term / odd == total:
            return total
        total += term / odd
