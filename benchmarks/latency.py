# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Histograms of a million samples: how long it takes to merge two, to compare them, and to judge a host.

Usage: python benchmarks/latency.py; from the repository, in its virtual environment. Standard library only.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "collections"), str(ROOT / "tests/unit")]

from latency_records import record  # noqa: E402

from ansible_collections.ull.metal.plugins.module_utils.latency import within_baseline  # noqa: E402
from ansible_collections.ull.metal.plugins.module_utils.latency.baseline import baseline  # noqa: E402
from ansible_collections.ull.metal.plugins.module_utils.latency.histogram import Histogram  # noqa: E402
from ansible_collections.ull.metal.plugins.module_utils.latency.quantiles import lower_rank, quantiles, upper_rank  # noqa: E402

SAMPLES = 1_000_000


def sample(seed: int) -> Histogram:
    """A million latencies of a heavy tail, in ns, from 1 us to some hundreds."""
    chance = random.Random(seed)  # noqa: S311 - a simulation
    return Histogram.of(int(1000 + 200 * ((1 - chance.random()) ** -0.4 - 1)) for _ in range(SAMPLES))


def best(work: Callable[[], Any], times: int = 20) -> float:
    """Milliseconds of the fastest of some, each as if it were the first: ranks are not remembered."""
    found = []
    for _ in range(times):
        lower_rank.cache_clear()
        upper_rank.cache_clear()
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return min(found) * 1000


def main() -> None:
    one, other = sample(1), sample(2)
    text = json.dumps(one.as_dict())
    records = [record(histogram=each, time=str(place)) for place, each in enumerate([one, other] * 12)]
    before = baseline(records)["cyclictest"]
    rows = {
        "merge two": lambda: one.merged(other),
        "merge two, and compare them": lambda: (one.merged(other), quantiles(one), quantiles(other)),
        "quantiles with intervals of both together": lambda: quantiles(one.merged(other)),
        "read from JSON": lambda: Histogram.from_dict(json.loads(text)),
        "judge 6 runs and 8 against 24": lambda: within_baseline.judge(before, records[:6], records[:8], hosts=100),
    }
    print(f"histograms of {SAMPLES:,} samples in {len(one.counts)} buckets, {len(text):,} bytes of JSON")
    for name, work in rows.items():
        print(f"{name:<42} {best(work):7.2f} ms")


if __name__ == "__main__":
    main()
