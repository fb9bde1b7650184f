# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The operating curve of the gate (module_utils/latency/gate.py) and of naive ways, on simulated fleets.

Usage: python benchmarks/latency_power.py [hosts a cell]; from the repository, in its virtual environment with the group
``test``. Seeded; 250,000 hosts a cell, which are 500 fleets of 500, take some three minutes on one core.

Hosts are drawn once for each spread and grouped to fleets of 1, 10, 100 and 500; the level is corrected for each size.
What decides is the gate's: its runs, levels and exact probabilities; that the arrays here decide as ``gate.look`` and
``gate.confirmed`` do is checked on 200 hosts of each spread, and the benchmark fails if one differs.
"""

from __future__ import annotations

import math
import sys
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "collections"), str(ROOT / "benchmarks")]

from latency_fleet import Check, Fleet, Runs, draw, latency, pooled  # noqa: E402

from ansible_collections.ull.metal.plugins.module_utils.latency import gate, rank_test  # noqa: E402
from ansible_collections.ull.metal.plugins.module_utils.latency.histogram import Value  # noqa: E402

Array = Any
SIZES = (1, 10, 100, 500)
CHUNK = 5_000
SEED = 20261121
QUANTILES = ("p99", "p999")
RULES = gate.RULES


@lru_cache(maxsize=16)
def p_values(baseline: int, check: int) -> Array:
    """P by U."""
    return np.array([rank_test.p_value(u, baseline, check) for u in range(baseline * check + 1)])


def looked(baseline: Array, check: Array) -> Array:
    """P of each host: runs of today, less the minimum effect, among those of the baseline."""
    before, runs = baseline.shape[1], check.shape[1]
    order = np.argsort(np.concatenate([baseline, check - math.log(1 + RULES.effect)], axis=1), axis=1)
    old = order < before
    return p_values(before, runs)[(np.cumsum(old, axis=1) * ~old).sum(axis=1)]


class Gate:
    """P of hosts in the first look, the second, and both, for each quantile."""

    def __init__(self, check: Check) -> None:
        both = check.first.joined(check.second)
        looks = (check.first, check.second, both)
        self.p = {
            name: [looked(getattr(check.baseline, name), getattr(runs, name)) for runs in looks] for name in QUANTILES
        }

    def alarms(self, hosts: int) -> Array:
        """Which hosts alarm in a fleet of so many."""
        level = RULES.alarm / (hosts * len(QUANTILES))
        return np.any(
            [(p[0] <= RULES.first) & (p[1] <= RULES.second) & (p[2] <= level) for p in self.p.values()], axis=0
        )

    def flagged(self) -> Array:
        """Which hosts need a second look."""
        return np.any([p[0] <= RULES.first for p in self.p.values()], axis=0)


def by_product(check: Check, hosts: int, size: int) -> list[bool]:
    """Whether the first hosts alarm, as the product itself decides, with quantiles in whole picoseconds."""

    def values(runs: Array) -> list[Value]:
        # a bucket of no width: the simulation's quantiles are exact
        return [Value(value, value) for value in (round(math.exp(each) * 1e12) for each in runs)]

    found = []
    for host in range(hosts):
        alarm = False
        for name in QUANTILES:
            old, first, second = (
                values(getattr(runs, name)[host]) for runs in (check.baseline, check.first, check.second)
            )
            if gate.needs_second_look(gate.look(old, first)):
                looks = gate.look(old, second), gate.look(old, first + second)
                alarm |= gate.confirmed(*looks, size * len(QUANTILES))
        found.append(alarm)
    return found


# The naive ways see the same baseline and the first look.


def max_against_constant(check: Check, _rng: Any, _size: int) -> Array:
    """One run of today; the constant is 1.2 times the greatest maximum of the baseline."""
    return check.first.highest[:, 0] > check.baseline.highest.max(axis=1) + math.log(1.2)


def single_against_single(check: Check, _rng: Any, _size: int) -> Array:
    """p99 of one run of today is 5 % above that of one run of the baseline."""
    return check.first.p99[:, 0] > check.baseline.p99[:, 0] + math.log(1.05)


BINS = latency(np.array([0.9, 0.75, 0.5, 0.35, 0.25, 0.15, 0.1, 0.05, 0.025, 0.01, 0.005, 0.0025, 0.001]))


def _pools(check: Check, rng: Any) -> tuple[Array, Array]:
    """Shares of all samples of up to eight runs below each bin's end."""
    counts = (pooled(_first(runs, 8), rng, 100_000, BINS) for runs in (check.baseline, check.first))
    old, new = (np.cumsum(each, axis=1) for each in counts)
    return old, new


def _first(runs: Runs, count: int) -> Runs:
    return Runs(*(array[:, :count] for array in vars(runs).values()))


def pooled_kolmogorov(check: Check, rng: Any, size: int) -> Array:
    """Kolmogorov and Smirnov, one-sided, over pooled samples, at 1 % over all hosts."""
    old, new = _pools(check, rng)
    n, m = old[:, -1].astype(float), new[:, -1].astype(float)
    lower = np.max(old / n[:, None] - new / m[:, None], axis=1)
    return np.exp(-2 * np.maximum(lower, 0) ** 2 * n * m / (n + m)) <= RULES.alarm / size


def pooled_ranks(check: Check, rng: Any, size: int) -> Array:
    """Mann and Whitney over pooled samples, normal approximation with ties, at 1 % over all hosts."""
    old, new = _pools(check, rng)
    a, b = (np.diff(each, axis=1, prepend=0).astype(float) for each in (old, new))
    n, m, ties = a.sum(axis=1), b.sum(axis=1), a + b
    u = (b * (np.cumsum(a, axis=1) - a / 2)).sum(axis=1)
    variance = n * m / 12 * (n + m + 1 - (ties**3 - ties).sum(axis=1) / ((n + m) * (n + m - 1)))
    z = (u - n * m / 2) / np.sqrt(variance)
    from scipy.stats import norm

    return norm.sf(z) <= RULES.alarm / size


NAIVE = {
    "max of a run against a constant": max_against_constant,
    "p99 of a run against p99 of a run": single_against_single,
    "pooled samples, Kolmogorov-Smirnov": pooled_kolmogorov,
    "pooled samples, ranks": pooled_ranks,
}


def rate(alarms: Array, size: int) -> float:
    """Share of fleets of this size in which any host alarms."""
    fleets = len(alarms) // size
    return float(alarms[: fleets * size].reshape(fleets, size).any(axis=1).mean())


def chunks(fleet: Fleet, rng: Any, hosts: int, sizes: tuple[int, int, int], **shift: float) -> Any:
    for start in range(0, hosts, CHUNK):
        yield draw(fleet, rng, min(CHUNK, hosts - start), sizes, **shift)


def gate_row(fleet: Fleet, runs: gate.Runs, hosts: int, rng: Any) -> str:
    sizes = (runs.baseline, runs.first, runs.second)
    alarms: dict[int, list[Array]] = {size: [] for size in SIZES}
    flagged = []
    for check in chunks(fleet, rng, hosts, sizes):
        judged = Gate(check)
        flagged.append(judged.flagged())
        for size in SIZES:
            alarms[size].append(judged.alarms(size))
    cells = [f"{rate(np.concatenate(alarms[size]), size):.2%}" for size in SIZES]
    cells += [
        f"{power(fleet, runs, size, rng, shift):.1%}" for size in (100, 500) for shift in ({"p99": 1.1}, {"p999": 1.2})
    ]
    cells.append(f"{np.concatenate(flagged).mean():.1%}")
    return _row(str(fleet), runs.baseline, runs.first, runs.second, *cells)


def power(fleet: Fleet, runs: gate.Runs, size: int, rng: Any, shift: dict[str, float], hosts: int = 20_000) -> float:
    """Share of shifted hosts that alarm in a fleet of this size."""
    sizes = (runs.baseline, runs.first, runs.second)
    return float(
        np.concatenate([Gate(check).alarms(size) for check in chunks(fleet, rng, hosts, sizes, **shift)]).mean()
    )


def curve(fleet: Fleet, runs: gate.Runs, rng: Any) -> str:
    shifts = (1.03, 1.05, 1.07, 1.08, 1.09, 1.10, 1.12, 1.15)
    return _row(str(fleet), *(f"{power(fleet, runs, 100, rng, {'p99': shift}, 10_000):.1%}" for shift in shifts))


def naive_row(name: str, fleet: Fleet, hosts: int, rng: Any) -> str:
    """With the runs of the least spread, and not more than eight for the pooled ways: more would make those worse."""
    sizes = (24, 8, 1)
    way = NAIVE[name]
    cells = []
    for size in SIZES:
        found = [way(check, rng, size) for check in chunks(fleet, rng, hosts, sizes)]
        cells.append(f"{rate(np.concatenate(found), size):.1%}")
    shifted = draw(fleet, rng, CHUNK, sizes, p99=1.1)
    # pooled ways see the whole distribution, so it is shifted as a whole
    shifted.first.effect[:] += math.log(1.1)
    return _row(str(fleet), name, *cells, f"{way(shifted, rng, 100).mean():.1%}")


def agree(fleet: Fleet, runs: gate.Runs, rng: Any) -> None:
    """The product decides as the arrays do, on hosts that are shifted so that about half of them alarm."""
    check = draw(fleet, rng, 200, (runs.baseline, runs.first, runs.second), p99=1.075)
    if by_product(check, 200, 100) != list(Gate(check).alarms(100)):
        raise SystemExit(f"at a spread of {fleet} the product decides otherwise than this benchmark")


def _row(*cells: object) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def table(title: str, *columns: str) -> None:
    print(f"\n{title}\n\n{_row(*columns)}\n{_row(*['---'] * len(columns))}", flush=True)


def main() -> None:
    hosts = int(sys.argv[1]) if len(sys.argv) > 1 else 250_000
    began = time.perf_counter()
    rng = np.random.default_rng(SEED)
    false = [f"false, {size}" for size in SIZES]
    found = [f"{shift} of {size}" for size in (100, 500) for shift in ("p99 +10 %, 1", "p99.9 +20 %, 1")]
    table("The gate", "spread", "baseline", "first", "second", *false, *found, "second looks")
    for runs in gate.NEEDED:
        agree(Fleet(runs.spread), runs, rng)
        print(gate_row(Fleet(runs.spread), runs, hosts, rng), flush=True)
    table("Shift of p99 on one host of a hundred", "spread", *(f"+{each} %" for each in (3, 5, 7, 8, 9, 10, 12, 15)))
    for runs in gate.NEEDED:
        print(curve(Fleet(runs.spread), runs, rng), flush=True)
    table("Naive ways", "spread", "way", *false, "p99 +10 %, 1 of 100")
    for spread in (0.02, 0.05, 0.10):
        for name in NAIVE:
            print(naive_row(name, Fleet(spread), 5_000, rng), flush=True)
    table("Outside the assumptions", "what", "spread", "baseline", "first", "second", *false, *found, "second looks")
    worse = {
        "one phase of drift for all": {"common": True},
        "drift up to 4 %": {"drift": 0.04},
        "drift up to 6 %": {"drift": 0.06},
        "2 % of looks disturbed": {"disturbed": 0.02},
    }
    for name, what in worse.items():
        for runs in (gate.NEEDED[0], gate.NEEDED[2]):
            row = gate_row(Fleet(runs.spread).but(**what), runs, hosts // 5, rng)
            print(f"| {name} {row}", flush=True)
    print(f"\n{time.perf_counter() - began:.0f} s, seed {SEED}, {hosts:,} hosts a cell")


if __name__ == "__main__":
    main()
