# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where interrupts are served: queues of NICs on their CPUs, everything else off the isolated ones.

Opening an interface, another number of queues or another MTU makes a driver request its interrupts anew: the agent
places them again. NICs are keyed on PCI address and queue, never on interrupt numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..agent.store import AgentStore
from ..cpuset import CpuSet
from ..errors import UllError
from ..host import Host
from ..setting import LIVE, Setting, Store
from . import interface, interrupts, irqbalance, queue_masks, service
from .interrupts import Interrupt

ROLE = "irq_affinity"
DEFAULT = "/proc/irq/default_smp_affinity"
ONLINE = "/sys/devices/system/cpu/online"

# What is said of a NIC that has no queue vectors now: the agent places them when it comes up.
DOWN = "placed when it comes up"
NONE = "none"

_QUEUES = re.compile(rf"{ROLE}\.(.+)\.queues\Z")
_SOURCE = "Documentation/core-api/irq/irq-affinity.rst"


@dataclass
class IrqAffinity:
    """Domain of the interrupts.

    Args:
        default_cpus: CPUs for interrupts that a driver requests from now on; empty leaves the kernel's default.
        banned: CPUs that serve no interrupt but those of the queues that ``nics`` places there.
        nics: rows with ``pci``, ``name``, ``driver``, ``cpus``, ``queue_cpus``.
        irqbalance: ``ban`` tells it to keep off, ``stop`` stops and disables it, ``ignore``.
        xps: ``queue`` has the CPUs of a queue send on it, ``keep`` leaves what is.
        rps: ``none``, ``keep``, or CPUs to which received packets are handed over.
    """

    default_cpus: str = ""
    banned: str = ""
    nics: list[dict[str, Any]] = field(default_factory=list)
    irqbalance: str = "ban"
    xps: str = "queue"
    rps: str = NONE
    role: str = ROLE

    def settings(self, host: Host) -> list[Setting]:
        """irqbalance first, so that it does not move what comes after."""
        if not self._wanted:
            return []
        listed = interrupts.requested(host)
        made = self._irqbalance(host)
        if self.default_cpus and host.exists(DEFAULT):
            made.append(self._default())
        for row in self._rows:
            made += self._of(host, row, listed)
        if self._banned and host.exists(interrupts.TABLE):
            made.append(self._others(host, listed))
        return made

    def stores(self, host: Host) -> list[Store]:
        """The agent, which watches links; and the file that irqbalance is told by."""
        told = self._wanted and self.irqbalance == "ban" and irqbalance.installed(host)
        return [*irqbalance.stores(ROLE, told, self._banned, self._modules(host), host), self._store()]

    def restore(self, host: Host, before: dict[str, str]) -> list[Setting]:
        """irqbalance, the default, the masks of queues, and interrupts that were moved, as they were."""
        listed = interrupts.requested(host)
        made = [*service.restored(ROLE, before)]
        if self.irqbalance != "ban" or not self._wanted:
            made += irqbalance.restored(ROLE, before, host)
        if f"{ROLE}.default" in before:
            made.append(_default_setting(before[f"{ROLE}.default"], restored=True))
        for name, value in before.items():
            match = _QUEUES.match(name)
            if match:
                made.append(_restored_queues(host, name, match[1], value, listed))
        made += queue_masks.restored(ROLE, before, host)
        if f"{ROLE}.others" in before:
            made.append(_restored_others(host, before[f"{ROLE}.others"], listed))
        return made

    def check(self, host: Host) -> None:
        """Refuse CPUs and NICs that the machine does not have, and a default on the banned CPUs."""
        online = CpuSet.parse(host.read(ONLINE) or "")
        given = {"default_cpus": self.default_cpus, "banned": self.banned}
        given.update({"rps": self.rps} if self.rps not in (NONE, "keep") else {})
        for key, value in given.items():
            _check_cpus(_parse(value, key), online, f"{ROLE}_{key}", value, host)
        both = _parse(self.default_cpus, "default_cpus") & self._banned
        if both:
            raise UllError(
                f"CPUs {both} are to serve no interrupts",
                host=host.name,
                variable=f"{ROLE}_default_cpus",
                value=self.default_cpus,
                remedy=f"use CPUs of {online - self._banned}",
            )
        for index, row in enumerate(self._rows):
            variable = f"{ROLE}_nics[{index}]"
            _check_cpus(CpuSet(row["queue_cpus"]), online, f"{variable}.queue_cpus", row["queue_cpus"], host)
            if not interface.present(host, row["pci"], row["name"]):
                remedy = "plan again: the machine has changed since"
                raise UllError("the machine has no such NIC", host.name, variable, row["pci"] or row["name"], remedy)

    @property
    def _wanted(self) -> bool:
        """Where nothing is isolated and no NIC is named, the kernel's own placement is as good."""
        return bool(self._banned or self._rows)

    @property
    def _banned(self) -> CpuSet:
        return _parse(self.banned, "banned")

    @property
    def _rows(self) -> list[dict[str, Any]]:
        """The rows that place queues, with what is needed of them."""
        rows = []
        for index, nic in enumerate(self.nics):
            cpus = list(_parse(str(nic.get("cpus") or ""), f"nics[{index}].cpus"))
            row = {key: nic.get(key) or "" for key in ("pci", "name", "driver")}
            queue_cpus = list(nic.get("queue_cpus") or cpus)
            if queue_cpus:
                rows.append({**row, "queue_cpus": queue_cpus})
        return rows

    def _modules(self, host: Host) -> list[str]:
        """Drivers whose interrupts irqbalance must not move: those of the NICs that are placed here."""
        found = []
        for row in self._rows:
            module = host.link(f"{interface.FUNCTION.format(row['pci'])}/driver/module") if row["pci"] else None
            found += [module] if module else []
        return found

    def _irqbalance(self, host: Host) -> list[Setting]:
        if not irqbalance.installed(host) or self.irqbalance == "ignore":
            return []
        if self.irqbalance == "stop":
            return irqbalance.stopped(ROLE)
        return irqbalance.setting(ROLE, self._banned, self._modules(host), host)

    def _store(self) -> AgentStore:
        words = {"default_cpus": self.default_cpus, "banned": self.banned, "nics": self._rows}
        # systemd itself starts irqbalance, as its files say
        parameters = {**words, "irqbalance": "ignore", "xps": self.xps, "rps": self.rps} if self._wanted else None
        after = ("nic_tuning", "sriov")
        return AgentStore(ROLE, IrqAffinity, parameters, after=after, watch=True)

    def _persists(self, key: str, value: Any, declared: str) -> Any:
        """Reads whether the agent will do the same at the next boot: then it gives what is declared."""

        def persisted(host: Host) -> str | None:
            stored = self._store().persisted(host)
            return declared if stored and stored.get(key) == value else (str(stored.get(key)) if stored else None)

        return persisted

    def _default(self) -> Setting:
        declared = str(CpuSet.parse(self.default_cpus))
        return _default_setting(declared, self._persists("default_cpus", self.default_cpus, declared))

    def _of(self, host: Host, row: Mapping[str, Any], listed: list[Interrupt]) -> list[Setting]:
        key, turn = str(row["pci"] or row["name"]), row["queue_cpus"]
        name = interface.find(host, row["pci"], row["name"])
        vectors = interrupts.queues(host, row["pci"], name, listed)
        wanted = {queue: CpuSet([turn[queue % len(turn)]]) for queue in vectors}
        title = name or key

        def persists(declared: str, words: Mapping[str, str]) -> Any:
            def persisted(host: Host) -> str | None:
                stored = self._store().persisted(host)
                same = any(other == row for other in stored.get("nics", []))
                return declared if same and all(stored.get(word) == value for word, value in words.items()) else None

            return persisted

        made = [_queues(host, key, title, vectors, wanted, persists)]
        if self.xps == "queue" and name:
            made += queue_masks.xps(ROLE, host, key, name, turn, persists)
        if self.rps != "keep" and name:
            made += queue_masks.rps(ROLE, host, key, name, self.rps, persists)
        return made

    def _others(self, host: Host, listed: list[Interrupt]) -> Setting:
        mine = {
            irq.number
            for row in self._rows
            for vectors in interrupts.queues(
                host, row["pci"], interface.find(host, row["pci"], row["name"]), listed
            ).values()
            for irq in vectors
        }
        banned, default = self._banned, CpuSet.parse(self.default_cpus)
        others = [irq for irq in listed if irq.number not in mine]

        def astray(host: Host) -> dict[int, Interrupt]:
            found = (irq for irq in others if irq.cpus(host) & banned)
            return {irq.number: irq for irq in found if interrupts.movable(host, irq)}

        def write(host: Host, _value: str) -> None:
            rest = default or CpuSet.parse(host.read(ONLINE) or "") - banned
            for irq in astray(host).values():
                # where it may already be, so that what is near its device stays near
                interrupts.place(host, irq, irq.cpus(host) - banned or rest)

        return Setting(
            name=f"{ROLE}.others",
            role=ROLE,
            impact=LIVE,
            declared=NONE,
            running=lambda host: _pairs({n: irq.cpus(host) for n, irq in astray(host).items()}) or NONE,
            persisted=self._persists("banned", self.banned, NONE),
            write=write,
            doc=f"interrupts, by number, that CPUs {banned} may serve",
            source=_SOURCE,
        )


def _queues(
    host: Host,
    key: str,
    title: str,
    vectors: Mapping[int, list[Interrupt]],
    wanted: Mapping[int, CpuSet],
    persists: Any,
    restored: bool = False,
) -> Setting:
    """Each queue and its CPUs, ``0:1 1:3``; the kernel's own (managed) vectors count as what is wanted."""
    declared = _pairs(wanted) or DOWN
    managed = {irq.number for irqs in vectors.values() for irq in irqs if not interrupts.movable(host, irq)}

    def now(host: Host, queue: int) -> CpuSet:
        bits = 0
        for irq in vectors[queue]:
            bits |= (wanted[queue] if irq.number in managed else irq.cpus(host)).bits
        return CpuSet.of_bits(bits)

    def write(host: Host, _value: str) -> None:
        for queue, cpus in wanted.items():
            for irq in vectors[queue]:
                if irq.number not in managed and irq.cpus(host) != cpus:
                    interrupts.place(host, irq, cpus)

    note = f", {len(managed)} of them placed by the kernel alone" if managed else ""
    return Setting(
        name=f"{ROLE}.{key}.queues",
        role=ROLE,
        impact=LIVE,
        declared=declared,
        running=lambda host: _pairs({queue: now(host, queue) for queue in wanted}) or DOWN,
        persisted=persists(declared, {}),
        write=write,
        restored=restored,
        remedy="see the kernel's log (dmesg); an x86 CPU has some 200 vectors",
        doc=f"CPUs of each queue of {title}{note}",
        source=_SOURCE,
    )


def _restored_queues(host: Host, name: str, key: str, value: str, listed: list[Interrupt]) -> Setting:
    """Queues with the CPUs from before; ones that were not there then go where the kernel puts them, near the NIC."""
    pci = key if ":" in key else ""
    vectors = interrupts.queues(host, pci, interface.find(host, pci, key), listed)
    before = _read_pairs(value)
    near = CpuSet.parse(host.read(f"{interface.FUNCTION.format(pci)}/local_cpulist") or "") if pci else CpuSet()
    near = near or CpuSet.parse(host.read(ONLINE) or "")
    wanted = {queue: before.get(queue, near) for queue in vectors}
    return _queues(host, key, key, vectors, wanted, lambda _declared, _words: lambda _host: None, restored=True)


def _restored_others(host: Host, value: str, listed: list[Interrupt]) -> Setting:
    there = {irq.number: irq for irq in listed}
    wanted = {n: cpus for n, cpus in _read_pairs(value).items() if n in there and interrupts.movable(host, there[n])}

    def write(host: Host, _value: str) -> None:
        for number, cpus in wanted.items():
            interrupts.place(host, there[number], cpus)

    return Setting(
        name=f"{ROLE}.others",
        role=ROLE,
        impact=LIVE,
        declared=_pairs(wanted) or NONE,
        running=lambda host: _pairs({number: there[number].cpus(host) for number in wanted}) or NONE,
        persisted=lambda host: None,
        write=write,
        restored=True,
        doc="interrupts that were moved, as before",
        source=_SOURCE,
    )


def _default_setting(declared: str, persisted: Any = lambda host: None, restored: bool = False) -> Setting:
    return Setting(
        name=f"{ROLE}.default",
        role=ROLE,
        impact=LIVE,
        declared=declared,
        running=lambda host: str(CpuSet.parse_mask(host.read(DEFAULT) or "0")),
        persisted=persisted,
        write=lambda host, value: host.poke(DEFAULT, CpuSet.parse(value).mask),
        restored=restored,
        doc="CPUs of interrupts that are requested from now on",
        source=_SOURCE,
    )


def _pairs(cpus: Mapping[int, CpuSet]) -> str:
    return " ".join(f"{number}:{cpus[number]}" for number in sorted(cpus))


def _read_pairs(text: str) -> dict[int, CpuSet]:
    pairs = (part.split(":", 1) for part in text.split() if ":" in part)
    return {int(number): CpuSet.parse(cpus) for number, cpus in pairs if number.isdigit()}


def _parse(text: str, key: str) -> CpuSet:
    try:
        return CpuSet.parse(text)
    except UllError as wrong:
        raise UllError(wrong.message, variable=f"{ROLE}_{key}", value=text, remedy=wrong.remedy) from wrong


def _check_cpus(cpus: CpuSet, online: CpuSet, variable: str, value: Any, host: Host) -> None:
    if cpus - online:
        message = f"CPUs {cpus - online} are not online"
        raise UllError(message, host.name, variable, value, f"use CPUs of {online}")
