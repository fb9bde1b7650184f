# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plans, states and checks as text for a terminal. Everything here is words; nothing is decided."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from .report.cpu_roles import ROLES
from .report.fleet import NAMES, fleet
from .report.kinds import Kind, declared, kinds, rows
from .report.machine import UNKNOWN, Node, machine
from .report.names import count, fold
from .report.problems import problems
from .units import human

_MARKS = {"error": "ERROR", "warning": "warning", "note": "note", "accepted": "accepted"}
# what would speak to the terminal instead of being read there
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_SETS = ("housekeeping", "isolated", "tickless")
# so many cores of a node stand in a line one by one
_CORES = 16


def table(head: Sequence[str], rows: Iterable[Sequence[Any]], indent: int = 2) -> str:
    """Columns as wide as their widest cell."""
    cells = [[_cell(value) for value in row] for row in [head, *rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in cells]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(" " * indent + line for line in lines)


def plan_text(plans: Sequence[Mapping[str, Any]], topologies: Mapping[str, Any] | None = None) -> str:
    """What would change on each host, at which impact, and what is wrong with the declaration; the verdict last.

    Args:
        plans: plans as the action ``ull.metal.plan`` returns them, each with its ``states`` and ``source``.
        topologies: the fact ``ull_topology`` by host, for cores and devices; hosts may be missing.
    """
    groups = kinds(plans, topologies or {})
    whole = fleet(plans)
    blocks = [_kind_block(kind) for kind in groups]
    used = {
        thread.role for kind in groups for node in machine(kind.plan, kind.topology).nodes for thread in node.threads
    }
    if used:
        blocks.append("CPUs, core by core: " + ", ".join(f"{r.letter} {r.name}" for r in ROLES if r in used))
    blocks += [findings_text([found for plan in plans for found in plan["findings"]])]
    blocks += ["\n".join([*whole.impact_lines(), whole.text])]
    return _CONTROL.sub("\ufffd", "\n\n".join(filter(None, blocks)).replace("\r\n", "\n"))


def findings_text(findings: Sequence[Mapping[str, Any]], indent: int = 0) -> str:
    """Findings, the gravest first, each once with its hosts, paths, values and remedy."""
    lines = []
    for problem in problems(findings):
        for case in problem.cases:
            lines.append(f"{_MARKS.get(problem.level, problem.level)} {problem.id}: {case.text}")
            for place in case.places:
                hosts = fold(place.hosts, NAMES)
                if place.path:
                    lines.append(f"    {hosts}: {place.text}")
                elif hosts not in case.text:
                    lines.append(f"    {hosts}")
            lines += [f"    accepted: {case.accepted}"] if case.accepted else []
            lines += [f"    remedy: {case.remedy}"] if case.remedy else []
    return "\n".join(" " * indent + line for line in lines)


def checks_text(host: str, checks: Sequence[Mapping[str, Any]]) -> str:
    """The checks of a host, failed ones first."""
    failed = [check for check in checks if not check["ok"]]
    head = f"{host}: {len(checks) - len(failed)} of {len(checks)} checks passed"
    rows = [
        ["ok" if check["ok"] else "FAILED", check["name"], check["expected"], "" if check["ok"] else check["found"]]
        for check in sorted(checks, key=lambda check: check["ok"])
    ]
    lines = [head, table(["", "check", "expected", "found"], rows)]
    lines += [f"  {check['name']}: {check['hint']}" for check in failed if check["hint"]]
    return "\n".join(lines)


def _kind_block(kind: Kind) -> str:
    """A host, or several of one kind: its nodes, its CPUs, and what would change."""
    cpus = kind.plan["cpus"]
    same = f" ({len(kind.plans)} hosts, same plan)" if len(kind.plans) > 1 else ""
    lines = [f"{fold(kind.hosts, NAMES)}{same}: profile {kind.plan['profile'] or '(none)'}, {_source(kind)}"]
    lines += _node_lines(machine(kind.plan, kind.topology).nodes)
    if cpus["online"]:
        lines.append("  " + " | ".join(f"{name} {cpus[name] or 'none'}" for name in _SETS))
    return "\n".join(lines + _settings(kind))


def _settings(kind: Kind) -> list[str]:
    """What differs, or what is declared where nobody looked."""
    states = rows(kind)
    if not states:
        wanted = declared(kind.plan)
        return [table(["setting", "declared"], wanted, 4)] if wanted else []
    names = {row.name for row in states}
    differ = [row for row in states if row.differs]
    head = f"  {count(len(names), 'setting')}, {len({row.name for row in differ})} differ"
    if not differ:
        return [head]
    titles = ["setting", "declared", "persisted", "running", "impact"]
    cells = [[row.name, row.declared, row.persisted, row.running, row.impact] for row in differ]
    if len(kind.plans) > 1:
        titles.append("hosts")
        cells = [[*line, _share(row.hosts, kind)] for line, row in zip(cells, differ)]
    return [f"{head}:", table(titles, cells, 4)]


def _share(hosts: Sequence[str], kind: Kind) -> str:
    return "all" if len(hosts) == len(kind.plans) else fold(hosts, 4)


def _node_lines(nodes: Sequence[Node]) -> list[str]:
    names = [f"node {'?' if node.id == UNKNOWN else node.id}" for node in nodes]
    width = max(map(len, names), default=0)
    return [f"  {name.ljust(width)}  {_node_line(node)}" for name, node in zip(names, nodes)]


def _node_line(node: Node) -> str:
    """``H T T T | 62.7 GiB, 64 x 2M | ens1 (igb)``."""
    pools = " + ".join(f"{pool.pages} x {pool.size}" for pool in node.pools)
    memory = ", ".join(filter(None, [human(node.memory) if node.memory else "", pools]))
    devices = [_nic_words(nic) for nic in node.nics if nic.get("kind") != "vf"]
    devices += [f"GPU {gpu['pci']}" for gpu in node.gpus]
    return " | ".join(filter(None, [_cores(node), memory, ", ".join(devices)]))


def _cores(node: Node) -> str:
    """The letters of each core's threads; of many cores, how many in a row are alike."""
    words = [
        "".join(thread.role.letter for thread in core.threads) for cluster in node.clusters for core in cluster.cores
    ]
    if len(words) <= _CORES:
        return " ".join(words) or "no CPUs"
    runs = [(word, len(list(run))) for word, run in groupby(words)]
    if len(runs) > _CORES // 2:
        runs = list(Counter(words).items())
    return " ".join(word if number == 1 else f"{number}x{word}" for word, number in runs)


def _nic_words(nic: Mapping[str, Any]) -> str:
    words = [nic["driver"] or "no driver"]
    words += [f"{nic['sriov_num']} of {nic['sriov_total']} VFs"] if nic.get("sriov_total") else []
    return f"{nic['name'] or nic['pci']} ({', '.join(words)})"


def _source(kind: Kind) -> str:
    words = {"host": "read from the host", "snapshot": "from the stored snapshot"}
    return " or ".join(dict.fromkeys(words.get(plan.get("source", ""), "not read") for plan in kind.plans))


def _cell(value: Any) -> str:
    return "-" if value is None else str(value)
