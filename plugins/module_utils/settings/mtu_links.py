# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rows of NICs and VFs, as a plan has them, as the interfaces of this host and the MTU that each is to have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import UllError
from ..host import Host
from ..network import stack

# The VF number of a PF, by PCI address: unlike a name it outlives renaming, and an interface's name has no slash.
_VF = re.compile(r"(.+)/vf(\d+)\Z")
# 68 is IPv4's least (RFC 791); a device's MTU is two bytes in most drivers' registers.
LEAST, MOST = 68, 65535
# what an Ethernet interface starts with, by ether_setup() in the kernel
DEFAULT = 1500


@dataclass(frozen=True)
class Link:
    """An interface and its MTU.

    Args:
        key: the interface's name; for a VF ``<PCI address of the PF>/vf<number>``.
        interface: its name now; empty where there is none.
        mtu: what it is to have.
        variable: who asks for it.
    """

    key: str
    interface: str
    mtu: int
    variable: str

    @property
    def hidden(self) -> bool:
        """Whether it is a VF without an interface here."""
        return not self.interface and bool(_VF.match(self.key))


def named(host: Host, key: str, mtu: str) -> Link:
    """The link of a key out of the memory; a VF that was not there yet would have come with the default MTU."""
    match = _VF.match(key)
    interface = _vf_interface(host, match[1], int(match[2])) if match else stack.interface_of(host, key, "")
    return Link(key, interface, int(mtu or DEFAULT), f"the MTU of {interface or key}")


def declared(host: Host, nics: list[dict[str, Any]], vfs: list[dict[str, Any]]) -> dict[str, Link]:
    """All links of the declaration by key, with what is stacked upon them and the other members of bonds.

    Raises:
        UllError: a row is incomplete, or two give one interface different MTUs.
    """
    found: dict[str, Link] = {}  # by interface: a VF that is a bond's member is one of both
    for place, row in enumerate(nics):
        variable = f"jumbo_frames_nics[{place}]"
        mtu, name, address = _mtu(row, variable), str(row.get("name") or ""), str(row.get("pci") or "")
        if not name and not address:
            raise UllError("a NIC has a name or a PCI address", variable=variable, value=row, remedy="add `name`")
        interface = stack.interface_of(host, name, address)
        _add(found, Link(interface or name or address, interface, mtu, f"{variable}.mtu"))
        _add_above(host, found, row, interface, mtu, variable)
    for place, row in enumerate(vfs):
        variable = f"jumbo_frames_vfs[{place}]"
        mtu, address = _mtu(row, variable), _pf(host, row, variable)
        interface = _vf_interface(host, address, int(row["index"]))
        _add(found, Link(f"{address}/vf{row['index']}", interface, mtu, f"{variable}.mtu"))
        _add_above(host, found, row, interface, mtu, variable)
    return {link.key: link for link in found.values()}


def pf_of(key: str) -> tuple[str, int] | None:
    """PCI address and VF number of a VF's key; None for another's."""
    match = _VF.match(key)
    return (match[1], int(match[2])) if match else None


def _add_above(
    host: Host, found: dict[str, Link], row: Mapping[str, Any], interface: str, mtu: int, variable: str
) -> None:
    """What the row names upon the interface, or else what is there; and of a bond the members that it takes along."""
    over = row.get("above")
    for name in stack.above(host, interface) if over is None else over:
        there = stack.interface_of(host, name, "")
        _add(found, Link(name, there, mtu, f"{variable}.above"))
        for member in stack.lower(host, name) if stack.kind(host, name) == "bond" else []:
            _add(found, Link(member, member, mtu, f"{variable}.above ({name})"))


def _add(found: dict[str, Link], link: Link) -> None:
    other = found.setdefault(link.interface or link.key, link)
    if other.mtu != link.mtu:
        raise UllError(
            f"{link.interface or link.key} would have an MTU of {link.mtu}, and of {other.mtu} by {other.variable}",
            variable=link.variable,
            value=link.mtu,
            remedy="give all NICs below one bond, bridge or VLAN the same MTU, or leave that out of `above`",
        )


def _mtu(row: Mapping[str, Any], variable: str) -> int:
    try:
        mtu = int(row["mtu"])
        if LEAST <= mtu <= MOST:
            return mtu
    except (KeyError, TypeError, ValueError):
        pass
    raise UllError(
        f"an MTU is a number from {LEAST} to {MOST}",
        variable=f"{variable}.mtu",
        value=row.get("mtu"),
        remedy="e.g. 9000, which leaves a switch with 9216 room for all headers",
    )


def _pf(host: Host, row: Mapping[str, Any], variable: str) -> str:
    """The PCI address of a VF's PF."""
    address = str(row.get("pf") or "") or (host.link(f"{stack.NET}/{row.get('pf_name') or ''}/device") or "")
    if not address or not str(row.get("index", "")).isdigit():
        raise UllError(
            "a VF has a PF and a number",
            variable=variable,
            value=dict(row),
            remedy='e.g. {pf: "0000:81:00.0", index: 0, mtu: 9000}',
        )
    return address


def _vf_interface(host: Host, address: str, index: int) -> str:
    found = host.names(f"{stack.vf_device(address, index)}/net")
    return found[0] if found else ""
