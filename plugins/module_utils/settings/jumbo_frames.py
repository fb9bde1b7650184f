# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""MTU along whole paths: NICs, their VFs with a kernel driver, and the bonds, bridges and VLANs upon them.

Each interface's MTU is persisted with whatever configures it at boot (network/owner.py). Where nobody does, as for most
VFs and NICs of a critical path, the host applies it itself (agent/store.py). Not by udev's .link files: of those only
the first that matches is applied, which for nearly all NICs is the distribution's 99-default.link with its naming policy.
A file of ours would displace that and rename the NIC, and a drop-in to it would be for all NICs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..agent.store import SLICE, AgentStore
from ..errors import UllError
from ..finding import Finding
from ..host import Host
from ..network import networkd, owner, stack
from ..setting import LINK, Memory, Setting, Store
from ..topology import netlink
from . import mtu_links, mtu_order
from .mtu_links import Link

ROLE = "jumbo_frames"
SOURCE = "ip-link(8), mtu; Documentation/ABI/testing/sysfs-class-net"


@dataclass
class JumboFrames:
    """Domain of the MTUs.

    Args:
        nics: rows with ``name`` or ``pci``, and ``mtu``; ``above`` names the bonds, bridges and VLANs upon it that get the
            same, by default all there are.
        vfs: rows with ``pf`` (PCI address) or ``pf_name``, ``index`` and ``mtu``. Of both, rows without an MTU and ones
            bound to vfio-pci are left out: these have no interface, and the application sets their MTU.
        boot: this is the host itself at boot, when interfaces may come later.
    """

    nics: list[dict[str, Any]] = field(default_factory=list)
    vfs: list[dict[str, Any]] = field(default_factory=list)
    boot: bool = False
    role: str = ROLE
    _stored: tuple[dict[str, Any], dict[str, int]] = field(default_factory=lambda: ({}, {}), init=False, repr=False)

    def __post_init__(self) -> None:
        self.nics = [row for row in self.nics if _concerned(row)]
        self.vfs = [row for row in self.vfs if _concerned(row)]

    def settings(self, host: Host) -> list[Setting]:
        """One setting an interface, in the order in which they may change."""
        links = self._links(host)
        if self.boot:
            links = {key: link for key, link in links.items() if link.interface or link.hidden}
        return [
            _setting(link, self._persisted) for link in _ordered(host, links.values()) if not _elsewhere(host, link)
        ]

    def stores(self, host: Host) -> list[Store]:
        """The files of the network managers, and what the host applies itself."""
        wanted = {link.interface: link.mtu for link in self._links(host).values() if link.interface}
        return [*owner.stores(host, wanted), self._agent(host)]

    def restore(self, host: Host, before: dict[str, str]) -> list[Setting]:
        """The interfaces once declared, with the MTU from before, in the order in which they may change."""
        mine = self._links(host)
        links = [
            mtu_links.named(host, key, value)
            for name, value in before.items()
            if (key := name[len(ROLE) + 1 :]) not in mine
        ]
        gone = [link for link in links if not link.interface]
        there = _ordered(host, [link for link in links if link not in gone])
        return [
            *(replace(_setting(link, self._persisted), restored=True) for link in there),
            *(_forgotten(link, before[f"{ROLE}.{link.key}"]) for link in gone),
        ]

    def check(self, host: Host) -> None:
        """Refuse interfaces that are not there, MTUs that a device cannot have, and ones above those below them."""
        links = self._links(host)
        limits = netlink.max_mtus() if host.live and links else {}
        to_be = {link.interface: link.mtu for link in self._returning(host, links)}
        to_be.update({link.interface: link.mtu for link in links.values()})
        for link in links.values():
            if link.interface:
                _check_limit(host, link, limits)
                _check_below(host, link, to_be)
                _check_owner(host, link)
            elif not link.hidden:
                raise UllError(
                    f"there is no interface {link.key}",
                    host=host.name,
                    variable=link.variable,
                    value=link.mtu,
                    remedy=f"this host has {', '.join(_all(host))}",
                )

    def _links(self, host: Host) -> dict[str, Link]:
        return mtu_links.declared(host, self.nics, self.vfs)

    def _returning(self, host: Host, links: Mapping[str, Link]) -> list[Link]:
        """What is declared no longer, with the MTU it returns to."""
        keys = {name[len(ROLE) + 1 :]: value for name, value in Memory(host, ROLE).values.items()}
        return [mtu_links.named(host, key, value) for key, value in keys.items() if key not in links]

    def _persisted(self, host: Host, link: Link) -> str | None:
        """What the next boot gives an interface."""
        one = owner.owner(host, link.interface) if link.interface else None
        if one:
            return one.persisted(host, link.interface)
        stored = AgentStore(ROLE, JumboFrames, None).persisted(host)
        if stored != self._stored[0]:
            links = JumboFrames(**stored)._links(host)
            self._stored = (stored, {key: found.mtu for key, found in links.items()})
        mtus = self._stored[1]
        return str(mtus[link.key]) if link.key in mtus else None

    def _agent(self, host: Host) -> AgentStore:
        """The whole declaration, when an interface of it is nobody else's: a VF must not be raised before its PF.

        It starts once the VFs are there, and looks again whenever a link comes up where bonds, bridges or VLANs are
        made by something that we do not know.
        """
        links = self._links(host)
        unowned = [link for link in links.values() if link.interface and not owner.owner(host, link.interface)]
        lent = any(link.hidden for link in links.values()) and host.exists(SLICE.format(role=ROLE))
        if not unowned and not lent:
            return AgentStore(ROLE, JumboFrames, None)
        return AgentStore(
            ROLE,
            JumboFrames,
            {
                "nics": [_kept(host, row) for row in self.nics],
                "vfs": [_kept(host, row) for row in self.vfs],
                "boot": True,
            },
            devices=sorted(path for link in links.values() for path in _devices(host, link)),
            after=["sriov"],
            watch=any(stack.kind(host, link.interface) in stack.STACKED for link in unowned),
        )


def _concerned(row: Mapping[str, Any]) -> bool:
    return "mtu" in row and row.get("driver") != "vfio-pci"


def _setting(link: Link, persisted: Any) -> Setting:
    return Setting(
        name=f"{ROLE}.{link.key}",
        role=ROLE,
        impact=LINK,
        declared=str(link.mtu),
        running=lambda host: stack.mtu(host, link.interface),
        persisted=lambda host: persisted(host, link),
        write=lambda host, value: _write(host, link, value),
        remedy=f"see what sets the MTU of {link.interface or link.key} meanwhile, and dmesg",
        doc=f"MTU of {link.interface or link.key}",
        source=SOURCE,
    )


def _forgotten(link: Link, value: str) -> Setting:
    """A setting for what is not here any more, so that there is nothing to return."""
    setting = _setting(link, lambda _host, _link: value)
    return replace(setting, declared=value, running=lambda _host: value, write=None, restored=True)


def _ordered(host: Host, links: Iterable[Link]) -> list[Link]:
    by_key = {link.key: link for link in links}
    wanted = [(link.key, link.interface, link.mtu) for link in by_key.values()]
    return [by_key[key] for key in mtu_order.ordered(host, wanted)]


def _elsewhere(host: Host, link: Link) -> bool:
    """Whether a VF is there but has no interface here: a pod has it, and the MTU it was given before."""
    pf = mtu_links.pf_of(link.key)
    return pf is not None and not link.interface and host.exists(stack.vf_device(*pf))


def _write(host: Host, link: Link, value: str) -> None:
    """Set it, unless the kernel did meanwhile: bonds take their members along, bridges and VLANs follow what is below."""
    if not link.interface:
        raise UllError(
            "there is no such VF",
            host=host.name,
            variable=link.variable,
            value=value,
            remedy="make the VFs first, e.g. with the role ull.metal.sriov",
        )
    if stack.mtu(host, link.interface) != value:
        host.poke(f"{stack.NET}/{link.interface}/mtu", value)


def _check_limit(host: Host, link: Link, limits: Mapping[str, int]) -> None:
    most = limits.get(link.interface, 0)
    if most and link.mtu > most:
        message = f"{link.interface} can have an MTU of {most} at most"
        raise Finding("nic-mtu-too-large", message, link.variable, link.mtu, f"use {most}", host.name).as_error()


def _check_below(host: Host, link: Link, to_be: Mapping[str, int]) -> None:
    """A bridge may have ports of smaller MTU where those are virtual: a guest's tap is the guest's matter."""
    for below in stack.lower(host, link.interface):
        mtu = to_be.get(below) or int(stack.mtu(host, below) or 0)
        bridged = stack.kind(host, link.interface) == "bridge" and not stack.physical(host, below)
        if 0 < mtu < link.mtu and not bridged:
            message = f"the MTU of {below}, below {link.interface}, is {mtu}"
            remedy = f"give {below} an mtu of {link.mtu} too, or use {mtu}"
            if stack.kind(host, link.interface) == "vf":
                raise Finding("vf-mtu-above-pf", message, link.variable, link.mtu, remedy, host.name).as_error()
            raise UllError(message, host.name, link.variable, link.mtu, remedy)


def _check_owner(host: Host, link: Link) -> None:
    one = owner.owner(host, link.interface)
    if one:
        one.check(host, link.interface, link.mtu)
    other = networkd.shared_mtu(host, link.interface)
    if other and other != str(link.mtu):
        raise UllError(
            f"{networkd.network_file(host, link.interface)}, which other interfaces share, sets an MTU of {other}",
            host=host.name,
            variable=link.variable,
            value=link.mtu,
            remedy=f"give {link.interface} a .network file of its own, or take MTUBytes= out of that one",
        )


def _kept(host: Host, row: Mapping[str, Any]) -> dict[str, Any]:
    """What the host needs of a row at boot; interfaces that are made later are known by then, so they are named."""
    kept = {key: row[key] for key in ("name", "pci", "pf", "pf_name", "index", "mtu") if row.get(key) not in (None, "")}
    if "index" in kept:
        return kept if row.get("above") is None else {**kept, "above": row["above"]}
    interface = stack.interface_of(host, str(row.get("name") or ""), str(row.get("pci") or ""))
    above = row.get("above")
    return {**kept, "above": stack.above(host, interface) if above is None else list(above)}


def _devices(host: Host, link: Link) -> list[str]:
    """What to wait for at boot: NICs and VFs, which are hardware."""
    pf = mtu_links.pf_of(link.key)
    if pf:
        return [f"{stack.vf_device(*pf)}/net"]
    return [f"{stack.NET}/{link.interface}"] if stack.physical(host, link.interface) else []


def _all(host: Host) -> list[str]:
    return [name for name in host.names(stack.NET) if name != "lo" and host.exists(f"{stack.NET}/{name}/mtu")]
