# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Graphics processors and other accelerators."""

from __future__ import annotations

import re
from typing import Any

from ..cpuset import CpuSet
from ..host import Host
from . import pci

# Displays of management controllers (ASPEED, Matrox) and of emulators (Cirrus, Bochs, QXL, virtio) compute nothing.
_DISPLAYS = {"1a03", "102b", "1013", "1234", "1b36", "1af4"}


def read_gpus(host: Host, node_cpus: dict[int, CpuSet]) -> list[dict[str, Any]]:
    """One row each; ``memory_node`` is the node that is the GPU's own memory, -1 without."""
    rows = []
    for address in pci.addresses(host):
        base = f"{pci.DEVICES}/{address}"
        vendor = (host.read(f"{base}/vendor") or "")[2:]
        # display controllers and processing accelerators
        if pci.class_of(host, address) >> 16 not in (0x03, 0x12) or vendor in _DISPLAYS:
            continue
        rows.append(
            {
                "pci": address,
                "vendor": vendor,
                "driver": pci.driver(host, base),
                "node": pci.node_of(host, pci.place(host, address), node_cpus),
                "memory_node": _memory_node(host, address, node_cpus),
            }
        )
    return rows


def _memory_node(host: Host, address: str, node_cpus: dict[int, CpuSet]) -> int:
    """NVIDIA's driver tells which node its memory became (POWER9, Grace)."""
    status = host.read(f"/proc/driver/nvidia/gpus/{address}/numa_status") or ""
    found = re.search(r"^Node:\s*(\d{1,4})$", status, re.MULTILINE | re.ASCII)
    return int(found[1]) if found and int(found[1]) in node_cpus else -1
