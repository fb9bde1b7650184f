# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads a page as a browser does: which elements stand where, and whether they are closed in order."""

from __future__ import annotations

from html.parser import HTMLParser

_VOID = {"meta", "link", "br"}


class Page(HTMLParser):
    """A parsed page. ``elements`` are pairs of name and attributes, ``words`` all text of the body."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        """Note the element."""
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        """Only the innermost element may end."""
        assert self.open.pop() == tag

    def handle_data(self, data):
        """Keep what is to be read."""
        if self.open[-1:] != ["style"]:
            self.words += data + " "

    def of(self, name: str, class_: str = "") -> list[dict[str, str | None]]:
        """The attributes of all elements of a name and a class."""
        found = [attributes for element, attributes in self.elements if element == name]
        return [each for each in found if not class_ or class_ in (each.get("class") or "").split()]
