# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The gate's figures on small simulated fleets; benchmarks/latency_power.py makes the tables of docs/latency.md."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from ansible_collections.ull.metal.plugins.module_utils.latency import gate

numpy = pytest.importorskip("numpy")
BENCHMARKS = Path(__file__).resolve().parents[4] / "benchmarks"


@pytest.fixture(name="bench", scope="module")
def _bench():
    if not BENCHMARKS.is_dir():
        pytest.skip("the collection's artefact holds no benchmarks")
    sys.path.insert(0, str(BENCHMARKS))
    return importlib.import_module("latency_power")


@pytest.mark.parametrize("runs", gate.NEEDED[:3], ids=lambda runs: f"{runs.spread:.0%}")
def test_the_planned_runs_find_what_they_are_planned_for(bench, runs):
    rng, fleet = numpy.random.default_rng(bench.SEED), bench.Fleet(runs.spread)
    bench.agree(fleet, runs, rng)
    # of 2,000 hosts 95 % are 1,900, and three deviations 29
    assert bench.power(fleet, runs, 100, rng, {"p99": 1.1}, 2000) >= 0.95
    assert bench.power(fleet, runs, 100, rng, {"p999": 1.2}, 2000) >= 0.95


def test_without_change_hardly_any_fleet_alarms(bench):
    rng, runs = numpy.random.default_rng(bench.SEED), gate.NEEDED[0]
    sizes = (runs.baseline, runs.first, runs.second)
    checks = bench.chunks(bench.Fleet(runs.spread), rng, 50_000, sizes)
    alarms = numpy.concatenate([bench.Gate(check).alarms(100) for check in checks])
    assert bench.rate(alarms, 100) <= 0.01


def test_the_naive_ways_cry_wolf(bench):
    rng = numpy.random.default_rng(bench.SEED)
    check = bench.draw(bench.Fleet(0.05), rng, 1000, (24, 8, 1))
    rates = {name: bench.rate(way(check, rng, 100), 100) for name, way in bench.NAIVE.items()}
    assert min(rates.values()) > 0.2, rates
