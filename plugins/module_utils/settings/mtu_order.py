# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""In which order MTUs change along a path: what is raised goes from the bottom up, what is lowered from the top down.

So at no moment is an interface's MTU above that of one below it. What is lowered comes first, all of it: then each
interface that is raised finds those below at their final MTU already.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..host import Host
from ..network import stack

# Bottom up, with the reason why each comes after those before it.
ORDER = {
    "nic": "carries the frames of all that is upon it",
    "vf": "a PF drops, or refuses to its VFs, frames larger than its own (ixgbe_set_vf_lpe in the kernel)",
    "bond": "gives its MTU to all its members, and fails as a whole when one of them refuses",
    "bridge": "drops what is larger than the port it leaves by (is_skb_forwardable in the kernel)",
    "vlan": "cannot have a larger MTU than its parent (vlan_dev_change_mtu in the kernel)",
}
_RANK = {kind: place for place, kind in enumerate(ORDER)}


def ordered(host: Host, wanted: Iterable[tuple[str, str, int]]) -> list[str]:
    """Keys in the order in which their MTUs may change.

    Args:
        host: where the interfaces are, as they run now.
        wanted: for each its key, its interface (empty where there is none yet), and its MTU to be.
    """
    raised: list[tuple[tuple[int, int], str]] = []
    lowered: list[tuple[tuple[int, int], str]] = []
    for key, interface, mtu in wanted:
        now = int(stack.mtu(host, interface) or 0)
        place = (stack.height(host, interface), _RANK[stack.kind(host, interface)])
        (lowered if now > mtu else raised).append((place, key))
    return [key for _place, key in sorted(lowered, key=_first, reverse=True) + sorted(raised, key=_first)]


def _first(row: tuple[tuple[int, int], str]) -> tuple[int, int]:
    return row[0]
