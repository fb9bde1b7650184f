# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""HTML and SVG as text. Everything that comes from a plan goes through ``esc``: names may be hostile."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import Any

# Control characters, and halves of surrogate pairs, by which unreadable bytes are carried: no document may hold them.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def esc(value: Any) -> str:
    """A value as text, in an element or in a quoted attribute."""
    return html.escape(_UNPRINTABLE.sub("\ufffd", str(value)), quote=True)


def tag(name: str, inner: str | Iterable[str] = "", /, **attributes: Any) -> str:
    """An element. ``inner`` is markup; attributes are escaped here, and left out when None or False.

    ``class_`` and ``for_`` lose their underscore, others become a hyphen: ``aria_label`` is ``aria-label``.
    """
    words = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{esc(value)}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    content = inner if isinstance(inner, str) else "".join(inner)
    return f"<{name}{words}>{content}</{name}>"


def table(head: Iterable[str], rows: Iterable[tuple[str, Iterable[str]]], caption: str, class_: str = "") -> str:
    """A table that a narrow screen can show as cards; ``rows`` are pairs of a class and cells, which are markup."""
    names = list(head)
    body = []
    for row_class, cells in rows:
        first, *others = cells
        named = zip(names[1:], others)
        body.append(
            tag(
                "tr",
                [tag("th", first, scope="row"), *(tag("td", cell, data_label=name) for name, cell in named)],
                class_=row_class or None,
            )
        )
    return tag(
        "table",
        [
            tag("caption", esc(caption)),
            tag("thead", tag("tr", [tag("th", esc(name), scope="col") for name in names])),
            tag("tbody", body),
        ],
        class_=class_ or None,
    )
