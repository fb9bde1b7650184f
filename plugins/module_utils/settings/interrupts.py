# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Interrupts: what the kernel lists, which of them are a NIC's queues, and where each may be served."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..cpuset import CpuSet
from ..errors import UllError
from ..host import Host
from . import interface

TABLE = "/proc/interrupts"
AFFINITY = "/proc/irq/{}/smp_affinity_list"

# The kernel's words for "not this one": it places the interrupt itself (managed), or the chip cannot. EIO until Linux
# 6.6, EPERM since (kernel/irq/proc.c, write_irq_affinity).
IMMOVABLE = (errno.EIO, errno.EPERM)

# How drivers name the vectors of their queues, after what is the interface's or the device's:
# ens2-TxRx-0 (igb, ixgbe, bnxt), i40e-ens2-TxRx-0, ice-ens2-TxRx-0, ens2-rx-0 (igb with few queues, tg3), eth0-Tx-Rx-0
# (ena), mlx5_comp0@pci:.., virtio0-input.0, eth0-fp-0 (bnx2x, qede), mana_q0@pci:.., gve-ntfy-blk0@pci:..
_QUEUE = re.compile(r"(?:tx-?rx|rx-?tx|rx|tx|comp|input|output|fp|ntfy-blk|_q)[-.]?(\d+)\Z", re.IGNORECASE)
# eth0-0 (sfc, mlx4_en)
_PLAIN = re.compile(r"-(\d+)\Z")
# Flow director, firmware and health have vectors of their own, which look alike.
_NO_QUEUE = ("fdir", "async", "mgmnt", "config", "control", "misc", "ptp")


@dataclass(frozen=True)
class Interrupt:
    """An interrupt that a driver has requested, and its name for it."""

    number: int
    action: str

    @property
    def path(self) -> str:
        """Where its CPUs are written."""
        return AFFINITY.format(self.number)

    def cpus(self, host: Host) -> CpuSet:
        """The CPUs that may serve it."""
        return CpuSet.parse(host.read(self.path) or "")


def requested(host: Host) -> list[Interrupt]:
    """Every numbered interrupt with a driver. The table has a column for each CPU, a chip, a number there, and actions."""
    lines = host.text(TABLE).splitlines()
    cpus = len(lines[0].split()) if lines else 0
    found = []
    for line in lines[1:]:
        number, _colon, rest = line.partition(":")
        words = rest.split(maxsplit=cpus)
        if not number.strip().isdigit() or len(words) <= cpus:
            continue
        action = _action(words[cpus])
        if action and host.exists(AFFINITY.format(number.strip())):
            found.append(Interrupt(int(number), action))
    return found


def _action(words: str) -> str:
    """What stands behind chip and hardware interrupt: ``IR-PCI-MSIX-0000:81:00.0 1-edge ens2-rx-0``, ``GICv3 27 Level x``."""
    parts = words.split()
    for place, part in enumerate(parts):
        if part.endswith(("-edge", "-fasteoi", "-level")) or part in ("Edge", "Level"):
            return " ".join(parts[place + 1 :])
    return parts[-1] if len(parts) > 2 else ""


def queues(host: Host, pci: str, name: str, listed: Iterable[Interrupt]) -> dict[int, list[Interrupt]]:
    """A NIC's queue vectors by queue: one that receives and sends, or one for each. Empty while it is down.

    Which interrupts are the NIC's its function says, and not their names.
    """
    # a virtio device has its interrupts at the PCI function above it
    device = f"{interface.NET}/{name}/device"
    folders = [interface.FUNCTION.format(pci)] if pci else [device, f"{device}/.."]
    mine = {int(entry) for folder in folders for entry in host.names(f"{folder}/msi_irqs") if entry.isdigit()}
    found: dict[int, list[Interrupt]] = {}
    for irq in listed:
        queue = queue_of(irq.action, name) if irq.number in mine else None
        if queue is not None:
            found.setdefault(queue, []).append(irq)
    return found


def queue_of(action: str, name: str) -> int | None:
    """The queue that a vector serves by its name; None for those of firmware, configuration and the like."""
    own = action.split("@", maxsplit=1)[0].split(",", maxsplit=1)[0].strip()
    if any(word in own.lower() for word in _NO_QUEUE):
        return None
    match = _QUEUE.search(own) or (_PLAIN.search(own) if name and own.startswith(f"{name}-") else None)
    return int(match[1]) if match else None


def movable(host: Host, irq: Interrupt) -> bool:
    """Whether the kernel would take a list of CPUs; it is asked with a word that is none, which changes nothing."""
    return host.probe(irq.path) not in IMMOVABLE


def place(host: Host, irq: Interrupt, cpus: CpuSet) -> None:
    """Have an interrupt served there; one that only the kernel places stays where it is.

    Raises:
        UllError: the kernel refuses it for another reason, e.g. a CPU without a free vector.
    """
    try:
        host.poke(irq.path, str(cpus))
    except UllError as refused:
        cause = refused.__cause__
        if not isinstance(cause, OSError) or cause.errno not in IMMOVABLE:
            raise
