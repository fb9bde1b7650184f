# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""CPUs kept free for the critical path: isolated from the scheduler, without tick, callbacks and interrupts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ..boot import cmdline
from ..boot.loader import loader
from ..cpuset import CpuSet
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


def findings(isolated: CpuSet, tickless: CpuSet, topology: dict[str, Any], path: str = ROLE) -> list[Finding]:
    """What is wrong with isolating these CPUs on this machine."""
    online = CpuSet(cpu["id"] for cpu in topology["cpus"] if cpu["online"])
    boot_cpu = CpuSet([online.first]) if online else CpuSet()
    found = []
    if isolated - online:
        found.append(
            Finding(
                "cpu-missing",
                f"CPUs {isolated - online} are not online",
                f"{path}.isolated",
                str(isolated),
                f"use CPUs of {online}",
            )
        )
    if isolated and not online - isolated:
        found.append(
            Finding(
                "all-isolated",
                f"all CPUs ({online}) would be isolated",
                f"{path}.isolated",
                str(isolated),
                f"leave the first core ({_core(boot_cpu, topology)}) and one on each node for housekeeping",
            )
        )
    elif isolated & boot_cpu:
        found.append(_boot_cpu_finding(isolated, online, boot_cpu, topology, path))
    if tickless & boot_cpu:
        found.append(
            Finding(
                "cpu-0-isolated",
                f"CPU {boot_cpu} is the boot CPU and cannot be tickless",
                f"{path}.tickless",
                str(tickless),
                f"make {tickless - _core(boot_cpu, topology) or 'other CPUs'} tickless",
            )
        )
    if tickless - isolated:
        found.append(
            Finding(
                "tickless-not-isolated",
                f"CPUs {tickless - isolated} would be tickless but not isolated",
                f"{path}.tickless",
                str(tickless),
                f"isolate them too, or make only {tickless & isolated} tickless",
            )
        )
    return found + _smt_findings(isolated & online, topology, path)


def _boot_cpu_finding(
    isolated: CpuSet, online: CpuSet, boot_cpu: CpuSet, topology: dict[str, Any], path: str
) -> Finding:
    """Say so, and offer the nearest layout: as many CPUs, whole cores, without the boot CPU's core."""
    free = online - _core(boot_cpu, topology)
    near = isolated & free
    for cpu in free - near:
        if len(near) >= len(isolated):
            break
        near = near | (_core(CpuSet([cpu]), topology) & free)
    return Finding(
        "cpu-0-isolated",
        f"CPU {boot_cpu} is the boot CPU and has to stay housekeeping",
        f"{path}.isolated",
        str(isolated),
        f"the nearest layout is cpus {near}" if near else "this machine has no other core",
    )


def _smt_findings(isolated: CpuSet, topology: dict[str, Any], path: str) -> list[Finding]:
    split = CpuSet()
    for cpu in topology["cpus"]:
        core = CpuSet.parse(cpu["siblings"])
        if cpu["online"] and core & isolated and core - isolated:
            split = split | (core - isolated)
    if not split:
        return []
    whole = isolated | split
    return [
        Finding(
            "smt-split",
            f"the siblings {split} of isolated CPUs would not be isolated",
            f"{path}.isolated",
            str(isolated),
            f"isolate whole cores: cpus {whole}",
        )
    ]


def _core(cpus: CpuSet, topology: dict[str, Any]) -> CpuSet:
    """All threads of the cores that these CPUs belong to."""
    whole = cpus
    for cpu in topology["cpus"]:
        if cpu["id"] in cpus:
            whole = whole | CpuSet.parse(cpu["siblings"])
    return whole


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
            _effect("nohz_full", "nohz_full", CpuSet.parse(self.tickless)),
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
        if not self._isolated:
            return
        topology = read_topology(host)
        refuse(findings(self._isolated, CpuSet.parse(self.tickless), topology))
        self._boot(host).check(host)

    @property
    def _isolated(self) -> CpuSet:
        return CpuSet.parse(self.isolated)

    def _housekeeping(self, host: Host) -> CpuSet:
        declared = CpuSet.parse(self.housekeeping)
        return declared or CpuSet.parse(host.read("/sys/devices/system/cpu/online") or "") - self._isolated

    def _boot(self, host: Host) -> BootArgs:
        tokens = boot_args(self._isolated, CpuSet.parse(self.tickless), self._housekeeping(host))
        return BootArgs({ROLE: tokens}, role=ROLE)


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
