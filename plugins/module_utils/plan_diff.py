# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What becomes different between two plans of a fleet: a profile edited, a machine replaced. A pure function."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .boot import cmdline
from .setting import DRAIN, IMPACTS, LINK, LIVE, REBOOT
from .settings.hugepages import AT_BOOT
from .units import parse_size

# What changing a part of the plan costs. A value that only a restart of the workload takes up drains.
_NIC = {"mtu": LINK, "queues": LINK, "rings": LINK, "coalescing": LIVE, "numvfs": DRAIN}
_LIVE_VF = ("vlan", "qos", "trust", "spoof_check", "max_tx_rate")
_NOT_SETTINGS = ("nic", "pf", "pf_name", "index", "node")


def diff_plans(old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The differences of two sets of plans, host by host.

    Returns:
        ``hosts``: for each that differs, ``host, change`` (added, removed, changed), ``impact`` (the gravest), ``settings``
        (``name, old, new, impact``) and the ``findings`` that are ``new`` and ``gone``; ``summary``: how many hosts there are,
        differ, and how many at each impact.
    """
    before = {plan["host"]: plan for plan in old}
    after = {plan["host"]: plan for plan in new}
    hosts = [_host(before.get(name), after.get(name), name) for name in sorted({*before, *after})]
    differ = [
        host for host in hosts if host["settings"] or any(host["findings"].values()) or host["change"] != "changed"
    ]
    counts = {impact: sum(host["impact"] == impact for host in differ) for impact in IMPACTS}
    return {"hosts": differ, "summary": {"hosts": len(after), "differ": len(differ), **counts}}


def diff_text(difference: Mapping[str, Any]) -> str:
    """The differences for a terminal, the fleet's verdict last."""
    lines = [line for host in difference["hosts"] for line in _host_lines(host)]
    counts = difference["summary"]
    verdict = f"{counts['differ']} of {counts['hosts']} hosts differ"
    would = [f"{words} {counts[impact]} of {counts['hosts']} hosts" for impact, words in _WOULD if counts[impact]]
    return "\n".join([*lines, "; ".join([verdict, *([f"this would {', '.join(would)}"] if would else [])])])


_WOULD = (
    (REBOOT, "reboot"),
    (DRAIN, "need to drain"),
    (LINK, "interrupt links of"),
    (LIVE, "change live values of"),
)


def _host(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None, name: str) -> dict[str, Any]:
    before, after = _settings(old), _settings(new)
    changes = [
        {"name": key, "old": _text(before, key), "new": _text(after, key), "impact": (after.get(key) or before[key])[1]}
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key)
    ]
    impacts = [change["impact"] for change in changes]
    return {
        "host": name,
        "change": "added" if old is None else "removed" if new is None else "changed",
        # a host that leaves the inventory is not touched
        "impact": max(impacts, key=IMPACTS.index) if impacts and new is not None else "",
        "settings": changes if new is not None else [],
        "findings": {"new": _findings(new, old), "gone": _findings(old, new)},
    }


def _text(settings: Mapping[str, tuple[str, str]], key: str) -> str | None:
    return settings[key][0] if key in settings else None


def _findings(some: Mapping[str, Any] | None, others: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    known = {(f["id"], f["path"], f["message"], f["level"]) for f in (others or {}).get("findings", [])}
    return [
        {key: finding[key] for key in ("id", "level", "message")}
        for finding in (some or {}).get("findings", [])
        if (finding["id"], finding["path"], finding["message"], finding["level"]) not in known
    ]


def _settings(plan: Mapping[str, Any] | None) -> dict[str, tuple[str, str]]:
    """Value and impact of everything that a plan sets, by name."""
    if plan is None:
        return {}
    parts = (_boot, _hugepages, _isolation, _irq, _nics, _vfs, _flat)
    return {name: (value, impact) for part in parts for name, value, impact in part(plan)}


_Row = tuple[str, str, str]


def _boot(plan: Mapping[str, Any]) -> Iterator[_Row]:
    tokens = [token for tokens in plan["boot_args"]["sections"].values() for token in tokens]
    for name, values in cmdline.by_name(tokens).items():
        yield f"boot_args.{name}", " ".join(values), REBOOT


def _hugepages(plan: Mapping[str, Any]) -> Iterator[_Row]:
    for pool in plan["hugepages"]["pools"]:
        impact = REBOOT if parse_size(pool["size"]) >= AT_BOOT else LIVE
        yield f"hugepages.node{pool['node']}.{pool['size']}", str(pool["pages"]), impact


def _isolation(plan: Mapping[str, Any]) -> Iterator[_Row]:
    if plan["cpu_isolation"]["isolated"]:
        yield "cpu_isolation.systemd_affinity", plan["cpu_isolation"]["housekeeping"], REBOOT
    for name in ("critical", "lcores", "idle"):
        if plan["cpus"].get(name):
            yield f"cpus.{name}", plan["cpus"][name], DRAIN


def _irq(plan: Mapping[str, Any]) -> Iterator[_Row]:
    irq = plan.get("irq", {})
    for key in ("default_cpus", "banned"):
        if irq.get(key):
            yield f"irq.{key}", irq[key], LIVE
    for nic in irq.get("nics", []):
        yield f"irq.{nic['pci'] or nic['name']}", nic["cpus"], LIVE


def _nics(plan: Mapping[str, Any]) -> Iterator[_Row]:
    for nic in plan.get("nics", []):
        for key, impact in _NIC.items():
            if key in nic:
                yield f"nics.{nic['pci'] or nic['name']}.{key}", str(nic[key]), impact


def _vfs(plan: Mapping[str, Any]) -> Iterator[_Row]:
    for vf in plan.get("vfs", []):
        for key, value in vf.items():
            if key not in _NOT_SETTINGS:
                yield f"vfs.{vf['pf']}.{vf['index']}.{key}", str(value), LIVE if key in _LIVE_VF else DRAIN


def _flat(plan: Mapping[str, Any]) -> Iterator[_Row]:
    for part, impact in (("sysctl", LIVE), ("sysfs", LIVE), ("dpdk", DRAIN), ("kubelet", DRAIN), ("placement", DRAIN)):
        for key, value in plan.get(part, {}).items():
            yield f"{part}.{key}", value if isinstance(value, str) else json.dumps(value), impact


def _host_lines(host: Mapping[str, Any]) -> Iterator[str]:
    impact = f", impact {host['impact']}" if host["impact"] else ""
    yield f"{host['host']}: {host['change']}{impact}"
    for change in host["settings"] if host["change"] == "changed" else []:
        yield f"  {change['name']}: {change['old'] or '-'} -> {change['new'] or '-'} ({change['impact']})"
    for key in ("new", "gone"):
        for finding in host["findings"][key]:
            yield f"  {key}: {finding['level']} {finding['id']}: {finding['message']}"
