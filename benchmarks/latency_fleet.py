# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Simulated fleets for benchmarks/latency_power.py: what differs from host to host, run to run and hour to hour.

A run is 100,000 latencies of a generalised Pareto distribution (heavy tail: the 1/(1 - u)^0.4 of the body's scale, so that
p99 is twice the least value, p99.9 four times, the maximum of a run some twenty times, and no moment above the second is
finite). Of a run only p99, p99.9 and the maximum are drawn, from the exact distribution of those order statistics. The
logarithm of each then moves by what the samples of the run have in common:

- the run's own effect: Student's t with 5 degrees of freedom, of the standard deviation ``spread``; p99.9 and the maximum
  have half as much again, independent, for the tail of a run is less stable than its body;
- a rare burst: 1 % of runs are 10 % to 170 % slower (uniform in the logarithm from 0.1 to 1);
- a disturbed look: for 0.2 % of looks at a host all runs are 35 % slower (0.3 in the logarithm), as with a noisy half hour;
- the drift of a day: a sine of 24 hours, of an amplitude between 0 and ``drift`` and a phase that are the host's own, or
  of one phase for all (``common``), as with the temperature of a hall.

The runs of a baseline are spread evenly over a day; those of a look follow each other every 10 s, from a moment of the day
that is the same for all hosts. The second look begins an hour after the first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

DAY = 86_400.0
EVERY = 10.0
SECOND_LOOK_AFTER = 3_600.0
SHAPE, SCALE = 0.4, 0.2

Array = Any


@dataclass(frozen=True)
class Fleet:
    """How hosts behave."""

    spread: float
    samples: int = 100_000
    drift: float = 0.02
    common: bool = False
    burst: float = 0.01
    disturbed: float = 0.002

    def __str__(self) -> str:
        return f"{self.spread:.0%}"

    def but(self, **what: Any) -> Fleet:
        """The same with another property."""
        return replace(self, **what)


@dataclass(frozen=True)
class Runs:
    """Logarithms of the quantiles of runs, and the effects that made them; each an array of hosts by runs."""

    p99: Array
    p999: Array
    highest: Array
    effect: Array

    def joined(self, other: Runs) -> Runs:
        """The runs of both."""
        return Runs(*(np.concatenate(pair, axis=1) for pair in zip(vars(self).values(), vars(other).values())))


@dataclass(frozen=True)
class Check:
    """A baseline, a first look and a second of some hosts."""

    baseline: Runs
    first: Runs
    second: Runs


def latency(beyond: Array) -> Array:
    """The latency beyond which a share of all lies."""
    return 1 + SCALE * (beyond**-SHAPE - 1)


def share_below(value: Array) -> Array:
    """The share of latencies below a value."""
    return 1 - np.maximum(1 + (value - 1) / SCALE, 1) ** (-1 / SHAPE)


def draw(fleet: Fleet, rng: Any, hosts: int, sizes: tuple[int, int, int], p99: float = 1, p999: float = 1) -> Check:
    """Baselines and looks of so many hosts, of so many runs each; in the looks two quantiles are so many times larger."""
    amplitude = rng.uniform(0, fleet.drift, (hosts, 1))
    phase = rng.uniform(0, 2 * np.pi, (1 if fleet.common else hosts, 1))
    began = rng.uniform(0, DAY, (hosts, 1))

    def runs(times: Array, disturbed: float, shift: tuple[float, float]) -> Runs:
        effect = amplitude * np.sin(2 * np.pi * times / DAY + phase)
        effect = effect + 0.3 * (rng.random((hosts, 1)) < disturbed)
        return _runs(fleet, rng, effect, shift)

    shift = (np.log(p99), np.log(p999))
    every_day = np.broadcast_to(np.arange(sizes[0]) / sizes[0] * DAY, (hosts, sizes[0]))
    return Check(
        runs(every_day, 0, (0, 0)),
        runs(began + np.arange(sizes[1]) * EVERY, fleet.disturbed, shift),
        runs(began + SECOND_LOOK_AFTER + np.arange(sizes[2]) * EVERY, fleet.disturbed, shift),
    )


def _runs(fleet: Fleet, rng: Any, effect: Array, shift: tuple[float, float]) -> Runs:
    shape, n = effect.shape, fleet.samples
    # the standard deviation of Student's t with 5 degrees of freedom is the root of 5/3
    effect = effect + fleet.spread * rng.standard_t(5, shape) / np.sqrt(5 / 3)
    burst = rng.random(shape) < fleet.burst
    effect[burst] += rng.uniform(0.1, 1, burst.sum())
    tail = effect + 0.5 * fleet.spread * rng.standard_normal(shape)
    # shares of the distribution beyond three order statistics, each given the one before
    ranks = (round(0.99 * n), round(0.999 * n))
    beyond = rng.beta(n - ranks[0] + 1, ranks[0], shape)
    farther = beyond * rng.beta(n - ranks[1] + 1, ranks[1] - ranks[0], shape)
    farthest = farther * rng.random(shape) ** (1 / (n - ranks[1]))
    return Runs(
        np.log(latency(beyond)) + effect + shift[0],
        np.log(latency(farther)) + tail + shift[1],
        np.log(latency(farthest)) + tail,
        effect,
    )


def pooled(runs: Runs, rng: Any, samples: int, bins: Array) -> Array:
    """Samples of all runs of each host together, counted in bins that end at these latencies."""
    scale = np.exp(runs.effect)[:, :, None]
    shares = np.diff(share_below(bins / scale), axis=2, prepend=0, append=1)
    return rng.multinomial(samples, np.maximum(shares, 0)).sum(axis=1)
