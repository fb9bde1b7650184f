# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plan of a region as one HTML page that needs nothing else: verdict, findings, then host by host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..finding import ERROR, LEVELS
from ..setting import IMPACTS
from ..units import human
from . import cells
from .fleet import DEEDS, NAMES, Fleet, fleet
from .kinds import Kind, kinds
from .machine import Machine, machine
from .markup import esc, table, tag
from .names import count, fold
from .numa_map import distances, legend, numa_map
from .problems import Case, Place, Problem, problems
from .slices import cpu_sets, others, settings
from .style import CSS

# No scripts, and nothing from anywhere: also where a hostile name would get through.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_OPEN = 4
_CASES = 6


def page(
    plans: Sequence[Mapping[str, Any]], topologies: Mapping[str, Mapping[str, Any]], region: str, created: str
) -> str:
    """The whole page.

    Args:
        plans: plans as the action ``ull.metal.plan`` returns them.
        topologies: the fact ``ull_topology`` by host; hosts may be missing.
        region: name of the inventory, for the heading.
        created: when it was made, in words.
    """
    whole = fleet(plans)
    found = problems(finding for plan in plans for finding in plan["findings"])
    groups = kinds(plans, topologies)
    head = [
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{esc(_POLICY)}">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        '<link rel="icon" href="data:,">',
        tag("title", esc(f"Plan of {region}: {whole.headline}")),
        tag("style", CSS),
    ]
    body = [cells.symbols(), _top(whole, region, created), tag("main", [_problems(found), _hosts(groups, whole)])]
    body.append(tag("footer", f"Made by ull.metal, {esc(created)}. Nothing was changed on any host.", class_="top"))
    return f'<!DOCTYPE html>\n<html lang="en">{tag("head", head)}{tag("body", body)}</html>\n'


def _top(whole: Fleet, region: str, created: str) -> str:
    return tag(
        "header",
        [
            tag("p", esc(f"Plan of {region} · {created}"), class_="eyebrow"),
            tag("h1", esc(whole.headline)),
            _tally(whole) if whole.hosts else "",
        ],
        class_="top",
    )


def _tally(whole: Fleet) -> str:
    """Every host once, by what it needs."""
    parts: list[tuple[str, str, Sequence[str]]] = [("has-errors", "with errors, nothing can be applied", whole.errors)]
    parts += [(impact, DEEDS[impact], whole.impacts[impact]) for impact in reversed(IMPACTS)]
    parts += [("not-read", "not read live", whole.unread), ("in-sync", "in sync", whole.hosts)]
    parts = _once(parts)
    entries = []
    for name, words, hosts in parts:
        if hosts:
            swatch = tag("svg", tag("rect", width=12, height=12, class_=f"impact-{name}"), width=12, height=12)
            once = " (once)" if name == "reboot" else ""
            line = f" {words}{once}: {fold(hosts, NAMES)}"
            entries.append(tag("li", [swatch, tag("span", [tag("b", str(len(hosts))), esc(line)])]))
    numbers = [(name, len(hosts)) for name, _words, hosts in parts if hosts]
    return cells.fleet_bar(numbers, len(whole.hosts)) + tag("ul", entries, class_="tally")


def _once(parts: Sequence[tuple[str, str, Sequence[str]]]) -> list[tuple[str, str, Sequence[str]]]:
    """Each host only in the first part that has it."""
    seen: set[str] = set()
    made: list[tuple[str, str, Sequence[str]]] = []
    for name, words, hosts in parts:
        made.append((name, words, [host for host in hosts if host not in seen]))
        seen.update(hosts)
    return made


def _problems(found: Sequence[Problem]) -> str:
    if not found:
        return tag("h2", "Findings") + tag("p", "None: the declaration fits every machine.", class_="card")
    return tag("h2", "Findings") + "".join(map(_problem, found))


def _problem(problem: Problem) -> str:
    head = tag(
        "header",
        [
            tag("span", esc(problem.level), class_=f"badge {problem.level}"),
            tag("h3", tag("code", esc(problem.id))),
            tag("span", esc(f"{count(len(problem.hosts), 'host')}: {fold(problem.hosts, NAMES)}"), class_="quiet"),
        ],
    )
    cases = [_case(case, problem) for case in problem.cases]
    shown = tag("ul", cases[:_CASES], class_="cases")
    if len(cases) > _CASES:
        rest = [tag("summary", f"{len(cases) - _CASES} more"), tag("ul", cases[_CASES:], class_="cases")]
        shown += tag("details", rest)
    inner = [head, tag("p", esc(problem.why)) if problem.why else "", shown]
    return tag("article", inner, class_=f"card problem {problem.level}", id=f"finding-{_slug(problem.id)}")


def _case(case: Case, problem: Problem) -> str:
    pairs = []
    if len(case.hosts) < len(problem.hosts):
        pairs.append(("hosts", esc(fold(case.hosts, NAMES))))
    lines = [_place(place, case) for place in case.places if place.path]
    if lines:
        more = [f"and {len(lines) - _CASES} more"] if len(lines) > _CASES else []
        pairs.append(("where", "<br>".join([*lines[:_CASES], *more])))
    if case.accepted:
        pairs.append(("accepted", esc(case.accepted)))
    if case.remedy:
        pairs.append(("remedy", esc(case.remedy)))
    listed = tag("dl", [tag("dt", name) + tag("dd", text) for name, text in pairs]) if pairs else ""
    return tag("li", [tag("div", esc(case.text)), listed])


def _place(place: Place, case: Case) -> str:
    where = tag("code", esc(place.text))
    if len(place.hosts) == len(case.hosts):
        return where
    return where + tag("span", esc(f" on {fold(place.hosts, NAMES)}"), class_="quiet")


def _hosts(groups: Sequence[Kind], whole: Fleet) -> str:
    if not groups:
        return tag("p", "No host was planned.", class_="card")
    title = count(len(whole.hosts), "host")
    if len(groups) < len(whole.hosts):
        title += f" of {count(len(groups), 'kind')}: same machine, same plan"
    parts = [tag("h2", esc(title))]
    machines = [machine(kind.plan, kind.topology) for kind in groups]
    if len(groups) > 1:
        parts.append(_index(groups, machines))
    parts.append(legend(machines))
    parts += [_kind(kind, machines[place], place, len(groups) <= _OPEN) for place, kind in enumerate(groups)]
    return "".join(parts)


def _index(groups: Sequence[Kind], machines: Sequence[Machine]) -> str:
    body = [
        (
            "",
            (
                tag("a", esc(fold(kind.hosts, 8)), href=f"#kind-{place}"),
                esc(kind.plan["profile"] or "none"),
                esc(_summary(machines[place])),
                _deed(kind),
                _levels(kind) or tag("span", "none", class_="quiet"),
            ),
        )
        for place, kind in enumerate(groups)
    ]
    return tag(
        "div", table(("hosts", "profile", "machine", "plan", "findings"), body, "Overview", "cards"), class_="card"
    )


def _kind(kind: Kind, drawn: Machine, place: int, opened: bool) -> str:
    many = f"{len(kind.plans)} hosts, same plan" if len(kind.plans) > 1 else ""
    line = [tag("h3", esc(fold(kind.hosts, NAMES))), tag("span", many, class_="quiet") if many else ""]
    line += [_deed(kind), _levels(kind)]
    budget = kind.plan.get("latency_budget_ns")
    words = [f"profile {kind.plan['profile'] or 'none'}", f"budget {budget / 1000:g} µs" if budget else ""]
    words += [_summary(drawn), _source(kind)]
    inner = [
        tag("summary", tag("span", line, class_="line")),
        tag("p", esc(" · ".join(filter(None, words))), class_="quiet"),
        numa_map(drawn, kind.plan) if drawn.nodes else tag("p", "Its topology is not known."),
        tag("div", [cpu_sets(kind.plan), distances(drawn)], class_="beside"),
        settings(kind),
        others(kind.plan),
    ]
    return tag("details", inner, class_="card host", id=f"kind-{place}", open=opened)


def _deed(kind: Kind) -> str:
    if kind.worst:
        return tag("span", esc(DEEDS[kind.worst]), class_=f"badge {kind.worst}")
    if any(found["level"] == ERROR for found in kind.findings):
        return tag("span", "cannot be applied", class_="badge error")
    if all(plan.get("source") == "host" for plan in kind.plans):
        return tag("span", "in sync", class_="badge good")
    return tag("span", "not read live", class_="badge plain")


def _levels(kind: Kind) -> str:
    """The kinds of findings of a kind of hosts, as links to what they mean."""
    found = problems(kind.findings)
    return " ".join(
        tag(
            "a",
            esc(count(len(ids), level)),
            href=f"#finding-{_slug(ids[0])}",
            class_=f"badge {level}",
            title=", ".join(ids),
        )
        for level in LEVELS
        if (ids := [problem.id for problem in found if problem.level == level])
    )


def _summary(drawn: Machine) -> str:
    """The machine in a line."""
    topology = drawn.topology
    known = drawn.known
    cores = sum(len(cluster.cores) for node in known for cluster in node.clusters)
    threads = sum(len(node.threads) for node in known)
    words = [count(len(known), "node")]
    words += [f"{count(cores, 'core')}, {count(threads, 'CPU')}" if cores != threads else count(threads, "CPU")]
    words += [human(sum(node.memory for node in known))]
    system, kernel = topology.get("os") or {}, topology.get("kernel") or {}
    words += [topology.get("arch") or "", f"{system.get('id', '')} {system.get('version', '')}".strip()]
    words += [kernel.get("release") or "", "real-time kernel" if kernel.get("flavour") == "rt" else ""]
    return ", ".join(filter(None, words))


def _source(kind: Kind) -> str:
    read = [plan["host"] for plan in kind.plans if plan.get("source") == "host"]
    stored = [plan["host"] for plan in kind.plans if plan.get("source") == "snapshot"]
    if len(read) == len(kind.plans):
        return "read from the host"
    if len(stored) == len(kind.plans):
        return "from the stored snapshot"
    return f"from the stored snapshot: {fold(stored, NAMES)}" if stored else "not read"


def _slug(text: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in text)
