# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A server with two sockets, and what a profile makes of it, for tests of one slice."""

from __future__ import annotations

from typing import Any

from class_machines import nic
from topologies import smt

from ansible_collections.ull.metal.plugins.module_utils.plan import compile_plan

# cores 0,8 ... 7,15; node 0 has CPUs 0-3,8-11; an SR-IOV NIC on each node, and one whose node is unknown
NICS = [
    nic("ens1", "0000:01:00.0", 0, "ice", vfs=8),
    nic("ens2", "0000:81:00.0", 1, "mlx5_core", vfs=8, speed=200000),
    {**nic("usb0", "", -1, "r8152", speed=1000), "irqs": "", "mac": ""},
]
SERVER = {**smt(nodes=2, cores=4, threads=2), "nics": NICS}


def server(**others: Any) -> dict[str, Any]:
    """The server, with other keys."""
    return {**SERVER, **others}


def plan(declared: dict[str, Any], topology: dict[str, Any] | None = None) -> dict[str, Any]:
    """Its plan."""
    return compile_plan(topology or SERVER, declared, "server")


def ids(made: dict[str, Any]) -> list[str]:
    """The findings' kinds."""
    return [finding["id"] for finding in made["findings"]]


def found(made: dict[str, Any], kind: str) -> dict[str, Any]:
    """The one finding of that kind."""
    (finding,) = [finding for finding in made["findings"] if finding["id"] == kind]
    return finding
