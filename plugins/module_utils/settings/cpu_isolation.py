# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""CPUs kept free for the critical path: isolated from the scheduler, without tick, callbacks and interrupts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..boot import cmdline
from ..boot.loader import loader
from ..cpuset import CpuSet
from ..errors import UllError
from ..finding import Finding, refuse
from ..host import MANAGED, Host
from ..setting import REBOOT, FileStore, Setting, Store
from ..topology.reader import read_topology
from .boot_args import BootArgs

ROLE = "cpu_isolation"
SYSTEMD = "/etc/systemd/system.conf.d/90-ull-metal.conf"
_AFFINITY = re.compile(r"^CPUAffinity=(.*)$", re.MULTILINE)


def boot_args(isolated: CpuSet, tickless: CpuSet, housekeeping: CpuSet) -> list[str]:
    """Kernel arguments of a partition.

    ``managed_irq`` keeps interrupts away that only the kernel can place, ``domain`` takes the CPUs out of load
    balancing; ``rcu_nocbs`` moves RCU callbacks, which ``nohz_full`` implies for its own CPUs only.
    """
    if not isolated:
        return []
    tokens = [f"isolcpus=managed_irq,domain,{isolated}"]
    if tickless:
        tokens.append(f"nohz_full={tickless}")
    return [*tokens, f"rcu_nocbs={isolated}", f"irqaffinity={housekeeping}"]


def cores(topology: Mapping[str, Any]) -> list[CpuSet]:
    """The online threads of each core, the core with the lowest CPU first."""
    online = CpuSet(cpu["id"] for cpu in topology["cpus"] if cpu["online"])
    siblings = dict.fromkeys(cpu["siblings"] for cpu in topology["cpus"] if cpu["online"])
    return sorted((CpuSet.parse(core) & online for core in siblings), key=lambda core: core.first)


def findings(
    isolated: CpuSet,
    tickless: CpuSet,
    topology: Mapping[str, Any],
    path: str = ROLE,
    housekeeping: CpuSet | None = None,
) -> list[Finding]:
    """What is wrong with isolating these CPUs on this machine; ``housekeeping`` only where it is declared."""
    whole = cores(topology)
    online = _union(whole)
    boot = whole[0] if whole else CpuSet()
    found = _housekeeping_findings(housekeeping or CpuSet(), isolated, online, path)

    def add(kind: str, message: str, key: str, value: CpuSet, remedy: str) -> None:
        found.append(Finding(kind, message, f"{path}.{key}", str(value), remedy))

    def layout() -> str:
        near = nearest(isolated, topology)
        return f"the nearest layout is cpus {near}" if near else f"use CPUs of {online - boot or online}"

    if isolated - online:
        add("cpu-missing", f"CPUs {isolated - online} are not online", "isolated", isolated, layout())
    if isolated and not online - isolated:
        add("all-isolated", f"all CPUs ({online}) would be isolated", "isolated", isolated, layout())
    elif boot.first in isolated:
        message = f"CPU {boot.first} is the boot CPU and has to stay housekeeping"
        add("cpu-0-isolated", message, "isolated", isolated, layout())
    if boot.first in tickless:
        rest = tickless - boot
        remedy = f"make cpus {rest} tickless" if rest else "make none tickless, or CPUs of other cores"
        add("cpu-0-isolated", f"CPU {boot.first} is the boot CPU and cannot be tickless", "tickless", tickless, remedy)
    if tickless - isolated:
        both = tickless & isolated
        remedy = (
            f"isolate them too, or make only cpus {both} tickless" if both else "isolate them, or make none tickless"
        )
        message = f"CPUs {tickless - isolated} would be tickless but not isolated"
        add("tickless-not-isolated", message, "tickless", tickless, remedy)
    split = _union([core - isolated for core in whole if core & isolated])
    if split:
        message = f"the siblings {split} of isolated CPUs would not be isolated"
        remedy = layout() if boot & isolated else f"isolate whole cores: cpus {(isolated & online) | split}"
        add("smt-split", message, "isolated", isolated, remedy)
    return found


def nearest(isolated: CpuSet, topology: Mapping[str, Any]) -> CpuSet:
    """The layout nearest to this one that can be had: as many whole cores without the boot CPU's; empty for none.

    A core that is missed is made up for on the same nodes first. Where all were to be isolated, each node keeps one.
    """
    whole = cores(topology)
    node = {cpu["id"]: cpu["node"] for cpu in topology["cpus"]}
    wanted = [core for core in whole if core & isolated]
    kept = whole[:1]
    if len(wanted) == len(whole):
        firsts = list({node[core.first]: core for core in reversed(whole)}.values())
        kept = firsts if len(firsts) < len(whole) else kept
    nodes = {node[core.first] for core in wanted}
    chosen = [core for core in wanted if core not in kept]
    others = [core for core in whole if core not in kept and core not in wanted]
    others.sort(key=lambda core: node[core.first] not in nodes)
    return _union([*chosen, *others[: len(wanted) - len(chosen)]])


def _housekeeping_findings(housekeeping: CpuSet, isolated: CpuSet, online: CpuSet, path: str) -> list[Finding]:
    found = []
    if housekeeping - online:
        message = f"CPUs {housekeeping - online} are not online"
        remedy = f"use CPUs of {online}"
        found.append(Finding("cpu-missing", message, f"{path}.housekeeping", str(housekeeping), remedy))
    if housekeeping & isolated:
        message = f"CPUs {housekeeping & isolated} are both housekeeping and isolated"
        remedy = f"take {housekeeping & isolated} out of one of them"
        found.append(Finding("cpu-overlap", message, f"{path}.isolated", str(isolated), remedy))
    return found


def _union(sets: Iterable[CpuSet]) -> CpuSet:
    bits = 0
    for one in sets:
        bits |= one.bits
    return CpuSet.of_bits(bits)


@dataclass
class CpuIsolation:
    """Domain of the CPU partition.

    Args:
        isolated: CPUs for the critical path, list format.
        tickless: those of them without the scheduler's tick.
        housekeeping: CPUs for everything else; empty: all that are not isolated.
        boot_args: whether to put the kernel arguments into the boot loader; False where the role boot_args already did.
    """

    isolated: str = ""
    tickless: str = ""
    housekeeping: str = ""
    boot_args: bool = True
    role: str = ROLE

    def settings(self, host: Host) -> list[Setting]:
        """The kernel arguments, their effects, and systemd's default affinity."""
        if not self._isolated:
            return []
        return [
            *self._boot(host).settings(host),
            _effect("isolated", "isolcpus", self._isolated),
            _effect("nohz_full", "nohz_full", self._tickless),
            _affinity(str(self._housekeeping(host))),
        ]

    def stores(self, host: Host) -> list[Store]:
        """The boot loader and systemd's drop-in."""
        content = _render(self._housekeeping(host)) if self._isolated else None
        boot = self._boot(host).stores(host) if self.boot_args else []
        return [*boot, FileStore(SYSTEMD, content)]

    def restore(self, host: Host, before: dict[str, str]) -> list[Setting]:
        """Nothing is written live, so nothing is to be returned."""
        return []

    def check(self, host: Host) -> None:
        """Refuse a partition that does not fit this machine."""
        if self._isolated or self._tickless:
            refuse(findings(self._isolated, self._tickless, read_topology(host), ROLE, self._declared_housekeeping))
            self._boot(host).check(host)

    @property
    def _isolated(self) -> CpuSet:
        return _parse(self.isolated, "isolated")

    @property
    def _tickless(self) -> CpuSet:
        return _parse(self.tickless, "tickless")

    @property
    def _declared_housekeeping(self) -> CpuSet:
        return _parse(self.housekeeping, "housekeeping")

    def _housekeeping(self, host: Host) -> CpuSet:
        return (
            self._declared_housekeeping
            or CpuSet.parse(host.read("/sys/devices/system/cpu/online") or "") - self._isolated
        )

    def _boot(self, host: Host) -> BootArgs:
        tokens = boot_args(self._isolated, self._tickless, self._housekeeping(host))
        return BootArgs({ROLE: tokens}, role=ROLE)


def _parse(text: str, key: str) -> CpuSet:
    try:
        return CpuSet.parse(text)
    except UllError as wrong:
        raise UllError(wrong.message, variable=f"{ROLE}.{key}", value=text, remedy=wrong.remedy) from wrong


def _effect(name: str, argument: str, declared: CpuSet) -> Setting:
    """What the kernel made of an argument: it accepts a bad CPU list and does something else."""

    def persisted(host: Host) -> str:
        text = cmdline.lookup(loader(host).persisted(), argument) or ""
        return str(_cpus(text))

    return Setting(
        name=f"{ROLE}.{name}",
        role=ROLE,
        impact=REBOOT,
        declared=str(declared),
        running=lambda host: str(_cpus(host.read(f"/sys/devices/system/cpu/{name}") or "")),
        persisted=persisted,
        doc=f"CPUs that the kernel reports as {name}",
        source="Documentation/ABI/testing/sysfs-devices-system-cpu",
    )


def _cpus(text: str) -> CpuSet:
    """The CPU list at the end of ``managed_irq,domain,1-3``; the kernel prints an empty nohz_full as ``(null)``."""
    parts = [part for part in text.split(",") if part[:1].isdigit()]
    return CpuSet.parse(",".join(parts))


def _affinity(housekeeping: str) -> Setting:
    def persisted(host: Host) -> str | None:
        found = _AFFINITY.findall(host.text(SYSTEMD))
        return str(CpuSet.parse(found[-1].replace(" ", ","))) if found else None

    return Setting(
        name=f"{ROLE}.systemd_affinity",
        role=ROLE,
        impact=REBOOT,
        declared=housekeeping,
        running=_init_affinity,
        persisted=persisted,
        doc="CPUs that systemd and all it starts may use",
        source="systemd-system.conf(5), CPUAffinity=",
    )


def _init_affinity(host: Host) -> str | None:
    for line in host.text("/proc/1/status").splitlines():
        if line.startswith("Cpus_allowed_list:"):
            return str(CpuSet.parse(line.split(":", 1)[1]))
    return None


def _render(housekeeping: CpuSet) -> str:
    cpus = " ".join(str(housekeeping).split(","))
    return f"# {MANAGED.format(role=ROLE)}\n[Manager]\nCPUAffinity={cpus}\n"
