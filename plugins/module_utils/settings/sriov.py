# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Virtual functions: how many each PF has, and the attributes of each, keyed on PCI addresses and numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..agent.store import AgentStore
from ..errors import UllError
from ..finding import Finding
from ..host import Host
from ..setting import DRAIN, LINK, LIVE, Memory, Setting, Store
from . import vf_device, vf_row
from .vf_parent import Links, Pf, attributes_of
from .vf_row import DISTURBING, VfRow

ROLE = "sriov"
ALLOW = "allow"
# What the plan's rows of NICs hold; of all this, pci and numvfs count here.
NIC_KEYS = {"nic", "name", "pci", "driver", "node", "above", "mtu", "queues", "rings", "coalescing", "numvfs"}

Persisted = Callable[[Host], "dict[str, str]"]

_NAME = re.compile(rf"{ROLE}\.([0-9a-f:.]+)\.(link|autoprobe|numvfs|vf(\d+))\Z")


@dataclass(frozen=True)
class Declared:
    """A PF: its number of VFs and their rows."""

    pci: str
    count: int
    rows: tuple[VfRow, ...]

    @property
    def autoprobe(self) -> str:
        """Off where any VF is for vfio-pci: the kernel would give it a driver first."""
        return "0" if any(row.driver for row in self.rows) else "1"


@dataclass
class Sriov:
    """Domain of the VFs.

    Args:
        nics: each with pci and numvfs; without numvfs it is left alone.
        vfs: rows of VFs, each with pf and index. A PF that is not among ``nics`` has as many VFs as its last row says.
        drain: ``allow`` when VFs that exist, or are in use, may be destroyed or changed.
    """

    nics: list[dict[str, Any]] = field(default_factory=list)
    vfs: list[dict[str, Any]] = field(default_factory=list)
    drain: str = "never"
    role: str = ROLE
    _links: Links | None = field(default=None, init=False, repr=False)

    def settings(self, host: Host) -> list[Setting]:
        """Of each PF: that it is up, autoprobe, the number of VFs, then a setting a VF."""
        self._links = Links(host)
        return [setting for one in self._declared() for setting in self._of_pf(host, one)]

    def stores(self, host: Host) -> list[Store]:
        """What applies it at boot: before the network, and so before its manager and the kubelet."""
        return [self._store()]

    def restore(self, host: Host, before: dict[str, str]) -> list[Setting]:
        """PFs that are declared no more: as many VFs as before, with their attributes from before."""
        self._links = self._links or Links(host)
        declared = {one.pci: one.count for one in self._declared()}
        found: list[Setting] = []
        for pci, words in sorted(_by_pf(before).items()):
            if not host.exists(f"{vf_device.DEVICES}/{pci}"):
                continue
            pf, vfs = Pf(pci, host, self._links), _vfs(words)
            if pci not in declared:
                found += [_numvfs(pf, self, words["numvfs"], vfs, restored=True)] if "numvfs" in words else []
                found += [_vf(pf, index, text, restored=True) for index, text in vfs.items()]
                found += [_autoprobe(pf, words["autoprobe"], restored=True)] if words.get("autoprobe") else []
                found += [_link(pf, _link_after(pf, words["link"]), restored=True)] if words.get("link") else []
            else:
                found += [_vf(pf, i, text, restored=True) for i, text in vfs.items() if text or i >= declared[pci]]
        return found

    def check(self, host: Host) -> None:
        """Refuse what a PF cannot have, and what would take VFs from somebody without consent."""
        self._links = Links(host)
        declared = self._declared()
        _refuse_twice(host, declared)
        for one in declared:
            _refuse_unfit(host, one)
        for one in declared:
            pf = Pf(one.pci, host, self._links)
            self._refuse_recreation(pf, str(one.count), always=True)
            self._refuse_disturbance(pf, one)
            _refuse_open(pf, one)
        for pci, words in sorted(_by_pf(Memory(host, ROLE).values).items()):
            if pci not in {one.pci for one in declared} and "numvfs" in words:
                self._refuse_recreation(Pf(pci, host, self._links), words["numvfs"], always=False)

    # -- what is declared

    def _declared(self) -> list[Declared]:
        rows: dict[str, list[VfRow]] = {}
        for place, declared in enumerate(self.vfs):
            row = VfRow.of(declared, f"sriov_vfs[{place}]")
            rows.setdefault(row.pf, []).append(row)
        counts = dict(_counts(self.nics))
        for pci, mine in rows.items():
            most = max(row.index for row in mine) + 1
            counts.setdefault(pci, most)
            if counts[pci] < most:
                raise UllError(
                    f"{pci} would have no VF {most - 1}",
                    variable=f"sriov_nics ({pci}).numvfs",
                    value=counts[pci],
                    remedy=f"make it {most}, or remove the row",
                )
        ordered = {pci: sorted(rows.get(pci, []), key=lambda row: row.index) for pci in counts}
        return [Declared(pci, count, tuple(ordered[pci])) for pci, count in counts.items()]

    def _store(self) -> AgentStore:
        declared = self._declared()
        parameters = {
            "nics": [{"pci": one.pci, "numvfs": one.count} for one in declared],
            "vfs": [row.as_dict() for one in declared for row in one.rows],
        }
        devices = [f"{vf_device.DEVICES}/{one.pci}/net" for one in declared]
        return AgentStore(ROLE, Sriov, parameters if declared else None, devices=devices)

    def _persisted(self, host: Host) -> dict[str, str]:
        """What the next boot gives, by the settings' names."""
        found: dict[str, str] = {}
        for one in Sriov(**self._store().persisted(host))._declared():
            names = f"{ROLE}.{one.pci}"
            found[f"{names}.link"], found[f"{names}.autoprobe"] = "up", one.autoprobe
            found[f"{names}.numvfs"] = str(one.count)
            found.update({f"{names}.vf{index}": text for index, text in attributes_of(one.rows).items()})
        return found

    def _of_pf(self, host: Host, one: Declared) -> Iterator[Setting]:
        persisted = self._persisted
        pf = Pf(one.pci, host, self._links or Links(host))
        vfs = attributes_of(one.rows)
        yield _link(pf, "up", persisted)
        yield _autoprobe(pf, one.autoprobe, persisted)
        yield _numvfs(pf, self, str(one.count), vfs, persisted)
        for row in one.rows:
            if not _is_in_pod(pf, row):
                yield _vf(pf, row.index, row.text, persisted, disturbs=bool(_disturbed(pf, row)))

    # -- consent

    def _refuse_recreation(self, pf: Pf, wanted: str, always: bool) -> None:
        """Refuse to destroy VFs: without consent any, on an undo only those in use; with it those still open."""
        now = pf.count()
        if now in (None, "0", wanted):
            return
        consent = self.drain == ALLOW
        held = pf.holders()
        if held:
            raise UllError(
                f"its {now} VFs would be destroyed, and are open: {', '.join(held)}",
                host=pf.host.name,
                variable=f"{ROLE}.{pf.pci}.numvfs",
                value=wanted,
                remedy="stop these processes: the kernel would wait for them without end",
            )
        used = pf.users()
        if not consent and (used or always):
            raise UllError(
                f"it has {now} VFs, which would be destroyed first" + (f"; in use: {', '.join(used)}" if used else ""),
                host=pf.host.name,
                variable=f"{ROLE}.{pf.pci}.numvfs",
                value=wanted,
                remedy="drain the host, then say `sriov_drain: allow`",
            )

    def _refuse_disturbance(self, pf: Pf, one: Declared) -> None:
        """Refuse another address or VLAN for a VF that somebody uses."""
        for row in one.rows if self.drain != ALLOW and pf.count() == str(one.count) else ():
            used = [] if _is_in_pod(pf, row) else _disturbed(pf, row)
            if used:
                raise UllError(
                    f"it is in use by {', '.join(used)}, and has {pf.vf(row.index, list(dict(row.attributes)))}",
                    host=pf.host.name,
                    variable=f"{ROLE}.{pf.pci}.vf{row.index}",
                    value=row.text,
                    remedy="stop what uses it, or say `sriov_drain: allow`",
                )


# -- settings


def _link(pf: Pf, wanted: str, persisted: Persisted | None = None, restored: bool = False) -> Setting:
    name = f"{ROLE}.{pf.pci}.link"
    return Setting(
        name=name,
        role=ROLE,
        impact=LINK,
        declared=wanted,
        running=lambda host: pf.link(),
        persisted=lambda host: persisted(host).get(name) if persisted else None,
        write=lambda host, value: pf.set_link(value),
        restored=restored,
        doc=f"interface of PF {pf.pci}: its VFs have no link while it is down",
        source="Documentation/PCI/pci-iov-howto.rst",
    )


def _autoprobe(pf: Pf, wanted: str, persisted: Persisted | None = None, restored: bool = False) -> Setting:
    name = f"{ROLE}.{pf.pci}.autoprobe"
    return Setting(
        name=name,
        role=ROLE,
        impact=LIVE,
        declared=wanted,
        running=lambda host: pf.autoprobe(),
        persisted=lambda host: persisted(host).get(name) if persisted else None,
        write=lambda host, value: pf.set_autoprobe(value),
        restored=restored,
        doc=f"whether the kernel gives drivers to new VFs of {pf.pci} by itself",
        source="Documentation/ABI/testing/sysfs-bus-pci, sriov_drivers_autoprobe",
    )


def _numvfs(
    pf: Pf,
    domain: Sriov,
    wanted: str,
    vfs: dict[int, str],
    persisted: Persisted | None = None,
    restored: bool = False,
) -> Setting:
    name = f"{ROLE}.{pf.pci}.numvfs"

    def write(_host: Host, value: str) -> None:
        domain._refuse_recreation(pf, value, always=False)
        pf.set_count(value, vfs)

    return Setting(
        name=name,
        role=ROLE,
        impact=LINK if pf.count() in (None, "0", wanted) else DRAIN,
        declared=wanted or "0",
        running=lambda host: pf.count(),
        persisted=lambda host: persisted(host).get(name) if persisted else None,
        write=write,
        restored=restored,
        doc=f"virtual functions of {pf.pci}",
        source="Documentation/PCI/pci-iov-howto.rst",
    )


def _vf(
    pf: Pf,
    index: int,
    text: str,
    persisted: Persisted | None = None,
    disturbs: bool = False,
    restored: bool = False,
) -> Setting:
    name, words = f"{ROLE}.{pf.pci}.vf{index}", list(vf_row.parse(text)) or ["mac"]
    return Setting(
        name=name,
        role=ROLE,
        impact=DRAIN if disturbs else LINK,
        declared=text,
        running=lambda host: pf.vf(index, words),
        persisted=lambda host: persisted(host).get(name) if persisted else None,
        write=lambda host, value: pf.set_vf(index, value),
        restored=restored,
        remedy="see dmesg, and whether the VF's kernel driver is installed: its module is loaded by the VF's modalias",
        doc=f"VF {index} of {pf.pci}",
        source="ip-link(8), `vf NUM`",
    )


def _link_after(pf: Pf, before: str) -> str:
    """What an undo leaves of a PF's link: up, where somebody has come to use the interface since."""
    used = vf_device.driver(pf.host, pf.pci) != vf_device.NONE and vf_device.users(pf.host, pf.pci)
    return pf.link() or before if used else before


# -- what is on the machine


def _disturbed(pf: Pf, row: VfRow) -> list[str]:
    """Who uses a VF whose address or VLAN is to be changed."""
    wanted = dict(row.attributes)
    now = pf.links.vfs(pf.pci).get(row.index)
    if now is None or all(wanted.get(word, now[word]) == now[word] for word in DISTURBING):
        return []
    return vf_device.users(pf.host, vf_device.vf_address(pf.host, pf.pci, row.index))


def _refuse_open(pf: Pf, one: Declared) -> None:
    """Refuse to take a VF from vfio-pci that a process has open: the kernel would wait for it without end."""
    for row in one.rows:
        address = vf_device.vf_address(pf.host, pf.pci, row.index)
        taken = address and not row.driver and vf_device.driver(pf.host, address) in vf_device.USERSPACE
        held = vf_device.holders(pf.host, address) if taken else []
        if held:
            raise UllError(
                f"it is open in {', '.join(held)}",
                host=pf.host.name,
                variable=f"{ROLE}.{pf.pci}.vf{row.index}",
                value=row.text,
                remedy="stop what uses it first",
            )


def _is_in_pod(pf: Pf, row: VfRow) -> bool:
    """Whether a pod has this VF now: then its attributes are what the pod's network said, and come back afterwards."""
    address = vf_device.vf_address(pf.host, pf.pci, row.index)
    if row.use != "pod" or not address or vf_device.driver(pf.host, address) in (vf_device.NONE,):
        return False
    return bool(vf_device.users(pf.host, address)) and not vf_device.netdev(pf.host, address)


def _counts(nics: list[dict[str, Any]]) -> Iterator[tuple[str, int]]:
    """Numbers of VFs by PF, of NICs that say one."""
    for place, nic in enumerate(nics):
        variable = f"sriov_nics[{place}]"
        for key in nic:
            if key not in NIC_KEYS:
                remedy = f"use pci and numvfs (and {', '.join(sorted(NIC_KEYS - {'pci', 'numvfs'}))})"
                raise UllError("a NIC has no such key", variable=f"{variable}.{key}", value=nic[key], remedy=remedy)
        count, pci = nic.get("numvfs"), str(nic.get("pci", "")).lower()
        if count is None:
            continue
        if not vf_device.is_address(pci):
            message, remedy = "not a PCI address", "e.g. 0000:81:00.0; names of interfaces change"
            raise UllError(message, variable=f"{variable}.pci", value=nic.get("pci"), remedy=remedy)
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            message, remedy = "not a number of VFs", "0 or more"
            raise UllError(message, variable=f"{variable}.numvfs", value=count, remedy=remedy)
        yield pci, count


def _refuse_twice(host: Host, declared: list[Declared]) -> None:
    rows: set[tuple[str, int]] = set()
    macs: dict[str, VfRow] = {}
    for row in (row for one in declared for row in one.rows):
        variable = f"sriov_vfs (VF {row.index} of {row.pf})"
        if (row.pf, row.index) in rows:
            raise UllError("declared twice", host.name, variable, row.text, "remove one of the two rows")
        rows.add((row.pf, row.index))
        mac = dict(row.attributes).get("mac", "")
        other = macs.setdefault(mac, row)
        if mac and other is not row:
            message = f"VF {other.index} of {other.pf} has the same address"
            raise Finding("vf-mac-twice", message, f"{variable}.mac", mac, "set them apart", host.name).as_error()


def _refuse_unfit(host: Host, one: Declared) -> None:
    base, variable = f"{vf_device.DEVICES}/{one.pci}", f"sriov_nics ({one.pci})"
    bound = vf_device.driver(host, one.pci)
    quirk = Pf(one.pci, host, Links(host)).quirk
    if not host.exists(base):
        raise UllError("no such device", host.name, variable, one.count, "see `lspci -D` for the addresses there are")
    most = host.read(f"{base}/sriov_totalvfs")
    if one.count and (not quirk.sriov or not int(most or 0)):
        remedy = quirk.why_not or "switch SR-IOV on in firmware and BIOS, or use another NIC"
        message = f"driver {bound} has no SR-IOV here"
        raise Finding("nic-without-sriov", message, variable, one.count, remedy, host.name).as_error()
    if one.count > int(most or 0):
        message, remedy = f"it has {most} VFs at most", f"ask for {most} at most"
        raise Finding("vfs-exceed-nic", message, variable, one.count, remedy, host.name).as_error()
    if one.count and not vf_device.netdev(host, one.pci):
        remedy = "bind it to its kernel driver, which VFs are set through"
        raise UllError(f"it has no interface (driver: {bound})", host.name, variable, one.count, remedy)
    mode = _eswitch(host, one.pci) if one.count and quirk.eswitch else ""
    if mode not in ("", "legacy"):
        message, remedy = f"its switch is in {mode} mode", f"devlink dev eswitch set pci/{one.pci} mode legacy"
        raise UllError(message, host.name, variable, one.count, remedy)


def _eswitch(host: Host, pci: str) -> str:
    """The mode of a NIC's embedded switch; empty where it does not say."""
    try:
        said = json.loads(host.ask(["devlink", "-j", "dev", "eswitch", "show", f"pci/{pci}"]) or "{}")
    except ValueError:
        return ""
    return str(said.get("dev", {}).get(f"pci/{pci}", {}).get("mode", ""))


# -- the memory


def _by_pf(before: dict[str, str]) -> dict[str, dict[str, str]]:
    """Notes by PF and word."""
    found: dict[str, dict[str, str]] = {}
    for name, value in before.items():
        match = _NAME.match(name)
        if match:
            found.setdefault(match[1], {})[match[2]] = value
    return found


def _vfs(words: dict[str, str]) -> dict[int, str]:
    """The VFs among a PF's notes, in numerical order."""
    return dict(sorted((int(word[2:]), text) for word, text in words.items() if word.startswith("vf")))
