# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""NICs as the profile wants them: queues, rings, coalescing, offloads, flow control, busy polling.

Keyed on PCI addresses, as names change. What the profile does not name is never touched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..agent.store import AgentStore
from ..errors import UllError
from ..host import Host
from ..setting import LINK, LIVE, Memory, Setting, Store
from . import ethtool, interface, nic_knobs
from .nic_knobs import KNOBS, LACKING, WORDS, Knob

ROLE = "nic_tuning"
_KEYS = ("pci", "name", "driver")
_NAME = re.compile(rf"{ROLE}\.(.+)\.({'|'.join(knob.word for knob in KNOBS)})\Z")
# What the link's own algorithm sets while it is on.
_ADAPTED = {"adaptive-rx": ("rx-usecs", "rx-frames"), "adaptive-tx": ("tx-usecs", "tx-frames")}


@dataclass
class NicTuning:
    """Domain of the NICs' settings.

    Args:
        nics: rows of the plan; of each only its address and what is said about it counts.
        link: ``others`` refuses what resets the link of the NIC that carries Ansible's connection, ``allow`` does not.
    """

    nics: list[dict[str, Any]] = field(default_factory=list)
    link: str = "others"
    role: str = ROLE

    def settings(self, host: Host) -> list[Setting]:
        """One setting a NIC and knob, in the order of application."""
        return [setting for row in self._rows for setting in self._of(host, row)]

    def stores(self, host: Host) -> list[Store]:
        """The agent: no file of the platform knows PCI addresses and all of these knobs."""
        return [self._store()]

    def restore(self, host: Host, before: dict[str, str]) -> list[Setting]:
        """What was noted of each knob, in the order of application."""
        order = [knob.word for knob in KNOBS]
        noted: list[tuple[str, int, str]] = []
        for name, value in before.items():
            match = _NAME.match(name)
            if match:
                noted.append((match[1], order.index(match[2]), value))
        names = {self._key(row): row["name"] for row in self._rows}
        return [_restored(host, key, names.get(key, key), KNOBS[place], value) for key, place, value in sorted(noted)]

    def check(self, host: Host) -> None:
        """Refuse NICs and values that the machine does not have, and a reset of the link that this run depends on."""
        rows = self._rows
        if rows and not host.ask(["ethtool", "--version"]):
            raise UllError(
                "ethtool is missing",
                host=host.name,
                variable=ROLE,
                remedy="install the package ethtool, as the role does",
            )
        for row in rows:
            if not interface.present(host, row["pci"], row["name"]):
                raise UllError(
                    "the machine has no such NIC",
                    host=host.name,
                    variable=f"{ROLE}_nics",
                    value=self._key(row),
                    remedy="plan again: the machine has changed since",
                )
            name = interface.find(host, row["pci"], row["name"])
            for word in ("queues", "rings") if name else ():
                if word in row:
                    nic_knobs.check(host, name, word, row[word], f"{ROLE} ({name}).{word}")
        settings = self.settings(host)
        settings += [
            s for s in self.restore(host, Memory(host, ROLE).values) if s.name not in {x.name for x in settings}
        ]
        self._spare_connection(host, settings)

    def _spare_connection(self, host: Host, settings: list[Setting]) -> None:
        mine = set() if self.link == "allow" else interface.of_connection(host)
        for setting in settings if mine else []:
            match = _NAME.match(setting.name)
            key = match[1] if match else ""
            name = interface.find(host, key if ":" in key else "", "" if ":" in key else key)
            if name not in mine or setting.impact != LINK or setting.write is None:
                continue
            if setting.running(host) != setting.declared:
                raise UllError(
                    f"{name} carries the connection to this host, and the change resets its link",
                    host=host.name,
                    variable=setting.name,
                    value=setting.declared,
                    remedy=f"take {match[2] if match else 'it'} out of the profile for this NIC, or set {ROLE}_link: allow",
                )

    @property
    def _rows(self) -> list[dict[str, Any]]:
        """The rows of which something is said, with that alone."""
        return list(_said(self.nics))

    @staticmethod
    def _key(row: Mapping[str, Any]) -> str:
        return str(row["pci"] or row["name"])

    def _store(self) -> AgentStore:
        rows = self._rows
        devices = [interface.wait_for(row["pci"], row["name"], row["driver"]) for row in rows]
        # at boot there is no connection to spare
        parameters = {"nics": rows, "link": "allow"} if rows else None
        return AgentStore(ROLE, NicTuning, parameters, devices=devices)

    def _of(self, host: Host, row: Mapping[str, Any]) -> Iterator[Setting]:
        name = interface.find(host, row["pci"], row["name"])
        made: list[Setting] = []
        # the last first: each knows those that a change of its own may undo
        for knob in reversed(KNOBS):
            if knob.word in row:
                made.insert(0, self._setting(host, row, name, knob, list(made)))
        yield from made

    def _setting(self, host: Host, row: Mapping[str, Any], name: str, knob: Knob, later: list[Setting]) -> Setting:
        value, key = str(row[knob.word]), self._key(row)
        wanted = knob.want(host, name, value) if name else {}
        title = name or f"{key} has no interface, its driver is {row['driver'] or 'none'}"
        declared = ethtool.text(wanted) or LACKING

        def persisted(host: Host) -> str | None:
            for stored in self._store().persisted(host).get("nics", []):
                if self._key(stored) == key and knob.word in stored:
                    return declared if str(stored[knob.word]) == value else str(stored[knob.word])
            return None

        def write(host: Host, text: str) -> None:
            knob.write(host, interface.find(host, row["pci"], row["name"]), ethtool.values_of(text))
            for setting in later:
                if setting.write and setting.declared is not None and setting.running(host) != setting.declared:
                    setting.write(host, setting.declared)

        return Setting(
            name=f"{ROLE}.{key}.{knob.word}",
            role=ROLE,
            impact=knob.impact(host, name) if name else LIVE,
            declared=declared,
            running=lambda host: _running(host, interface.find(host, row["pci"], row["name"]), knob, declared),
            persisted=persisted,
            write=write if wanted else None,
            remedy="see the kernel's log (dmesg); a driver may round a value, then declare what it granted",
            doc=f"{title}: {knob.doc}, {value}" + ("" if wanted or not name else ", which its driver does not have"),
            source=knob.source,
        )


def _said(nics: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for index, nic in enumerate(nics):
        row = {key: nic.get(key) or "" for key in _KEYS}
        if not row["pci"] and not row["name"]:
            raise UllError(
                "a NIC has a PCI address or a name",
                variable=f"{ROLE}_nics[{index}]",
                value=nic,
                remedy="e.g. {pci: '0000:81:00.0', rings: max}",
            )
        for knob in KNOBS:
            value = nic.get(knob.word)
            if value in (None, "", "keep"):
                continue
            if str(value) not in WORDS.get(knob.word, (str(value),)):
                raise UllError(
                    f"{knob.word} has no such word",
                    variable=f"{ROLE}_nics[{index}].{knob.word}",
                    value=value,
                    remedy=f"use one of {', '.join(WORDS[knob.word])}",
                )
            row[knob.word] = str(value)
        if len(row) > len(_KEYS):
            yield row


def _running(host: Host, name: str, knob: Knob, declared: str) -> str:
    """What the driver says to the words that are declared; of pause frames all of it, as autoneg belongs to them."""
    wanted = ethtool.values_of(declared)
    if not wanted or not name:
        return LACKING
    having = knob.read(host, name)
    found = {word: having[word] for word in wanted if word in having}
    if found != wanted and knob.word == "flow_control":
        return ethtool.text(having)
    moving = {word for side, words in _ADAPTED.items() if found.get(side) == "on" for word in words}
    return ethtool.text({word: value for word, value in found.items() if word not in moving}) or LACKING


def _restored(host: Host, key: str, name: str, knob: Knob, value: str) -> Setting:
    pci = key if ":" in key else ""
    found = interface.find(host, pci, name)
    # without its interface there is nothing to return: the next driver sets its own values
    declared = value if ethtool.values_of(value) and found else LACKING
    return Setting(
        name=f"{ROLE}.{key}.{knob.word}",
        role=ROLE,
        impact=knob.impact(host, found) if found else LIVE,
        declared=declared,
        running=lambda host: _running(host, interface.find(host, pci, name), knob, declared),
        persisted=lambda host: None,
        write=(lambda host, text: knob.write(host, interface.find(host, pci, name), ethtool.values_of(text)))
        if declared != LACKING
        else None,
        restored=True,
        doc=f"{found or key}: {knob.doc}, as before",
        source=knob.source,
    )
