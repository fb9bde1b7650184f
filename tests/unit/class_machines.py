# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A machine for each workload class, made by hand after its data sheet: name and topology."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from topologies import smt, topology

CLASSES = Path(__file__).resolve().parents[2] / "playbooks/group_vars"


def class_profile(name: str) -> dict:
    """What playbooks/group_vars declares for a class."""
    return yaml.safe_load((CLASSES / f"{name}.yml").read_text(encoding="utf-8"))["ull_class_profile"]


def nic(name: str, pci: str, node: int, driver: str, vfs: int = 0, speed: int = 100000) -> dict[str, Any]:
    """A NIC's row with all its keys."""
    return {
        "name": name,
        "pci": pci,
        "node": node,
        "driver": driver,
        "sriov_total": vfs,
        "sriov_num": 0,
        "mtu": 1500,
        "max_mtu": 9702,
        "queues": 16,
        "iommu_group": 20 + node,
        "mac": f"0c:42:a1:00:0{node}:10",
        "speed": speed,
        "up": True,
        "kind": "physical",
        "pf": "",
        "irqs": f"{100 + 50 * node}-{116 + 50 * node}",
    }


def machine(made: dict[str, Any], *nics: dict[str, Any], **others: Any) -> dict[str, Any]:
    """With these NICs."""
    return {**made, "nics": list(nics), **others}


# Four nodes a socket (NPS4), eight cores and two L3 groups each, a GPU on every other one.
A100 = smt(nodes=8, cores=16, threads=2, memory=dict.fromkeys(range(8), 128))
for _cpu in A100["cpus"]:
    _cpu["package"] = _cpu["node"] // 4
    _cpu["l3"] = _cpu["core"] // 8 * 8

CLASS_MACHINES: dict[str, tuple[str, dict[str, Any]]] = {
    "market_data": (
        "c7gn.16xlarge",
        machine(
            topology([(0, [core]) for core in range(64)], {0: 128}),
            nic("ens5", "0000:00:05.0", 0, "ena", speed=-1),
            arch="aarch64",
        ),
    ),
    "order_engine": (
        "m7i.metal-24xl",
        machine(smt(nodes=1, cores=48, threads=2, memory={0: 384}), nic("ens1f0", "0000:81:00.0", 0, "ice", 128)),
    ),
    "risk_engine": (
        "r7iz.metal-16xl",
        machine(smt(nodes=1, cores=32, threads=2, memory={0: 512}), nic("ens5", "0000:00:05.0", 0, "ena", speed=-1)),
    ),
    "alpha_calculator": (
        "a100-host",
        machine(
            A100,
            nic("ens1f0", "0000:81:00.0", 1, "mlx5_core", 16),
            gpus=[
                {
                    "pci": f"0000:{node + 1:02x}:00.0",
                    "vendor": "10de",
                    "driver": "nvidia",
                    "node": node,
                    "memory_node": -1,
                }
                for node in (1, 3, 5, 7)
            ],
        ),
    ),
    "execution_gateway": (
        "gateway-2x16",
        machine(
            smt(nodes=2, cores=16, threads=2, memory={0: 96, 1: 96}),
            nic("eno1", "0000:03:00.0", 0, "tg3", speed=1000),
            nic("ens1f0np0", "0000:81:00.0", 1, "mlx5_core", 16),
        ),
    ),
    "data_store": (
        "store-2x24",
        machine(
            smt(nodes=2, cores=24, threads=2, memory={0: 256, 1: 256}), nic("eno1", "0000:03:00.0", 0, "bnxt_en", 8)
        ),
    ),
    "control_plane": (
        "control-8",
        machine(
            smt(nodes=1, cores=4, threads=2, memory={0: 32}), nic("eth0", "0000:00:03.0", 0, "virtio_net", speed=-1)
        ),
    ),
    "worker": (
        "worker-2x32",
        machine(smt(nodes=2, cores=32, threads=2, memory={0: 256, 1: 256}), nic("eno1", "0000:03:00.0", 0, "ice", 64)),
    ),
}
