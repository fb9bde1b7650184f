# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""NetworkManager: a default for the MTU in its own configuration, so that no connection profile is edited.

A profile has no drop-ins, and one that NetworkManager made up for itself has no file. But where a profile leaves the MTU
open, which is the rule, a section [connection...] for the interface fills it in. Source: NetworkManager.conf(5), "CONNECTION
SECTION", ethernet.mtu; it goes for bonds, bridges and VLANs, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..errors import UllError
from ..host import MANAGED, Host
from ..setting import FileStore, Store

DEVICES = "/run/NetworkManager/devices"
CONF = "/etc/NetworkManager/conf.d/90-ull-metal-mtu.conf"

_HEAD = f"# {MANAGED.format(role='jumbo_frames')}\n"
_SECTION = "[connection-ull-metal-mtu-{interface}]\nmatch-device=interface-name:={interface}\nethernet.mtu={mtu}\n"
_READ = re.compile(r"^match-device=interface-name:=(\S+)\nethernet\.mtu=(\d+)$", re.MULTILINE)
# how nmcli writes that a profile leaves the MTU open; a bond's without the setting says nothing at all
_OPEN = ("", "auto", "0")


class NetworkManager:
    """NetworkManager, and netplan where it renders for it."""

    name = "NetworkManager"

    def owns(self, host: Host, interface: str) -> bool:
        """Whether it manages the interface by a connection profile."""
        return bool(_profile(host, interface))

    def persisted(self, host: Host, interface: str) -> str | None:
        """The profile's MTU, or else the default that ours is."""
        return _explicit(host, interface) or dict(_READ.findall(host.text(CONF))).get(interface)

    def check(self, host: Host, interface: str, mtu: int) -> None:
        """Refuse where the profile itself says another MTU, which goes over every default."""
        explicit = _explicit(host, interface)
        if explicit and explicit != str(mtu):
            uuid = _profile(host, interface)
            raise UllError(
                f"NetworkManager's profile {uuid} sets an MTU of {explicit}",
                host=host.name,
                variable=f"the MTU of {interface}",
                value=mtu,
                remedy=f"leave it open there: nmcli connection modify {uuid} 802-3-ethernet.mtu 0",
            )

    def stores(self, host: Host, wanted: Mapping[str, int]) -> list[Store]:
        """One file with a section for each interface; NetworkManager reads it when it starts or is told to reload."""
        sections = [_SECTION.format(interface=name, mtu=mtu) for name, mtu in sorted(wanted.items())]
        return [FileStore(CONF, "\n".join([_HEAD, *sections]) if wanted else None)]


def _profile(host: Host, interface: str) -> str:
    """The UUID of the profile that is active on the interface; empty for none."""
    index = host.read(f"/sys/class/net/{interface}/ifindex")
    lines = (line.partition("=") for line in (host.read(f"{DEVICES}/{index}") or "").splitlines())
    state = {key: value for key, _equals, value in lines}
    return state.get("connection-uuid", "") if state.get("managed") == "true" else ""


def _explicit(host: Host, interface: str) -> str:
    """The MTU that the interface's profile itself sets; empty where it leaves it open."""
    uuid = _profile(host, interface)
    said = host.ask(["nmcli", "--get-values", "802-3-ethernet.mtu", "connection", "show", uuid]).strip() if uuid else ""
    return "" if said in _OPEN else said
