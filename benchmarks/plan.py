# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Planning a fleet on one core: hosts a second, memory, and whether ten times the hosts take ten times as long.

Usage: python benchmarks/plan.py [hosts]; from the repository, in its virtual environment.

The hosts are of 20 kinds: the captured machines with the one workload class, and as many of them with the next. Every
host has a topology of its own, as read from its snapshot, and every plan is kept and shown, as plan.yml does.
"""

from __future__ import annotations

import gc
import itertools
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "collections"), str(ROOT / "tests/unit")]

from ansible_collections.ull.metal.plugins.module_utils.host import Host  # noqa: E402
from ansible_collections.ull.metal.plugins.module_utils.plan import compile_plan  # noqa: E402
from ansible_collections.ull.metal.plugins.module_utils.topology.compact import compact  # noqa: E402
from ansible_collections.ull.metal.plugins.module_utils.topology.reader import read_topology  # noqa: E402
from ansible_collections.ull.metal.plugins.module_utils.view import plan_text  # noqa: E402

KINDS = 20


def kinds() -> list[tuple[str, str, dict[str, Any]]]:
    """Name, snapshot as JSON, and profile of each kind of host."""
    from captures import ALL, capture

    classes = sorted((ROOT / "playbooks/group_vars").glob("*.yml"))
    profiles = [yaml.safe_load(path.read_text(encoding="utf-8"))["ull_class_profile"] for path in classes]
    snapshots = {name: json.dumps(compact(read_topology(Host(str(capture(name)))))) for name in ALL}
    pairs = itertools.product(profiles, snapshots.items())
    return [(name, snapshot, profile) for profile, (name, snapshot) in itertools.islice(pairs, KINDS)]


def plan(hosts: int, made_of: list[tuple[str, str, dict[str, Any]]]) -> tuple[float, float, int]:
    """Seconds to plan so many hosts, seconds to show them, and the characters shown."""
    gc.collect()
    began = time.process_time()
    plans = []
    for number in range(hosts):
        name, snapshot, profile = made_of[number % len(made_of)]
        plans.append(compile_plan(json.loads(snapshot), profile, f"{name}-{number}"))
    planned = time.process_time()
    shown = len(plan_text(plans))
    return planned - began, time.process_time() - planned, shown


def main() -> None:
    hosts = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    made_of = kinds()
    cpus = sum(len(json.loads(snapshot)["cpus"]) for _name, snapshot, _profile in made_of) / len(made_of)
    print(f"{len(made_of)} kinds of hosts with {cpus:.0f} CPUs on average; one core, times of the processor")
    print(f"{'hosts':>8} {'plan':>9} {'show':>9} {'hosts/s':>9} {'peak memory':>12}")
    pace = {}
    for count in (hosts // 10, hosts):
        planned, shown, _characters = plan(count, made_of)
        pace[count] = planned / count
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        print(f"{count:>8} {planned:>7.2f} s {shown:>7.2f} s {count / planned:>9.0f} {peak:>8} MiB")
    few, many = pace[hosts // 10], pace[hosts]
    print(f"time a host, {hosts} hosts against {hosts // 10}: {many / few:.2f} (1.00 is linear)")


if __name__ == "__main__":
    main()
