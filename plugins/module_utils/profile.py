# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The latency profile: what an owner wants of a host, in words of intent. Nothing here knows a machine."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .cpuset import CpuSet
from .errors import UllError
from .finding import Finding
from .json_schema import nearest, validate
from .profile_schema import DEFAULTS, SCHEMA, default
from .units import parse_size

ROOT = "ull_profile"
__all__ = ["DEFAULTS", "ROOT", "SCHEMA", "Cpus", "Pages", "Profile", "read_profile"]

_COUNT = re.compile(r"(\d+)(?: (core|cpu)s?)? (?:per (node|l3|package|machine)|near (nic(?: \S+)?))\Z")
_CPUS = ("housekeeping", "isolated", "tickless", "critical")


@dataclass(frozen=True)
class Cpus:
    """An intent for CPUs: a ``word``, a list, or a count per place; ``near`` is ``nic`` or ``nic NAME``."""

    word: str = ""
    cpus: CpuSet = field(default_factory=CpuSet)
    count: int = 0
    unit: str = "core"
    per: str = ""
    near: str = ""

    @classmethod
    def parse(cls, text: str) -> Cpus:
        """Read what the schema's pattern let through."""
        match = _COUNT.match(text)
        if match:
            return cls(count=int(match[1]), unit=match[2] or "core", per=match[3] or "node", near=match[4] or "")
        if text.startswith("cpus "):
            return cls(word="cpus", cpus=CpuSet.parse(text[5:]))
        return cls(word=text)

    def __str__(self) -> str:
        if self.count:
            return f"{self.count} {self.unit}s {f'near {self.near}' if self.near else f'per {self.per}'}"
        return f"cpus {self.cpus}" if self.word == "cpus" else self.word


@dataclass(frozen=True)
class Pages:
    """An intent for hugepages: ``amount`` bytes in pages of ``size`` bytes, ``where`` on some nodes."""

    size: int
    amount: int
    where: str


@dataclass(frozen=True)
class Profile:
    """A valid profile, its words read. Mappings hold every key of theirs, those not said with their default."""

    name: str
    housekeeping: Cpus
    isolated: Cpus
    tickless: Cpus
    critical: Cpus
    lcores: Cpus
    nics: Mapping[str, Mapping[str, Any]]
    hugepages: tuple[Pages, ...]
    dpdk: Mapping[str, Any]
    kubelet: Mapping[str, Any]
    stores: Mapping[str, Mapping[str, Any]]
    boot_args: tuple[str, ...]
    idle_siblings: bool = False
    latency_budget_ns: int = 0
    kernel: str = "any"
    transparent_hugepages: str = "never"
    sysctl: Mapping[str, str] = field(default_factory=dict)


def read_profile(declared: Any) -> tuple[Profile | None, list[Finding]]:
    """A profile from what an inventory says, or the findings that keep it from being one."""
    found = validate(declared, SCHEMA, ROOT)
    if found:
        return None, found
    values = {**DEFAULTS, **declared}
    try:
        pages = tuple(_pages(entry, f"{ROOT}.hugepages[{i}]") for i, entry in enumerate(values["hugepages"]))
        intents = {key: _intent(values[key], f"{ROOT}.{key}") for key in _CPUS}
        dpdk = _filled(values["dpdk"], "dpdk")
        lcores = _intent(dpdk["lcores"], f"{ROOT}.dpdk.lcores")
        _check_irqs(values["nics"])
    except UllError as wrong:
        return None, [Finding("profile-bad-value", wrong.message, wrong.variable, wrong.value, wrong.remedy)]
    profile = Profile(
        name=values["class"],
        lcores=lcores,
        nics=values["nics"],
        hugepages=pages,
        dpdk=dpdk,
        kubelet=_filled(values["kubelet"], "kubelet") if values["kubelet"] else {},
        stores=_stores(values["stores"]),
        boot_args=tuple(values["boot_args"]),
        idle_siblings=values["smt"] == "idle siblings",
        latency_budget_ns=values["latency_budget_ns"],
        kernel=values["kernel"],
        transparent_hugepages=values["transparent_hugepages"],
        sysctl={name.replace("/", "."): str(value) for name, value in values["sysctl"].items()},
        **intents,
    )
    return profile, list(_undeclared_nics(profile))


def _intent(text: str, path: str) -> Cpus:
    try:
        return Cpus.parse(text)
    except UllError as wrong:
        raise UllError(wrong.message, variable=path, value=text, remedy=wrong.remedy) from wrong


def _pages(entry: Mapping[str, str], path: str) -> Pages:
    size, amount = parse_size(entry["size"], f"{path}.size"), parse_size(entry["amount"], f"{path}.amount")
    if not size or amount % size:
        raise UllError(
            f"{entry['amount']} is no whole number of pages of {entry['size']}",
            variable=f"{path}.amount",
            value=entry["amount"],
            remedy=f"use a multiple of {entry['size']}",
        )
    return Pages(size, amount, entry["where"])


def _filled(said: Mapping[str, Any], key: str) -> dict[str, Any]:
    words = SCHEMA["properties"][key]["properties"]
    return {**{name: default(inner) for name, inner in words.items()}, **said}


def _stores(said: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """With the node by default, and the memory in bytes."""
    return {
        name: {"where": "node 0", **store, "bytes": parse_size(store["memory"], f"{ROOT}.stores.{name}.memory")}
        for name, store in said.items()
    }


def _check_irqs(nics: Mapping[str, Any]) -> None:
    for name, nic in nics.items():
        _intent(nic.get("irqs", ""), f"{ROOT}.nics.{name}.irqs")


def _undeclared_nics(profile: Profile) -> Iterator[Finding]:
    """Every ``nic NAME`` that nics does not have."""
    said = [(f"hugepages[{index}].where", pages.where, pages.where) for index, pages in enumerate(profile.hugepages)]
    said += [(f"stores.{name}.where", store["where"], store["where"]) for name, store in profile.stores.items()]
    intents = {"isolated": profile.isolated, "critical": profile.critical, "dpdk.lcores": profile.lcores}
    said += [(key, intent.near, str(intent)) for key, intent in intents.items()]
    for key, where, value in said:
        name = where[4:]
        if name and where.startswith("nic ") and name not in profile.nics:
            remedy = nearest(name, list(profile.nics)) or "declare it under nics"
            yield Finding("nic-not-found", f"nics has no {name!r}", f"{ROOT}.{key}", value, remedy)
