# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every instrument by its name: how its output is read, and what kind of latency it is about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..errors import UllError
from .parsers import cyclictest, hwlatdetect, oslat, rtla_osnoise, rtla_timerlat, sockperf, udp_pingpong
from .reading import Reading

HOST, NETWORK = "host", "network"


@dataclass(frozen=True)
class Instrument:
    """An instrument.

    Args:
        parse: reads its output.
        path: ``host`` for what happens on a CPU, ``network`` for what happens between two hosts.
    """

    parse: Callable[..., list[Reading]]
    path: str = HOST


INSTRUMENTS = {
    cyclictest.NAME: Instrument(cyclictest.parse),
    oslat.NAME: Instrument(oslat.parse),
    hwlatdetect.NAME: Instrument(hwlatdetect.parse),
    rtla_timerlat.NAME: Instrument(rtla_timerlat.parse),
    rtla_osnoise.NAME: Instrument(rtla_osnoise.parse),
    sockperf.NAME: Instrument(sockperf.parse, NETWORK),
    udp_pingpong.NAME: Instrument(udp_pingpong.parse, NETWORK),
}


def instrument(name: str) -> Instrument:
    """The instrument of a name.

    Raises:
        UllError: there is none.
    """
    if name not in INSTRUMENTS:
        known = ", ".join(sorted(INSTRUMENTS))
        raise UllError("there is no such instrument", variable="instrument", value=name, remedy=f"known are {known}")
    return INSTRUMENTS[name]


def parse(name: str, text: str, **hints: Any) -> list[Reading]:
    """Read the output of an instrument; ``hints`` say what its output does not, see its parser.

    Raises:
        UllError: there is no such instrument, or its output is broken.
    """
    return instrument(name).parse(text, **hints)
