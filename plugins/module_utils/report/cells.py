# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The small drawings: a core with its threads, a bar of memory, a row of VFs. SVG; a letter or a pattern beside each colour."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..units import human
from .cpu_roles import IDLE, ISOLATED, LCORES, ROLES, CpuRole
from .machine import Core, Node, Thread
from .markup import esc, tag
from .names import count

WIDTH, HEIGHT, GAP = 22, 28, 2
_DRAWN = {ISOLATED: "stripes", LCORES: "dots", IDLE: "stripes"}
PATTERNS = {"gigantic": "stripes", "huge": "dots", "over": "stripes"}


def symbols() -> str:
    """What all drawings of a page use: one symbol a CPU role, and the patterns of memory."""
    made = [
        tag(
            "symbol",
            [
                tag("rect", width=WIDTH, height=HEIGHT, rx=3, class_=f"cell {role.name}"),
                tag("rect", width=WIDTH, height=HEIGHT, rx=3, fill=f"url(#{drawn})")
                if (drawn := _DRAWN.get(role))
                else "",
                tag("text", esc(role.letter), x=WIDTH // 2, y=13, class_=f"letter on-{role.name}"),
            ],
            id=f"cpu-{role.name}",
            width=WIDTH,
            height=HEIGHT,
        )
        for role in ROLES
    ]
    return tag(
        "svg",
        [
            tag("defs", [_pattern("stripes", 6, "M-1 1l2-2M0 6l6-6M5 7l2-2"), _pattern("dots", 5, "M2 2h1v1h-1z")]),
            *made,
        ],
        width=0,
        height=0,
        class_="symbols",
        aria_hidden="true",
        focusable="false",
    )


def core(drawn: Core, titles: Mapping[int, str]) -> str:
    """A core: its threads side by side in a frame, each with its letter and its number."""
    threads = len(drawn.threads)
    inner = [_thread(thread, GAP + place * (WIDTH + GAP), titles) for place, thread in enumerate(drawn.threads)]
    width = GAP + threads * (WIDTH + GAP)
    frame = tag("rect", x=0.5, y=0.5, width=width - 1, height=HEIGHT + 2 * GAP - 1, rx=4, class_="core")
    return tag("svg", [frame, *inner], width=width, height=HEIGHT + 2 * GAP)


def key(role: CpuRole) -> str:
    """A CPU of a role without a number, for the legend."""
    return tag("svg", tag("use", href=f"#cpu-{role.name}"), width=WIDTH, height=HEIGHT, aria_hidden="true")


def swatch(look: str) -> str:
    """A piece of memory, for the legend."""
    pieces = [tag("rect", width=WIDTH, height=14, class_=look)]
    if look in PATTERNS:
        pieces.append(tag("rect", width=WIDTH, height=14, fill=f"url(#{PATTERNS[look]})"))
    return tag("svg", pieces, width=WIDTH, height=14, class_="memory", aria_hidden="true")


def memory_bar(node: Node) -> str:
    """A bar as wide as its place: hugepages by size, and what is left. Asking for more than there is, it says so."""
    wanted = sum(pool.bytes for pool in node.pools)
    whole = max(node.memory, wanted) or 1
    parts, at = [], 0.0
    for pool in node.pools:
        share = 100 * pool.bytes / whole
        parts += [_part(at, share, pool.look, f"{count(pool.pages, 'page')} of {pool.size}")]
        at += share
    if wanted > node.memory:
        over = 100 * (wanted - node.memory) / whole
        parts.append(_part(100 - over, over, "over", f"{human(wanted - node.memory)} more than the node has"))
    words = ", ".join(f"{pool.pages} x {pool.size}" for pool in node.pools) or "none"
    return tag(
        "svg",
        [tag("rect", width="100%", height="100%", class_="rest"), *parts],
        class_="memory",
        width="100%",
        height=14,
        role="img",
        aria_label=f"Memory of node {node.id}: {human(node.memory)}, hugepages {words}",
    )


def vf_row(there: int, total: int, planned: int, names: Sequence[str] = ()) -> str:
    """VFs as small squares: filled ones are there, framed ones are planned."""
    shown = max(there, planned)
    squares = [
        tag(
            "rect",
            tag("title", esc(names[place] if place < len(names) else f"VF {place}")),
            x=1 + place % 16 * 11,
            y=1 + place // 16 * 11,
            width=9,
            height=9,
            rx=1,
            class_="vf" + ("" if place < there else " missing") + (" planned" if place < planned else ""),
        )
        for place in range(shown)
    ]
    label = f"{there} of {total} virtual functions are there" + (f", {planned} planned" if planned else "")
    lines = (shown + 15) // 16
    size = {"width": 16 * 11 + 1 if shown > 16 else shown * 11 + 1, "height": lines * 11 + 1}
    return tag("svg", squares, class_="vfs", role="img", aria_label=label, **size) if shown else ""


def fleet_bar(parts: Iterable[tuple[str, int]], total: int) -> str:
    """The fleet in one line: how many hosts need what."""
    drawn, at, words = [], 0.0, []
    for name, number in parts:
        share = 100 * number / (total or 1)
        drawn.append(_part(at, share, f"impact-{name}", f"{count(number, 'host')}: {name.replace('-', ' ')}"))
        words.append(f"{number} {name.replace('-', ' ')}")
        at += share
    label = f"Hosts by what they need: {', '.join(words)}"
    return tag("svg", drawn, class_="fleet", width="100%", height=16, role="img", aria_label=label)


def _part(at: float, share: float, class_: str, title: str) -> str:
    place: dict[str, Any] = {"x": f"{at:.3f}%", "width": f"{share:.3f}%", "height": "100%"}
    pattern = PATTERNS.get(class_)
    over = tag("rect", fill=f"url(#{pattern})", **place) if pattern else ""
    return tag("g", [tag("title", esc(title)), tag("rect", class_=class_, **place), over])


def _thread(thread: Thread, x: int, titles: Mapping[int, str]) -> str:
    return tag(
        "g",
        [
            tag("title", esc(titles.get(thread.cpu, ""))),
            tag("use", href=f"#cpu-{thread.role.name}", x=x, y=GAP),
            tag("text", str(thread.cpu), x=x + WIDTH // 2, y=GAP + 23, class_=f"id on-{thread.role.name}"),
        ],
    )


def _pattern(name: str, size: int, path: str) -> str:
    return tag("pattern", tag("path", d=path), id=name, width=size, height=size, patternUnits="userSpaceOnUse")
