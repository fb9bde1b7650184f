# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The UDP ping-pong of this collection: a line of JSON with its histogram."""

from __future__ import annotations

from ...errors import UllError
from ..histogram import Histogram
from ..reading import Reading
from .text import Broken

NAME = "udp_pingpong"
MEASURES = "round trip"
SCHEMA = 1
TIMESTAMPS = ("hardware", "software", "user")
broken = Broken(NAME)


def parse(text: str) -> list[Reading]:
    """One reading, of the path between the two hosts.

    Raises:
        UllError: the output is broken, or no message came back.
    """
    said = broken.json(text)
    if said.get("instrument") != NAME or said.get("schema") != SCHEMA:
        raise broken(f"this is not version {SCHEMA} of it", said.get("schema"))
    if said.get("timestamps") not in TIMESTAMPS:
        raise broken("it does not say who took its timestamps", said.get("timestamps"))
    try:
        histogram = Histogram.from_dict(said.get("histogram"))
    except UllError as bad:
        raise broken(bad.message, bad.value) from bad
    sent, received = (broken.whole(said.get(key), key) for key in ("sent", "received"))
    broken.same(histogram.count, received, "messages")
    unstamped = broken.whole(said.get("unstamped", 0), "unstamped")
    if received + unstamped > sent:
        raise broken(f"{received + unstamped} messages came back of {sent}")
    if not received:
        raise broken("no message came back", remedy="open the port on the other host")
    broken.extremes(histogram, histogram.min_ns, histogram.max_ns)
    return [
        Reading(
            *(NAME, MEASURES, histogram, received),
            cpus=str(broken.whole(said.get("cpu"), "cpu")),
            min_ns=histogram.min_ns,
            max_ns=histogram.max_ns,
            duration_s=broken.real(said.get("duration_s"), "duration_s"),
            counts={"sent": sent, "lost": sent - received - unstamped, "unstamped": unstamped},
        )
    ]
