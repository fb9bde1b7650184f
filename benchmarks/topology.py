# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""topology_facts beside ansible.builtin.setup and lstopo, in one run: compare the ratios, not the times.

Usage: python benchmarks/topology.py [repetitions]; from the repository, in its virtual environment.

"module" is one run of the module by a fresh Python, which is what a target pays; "task" is one ad-hoc run of it by
ansible with the local connection, controller included. The contestants take turns, and the median counts.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "collections"), str(ROOT / "tests/unit")]

OURS = "ansible_collections.ull.metal.plugins.modules.topology_facts"
SETUP, PING = "ansible.modules.setup", "ansible.modules.ping"
# the module's own main(), between the two lines that Ansible's wrapper amounts to
RUN = """
import importlib, json, sys
from ansible.module_utils.testing import patch_module_args
with patch_module_args(json.loads(sys.argv[2])):
    importlib.import_module(sys.argv[1]).main()
"""
LSTOPO = "lstopo-no-graphics"


def module(name: str, arguments: dict) -> list[str]:
    """The command that runs a module by a fresh Python."""
    return [sys.executable, "-c", RUN, name, json.dumps(arguments)]


def task(name: str, arguments: dict) -> list[str]:
    """The command that runs a module through Ansible."""
    words = ["ansible", "localhost", "-i", "localhost,", "-c", "local", "-m", name]
    return [*words, "-a", json.dumps(arguments)] if arguments else words


def seconds(argv: list[str]) -> tuple[float, int]:
    """How long a command takes, and how many bytes it says."""
    paths = os.pathsep.join([str(ROOT / "collections"), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": paths, "ANSIBLE_PYTHON_INTERPRETER": sys.executable}
    start = time.perf_counter()
    done = subprocess.run(argv, capture_output=True, check=False, cwd=ROOT, env=environment)
    taken = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"{' '.join(argv)} failed:\n{done.stdout.decode()}{done.stderr.decode()}")
    return taken, len(done.stdout)


def race(contestants: dict[str, list[str]], repetitions: int) -> dict[str, tuple[float, int]]:
    """Median seconds and bytes of each; they take turns, so that a busy machine slows all alike."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    sizes: dict[str, int] = {}
    for _turn in range(repetitions):
        for name, argv in contestants.items():
            taken, sizes[name] = seconds(argv)
            times[name].append(taken)
    return {name: (statistics.median(times[name]), sizes[name]) for name in contestants}


def show(title: str, results: dict[str, tuple[float, int]]) -> None:
    """One table; the first row is what the others are compared with."""
    (base, _bytes), *_others = results.values()
    print(f"{title:<44}{'ms':>8}{'ratio':>8}{'bytes':>9}")
    for name, (taken, size) in results.items():
        print(f"  {name:<42}{taken * 1000:>8.0f}{taken / base:>8.2f}{size:>9}")


def main() -> None:
    """Run all three races."""
    from captures import capture

    if not shutil.which(LSTOPO):
        sys.exit(f"{LSTOPO} is missing: install the package hwloc-nox")
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    subsets = {
        "setup, gather_subset min": ["!all", "min"],
        "setup, gather_subset hardware": ["!all", "!min", "hardware"],
    }
    modules = {name: module(SETUP, {"gather_subset": subset}) for name, subset in subsets.items()}
    tasks = {name: task("ansible.builtin.setup", {"gather_subset": subset}) for name, subset in subsets.items()}
    show(
        "module, this host",
        race(
            {
                "topology_facts": module(OURS, {}),
                **modules,
                "ping, which does nothing": module(PING, {}),
                "lstopo": [LSTOPO, "--of", "xml"],
            },
            repetitions,
        ),
    )
    show(
        "task, this host",
        race(
            {
                "topology_facts": task("ull.metal.topology_facts", {}),
                **tasks,
                "ping, which does nothing": task("ansible.builtin.ping", {}),
            },
            repetitions,
        ),
    )
    root = str(capture("256ppc-8n8s4t"))
    show(
        "module, capture of 256 CPUs",
        race(
            {
                "topology_facts": module(OURS, {"root": root}),
                "lstopo": [LSTOPO, "-i", root, "--disallowed", "--of", "xml"],
            },
            repetitions,
        ),
    )


if __name__ == "__main__":
    main()
