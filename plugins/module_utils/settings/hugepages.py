# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hugepage pools per NUMA node and size: gigantic ones at boot, 2 MiB ones live and at boot by tmpfiles.d."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..boot import cmdline
from ..boot.loader import loader
from ..errors import UllError
from ..finding import Finding, refuse
from ..host import MANAGED, Host
from ..setting import LIVE, REBOOT, FileStore, Memory, Setting, Store
from ..topology.reader import read_topology
from ..units import human, parse_size, short
from .boot_args import BootArgs

ROLE = "hugepages"
TMPFILES = "/etc/tmpfiles.d/ull-metal-hugepages.conf"
COMPACT = "/proc/sys/vm/compact_memory"
POOL = "/sys/devices/system/node/node{node}/hugepages/hugepages-{kib}kB"

# From this size on memory is too fragmented after boot: contiguous gigabytes are only there early.
AT_BOOT = 1 << 30
# hugepages=<node>:<count> came with Linux 5.16 (commit b5389086ad7b).
PER_NODE_KERNEL = (5, 16)
# Below this much per node besides hugepages the kernel itself gets short of memory.
RESERVE = 1 << 30

_PER_NODE = re.compile(r"(\d+):(\d+)\Z", re.ASCII)
_NAME = re.compile(rf"{ROLE}\.node(\d+)\.(\w+)\Z")
_TMPFILES = re.compile(r"^w!? (\S+) - - - - (\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class Pool:
    """``pages`` pages of ``size`` bytes on a node."""

    node: int
    size: int
    pages: int

    @classmethod
    def of(cls, declared: dict[str, Any], variable: str) -> Pool:
        """From ``{node: 0, size: 1G, pages: 4}``.

        Raises:
            UllError: a key is missing, or a value is no number or below zero.
        """
        try:
            node, pages = int(declared["node"]), int(declared["pages"])
            size = parse_size(declared["size"], f"{variable}.size")
            if min(node, pages) < 0 or not size:
                raise ValueError("below zero")
            return cls(node, size, pages)
        except (KeyError, TypeError, ValueError) as wrong:
            raise UllError(
                "a pool has node, size and pages, and none is below zero",
                variable=variable,
                value=declared,
                remedy="e.g. {node: 0, size: 1G, pages: 4}",
            ) from wrong

    def as_dict(self) -> dict[str, Any]:
        """The form of the plan."""
        return {"node": self.node, "size": short(self.size), "pages": self.pages}

    @property
    def at_boot(self) -> bool:
        """Whether only a boot can reserve it."""
        return self.size >= AT_BOOT

    @property
    def path(self) -> str:
        """The pool's folder in sysfs."""
        return POOL.format(node=self.node, kib=self.size >> 10)


def boot_args(pools: Sequence[Pool]) -> list[str]:
    """Kernel arguments of the pools that are reserved at boot.

    A plain ``hugepages=N`` leaves the distribution to the kernel; per node it is exact.
    """
    tokens = []
    for size in sorted({pool.size for pool in pools if pool.at_boot}, reverse=True):
        counts = ",".join(
            f"{p.node}:{p.pages}" for p in sorted(pools, key=lambda p: p.node) if p.size == size and p.pages
        )
        if counts:
            tokens += [f"hugepagesz={short(size)}", f"hugepages={counts}"]
    return tokens


def findings(pools: Sequence[Pool], topology: Mapping[str, Any], path: str = ROLE) -> list[Finding]:
    """What is wrong with these pools on this machine."""
    nodes = {node["id"]: node for node in topology["nodes"] if node["memory_bytes"]}
    found = []
    for pool in pools:
        if pool.node not in nodes:
            message, remedy = f"node {pool.node} has no memory here", f"use one of nodes {', '.join(map(str, nodes))}"
            where = f"{path} ({short(pool.size)} on node {pool.node})"
            found.append(Finding("hugepages-node-missing", message, where, pool.pages, remedy))
    for size in dict.fromkeys(pool.size for pool in pools):
        sizes = {pool.node: _sizes(nodes[pool.node]) for pool in pools if pool.size == size and pool.node in nodes}
        lacking = [node for node, having in sizes.items() if short(size) not in having]
        if lacking:
            where = f"{path} ({short(size)} on node {', '.join(map(str, lacking))})"
            having = ", ".join(sizes[lacking[0]])
            remedy = f"use {having}" if having else "leave hugepages out on this machine"
            message = f"there are no {short(size)} pages here"
            found.append(Finding("hugepages-size-missing", message, where, short(size), remedy))
    found += [finding for node in nodes.values() for finding in _node_findings(pools, node, path)]
    if boot_args(pools) and _version(topology["kernel"]["release"]) < PER_NODE_KERNEL:
        found.append(
            Finding(
                "hugepages-kernel-old",
                f"kernel {topology['kernel']['release']} cannot reserve pages per node at boot",
                path,
                " ".join(boot_args(pools)),
                "install kernel 5.16 or newer, or use 2M pages",
            )
        )
    return found


def _sizes(node: Mapping[str, Any]) -> list[str]:
    return [entry["size"] for entry in node["hugepages"]]


def _node_findings(pools: Sequence[Pool], node: Mapping[str, Any], path: str) -> list[Finding]:
    mine = [pool for pool in pools if pool.node == node["id"]]
    asked, memory = sum(pool.size * pool.pages for pool in mine), node["memory_bytes"]
    if not memory or not asked:
        return []
    where, text = f"{path} on node {node['id']}", ", ".join(f"{p.pages} x {short(p.size)}" for p in mine)
    most = max(mine, key=lambda pool: pool.size * pool.pages)
    fits = max(0, (memory - RESERVE - (asked - most.size * most.pages)) // most.size)
    if asked > memory:
        return [
            Finding(
                "hugepages-exceed-node",
                f"{human(asked)} of hugepages on node {node['id']}, which has {human(memory)}",
                where,
                text,
                f"at most {fits} pages of {short(most.size)} leave {human(RESERVE)} for the system",
            )
        ]
    if memory - asked < RESERVE:
        return [
            Finding(
                "hugepages-crowd-node",
                f"hugepages leave {human(memory - asked)} of node {node['id']} for everything else",
                where,
                text,
                f"{fits} pages of {short(most.size)} leave {human(RESERVE)}",
            )
        ]
    return []


def _version(release: str) -> tuple[int, int]:
    match = re.match(r"(\d+)\.(\d+)", release)
    return (int(match[1]), int(match[2])) if match else PER_NODE_KERNEL


@dataclass
class Hugepages:
    """Domain of the hugepage pools.

    Args:
        pools: each with node, size and pages.
        boot_args: whether to put the kernel arguments into the boot loader; False where the role boot_args already did.
    """

    pools: list[dict[str, Any]] = field(default_factory=list)
    boot_args: bool = True
    role: str = ROLE

    def settings(self, host: Host) -> list[Setting]:
        """The kernel arguments, and one setting a pool."""
        return [*self._boot().settings(host), *(_pool_setting(pool) for pool in self._pools)]

    def stores(self, host: Host) -> list[Store]:
        """The boot loader and tmpfiles.d."""
        boot = self._boot().stores(host) if self.boot_args else []
        return [*boot, FileStore(TMPFILES, render(self._pools))]

    def restore(self, host: Host, before: dict[str, str]) -> list[Setting]:
        """The pools that were set live, with their pages from before."""
        pools = [pool for name, value in before.items() for pool in _remembered(name, value)]
        return [_pool_setting(pool, restored=True) for pool in pools]

    def check(self, host: Host) -> None:
        """Refuse pools that do not fit, and ones that would take pages away that are in use."""
        if self._pools:
            refuse(findings(self._pools, read_topology(host)))
            self._boot().check(host)
        for pool in [*self._pools, *self._leaving(host)]:
            used = int(host.read(f"{pool.path}/nr_hugepages") or 0) - int(host.read(f"{pool.path}/free_hugepages") or 0)
            if not pool.at_boot and pool.pages < used:
                raise UllError(
                    f"{used} pages are in use",
                    host=host.name,
                    variable=f"{ROLE} ({short(pool.size)} on node {pool.node})",
                    value=pool.pages,
                    remedy="stop the applications that use them first",
                )

    @property
    def _pools(self) -> list[Pool]:
        pools: dict[tuple[int, int], Pool] = {}
        for index, declared in enumerate(self.pools):
            pool = Pool.of(declared, f"hugepages_pools[{index}]")
            if pools.setdefault((pool.node, pool.size), pool) is not pool:
                raise UllError(
                    f"node {pool.node} has two pools of {short(pool.size)}",
                    variable=f"hugepages_pools[{index}]",
                    value=declared,
                    remedy="declare one pool with the sum of their pages",
                )
        return list(pools.values())

    def _leaving(self, host: Host) -> list[Pool]:
        """Pools once declared, with the pages they return to."""
        named = {(pool.node, pool.size) for pool in self._pools}
        before = Memory(host, ROLE).values
        pools = [pool for name, value in before.items() for pool in _remembered(name, value)]
        return [pool for pool in pools if (pool.node, pool.size) not in named]

    def _boot(self) -> BootArgs:
        return BootArgs({ROLE: boot_args(self._pools)}, role=ROLE)


def render(pools: Sequence[Pool]) -> str | None:
    """The tmpfiles.d file of the pools that are set live; None when there is none. It runs early in the boot."""
    lines = [f"w! {pool.path}/nr_hugepages - - - - {pool.pages}" for pool in pools if not pool.at_boot]
    return "\n".join([f"# {MANAGED.format(role=ROLE)}", *lines]) + "\n" if lines else None


def _pool_setting(pool: Pool, restored: bool = False) -> Setting:
    return Setting(
        name=f"{ROLE}.node{pool.node}.{short(pool.size)}",
        role=ROLE,
        impact=REBOOT if pool.at_boot else LIVE,
        declared=str(pool.pages),
        running=lambda host: host.read(f"{pool.path}/nr_hugepages"),
        persisted=lambda host: _at_boot(host, pool) if pool.at_boot else _by_tmpfiles(host, pool),
        write=None if pool.at_boot else lambda host, value: _grow(host, pool, value),
        restored=restored,
        remedy="ask for less, or reboot: right after boot memory is not fragmented",
        doc=f"{short(pool.size)} pages on NUMA node {pool.node}",
        source="Documentation/admin-guide/mm/hugetlbpage.rst",
    )


def _at_boot(host: Host, pool: Pool) -> str | None:
    return str(counts(loader(host).persisted()).get((pool.node, pool.size), 0))


def _by_tmpfiles(host: Host, pool: Pool) -> str | None:
    return dict(_TMPFILES.findall(host.text(TMPFILES))).get(f"{pool.path}/nr_hugepages")


def counts(tokens: list[str]) -> dict[tuple[int, int], int]:
    """Pages by (node, size) that kernel arguments reserve per node."""
    size, found = 2 << 20, {}
    for token in tokens:
        if cmdline.key(token) in ("hugepagesz", "default_hugepagesz"):
            size = parse_size(cmdline.value(token))
        elif cmdline.key(token) == "hugepages":
            pairs = (_PER_NODE.match(part) for part in cmdline.value(token).split(","))
            found.update({(int(pair[1]), size): int(pair[2]) for pair in pairs if pair})
    return found


def _grow(host: Host, pool: Pool, value: str) -> None:
    """Ask for the pages; where the kernel grants fewer, have it compact its memory and ask once more."""
    path = f"{pool.path}/nr_hugepages"
    host.poke(path, value)
    if int(host.read(path) or 0) < int(value) and host.exists(COMPACT):
        host.poke(COMPACT, "1")
        host.poke(path, value)


def _remembered(name: str, value: str) -> list[Pool]:
    """The pool of a note in the memory; none for a note of something else."""
    match = _NAME.match(name)
    return [Pool(int(match[1]), parse_size(match[2]), int(value or 0))] if match else []
