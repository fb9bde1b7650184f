# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The words of latency profiles as JSON Schema: what is checked, shipped and documented is made from this.

Words avoid what YAML 1.1 reads as something else: none of them is ``on``, ``off``, ``yes`` or ``no``.
"""

from __future__ import annotations

from typing import Any

_LIST = r"cpus [0-9,:/-]+"
_COUNT = r"[1-9][0-9]{0,8}( (core|cpu)s?)?"
_NAME = r"[A-Za-z0-9_-]+"
_PLACE = rf"(per (node|l3|package|machine)|near nic( {_NAME})?)"
_WHERE = rf"^(each node|node [0-9]{{1,9}}|nic( {_NAME})?)$"


def _text(description: str, *examples: str, pattern: str = "", default: str | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "string", "description": description, "examples": list(examples)}
    if pattern:
        made["pattern"] = pattern
    return made if default is None else {**made, "default": default}


def _word(description: str, default: str, *words: str) -> dict[str, Any]:
    return {"type": "string", "description": description, "enum": list(words), "default": default}


def _number(description: str, least: int, most: int, *examples: int) -> dict[str, Any]:
    return {
        "type": "integer",
        "description": description,
        "minimum": least,
        "maximum": most,
        "examples": list(examples),
    }


def _flag(description: str, default: bool | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "boolean", "description": description}
    return made if default is None else {**made, "default": default}


def _object(description: str, properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "additionalProperties": False,
        "properties": properties,
        **more,
    }


_SIZE = r"^[1-9][0-9]{0,8} ?[KMGT](i?B)?$"

VFS = _object(
    "A group of like virtual functions.",
    {
        "count": _number("How many.", 1, 1024, 4),
        "use": _word(
            "Who uses them: `dpdk` binds them to vfio-pci (NVIDIA's ConnectX keeps its own driver, which DPDK drives "
            "through), `kernel` leaves them to their kernel driver, `pod` too, for the Kubernetes device plugin.",
            "kernel",
            *("dpdk", "kernel", "pod"),
        ),
        "mac": _text(
            "MAC address of the group's first VF, counted up from there; in quotes, and another on each host. Without "
            "it each VF gets a local address derived from its NIC's, the same after every boot.",
            "02:00:5e:00:10:00",
            pattern=r"^[0-9a-fA-F][02468aceACE](:[0-9a-fA-F]{2}){5}$",
        ),
        "vlan": _number("VLAN the switch in the NIC tags them with.", 1, 4094, 100),
        "qos": _number("Priority (PCP) of that VLAN.", 0, 7, 5),
        "trust": _flag("Whether they may become promiscuous and change their address.", False),
        "spoof_check": _flag("Whether frames with a foreign source address are dropped.", True),
        "max_tx_rate": _number("At most so many Mb/s sent.", 1, 1000000, 10000),
        "mtu": _number("MTU; by default that of the NIC.", 68, 65535, 9000),
    },
    required=["count"],
)

NIC = _object(
    "Which NIC is meant, by one word or more of `name`, `pci`, `driver`, `sriov`, `min_speed`; and what it should be.",
    {
        "name": _text("Interface name.", "ens1f0"),
        "pci": _text("PCI address, in quotes.", "0000:81:00.0"),
        "driver": _text("Kernel driver.", "ice"),
        "sriov": _flag("Whether it can have virtual functions."),
        "min_speed": _text("Link speed at least.", "25G", pattern=r"^[1-9][0-9]{0,5}[MG]$"),
        "mtu": _number("MTU, through bonds and VLANs above it too.", 68, 65535, 9000),
        "queues": _number("Combined queues, an interrupt each.", 1, 4096, 4),
        "rings": {
            "type": ["string", "integer"],
            "description": "Descriptors of each ring: a number, or `max` for what the NIC has.",
            "pattern": r"^(max|[1-9][0-9]{1,5})$",
            "examples": ["max", 4096],
        },
        "coalescing": _word(
            "Interrupts held back: `keep` what is, `adaptive` as the driver sees fit, `none` for an interrupt a packet.",
            "keep",
            *("keep", "adaptive", "none"),
        ),
        "irqs": _text(
            "CPUs that serve its interrupts: `housekeeping` (of its node), `isolated` (of its node), or a list.",
            "housekeeping",
            "cpus 2-3",
            pattern=rf"^(housekeeping|isolated|{_LIST})$",
            default="housekeeping",
        ),
        "vfs": {
            "type": "array",
            "description": "Its virtual functions, a group an item, numbered through.",
            "items": VFS,
        },
    },
    anyOf=[{"required": [key]} for key in ("name", "pci", "driver", "sriov", "min_speed")],
)

DPDK = _object(
    "CPUs and memory of DPDK applications.",
    {
        "lcores": _text(
            "Isolated CPUs that poll: a list, a count, `critical` (those of the critical path), or `none`.",
            "2 cores near nic feed",
            "cpus 4-7",
            pattern=rf"^(none|critical|{_LIST}|{_COUNT} {_PLACE})$",
            default="none",
        ),
        "memory": _text(
            "Memory on each node with lcores, out of its hugepages.", "2 GiB", pattern=_SIZE, default="1 GiB"
        ),
    },
)

KUBELET = _object(
    "How the kubelet hands out CPUs and memory. Without a word here the plan has nothing to say to a kubelet.",
    {
        "version": _text("Kubernetes version, in quotes.", "1.34", pattern=r"^1\.[0-9]{2}(\.[0-9]+)?$", default="1.34"),
        "cpu_manager": _word("CPU manager's policy; `static` gives exclusive CPUs.", "static", "static", "none"),
        "full_pcpus_only": _flag("Whether pods get whole cores alone.", True),
        "topology_manager": _word(
            "How CPUs, memory and devices of a pod are aligned.",
            "single-numa-node",
            *("single-numa-node", "restricted", "best-effort", "none"),
        ),
        "scope": _word("What is aligned: every container, or the pod as a whole.", "container", "container", "pod"),
        "memory_manager": _word(
            "Memory manager's policy; `Static` keeps a pod's memory on its nodes.", "Static", *("Static", "None")
        ),
        "reserved_memory": _text(
            "Memory of each node with memory and CPUs that pods do not get.", "1 GiB", pattern=_SIZE, default="1 GiB"
        ),
    },
)

_STORE = _object(
    "Where a data store runs and how much memory it has.",
    {
        "where": _text(
            "`node 1`, or the node of a NIC: `nic clients`.",
            "node 0",
            pattern=rf"^(node [0-9]{{1,9}}|nic( {_NAME})?)$",
            default="node 0",
        ),
        "memory": _text("PostgreSQL's shared_buffers, Redis' maxmemory.", "4 GiB", pattern=_SIZE),
    },
    required=["memory"],
)

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Latency profile of ull.metal",
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "class": _text("Name of the workload class, for reports.", "order_engine", default=""),
        "latency_budget_ns": _number("What the class may take, in nanoseconds; 0 is no budget.", 0, 10**9, 1000),
        "housekeeping": _text(
            "CPUs for the system: `1 core per node`, `cpus 0-1`, or `rest` of what is isolated.",
            *("1 core per node", "2 cores per l3", "cpus 0-1", "rest"),
            pattern=rf"^(rest|{_LIST}|{_COUNT} per (node|l3|package|machine))$",
            default="1 core per node",
        ),
        "isolated": _text(
            "CPUs kept free of everything else: `rest` of housekeeping, `none`, `cpus 2-7`, `4 per node`, "
            "`8 cores near nic trading`.",
            *("rest", "none", "cpus 2-7", "4 per node", "8 cores near nic trading"),
            pattern=rf"^(rest|none|{_LIST}|{_COUNT} {_PLACE})$",
            default="rest",
        ),
        "tickless": _text(
            "Isolated CPUs without the scheduler's tick: `isolated` (all of them), `none`, `cpus 2-3`.",
            *("isolated", "none", "cpus 2-3"),
            pattern=rf"^(isolated|none|{_LIST})$",
            default="isolated",
        ),
        "critical": _text(
            "Isolated CPUs of the critical path, which nothing else in the plan uses: `none`, `cpus 1-8`, `4 per node`, "
            "`8 cores near nic trading`.",
            *("8 cores near nic trading", "cpus 1-8"),
            pattern=rf"^(none|{_LIST}|{_COUNT} {_PLACE})$",
            default="none",
        ),
        "smt": _word(
            "Threads of isolated cores: `whole cores` gives all of them work, `idle siblings` the first of each core.",
            "whole cores",
            *("whole cores", "idle siblings"),
        ),
        "nics": {
            "type": "object",
            "description": "The NICs that carry the traffic, by a name of your own.",
            "additionalProperties": NIC,
        },
        "hugepages": {
            "type": "array",
            "description": "Memory in huge pages, by size and place.",
            "items": _object(
                "A pool on each node that `where` means.",
                {
                    "size": _text("Page size: 2M or 1G.", "2M", "1G"),
                    "amount": _text("How much memory, e.g. `16 GiB`; on each node where several.", "16 GiB"),
                    "where": _text(
                        "`each node`, `node 1`, `nic` (nodes of all NICs), `nic feed` (that NIC's).",
                        *("each node", "node 1", "nic feed"),
                        pattern=_WHERE,
                    ),
                },
                required=["size", "amount", "where"],
            ),
        },
        "dpdk": DPDK,
        "kubelet": KUBELET,
        "stores": _object(
            "Data stores and their places.",
            {"postgresql": _STORE, "redis": _STORE},
        ),
        "kernel": _word("Flavour of the kernel that is wanted.", "any", "any", "rt", "generic"),
        "transparent_hugepages": _word(
            "Transparent hugepages: `never` on latency hosts, `madvise` for applications that ask.",
            "never",
            *("never", "madvise", "always"),
        ),
        "sysctl": {
            "type": "object",
            "description": "Further kernel parameters by their name; they win over the plan's own, which says so.",
            "propertyNames": {"pattern": r"^[a-z0-9_]+([./][A-Za-z0-9_*-]+)+$"},
            "additionalProperties": {
                "type": ["string", "integer"],
                "description": "Its value; texts in quotes.",
                "pattern": r"^[^\n]+$",
            },
        },
        "boot_args": {
            "type": "array",
            "items": {
                "type": "string",
                "description": "A kernel argument without blanks, quotes and shell characters.",
                "pattern": r"^[^\s\"'\\$;&|<>{}`=][^\s\"'\\$;&|<>{}`]*$",
            },
            "description": "Further kernel arguments, one an item.",
        },
    },
}

_EMPTY: dict[str, Any] = {"object": {}, "array": [], "integer": 0}


def default(schema: dict[str, Any]) -> Any:
    """What counts when a key is not said."""
    return schema.get("default", _EMPTY.get(str(schema["type"])))


DEFAULTS: dict[str, Any] = {key: default(inner) for key, inner in SCHEMA["properties"].items()}
