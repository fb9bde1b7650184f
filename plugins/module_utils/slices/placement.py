# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where data stores run: node, CPUs, hugepages, and the settings and unit options that say so to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..cpuset import CpuSet
from ..finding import Finding
from ..partition import Partition
from ..profile import ROOT, Profile
from ..selection import nodes_meant
from ..settings.hugepages import Pool
from ..units import human

PAGE = 2 << 20
# Beside shared_buffers PostgreSQL's segment holds locks, buffers' descriptors and WAL buffers: some per cent, and
# `postgres -C shared_memory_size_in_huge_pages` tells exactly.
SLACK, SLACK_SHARE = 64 << 20, 16


def store_pools(profile: Profile, topology: Mapping[str, Any]) -> list[Pool]:
    """The hugepages that PostgreSQL takes, on its node where that has 2 MiB pages."""
    store = profile.stores.get("postgresql")
    node = _node(store, "postgresql", profile, topology)[0] if store else None
    if not store or node is None or "2M" not in {entry["size"] for entry in node["hugepages"]}:
        return []
    memory = _bytes(store)
    return [Pool(node["id"], PAGE, -(-(memory + memory // SLACK_SHARE + SLACK) // PAGE))]


def ordinary_bytes(profile: Profile, topology: Mapping[str, Any], node: Mapping[str, Any]) -> int:
    """What stores take of a node's memory that is not in hugepages."""
    taken = 0
    for name, store in profile.stores.items():
        mine = _node(store, name, profile, topology)[0]
        if mine and mine["id"] == node["id"] and not (name == "postgresql" and store_pools(profile, topology)):
            taken += _bytes(store)
    return taken


def placement_slice(
    profile: Profile, parts: Partition, topology: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Finding]]:
    """A store's node, CPUs, settings and unit options, by its name."""
    made, found = {}, []
    for name, store in profile.stores.items():
        node, more = _node(store, name, profile, topology)
        found += more
        if node is None:
            continue
        cpus = CpuSet.parse(node["cpus"]) & parts.housekeeping
        if not cpus:
            message = f"all CPUs of node {node['id']} ({node['cpus']}) are isolated"
            path = f"{ROOT}.stores.{name}.where"
            found.append(Finding("store-without-cpus", message, path, store["where"], "use another node"))
        made[name] = {
            "node": node["id"],
            "cpus": str(cpus),
            "memory_bytes": _bytes(store),
            "unit": {"CPUAffinity": str(cpus), "NUMAPolicy": "preferred", "NUMAMask": str(node["id"])},
            **_SETTINGS[name](store, cpus, store_pools(profile, topology)),
        }
    return made, found


def _postgresql(store: Mapping[str, Any], cpus: CpuSet, pools: list[Pool]) -> dict[str, Any]:
    settings = {"shared_buffers": f"{_bytes(store) >> 20}MB", "huge_pages": "on" if pools else "try"}
    if pools:
        settings["huge_page_size"] = "2MB"
    return {"settings": settings, "hugepages": [pool.as_dict() for pool in pools]}


def _redis(store: Mapping[str, Any], cpus: CpuSet, pools: list[Pool]) -> dict[str, Any]:
    """The one thread that serves keeps off the CPUs of background saves, where there are enough."""
    server = cpus - cpus.take(1)
    server = CpuSet([server.first]) if server else cpus
    others = cpus - server or cpus
    background = {f"{work}_cpulist": str(others) for work in ("bio", "aof_rewrite", "bgsave")}
    return {"settings": {"maxmemory": str(_bytes(store)), "server_cpulist": str(server), **background}}


_SETTINGS = {"postgresql": _postgresql, "redis": _redis}


def _bytes(store: Mapping[str, Any]) -> int:
    return int(store["bytes"])


def _node(
    store: Mapping[str, Any], name: str, profile: Profile, topology: Mapping[str, Any]
) -> tuple[dict[str, Any] | None, list[Finding]]:
    path = f"{ROOT}.stores.{name}.where"
    nodes, found = nodes_meant(store["where"], profile, topology, path)
    for node in topology["nodes"]:
        if node["id"] in nodes[:1] and node["memory_bytes"] and node["cpus"]:
            return node, found
    if not found and (nodes or not profile.nics):
        having = ", ".join(f"{n['id']} ({human(n['memory_bytes'])})" for n in topology["nodes"] if n["cpus"])
        message = f"{store['where']} has no memory or no CPUs here"
        found = [Finding("store-node-missing", message, path, store["where"], f"use one of nodes {having}")]
    return None, found
