# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rolling reboots: who goes with whom, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import UllError

BATCH, ZONE = "ull_reboot_batch", "ull_zone"
RIGHT, LEFT = "right", "left"


def batches(due: Sequence[str], hostvars: Mapping[str, Any], everyone: Sequence[str]) -> list[dict[str, Any]]:
    """Hosts in batches: zone by zone, in the order of the inventory; none spans two zones.

    Args:
        due: the hosts to reboot, in the order of the inventory.
        hostvars: each host's variables: ``ull_zone`` (without one all are of one zone) and ``ull_reboot_batch``, a
            number of hosts or a percentage of the run's hosts in the zone, at least 1. Where hosts of a zone differ,
            the smallest counts.
        everyone: all hosts of the run, due or not.

    Returns:
        Batches with ``number`` (from 1), ``zone``, ``hosts``, and ``earlier``, all hosts of the batches before.
    """
    zones: dict[str, list[str]] = {}
    for host in due:
        zones.setdefault(_zone(hostvars, host), []).append(host)
    found: list[dict[str, Any]] = []
    earlier: list[str] = []
    for zone, hosts in zones.items():
        whole = sum(_zone(hostvars, host) == zone for host in everyone)
        size = min(_size(hostvars, host, whole) for host in hosts)
        for start in range(0, len(hosts), size):
            here = hosts[start : start + size]
            found.append({"number": len(found) + 1, "zone": zone, "hosts": here, "earlier": list(earlier)})
            earlier += here
    return found


def summary(found: Sequence[Mapping[str, Any]], outcomes: Mapping[str, str]) -> dict[str, Any]:
    """What became of the batches.

    Args:
        found: the batches.
        outcomes: by host ``right``, ``left`` where its window has closed, or why it is not right; a host without one is
            out of reach.

    Returns:
        ``right``, ``wrong`` (with their reason), ``left``, which were not rebooted for their sake, and all as ``text``.
    """
    stopped = False
    result: dict[str, list[str]] = {"right": [], "wrong": [], "left": []}
    for batch in found:
        hosts = batch["hosts"]
        if stopped:
            result["left"] += hosts
            continue
        result["right"] += [host for host in hosts if outcomes.get(host) == RIGHT]
        result["left"] += [host for host in hosts if outcomes.get(host) == LEFT]
        wrong = [host for host in hosts if outcomes.get(host) not in (RIGHT, LEFT)]
        result["wrong"] += [f"{host}: {outcomes.get(host) or 'out of reach'}" for host in wrong]
        stopped = bool(wrong)
    return {**result, "text": _text(result)}


def _text(result: Mapping[str, Sequence[str]]) -> str:
    parts = [f"{len(result['right'])} of {sum(map(len, result.values()))} hosts came back right."]
    parts += [f"  NOT RIGHT     {line}" for line in result["wrong"]]
    if result["left"]:
        parts.append(f"  NOT REBOOTED  {', '.join(result['left'])} (the roll ended before their turn)")
    return "\n".join(parts)


def _zone(hostvars: Mapping[str, Any], host: str) -> str:
    return str(hostvars[host].get(ZONE, "") or "")


def _size(hostvars: Mapping[str, Any], host: str, whole: int) -> int:
    given = hostvars[host].get(BATCH, 1)
    text = str(given).strip()
    share = text.endswith("%")
    digits = text[:-1].strip() if share else text
    if not digits.isdigit() or not int(digits) or (share and int(digits) > 100):
        raise UllError(
            "this is no size of a batch",
            host=host,
            variable=BATCH,
            value=given,
            remedy="use a number of hosts, or a percentage such as 25%",
        )
    return max(1, whole * int(digits) // 100) if share else int(digits)
