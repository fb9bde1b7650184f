# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What applications read: EAL arguments and devices, as a file for systemd and shells and as a local fact."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..cpuset import CpuSet
from ..errors import UllError
from ..host import MANAGED, Host
from . import vf_device
from .vf_device import DEVICES
from .vf_row import VfRow

ENVIRONMENT = "/etc/ull-metal/dpdk.env"
FACT = "/etc/ansible/facts.d/ull_metal_dpdk.fact"
KEYS = ("lcores", "main_lcore", "memory", "eal_args")


@dataclass(frozen=True)
class Application:
    """What DPDK applications get.

    Args:
        lcores: CPUs that poll, list format.
        main_lcore: the one of them that leads; below 0: the first.
        eal_args: arguments for ``rte_eal_init`` but the devices.
        devices: PCI addresses of their VFs.
    """

    lcores: str
    main_lcore: int
    eal_args: tuple[str, ...]
    devices: tuple[str, ...]

    @property
    def arguments(self) -> list[str]:
        """EAL arguments with the devices; only these are probed."""
        return [*self.eal_args, *(word for device in self.devices for word in ("-a", device))]

    def environment(self, role: str) -> str:
        """The file for ``EnvironmentFile=`` and shells."""
        values = {
            "DPDK_EAL_ARGS": " ".join(self.arguments),
            "DPDK_DEVICES": " ".join(self.devices),
            "DPDK_LCORES": self.lcores,
            "DPDK_MAIN_LCORE": str(self.main_lcore) if self.main_lcore >= 0 else "",
        }
        lines = [f"# {MANAGED.format(role=role)}", *(f'{key}="{value}"' for key, value in values.items())]
        return "\n".join(lines) + "\n"

    def fact(self, role: str) -> str:
        """The local fact ``ansible_local.ull_metal_dpdk``."""
        content = {
            "managed": MANAGED.format(role=role),
            "lcores": self.lcores,
            "main_lcore": self.main_lcore,
            "devices": list(self.devices),
            "eal_args": self.arguments,
        }
        return json.dumps(content, indent=1, sort_keys=True) + "\n"


def application(host: Host, eal: Mapping[str, Any], rows: Sequence[VfRow]) -> Application | None:
    """What the plan's slice and the VFs for DPDK make; None where there is neither.

    Raises:
        UllError: a key or a value is none that EAL arguments are made of.
    """
    _refuse_unfit(host, eal)
    mine = sorted((row for row in rows if row.use == "dpdk" or row.driver), key=lambda row: (row.pf, row.index))
    devices = tuple(address for row in mine if (address := vf_at(host, row.pf, row.index)))
    if not eal and not mine:
        return None
    lcores, main = str(eal.get("lcores") or ""), eal.get("main_lcore")
    return Application(lcores, -1 if main is None else main, tuple(eal.get("eal_args") or ()), devices)


def vf_at(host: Host, pf: str, index: int) -> str:
    """A VF's PCI address, calculated where it is not there yet; empty where the NIC does not say."""
    offset = int(host.read(f"{DEVICES}/{pf}/sriov_offset") or 0)
    found = vf_device.vf_address(host, pf, index)
    if found or not offset:
        return found
    domain, bus, rest = pf.split(":")
    device, function = rest.split(".")
    stride = int(host.read(f"{DEVICES}/{pf}/sriov_stride") or 0)
    # PCI SR-IOV specification, 2.1.2: routing IDs of VFs
    place = (int(bus, 16) << 8 | int(device, 16) << 3 | int(function)) + offset + stride * index
    return f"{domain}:{place >> 8:02x}:{place >> 3 & 31:02x}.{place & 7}"


def _refuse_unfit(host: Host, eal: Mapping[str, Any]) -> None:
    for key in eal:
        if key not in KEYS:
            raise UllError("not known", host.name, f"dpdk_eal.{key}", eal[key], f"use {', '.join(KEYS)}")
    words = eal.get("eal_args") or []
    for word in words:
        if not isinstance(word, str) or not word or set(word) & set("\"'\\$`\n "):
            remedy = "one word each, without quotes"
            raise UllError("not an EAL argument", host.name, "dpdk_eal.eal_args", word, remedy)
    lcores = CpuSet.parse(str(eal.get("lcores") or ""))
    online = CpuSet.parse(host.read("/sys/devices/system/cpu/online") or "")
    if online and lcores - online:
        message, remedy = f"CPUs {lcores - online} are not online", f"use CPUs of {online}"
        raise UllError(message, host.name, "dpdk_eal.lcores", str(lcores), remedy)
    main = eal.get("main_lcore")
    if main is not None and main not in lcores:
        raise UllError("not one of the lcores", host.name, "dpdk_eal.main_lcore", main, f"use one of {lcores}")
