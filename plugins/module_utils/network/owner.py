# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What configures an interface at boot, found out from what it left in /run: each manager persists an MTU its own way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from ..host import Host
from ..setting import Store
from .ifupdown import Ifupdown
from .network_manager import NetworkManager
from .networkd import Networkd


class Owner(Protocol):
    """A network manager, as far as the MTU goes."""

    name: str

    def owns(self, host: Host, interface: str) -> bool: ...
    def persisted(self, host: Host, interface: str) -> str | None: ...
    def check(self, host: Host, interface: str, mtu: int) -> None: ...
    def stores(self, host: Host, wanted: Mapping[str, int]) -> list[Store]: ...


# The first that owns an interface; a running daemon's own word goes before a configuration that may be a leftover.
OWNERS: Sequence[Owner] = (Networkd(), NetworkManager(), Ifupdown())


def owner(host: Host, interface: str) -> Owner | None:
    """Who configures the interface; None where nobody does, as for most VFs and NICs of a critical path."""
    return next((one for one in OWNERS if one.owns(host, interface)), None)


def stores(host: Host, wanted: Mapping[str, int]) -> list[Store]:
    """The files of all managers that bring these MTUs at boot, and those of ours that are wanted no longer."""
    owners = {interface: owner(host, interface) for interface in wanted}
    return [
        store
        for one in OWNERS
        for store in one.stores(host, {name: mtu for name, mtu in wanted.items() if owners[name] is one})
    ]
