# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a plan says, as tables: the three states of its settings, its sets of CPUs, and every other slice it has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .cpu_roles import Partition
from .kinds import Kind, Row, declared, rows
from .markup import esc, table, tag
from .names import count, fold

STATUS = {"in_sync": "in sync", "pending_reboot": "waits for a reboot", "differs": "differs"}
# Slices that stand elsewhere on the page, and what is about the plan and not in it.
_SHOWN = {
    *("schema", "host", "profile", "latency_budget_ns", "source", "cpus", "numa", "findings", "states"),
    *("boot_args", "hugepages", "cpu_isolation"),
}


def settings(kind: Kind) -> str:
    """Every setting in its three states, differing ones first; what is in sync is folded away."""
    states = rows(kind)
    if not states:
        return _declared(kind)
    many = len(kind.plans) > 1
    differ = [row for row in states if row.differs]
    same = [row for row in states if not row.differs]
    parts = [_states(differ, kind, many, f"{count(len(differ), 'setting')} to change")] if differ else []
    if same:
        whole = _states(same, kind, many, f"{count(len(same), 'setting')} in sync")
        parts.append(tag("details", [tag("summary", f"{count(len(same), 'setting')} in sync"), whole], open=not differ))
    return "".join(parts)


def cpu_sets(plan: Mapping[str, Any]) -> str:
    """The sets of CPUs in the kernel's list format, to be copied."""
    sets = Partition(plan).named
    pairs = [tag("dt", esc(name.replace("_", " "))) + tag("dd", _code(str(cpus))) for name, cpus in sets.items()]
    return tag("dl", pairs, class_="sets") if pairs else ""


def others(plan: Mapping[str, Any]) -> str:
    """Every further slice of the plan: rows of alike things as a table, everything else path by path."""
    made = []
    for name, value in plan.items():
        inner = _slice(value, name) if name not in _SHOWN else ""
        if inner:
            made.append(tag("details", [tag("summary", esc(name.replace("_", " "))), inner]))
    return "".join(made)


def _slice(value: Any, name: str) -> str:
    rows = [dict(_flat(row, "")) for row in value] if _is_table(value) else []
    if len(rows) < 2:
        return _paths(rows[0].items() if rows else _flat(value, ""), name)
    keys = list(dict.fromkeys(key for row in rows for key in row))
    parted = [key for key in keys if len({row.get(key) for row in rows}) > 1]
    common = [(key, rows[0][key]) for key in keys if key not in parted]
    body = [("", [_code(row.get(key, "")) for key in parted]) for row in rows]
    whole = tag("div", table(parted, body, f"{name}: where they differ", "cards"), class_="scroll") if parted else ""
    return whole + _paths(common, f"{name}: the same for all {len(rows)}")


def _is_table(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(row, Mapping) for row in value)


def _paths(pairs: Iterable[tuple[str, str]], name: str) -> str:
    body = [("", (_code(path or name), _code(text))) for path, text in pairs]
    return table(("what", "declared"), body, name.replace("_", " "), "cards pairs") if body else ""


def _states(found: Sequence[Row], kind: Kind, many: bool, caption: str) -> str:
    head = ["setting", "declared", "persisted", "running", "impact", "status", *(["hosts"] if many else [])]
    return table(head, [_state(row, kind, many) for row in found], caption, "cards")


def _state(row: Row, kind: Kind, many: bool) -> tuple[str, Iterable[str]]:
    name = tag("span", esc(row.name), class_="mono") + (tag("div", tag("small", esc(row.doc))) if row.doc else "")
    impact = tag("span", esc(row.impact), class_=f"badge {row.impact if row.differs else 'plain'}")
    values = [_code(row.declared), *(_against(value, row) for value in (row.persisted, row.running))]
    status = esc(STATUS.get(row.status, row.status))
    hosts = "all" if len(row.hosts) == len(kind.plans) else f"{len(row.hosts)}: {fold(row.hosts, 20)}"
    return "differs" if row.differs else "", (name, *values, impact, status, *([esc(hosts)] if many else []))


def _against(value: Any, row: Row) -> str:
    """A state's value, marked when it is not the declared one."""
    return _code(value) if value == row.declared else tag("span", _code(value), class_="off")


def _declared(kind: Kind) -> str:
    wanted = declared(kind.plan)
    if not wanted:
        return ""
    body = [("", (esc(name), _code(value))) for name, value in wanted]
    why = "Settings as declared; no host was asked for what persists and runs"
    return table(("setting", "declared"), body, why, "cards")


def _code(value: Any) -> str:
    if value is None:
        return tag("span", "not set", class_="quiet")
    return tag("code", esc(value)) if str(value) else tag("span", "empty", class_="quiet")


def _flat(value: Any, path: str) -> Iterable[tuple[str, str]]:
    """Nested values as pairs of path and text; empty ones are left out."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, (list, tuple)):
        if any(isinstance(inner, (Mapping, list, tuple)) for inner in value):
            for place, inner in enumerate(value):
                yield from _flat(inner, f"{path}[{place}]")
        elif value:
            yield path, " ".join(map(str, value))
    elif value is not None and value != "":
        yield path, str(value)
