# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ull.metal.plugins.module_utils.latency import binomial


def exact(k: int, n: int, p: Fraction) -> Fraction:
    return sum((math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k + 1)), Fraction(0))


@given(st.integers(1, 60), st.data(), st.fractions(Fraction(1, 100), Fraction(99, 100), max_denominator=100))
def test_small_ones_are_exact(n, data, p):
    k = data.draw(st.integers(-1, n))
    assert binomial.cdf(k, n, float(p)) == pytest.approx(float(exact(k, n, p)), rel=1e-12)
    assert binomial.sf(k, n, float(p)) == pytest.approx(float(1 - exact(k, n, p)), rel=1e-11, abs=1e-15)


@given(st.integers(1, 100_000), st.sampled_from([0.01, 0.5, 0.9, 0.99, 0.999]), st.floats(0.001, 0.999))
def test_the_inverse(n, p, level):
    k = binomial.least_reaching(level, n, p)
    assert binomial.cdf(k, n, p) >= level
    assert k == 0 or binomial.cdf(k - 1, n, p) < level


@pytest.mark.parametrize(
    ("k", "n", "p"),
    [
        (998, 1000, 0.999),
        (998_900, 10**6, 0.999),
        (499_000, 10**6, 0.5),
        (99_990_500, 10**8, 0.9999),
        (10**9, 2 * 10**9, 0.5),
    ],
)
def test_large_ones_are_scipys(k, n, p):
    stats = pytest.importorskip("scipy.stats")
    assert binomial.cdf(k, n, p) == pytest.approx(stats.binom.cdf(k, n, p), rel=1e-9)
    assert binomial.mass(k, n, p) == pytest.approx(stats.binom.pmf(k, n, p), rel=1e-9)


def test_certain_things():
    assert binomial.mass(0, 5, 0.0) == binomial.mass(5, 5, 1.0) == 1
    assert binomial.mass(6, 5, 0.5) == 0
    assert binomial.mass(0, 3, 0.5) == pytest.approx(0.125)
