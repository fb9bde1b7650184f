# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every domain by its role, in the order in which they are applied, and what each takes out of a plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..host import Host
from ..setting import Domain, State, observe
from .boot_args import BootArgs
from .cpu_isolation import CpuIsolation
from .cpu_power import CpuPower
from .dpdk import Dpdk
from .hugepages import Hugepages
from .irq_affinity import IrqAffinity
from .jumbo_frames import JumboFrames
from .kernel_runtime import KernelRuntime
from .nic_tuning import NicTuning
from .rt_kernel import RtKernel
from .sriov import Sriov

Plan = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """A domain, and its parameters out of a plan; None where the plan has nothing to say to it."""

    domain: type[Any]
    take: Callable[[Plan], dict[str, Any] | None]


def _dpdk(plan: Plan) -> dict[str, Any]:
    """The slice of DPDK: page sizes are of interest where VFs are."""
    vfs = plan.get("vfs", [])
    pools = plan.get("hugepages", {}).get("pools", []) if vfs else []
    sizes = list(dict.fromkeys(pool["size"] for pool in pools))
    return {"vfs": vfs, "eal": plan.get("dpdk", {}), "hugepage_sizes": sizes}


def _mtus(plan: Plan) -> dict[str, Any]:
    """The NICs and VFs of which the profile says the MTU."""
    return {key: [row for row in plan.get(key, []) if "mtu" in row] for key in ("nics", "vfs")}


def _irq(plan: Plan) -> dict[str, Any] | None:
    part = plan.get("irq")
    return {key: part[key] for key in ("default_cpus", "banned", "nics")} if part else None


# The order of playbooks/tune.yml, where the reasons stand.
DOMAINS: dict[str, Row] = {
    "rt_kernel": Row(RtKernel, lambda plan: plan.get("rt_kernel")),
    "boot_args": Row(BootArgs, lambda plan: plan.get("boot_args")),
    "kernel_runtime": Row(KernelRuntime, lambda plan: {key: plan.get(key, {}) for key in ("sysctl", "sysfs")}),
    "hugepages": Row(Hugepages, lambda plan: plan.get("hugepages")),
    "cpu_isolation": Row(CpuIsolation, lambda plan: plan.get("cpu_isolation")),
    "cpu_power": Row(CpuPower, lambda plan: plan.get("cpu_power")),
    "sriov": Row(Sriov, lambda plan: {key: plan.get(key, []) for key in ("nics", "vfs")}),
    "nic_tuning": Row(NicTuning, lambda plan: {"nics": plan.get("nics", [])}),
    "jumbo_frames": Row(JumboFrames, _mtus),
    "dpdk": Row(Dpdk, _dpdk),
    "irq_affinity": Row(IrqAffinity, _irq),
}


def domains(plan: Plan) -> list[Domain]:
    """The domains of a plan, each with its slice."""
    taken = ((row.domain, row.take(plan)) for row in DOMAINS.values())
    return [domain(**parameters) for domain, parameters in taken if parameters is not None]


def states(plan: Plan, host: Host) -> list[State]:
    """The three states of every setting of a plan, each setting once."""
    settings = {setting.name: setting for domain in domains(plan) for setting in domain.settings(host)}
    return observe(list(settings.values()), host)
