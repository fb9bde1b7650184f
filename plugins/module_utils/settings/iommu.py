# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The IOMMU that vfio-pci needs: the kernel arguments that switch it on, and whether a device can be handed over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..boot.loader import running
from ..errors import UllError
from ..host import Host
from . import vf_device
from .vf_device import DEVICES, NONE, VFIO

# Drivers that do not keep others of their group from user space: vfio_dev_viable(), drivers/vfio/vfio_main.c.
HARMLESS = (NONE, VFIO, "pcieport", "pci-stub", "shpchp")


def iommu_args(rows: Iterable[Mapping[str, Any]], arch: str) -> list[str]:
    """Kernel arguments that vfio-pci needs; AMD's IOMMU is on by itself, and ignores the Intel one's argument."""
    if not any(row.get("driver") == VFIO for row in rows):
        return []
    return {"x86_64": ["intel_iommu=on", "iommu=pt"], "aarch64": ["iommu.passthrough=1"]}.get(arch, [])


def waits_for_boot(host: Host, pci: str, tokens: list[str]) -> bool:
    """Whether a device has no IOMMU group, and the kernel does not run with all these arguments yet."""
    return not _group(host, pci) and bool(set(tokens) - set(running(host)))


def refuse_unsafe(host: Host, pci: str, ours: set[str], tokens: list[str], variable: str) -> None:
    """Refuse a device that cannot be handed to user space.

    Args:
        host: the machine.
        pci: the device; of a VF that is not there yet, its PF.
        ours: devices that are to be vfio-pci's.
        tokens: the kernel arguments that switch the IOMMU on.
        variable: what errors name.

    Raises:
        UllError: it has no IOMMU group although the kernel runs with the arguments, or shares it.
    """
    group = _group(host, pci)
    if not group and not waits_for_boot(host, pci, tokens):
        raise UllError(
            f"{pci} has no IOMMU group, and the kernel runs with {' '.join(tokens) or 'what it needs'} (iommu-missing)",
            host=host.name,
            variable=variable,
            value=VFIO,
            remedy="switch VT-d, AMD-Vi or the SMMU on in the BIOS",
        )
    for other in host.names(f"/sys/kernel/iommu_groups/{group}/devices") if group else []:
        bound = vf_device.driver(host, other)
        if other != pci and other not in ours and bound not in HARMLESS:
            raise UllError(
                f"{pci} shares its IOMMU group {group} with {other}, which {bound} drives",
                host=host.name,
                variable=variable,
                value=VFIO,
                remedy="switch ACS on in the BIOS, or put the NIC into a slot of a root port of its own",
            )


def _group(host: Host, pci: str) -> str:
    return host.link(f"{DEVICES}/{pci}/iommu_group") or ""
