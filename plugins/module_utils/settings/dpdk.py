# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""DPDK: VFs bound to vfio-pci, mounts of hugetlbfs, and what applications read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..agent.store import AgentStore
from ..errors import UllError
from ..host import MANAGED, Host
from ..setting import LINK, LIVE, REBOOT, FileStore, Memory, Setting, Store
from ..topology.machine import arch
from . import iommu, vf_device
from .boot_args import BootArgs
from .dpdk_files import ENVIRONMENT, FACT, Application, application
from .hugetlb_mounts import MountStore, extra_sizes, mount
from .iommu import iommu_args
from .vf_device import DEVICES, NONE, VFIO
from .vf_row import VfRow

ROLE = "dpdk"
MODULES = "/etc/modules-load.d/ull-metal-dpdk.conf"
DRIVER = f"/sys/bus/pci/drivers/{VFIO}"
LOADED, UNLOADED = "loaded", "no"

_BINDING = re.compile(rf"{ROLE}\.([0-9a-f:.]+)\.vf(\d+)\Z")
_MOUNT = re.compile(rf"{ROLE}\.mount\.(\w+)\Z")
_MODULE = f"{ROLE}.module.{VFIO}"


@dataclass
class Dpdk:
    """Domain of DPDK.

    Args:
        vfs: rows of VFs, each with pf, index and driver, as of the role sriov; those with the driver vfio-pci are bound.
        eal: what applications get: lcores, main_lcore, memory, eal_args.
        hugepage_sizes: page sizes that applications map.
        boot_args: whether to put the kernel arguments into the boot loader; False where the role boot_args already did.
    """

    vfs: list[dict[str, Any]] = field(default_factory=list)
    eal: dict[str, Any] = field(default_factory=dict)
    hugepage_sizes: list[str] = field(default_factory=list)
    boot_args: bool = True
    role: str = ROLE

    def settings(self, host: Host) -> list[Setting]:
        """The kernel arguments, the module, a setting a VF, and the mounts."""
        rows, tokens = self._bound(), self._tokens(host)
        return [
            *BootArgs({ROLE: tokens}, role=ROLE).settings(host),
            *([_module(LOADED)] if rows else []),
            *(self._binding(host, row, tokens) for row in rows),
            *(mount(ROLE, size) for size in extra_sizes(host, self.hugepage_sizes, ROLE)),
        ]

    def stores(self, host: Host) -> list[Store]:
        """The boot loader, modules-load.d, mount units, what applications read, and what binds at boot."""
        made = application(host, self.eal, self._rows())
        sizes = extra_sizes(host, self.hugepage_sizes, ROLE)
        gone = [size for size in _remembered_sizes(host) if size not in sizes]
        return [
            *(BootArgs({ROLE: self._tokens(host)}, role=ROLE).stores(host) if self.boot_args else []),
            FileStore(MODULES, f"# {MANAGED.format(role=ROLE)}\n{VFIO}\n" if self._bound() else None),
            *(MountStore(ROLE, size) for size in sizes),
            *(MountStore(ROLE, size, wanted=False) for size in gone),
            *_application_files(made),
            self._store(),
        ]

    def restore(self, host: Host, before: dict[str, str]) -> list[Setting]:
        """VFs get the driver from before, or none; then the module and the mounts go."""
        returning = list(_remembered_vfs(before))
        named = {(row.pf, row.index) for row in self._bound()}
        ours = {vf_device.vf_address(host, pf, index) for pf, index, _value in returning}
        found = [_unbinding(host, pf, index, value) for pf, index, value in returning if (pf, index) not in named]
        if before.get(_MODULE) == UNLOADED:
            others = [one for one in host.names(DRIVER) if vf_device.is_address(one) and one not in ours]
            found.append(_module(LOADED if others else UNLOADED, restored=True))
        sizes = ((_MOUNT.match(name), value) for name, value in before.items())
        return [*found, *(mount(ROLE, match[1], value, restored=True) for match, value in sizes if match)]

    def check(self, host: Host) -> None:
        """Refuse VFs that the machine cannot have or hand over, and ones that somebody uses."""
        rows, tokens = self._bound(), self._tokens(host)
        application(host, self.eal, self._rows())
        extra_sizes(host, self.hugepage_sizes, ROLE)
        if self.boot_args:
            BootArgs({ROLE: tokens}, role=ROLE).check(host)
        ours = {vf_device.vf_address(host, row.pf, row.index) for row in rows}
        for row in rows:
            self._refuse_unfit(host, row, ours, tokens)
        named = {(row.pf, row.index) for row in rows}
        for pf, index, _value in _remembered_vfs(Memory(host, ROLE).values):
            if (pf, index) not in named:
                _refuse_open(host, pf, index)

    # -- what is declared

    def _rows(self) -> list[VfRow]:
        return [VfRow.of(declared, f"dpdk_vfs[{place}]") for place, declared in enumerate(self.vfs)]

    def _bound(self) -> list[VfRow]:
        return sorted((row for row in self._rows() if row.driver == VFIO), key=lambda row: (row.pf, row.index))

    def _tokens(self, host: Host) -> list[str]:
        return iommu_args(self.vfs, arch(host))

    def _store(self) -> AgentStore:
        rows = [{"pf": row.pf, "index": row.index, "use": row.use, "driver": VFIO} for row in self._bound()]
        devices = [f"{DEVICES}/{row['pf']}/virtfn{row['index']}" for row in rows]
        return AgentStore(ROLE, Dpdk, {"vfs": rows} if rows else None, devices=devices, after=("sriov",))

    def _binding(self, host: Host, row: VfRow, tokens: list[str]) -> Setting:
        def persisted(host: Host) -> str | None:
            rows = self._store().persisted(host).get("vfs", [])
            return VFIO if (row.pf, row.index) in {(one["pf"], one["index"]) for one in rows} else None

        waits = iommu.waits_for_boot(host, vf_device.vf_address(host, row.pf, row.index) or row.pf, tokens)
        return Setting(
            name=f"{ROLE}.{row.pf}.vf{row.index}",
            role=ROLE,
            impact=REBOOT if waits else LINK,
            declared=VFIO,
            running=lambda host: _driver(host, row.pf, row.index),
            persisted=persisted,
            write=None if waits else lambda host, value: _bind(host, row, value),
            remedy="see dmesg for why vfio-pci does not take it",
            doc=f"driver of VF {row.index} of {row.pf}",
            source="Documentation/ABI/testing/sysfs-bus-pci, driver_override",
        )

    def _refuse_unfit(self, host: Host, row: VfRow, ours: set[str], tokens: list[str]) -> None:
        base, variable = f"{DEVICES}/{row.pf}", f"dpdk_vfs (VF {row.index} of {row.pf})"
        most = int(host.read(f"{base}/sriov_totalvfs") or 0)
        if row.index >= most:
            message = f"{row.pf} has {most} VFs at most" if host.exists(base) else f"there is no device {row.pf}"
            raise UllError(message, host.name, variable, row.index, "see `lspci -D`, and ask for VFs that it can have")
        address = vf_device.vf_address(host, row.pf, row.index)
        iommu.refuse_unsafe(host, address or row.pf, ours, tokens, variable)
        bound = vf_device.driver(host, address) if address else NONE
        used = vf_device.users(host, address) if bound not in (NONE, VFIO) else []
        if used:
            message = f"{bound} drives it, and it is in use by {', '.join(used)}"
            raise UllError(message, host.name, variable, VFIO, "stop what uses it first")


# -- settings


def _module(declared: str, restored: bool = False) -> Setting:
    def write(host: Host, value: str) -> None:
        host.run(["modprobe", *([] if value == LOADED else ["-r"]), VFIO])

    return Setting(
        name=_MODULE,
        role=ROLE,
        impact=LIVE,
        declared=declared,
        running=lambda host: LOADED if host.exists(DRIVER) else UNLOADED,
        persisted=lambda host: LOADED if VFIO in host.text(MODULES).splitlines() else UNLOADED,
        write=write,
        restored=restored,
        doc=f"kernel module {VFIO}",
        source="Documentation/driver-api/vfio.rst",
    )


def _unbinding(host: Host, pf: str, index: int, before: str) -> Setting:
    """A VF that is vfio-pci's no more: bound as before, or not at all.

    A driver of the kernel that it has by now was given by somebody else, such as the role sriov, and stays.
    """
    now = _driver(host, pf, index)
    declared = NONE if before in ("", VFIO, NONE) or now is None else before
    if now not in (None, NONE, VFIO) and not vf_device.override(host, vf_device.vf_address(host, pf, index)):
        declared = str(now)

    def running(host: Host) -> str:
        address = vf_device.vf_address(host, pf, index)
        kept = vf_device.override(host, address) if address else ""
        return (_driver(host, pf, index) or NONE) + (f", driver_override {kept}" if kept else "")

    def write(host: Host, value: str) -> None:
        address = vf_device.vf_address(host, pf, index)
        _refuse_open(host, pf, index)
        vf_device.release(host, address)
        vf_device.unbind(host, address)
        if value != NONE:
            vf_device.bind_kernel(host, pf, address)

    return Setting(
        name=f"{ROLE}.{pf}.vf{index}",
        role=ROLE,
        impact=LINK,
        declared=declared,
        running=running,
        persisted=lambda host: None,
        write=write,
        restored=True,
        doc=f"driver of VF {index} of {pf}",
    )


# -- what is on the machine


def _driver(host: Host, pf: str, index: int) -> str | None:
    address = vf_device.vf_address(host, pf, index)
    return vf_device.driver(host, address) if address else None


def _bind(host: Host, row: VfRow, driver: str) -> None:
    address = vf_device.vf_address(host, row.pf, row.index)
    if not address:
        raise UllError(
            f"{row.pf} has no VF {row.index}",
            host=host.name,
            variable=f"dpdk_vfs (VF {row.index} of {row.pf})",
            value=driver,
            remedy="apply the role sriov first, which makes it",
        )
    vf_device.bind(host, address, driver)


def _refuse_open(host: Host, pf: str, index: int) -> None:
    """Refuse to take a VF from the process that has it open: the kernel would wait for it without end."""
    address = vf_device.vf_address(host, pf, index)
    held = vf_device.holders(host, address) if address and vf_device.driver(host, address) == VFIO else []
    if held:
        message = f"it is open in {', '.join(held)}"
        raise UllError(message, host.name, f"{ROLE}.{pf}.vf{index}", NONE, "stop what uses it first")


def _application_files(made: Application | None) -> Iterator[Store]:
    yield FileStore(ENVIRONMENT, made.environment(ROLE) if made else None)
    yield FileStore(FACT, made.fact(ROLE) if made else None)


# -- the memory


def _remembered_vfs(before: Mapping[str, str]) -> Iterator[tuple[str, int, str]]:
    """PF, number and driver of each VF among the notes, in numerical order."""
    found = ((_BINDING.match(name), value) for name, value in before.items())
    yield from sorted((match[1], int(match[2]), value) for match, value in found if match)


def _remembered_sizes(host: Host) -> Sequence[str]:
    found = (_MOUNT.match(name) for name in Memory(host, ROLE).values)
    return [match[1] for match in found if match]
