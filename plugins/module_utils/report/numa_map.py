# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A host as a NUMA map: nodes as boxes with their cores, their memory, and the devices that hang there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ..units import human
from . import cells
from .cpu_roles import ROLES, Partition
from .machine import UNKNOWN, Cluster, Machine, Node, irq_count, vfs_of
from .markup import esc, tag
from .names import count

_MEMORY = {"gigantic": "hugepages of 1G or more", "huge": "smaller hugepages", "rest": "memory for everything else"}
_FIRM = "\u00a0"
_VENDORS = {"10de": "NVIDIA", "1002": "AMD", "8086": "Intel", "1d22": "Baidu", "19e5": "Huawei"}


def numa_map(machine: Machine, plan: Mapping[str, Any]) -> str:
    """All nodes of a host, and what is stacked on its NICs."""
    boxes = [_node(node, machine, plan) for node in machine.nodes]
    return tag("div", boxes, class_="nodes") + _stacked(machine)


def legend(machines: Sequence[Machine]) -> str:
    """What the letters, colours and patterns mean, of those that occur."""
    nodes = [node for machine in machines for node in machine.nodes]
    used = {thread.role for node in nodes for thread in node.threads}
    entries = [
        tag("li", [cells.key(role), tag("span", [tag("b", esc(role.name)), " ", esc(role.doc)])])
        for role in ROLES
        if role in used
    ]
    looks = {pool.look for node in nodes for pool in node.pools}
    for look, words in _MEMORY.items():
        if look in looks or look == "rest":
            entries.append(tag("li", [cells.swatch(look), tag("span", esc(words))]))
    return tag("ul", entries, class_="legend", aria_label="Legend")


def _node(node: Node, machine: Machine, plan: Mapping[str, Any]) -> str:
    inner = [_head(node)]
    if node.threads:
        inner.append(_cpus(node, machine, plan))
    elif node.id != UNKNOWN:
        inner.append(tag("p", "memory only, no CPUs", class_="quiet"))
    if node.id != UNKNOWN:
        inner.append(_memory(node))
    devices = [_nic(nic, machine, plan) for nic in node.nics if not _under_pf(nic, node)]
    devices += [_gpu(gpu) for gpu in node.gpus]
    devices += _stores(node, plan)
    if devices:
        inner.append(tag("ul", devices, class_="devices"))
    return tag("section", inner, class_="node unknown" if node.id == UNKNOWN else "node", aria_label=_name(node))


def _name(node: Node) -> str:
    return "node unknown" if node.id == UNKNOWN else f"node {node.id}"


def _head(node: Node) -> str:
    of = f"package {', '.join(map(str, node.packages))}" if node.packages else ""
    if node.own_memory_of:
        of = f"memory of GPU {', '.join(node.own_memory_of)}"
    words = [f"CPUs {node.cpus}"] if node.cpus else []
    if node.id == UNKNOWN:
        words = ["the firmware does not say where these are"]
    return tag(
        "header",
        [
            tag("h4", [esc(_name(node)), tag("small", esc(of)) if of else ""]),
            tag("p", esc(" ".join(words)), class_="cpus") if words else "",
        ],
    )


def _cpus(node: Node, machine: Machine, plan: Mapping[str, Any]) -> str:
    numbers = Counter(thread.role.name for thread in node.threads)
    words = ", ".join(f"{numbers[role.name]} {role.name}" for role in ROLES if numbers[role.name])
    titles = _titles(node, plan)
    groups = [_cluster(cluster, titles) for cluster in node.clusters]
    return tag("p", esc(words), class_="count") + tag(
        "div", groups, class_="cores", role="img", aria_label=f"CPUs of {_name(node)}: {words}"
    )


def _titles(node: Node, plan: Mapping[str, Any]) -> dict[int, str]:
    """What each CPU says when pointed at."""
    sets = Partition(plan).named
    made = {}
    for cluster in node.clusters:
        for core in cluster.cores:
            for thread in core.threads:
                mates = [str(other.cpu) for other in core.threads if other is not thread]
                names = [name.replace("_", " ") for name, cpus in sets.items() if thread.cpu in cpus]
                words = [f"CPU {thread.cpu}: {', '.join(names) or thread.role.name}"]
                words += [f"{core.kind} core"] if core.kind else []
                words += [cluster.name] if cluster.name else []
                words += [f"shares its core with {', '.join(mates)}"] if mates else []
                made[thread.cpu] = "; ".join(words)
    return made


def _cluster(cluster: Cluster, titles: Mapping[int, str]) -> str:
    drawn = [cells.core(core, titles) for core in cluster.cores]
    if not cluster.name:
        return tag("div", drawn, class_="cluster")
    return tag("div", [tag("span", esc(cluster.name)), *drawn], class_="cluster named")


def _memory(node: Node) -> str:
    if not node.memory and not node.pools:
        return tag("p", "no memory", class_="quiet")
    words = [f"{pool.pages} x {pool.size} = {human(pool.bytes)}" for pool in node.pools]
    rest = node.memory - sum(pool.bytes for pool in node.pools)
    if node.pools:
        words.append(f"{human(rest)} for the rest" if rest >= 0 else f"{human(-rest)} too much")
    label = tag("p", [tag("b", esc(human(node.memory))), esc(" · ".join(["", *words]) if words else "")], class_="size")
    return tag("div", [cells.memory_bar(node), label], class_="memory-of")


def _under_pf(nic: Mapping[str, Any], node: Node) -> bool:
    """A VF is drawn with its PF, where that is on the same node."""
    return nic.get("kind") == "vf" and any(other["pci"] == nic.get("pf") for other in node.nics)


def _nic(nic: Mapping[str, Any], machine: Machine, plan: Mapping[str, Any]) -> str:
    vfs = vfs_of(nic, machine.topology.get("nics", []))
    facts = [nic["pci"], _speed(nic), f"MTU {nic['mtu']}" if nic.get("mtu") else "", _irqs(nic)]
    facts += [f"IOMMU group {nic['iommu_group']}"] if nic.get("iommu_group", UNKNOWN) >= 0 else []
    kind = "VF" if nic.get("kind") == "vf" else "NIC"
    parts = [_device(kind, nic["name"] or "no interface", nic["driver"], facts), _wanted(nic, plan)]
    if nic.get("sriov_total"):
        there, wanted = max(nic.get("sriov_num", 0), len(vfs)), planned_vfs(nic, plan)
        uses = Counter(vf.get("use") or "any use" for vf in wanted)
        words = f"{there} of {nic['sriov_total']} VFs" + (f", {len(wanted)} planned" if wanted else "")
        words += f" ({', '.join(f'{number} {use}' for use, number in uses.items())})" if wanted else ""
        titles = [" ".join(filter(None, (vf["pci"], vf["name"], vf["driver"]))) for vf in vfs]
        titles += [f"planned: {vf.get('use', '')} {vf.get('driver', '')}" for vf in wanted[len(vfs) :]]
        row = cells.vf_row(there, nic["sriov_total"], len(wanted), titles)
        parts.append(tag("div", [row, esc(words)], class_="vf-of"))
    return tag("li", parts, class_="nic" + ("" if nic.get("up") else " down"))


def planned_vfs(nic: Mapping[str, Any], plan: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The VFs that the plan wants of a NIC."""
    return [vf for vf in plan.get("vfs") or [] if nic["pci"] and vf.get("pf") == nic["pci"]]


def _wanted(nic: Mapping[str, Any], plan: Mapping[str, Any]) -> str:
    """What the plan wants of a NIC: its name in the profile, its settings, the CPUs of its interrupts."""
    rows = [row for row in plan.get("nics") or [] if nic["pci"] and row.get("pci") == nic["pci"]]
    words = [str(row["nic"]) for row in rows if row.get("nic")]
    for row in rows:
        words += [f"{key} {row[key]}" for key in ("mtu", "rings", "coalescing") if row.get(key)]
    irqs = (plan.get("irq") or {}).get("nics") or []
    words += [f"IRQs on CPUs {row['cpus']}" for row in irqs if nic["pci"] and row.get("pci") == nic["pci"]]
    return tag("div", esc(f"plan: {' · '.join(words)}"), class_="plan") if words else ""


def _stores(node: Node, plan: Mapping[str, Any]) -> list[str]:
    """Data stores that the plan places here."""
    placed = {name: row for name, row in (plan.get("placement") or {}).items() if row.get("node") == node.id}
    return [
        tag("li", _device("store", name, human(row.get("memory_bytes") or 0), [f"CPUs {row.get('cpus', '')}"]))
        for name, row in placed.items()
    ]


def _irqs(nic: Mapping[str, Any]) -> str:
    numbers = nic.get("irqs") or ""
    total = irq_count(numbers)
    return f"{count(total, 'IRQ')} ({numbers})" if total else ""


def _speed(nic: Mapping[str, Any]) -> str:
    speed = nic.get("speed", UNKNOWN)
    fast = f"{speed / 1000:g} Gbit/s" if speed >= 1000 else f"{speed} Mbit/s" if speed > 0 else ""
    return fast if nic.get("up") or not nic["name"] else f"{fast} link down".strip()


def _gpu(gpu: Mapping[str, Any]) -> str:
    name = _VENDORS.get(gpu.get("vendor", ""), gpu.get("vendor") or "of unknown make")
    own = gpu.get("memory_node", UNKNOWN)
    facts = [gpu["pci"], f"its memory is node {own}" if own >= 0 else ""]
    return tag("li", _device("GPU", name, gpu.get("driver") or "", facts), class_="gpu")


def _device(kind: str, name: str, driver: str, facts: Sequence[str]) -> str:
    head = [tag("span", esc(kind), class_="kind"), tag("b", esc(name)), tag("i", esc(driver or "no driver"))]
    return tag("div", head) + tag(
        "div", esc(" · ".join(fact.replace(" ", _FIRM) for fact in facts if fact)), class_="facts"
    )


def _stacked(machine: Machine) -> str:
    """Bonds, bridges and VLANs, which belong to no node."""
    if not machine.virtual_nics:
        return ""
    rows = [
        tag("li", [tag("b", esc(nic["name"])), f" {esc(nic['kind'])} of ", esc(", ".join(nic["members"]) or "nothing")])
        for nic in machine.virtual_nics
    ]
    return tag("ul", rows, class_="stacked", aria_label="Interfaces above the NICs")


def distances(machine: Machine) -> str:
    """How far each node's memory is from each node's CPUs, by the firmware; 10 is its own."""
    ids = list(machine.distances)
    if len(ids) < 2:
        return ""
    whole = [row for row in machine.distances.values() if len(row) == len(ids)]
    if len(whole) != len(ids):
        return tag("p", "The firmware has no whole table of distances between the nodes.", class_="quiet")
    far = max(max(row) for row in whole)
    body = [
        tag(
            "tr",
            [
                tag("th", str(node), scope="row"),
                *(
                    tag("td", str(value), style=f"--far:{(value - 10) / max(far - 10, 1):.2f}")
                    for value in machine.distances[node]
                ),
            ],
        )
        for node in ids
    ]
    head = tag("tr", [tag("th", "node", scope="col"), *(tag("th", str(node), scope="col") for node in ids)])
    caption = tag("caption", "Distances between nodes")
    inner = [caption, tag("thead", head), tag("tbody", body)]
    return tag("div", tag("table", inner, class_="distances"), class_="scroll")
