# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plans and topologies to make reports of: captured machines, hostile names, fleets."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from captures import capture

from ansible_collections.ull.metal.plugins.module_utils.host import Host
from ansible_collections.ull.metal.plugins.module_utils.plan import compile_plan
from ansible_collections.ull.metal.plugins.module_utils.topology.compact import complete
from ansible_collections.ull.metal.plugins.module_utils.topology.reader import read_topology

PROFILE = {"class": "order_engine", "housekeeping": "1 core per node", "isolated": "rest"}
PAGES = {**PROFILE, "hugepages": [{"size": "2M", "amount": "1 GiB", "where": "each node"}]}
HOSTILE = "<script>alert(1)</script>\"'&\x1b[31m\ud800</style><!--"
TWO_NODES = "32em64t-2n8c+dax+nvme+mic+dimms"


@cache
def topology_of(name: str) -> dict[str, Any]:
    """The topology of a captured machine, with the boot loader that captures lack; not to be changed."""
    return {**read_topology(Host(str(capture(name)))), "boot_loader": "grub", "container": ""}


def planned(host: str, topology: dict[str, Any], profile: dict[str, Any] | None = None, source: str = "host") -> Any:
    """A plan as the action gives it: every kernel argument is missing, all else is in sync."""
    plan = compile_plan(topology, profile or PROFILE, host)
    plan["source"] = source
    plan["states"] = list(_states(plan)) if source == "host" else []
    return plan


def synced(plan: dict[str, Any]) -> dict[str, Any]:
    """The same host after all was applied."""
    same = [
        {**state, "persisted": state["declared"], "running": state["declared"], "status": "in_sync"}
        for state in plan["states"]
    ]
    return {**plan, "states": same}


def server(name: str = "eth0") -> dict[str, Any]:
    """Two nodes, and NICs of every kind: a PF with VFs, one that is full, a bound function of unknown node, a bond."""
    whole = complete(topology_of(TWO_NODES))
    first, second, *rest = whole["nics"]
    first = {**first, "name": name, "sriov_total": 8, "sriov_num": 2, "speed": 100000, "up": True, "iommu_group": 3}
    second = {**second, "sriov_total": 64, "sriov_num": 63, "speed": 25000, "up": False}
    vfs = [
        {
            **first,
            "name": "",
            "pci": f"0000:02:10.{n}",
            "kind": "vf",
            "pf": first["pci"],
            "sriov_total": 0,
            "driver": "vfio-pci",
        }
        for n in range(2)
    ]
    lost = {**first, "name": "", "pci": "0000:ff:00.0", "node": -1, "sriov_total": 0, "driver": "", "irqs": ""}
    gpu = {"pci": "0000:82:00.0", "vendor": "10de", "driver": "nvidia", "node": 1, "memory_node": -1}
    bond = {"name": "bond0", "kind": "bond", "members": [name, second["name"]]}
    return {**whole, "nics": [first, second, *rest, *vfs, lost], "gpus": [gpu], "virtual_nics": [bond]}


def fleet_of(hosts: int, captures: Iterable[str]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Many hosts of a few kinds; each has addresses and interrupts of its own. The eighth is in sync."""
    names = list(captures)
    plans, topologies = [], {}
    for number in range(hosts):
        host, topology = f"engine{number + 1}", topology_of(names[number * len(names) // hosts])
        nics = [{**nic, "mac": f"02:00:00:00:{number:04x}", "irqs": f"{40 + number}"} for nic in topology["nics"]]
        plan = planned(host, topology)
        plans.append(synced(plan) if number == 7 else plan)
        topologies[host] = {**topology, "nics": nics}
    return plans, topologies


def _states(plan: dict[str, Any]) -> Iterable[dict[str, Any]]:
    for role, tokens in plan["boot_args"]["sections"].items():
        for token in tokens:
            yield {
                "name": f"boot_args.{token.split('=')[0]}",
                "role": role,
                "impact": "reboot",
                "declared": token,
                "persisted": None,
                "running": None,
                "doc": "A kernel argument.",
                "status": "differs",
            }
    for pool in plan["hugepages"]["pools"]:
        pages = str(pool["pages"])
        yield {
            "name": f"hugepages.node{pool['node']}.{pool['size']}",
            "role": "hugepages",
            "impact": "live",
            "declared": pages,
            "persisted": pages,
            "running": pages,
            "doc": "Pages of the node.",
            "status": "in_sync",
        }
