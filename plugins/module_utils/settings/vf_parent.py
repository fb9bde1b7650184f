# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A physical function and its VFs on the machine: read by `ip`, written in the one order that works.

PF up -> autoprobe off -> number of VFs -> attributes, the address first -> kernel drivers bound, one by one. What is
to be bound to vfio-pci is left unbound, for the role dpdk.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..errors import UllError
from ..host import Host
from . import vf_device, vf_row
from .sriov_quirks import Quirk, quirk
from .vf_device import DEVICES, NONE, USERSPACE
from .vf_row import VfRow

# Seconds for a link to come up, e.g. 802.3ad and 25G with FEC take some.
LINK_PATIENCE = 15.0
# i40e and ice answer "try again" and "busy" while they reset a VF: a fraction of a second each.
BUSY = ("temporarily unavailable", "resource busy", "Resource busy", "EAGAIN", "EBUSY")
TRIES, PAUSE = 20, 0.25


@dataclass
class Links:
    """What ``ip`` says of PFs, asked once each until something is written."""

    host: Host
    _seen: dict[str, dict[int, dict[str, str]]] = field(default_factory=dict)

    def vfs(self, pf: str) -> dict[int, dict[str, str]]:
        """The attributes of each VF of a PF."""
        if pf not in self._seen:
            self._seen[pf] = self._ask(pf)
        return self._seen[pf]

    def forget(self, pf: str) -> None:
        """Something of it was written."""
        self._seen.pop(pf, None)

    def _ask(self, pf: str) -> dict[int, dict[str, str]]:
        name = vf_device.netdev(self.host, pf)
        if not name or not vf_device.vf_numbers(self.host, pf):
            return {}
        try:
            said = json.loads(self.host.ask(["ip", "-j", "-d", "link", "show", "dev", name]) or "[]")
        except ValueError:
            said = []
        return {int(vf["vf"]): vf_row.reported(vf) for link in said for vf in link.get("vfinfo_list", [])}


@dataclass
class Pf:
    """One PF on a host.

    Args:
        pci: its PCI address.
        host: the machine.
        links: what ``ip`` says.
    """

    pci: str
    host: Host
    links: Links

    @property
    def base(self) -> str:
        """Its folder in sysfs."""
        return f"{DEVICES}/{self.pci}"

    @property
    def name(self) -> str:
        """Its interface; empty for none."""
        return vf_device.netdev(self.host, self.pci)

    @property
    def quirk(self) -> Quirk:
        """What its driver does differently."""
        return quirk(vf_device.driver(self.host, self.pci))

    # -- read

    def link(self) -> str | None:
        """``up`` or ``down``, as an administrator set it; None without an interface."""
        flags = self.host.read(f"/sys/class/net/{self.name}/flags") if self.name else None
        return None if flags is None else "up" if int(flags, 16) & 1 else "down"

    def autoprobe(self) -> str | None:
        """Whether the kernel binds new VFs by itself."""
        return self.host.read(f"{self.base}/sriov_drivers_autoprobe")

    def count(self) -> str | None:
        """The number of VFs."""
        return self.host.read(f"{self.base}/sriov_numvfs")

    def vf(self, index: int, words: Sequence[str]) -> str:
        """These attributes of a VF as one line; empty where there is no such VF."""
        address = vf_device.vf_address(self.host, self.pci, index)
        now = self.links.vfs(self.pci).get(index)
        if not address or now is None:
            return ""
        bound = vf_device.driver(self.host, address)
        mine = {**now, "driver": bound if bound in (NONE, *USERSPACE) else vf_row.KERNEL}
        return vf_row.line({word: mine[word] for word in words if word in mine})

    def users(self) -> list[str]:
        """Who uses its VFs, e.g. ``VF 2 (process 71 (testpmd))``."""
        found = []
        for index in vf_device.vf_numbers(self.host, self.pci):
            mine = vf_device.users(self.host, vf_device.vf_address(self.host, self.pci, index))
            found += [f"VF {index} ({', '.join(mine)})"] if mine else []
        return found

    def holders(self) -> list[str]:
        """The processes that have VFs of vfio-pci open."""
        numbers = vf_device.vf_numbers(self.host, self.pci)
        addresses = {index: vf_device.vf_address(self.host, self.pci, index) for index in numbers}
        return [
            f"VF {index} ({one})"
            for index, address in addresses.items()
            if vf_device.driver(self.host, address) in USERSPACE
            for one in vf_device.holders(self.host, address)
        ]

    # -- write

    def set_link(self, value: str) -> None:
        """Set it up or down."""
        self.host.run(["ip", "link", "set", "dev", self._named(), value])
        self.links.forget(self.pci)

    def set_autoprobe(self, value: str) -> None:
        """Have the kernel bind new VFs by itself, or not."""
        self.host.poke(f"{self.base}/sriov_drivers_autoprobe", value)

    def set_count(self, value: str, vfs: Mapping[int, str]) -> None:
        """Make as many VFs, with these attributes; a number goes to another only through 0."""
        before = self.autoprobe()
        if self.count() != "0":
            self.host.poke(f"{self.base}/sriov_numvfs", "0")
            self.links.forget(self.pci)
        if value == "0":
            return
        if before != "0":
            self.set_autoprobe("0")
        try:
            self.host.poke(f"{self.base}/sriov_numvfs", value)
            self.links.forget(self.pci)
            for index, text in vfs.items():
                self.set_vf(index, text)
        finally:
            if before not in (None, "0"):
                self.set_autoprobe(str(before))

    def set_vf(self, index: int, text: str) -> None:
        """Give a VF what differs of these attributes."""
        wanted = vf_row.parse(text)
        now = self.links.vfs(self.pci).get(index)
        address = vf_device.vf_address(self.host, self.pci, index)
        if not wanted:  # it went with its PF's number of VFs
            return
        if now is None or not address:
            raise UllError(
                f"{self.pci} has no VF {index}",
                host=self.host.name,
                variable=f"{self.base}/virtfn{index}",
                value=text,
                remedy="see the kernel's log (dmesg) for why it was not made",
            )
        bound = vf_device.driver(self.host, address)
        if wanted.get("mac", now["mac"]) != now["mac"] and bound not in (NONE, *USERSPACE) and self.quirk.reload:
            vf_device.unbind(self.host, address)
        for argv in vf_row.commands(wanted, now):
            if argv[0] == "max_tx_rate" and argv[1] != "0" and self.quirk.rate_needs_link:
                self._await_link(index, argv[1])
            self._command(["ip", "link", "set", "dev", self._named(), "vf", str(index), *argv])
        self.links.forget(self.pci)
        self._set_driver(address, wanted.get("driver", ""))

    def _set_driver(self, address: str, wanted: str) -> None:
        bound = vf_device.driver(self.host, address)
        if wanted == vf_row.KERNEL and bound in (NONE, *USERSPACE):
            vf_device.bind_kernel(self.host, self.pci, address)
        elif wanted == NONE:
            vf_device.unbind(self.host, address)
        elif wanted in USERSPACE:
            vf_device.bind(self.host, address, wanted)

    def _command(self, argv: list[str]) -> None:
        """Run a command, again while the driver is busy with the VF."""
        for left in reversed(range(TRIES)):
            try:
                self.host.run(argv)
                return
            except UllError as refused:
                if not left or not any(word in refused.message for word in BUSY):
                    raise
                time.sleep(PAUSE)

    def _await_link(self, index: int, rate: str) -> None:
        """Wait until the PF has a link.

        Raises:
            UllError: it does not come.
        """
        carrier = f"/sys/class/net/{self._named()}/carrier"
        for _step in range(int(LINK_PATIENCE / PAUSE)):
            if self.host.read(carrier) == "1":
                return
            time.sleep(PAUSE)
        raise UllError(
            f"{self.name} has no link, and its driver then takes no transmit rate",
            host=self.host.name,
            variable=f"sriov.{self.pci}.vf{index}.max_tx_rate",
            value=rate,
            remedy="check cable and switch port, or leave max_tx_rate out",
        )

    def _named(self) -> str:
        if not self.name:
            raise UllError(
                "has no interface",
                host=self.host.name,
                variable=self.pci,
                value=vf_device.driver(self.host, self.pci),
                remedy="bind it to its kernel driver; dmesg says why that did not happen",
            )
        return self.name


def attributes_of(rows: Sequence[VfRow]) -> dict[int, str]:
    """The attributes of VFs by number, in numerical order."""
    return {row.index: row.text for row in sorted(rows, key=lambda row: row.index)}
