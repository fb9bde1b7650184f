# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The topology of a host, or of a captured tree, as one plain dictionary: the fact ``ull_topology``."""

from __future__ import annotations

from typing import Any

from ..cpuset import CpuSet
from ..host import Host
from . import machine
from .cpus import online_cpus, present_cpus, read_cpus
from .gpus import read_gpus
from .nics import read_nics, read_virtual_nics
from .nodes import read_nodes

SCHEMA = 1


def read_topology(host: Host) -> dict[str, Any]:
    """All of it. What a tree does not tell is -1, 0 or "", and never an exception."""
    present = present_cpus(host)
    nodes = read_nodes(host, present, online_cpus(host, present))
    node_cpus = {row["id"]: CpuSet.parse(row["cpus"]) for row in nodes.rows}
    nics = read_nics(host, node_cpus)
    return {
        "schema": SCHEMA,
        "arch": machine.arch(host),
        "container": machine.container(host),
        "os": machine.system(host),
        "boot_loader": machine.boot_loader(host),
        "kernel": machine.kernel(host),
        "nodes": nodes.rows,
        "cpus": read_cpus(host, present, nodes.node_of),
        "nics": nics,
        "virtual_nics": read_virtual_nics(host, nics),
        "gpus": read_gpus(host, node_cpus),
        "doubts": nodes.doubts,
    }
