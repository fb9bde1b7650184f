# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What ethtool prints, as words and values. The text is read and not its JSON: older releases have none for channels.

A value of a driver that lacks the knob is printed as ``n/a``, or refused as a whole; both leave the word out here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..host import Host

Values = dict[str, str]

_LINE = re.compile(r"^\s*([A-Za-z][\w -]*):\s*(\S.*?)\s*$")
_ADAPTIVE = re.compile(r"^Adaptive RX:\s*(\S+)\s+TX:\s*(\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Limits:
    """What is set now, and the most that can be; words that the driver lacks are in neither."""

    now: Values = field(default_factory=dict)
    most: Values = field(default_factory=dict)


def text(values: Mapping[str, str]) -> str:
    """``rx=256 tx=256``, the one form in which values are compared and remembered."""
    return " ".join(f"{word}={value}" for word, value in values.items())


def values_of(words: str) -> Values:
    """The values of such a text; empty for any other."""
    parts = words.split()
    return dict(part.split("=", 1) for part in parts) if all("=" in part for part in parts) else {}


def limits(host: Host, name: str, option: str) -> Limits:
    """Rings (``-g``) or channels (``-l``)."""
    head, _title, tail = host.ask(["ethtool", option, name]).partition("Current hardware settings:")
    most = {word: value for word, value in _lines(head).items() if value.isdigit() and value != "0"}
    return Limits({word: value for word, value in _lines(tail).items() if word in most and value.isdigit()}, most)


def coalescing(host: Host, name: str) -> Values:
    """``adaptive-rx``, ``adaptive-tx`` and the delays, in microseconds and frames."""
    said = host.ask(["ethtool", "-c", name])
    found = _ADAPTIVE.search(said)
    adaptive = {"adaptive-rx": found[1], "adaptive-tx": found[2]} if found else {}
    delays = {word: value for word, value in _lines(said).items() if value.isdigit()}
    return {word: value for word, value in {**adaptive, **delays}.items() if value != "n/a"}


def features(host: Host, name: str) -> Values:
    """Every feature that can be switched, ``on`` or ``off``; fixed ones are left out."""
    found = _lines(host.ask(["ethtool", "-k", name]))
    return {word: value.split()[0] for word, value in found.items() if "[fixed]" not in value}


def pause(host: Host, name: str) -> Values:
    """``autoneg``, ``rx`` and ``tx``: on or off."""
    found = _lines(host.ask(["ethtool", "-a", name]))
    names = {"autonegotiate": "autoneg", "rx": "rx", "tx": "tx"}
    return {names[word]: value for word, value in found.items() if word in names and value in ("on", "off")}


def write(host: Host, option: str, name: str, values: Mapping[str, str]) -> None:
    """Set values, all in one call.

    Raises:
        UllError: the driver refuses them.
    """
    host.run(["ethtool", option, name, *(part for pair in values.items() for part in pair)])


def _lines(said: str) -> Values:
    """Each ``Word: value`` with its word in lower case, the first of those that are named twice."""
    found: Values = {}
    for line in said.splitlines():
        match = _LINE.match(line)
        if match:
            found.setdefault(match[1].strip().lower(), match[2])
    return found
