# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plans, states and checks as text for a terminal. Everything here is words; nothing is decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .units import human

_MARKS = {"error": "ERROR", "warning": "warning", "note": "note", "accepted": "accepted"}


def table(head: Sequence[str], rows: Iterable[Sequence[Any]], indent: int = 2) -> str:
    """Columns as wide as their widest cell."""
    cells = [[_cell(value) for value in row] for row in [head, *rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in cells]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(" " * indent + line for line in lines)


def plan_text(plans: Sequence[Mapping[str, Any]]) -> str:
    """What would change on each host, at which impact, and what is wrong with the declaration.

    Args:
        plans: plans as the action ``ull.metal.plan`` returns them, each with its ``states`` and ``source``.
    """
    blocks = [_plan_block(plan) for plan in plans]
    return "\n\n".join([*blocks, _verdict(plans)])


def _plan_block(plan: Mapping[str, Any]) -> str:
    cpus = plan["cpus"]
    lines = [f"{plan['host']}: profile {plan['profile'] or '(none)'}, {_source(plan)}"]
    for node in plan["numa"]:
        memory = human(node["memory_bytes"])
        lines.append(f"  node {node['id']}: CPUs {node['cpus'] or 'none'}, {memory}{_pages(plan, node['id'])}")
    if cpus["online"]:
        roles = [f"{name} {cpus[name] or 'none'}" for name in ("housekeeping", "isolated", "tickless")]
        lines.append("  " + " | ".join(roles))
    if plan.get("states"):
        open_states = [state for state in plan["states"] if state["status"] != "in_sync"]
        lines.append(f"  {len(plan['states'])} settings, {len(open_states)} differ" + (":" if open_states else ""))
        if open_states:
            rows = [[s["name"], s["declared"], s["persisted"], s["running"], s["impact"]] for s in open_states]
            lines.append(table(["setting", "declared", "persisted", "running", "impact"], rows, 4))
    else:
        rows = [
            [f"boot_args ({role})", " ".join(tokens)]
            for role, tokens in plan["boot_args"]["sections"].items()
            if tokens
        ]
        rows += [[f"hugepages node {p['node']}", f"{p['pages']} x {p['size']}"] for p in plan["hugepages"]["pools"]]
        if rows:
            lines.append(table(["setting", "declared"], rows, 4))
    lines += [findings_text(plan["findings"], 2)] if plan["findings"] else []
    return "\n".join(lines)


def findings_text(findings: Sequence[Mapping[str, Any]], indent: int = 0) -> str:
    """Findings, the gravest first, each with path, value and remedy."""
    order = list(_MARKS)
    lines = []
    for finding in sorted(findings, key=lambda found: order.index(found["level"])):
        lines.append(f"{_MARKS[finding['level']]} {finding['id']}: {finding['message']}")
        if finding["path"]:
            lines.append(f"    {finding['host']}: {finding['path']} = {finding['value']!r}")
        if finding["remedy"]:
            lines.append(f"    remedy: {finding['remedy']}")
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


def _source(plan: Mapping[str, Any]) -> str:
    return {"host": "read from the host", "snapshot": "from the stored snapshot"}.get(
        plan.get("source", ""), "not read"
    )


def _pages(plan: Mapping[str, Any], node: int) -> str:
    pools = [f"{pool['pages']} x {pool['size']}" for pool in plan["hugepages"]["pools"] if pool["node"] == node]
    return f", hugepages {' + '.join(pools)}" if pools else ""


def _verdict(plans: Sequence[Mapping[str, Any]]) -> str:
    """One line for the fleet: this would reboot n of m hosts."""
    differ = {plan["host"]: [s for s in plan.get("states", []) if s["status"] != "in_sync"] for plan in plans}
    reboots = [host for host, states in differ.items() if any(state["impact"] == "reboot" for state in states)]
    errors = [plan["host"] for plan in plans if any(found["level"] == "error" for found in plan["findings"])]
    unread = [plan["host"] for plan in plans if plan.get("source") != "host"]
    parts = [f"{sum(map(bool, differ.values()))} of {len(plans)} hosts differ", f"{len(reboots)} would reboot (once)"]
    parts += [f"{len(unread)} not read live: {', '.join(unread)}"] if unread else []
    parts += [f"errors on {', '.join(errors)}"] if errors else ["no errors"]
    return "; ".join(parts)


def _cell(value: Any) -> str:
    return "-" if value is None else str(value)
