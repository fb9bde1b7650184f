# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The latency profile: what an owner wants of a host, in words of intent. Nothing here knows a machine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from .cpuset import CpuSet
from .errors import UllError
from .finding import Finding
from .units import parse_size

ROOT = "ull_profile"

# JSON Schema (draft 2020-12): the words of the language, and what the documentation is made from.
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Latency profile of ull.metal",
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "class": {"type": "string", "description": "Name of the workload class, for reports."},
        "housekeeping": {
            "type": "string",
            "pattern": r"^(rest|cpus [0-9,:/-]+|[1-9][0-9]{0,8}( (core|cpu)s?)? per (node|l3|package|machine))$",
            "description": "CPUs for the system: `1 core per node`, `cpus 0-1`, or `rest` of what is isolated.",
        },
        "isolated": {
            "type": "string",
            "pattern": r"^(rest|none|cpus [0-9,:/-]+|[1-9][0-9]{0,8}( (core|cpu)s?)? per (node|l3|package|machine))$",
            "description": "CPUs of the critical path: `rest` of housekeeping, `none`, `cpus 2-7`, `4 per node`.",
        },
        "tickless": {
            "type": "string",
            "pattern": r"^(isolated|none|cpus [0-9,:/-]+)$",
            "description": "Isolated CPUs without the scheduler's tick: `isolated` (all of them), `none`, `cpus 2-3`.",
        },
        "nics": {
            "type": "object",
            "description": "The NICs that carry the traffic, by a name of your own.",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "minProperties": 1,
                "properties": {
                    "name": {"type": "string", "description": "Interface name."},
                    "pci": {"type": "string", "description": "PCI address, e.g. 0000:81:00.0."},
                    "driver": {"type": "string", "description": "Kernel driver, e.g. ice."},
                    "sriov": {"type": "boolean", "description": "Whether it can have virtual functions."},
                },
            },
        },
        "hugepages": {
            "type": "array",
            "description": "Memory in huge pages, by size and place.",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["size", "amount", "where"],
                "properties": {
                    "size": {"type": "string", "description": "Page size: 2M or 1G."},
                    "amount": {
                        "type": "string",
                        "description": "How much memory, e.g. `16 GiB`; on each node where several.",
                    },
                    "where": {
                        "type": "string",
                        "pattern": r"^(each node|node [0-9]{1,9}|nic( [A-Za-z0-9_-]+)?)$",
                        "description": "`each node`, `node 1`, `nic` (nodes of all NICs), `nic feed` (that NIC's).",
                    },
                },
            },
        },
        "boot_args": {
            "type": "array",
            "items": {"type": "string", "pattern": r"^[^\s\"'\\$;&|<>{}`=][^\s\"'\\$;&|<>{}`]*$"},
            "description": "Further kernel arguments, one an item.",
        },
    },
}

DEFAULTS: dict[str, Any] = {
    "class": "",
    "housekeeping": "1 core per node",
    "isolated": "rest",
    "tickless": "isolated",
    "nics": {},
    "hugepages": [],
    "boot_args": [],
}

_COUNT = re.compile(r"(\d+)(?: (core|cpu)s?)? per (node|l3|package|machine)\Z")


@dataclass(frozen=True)
class Cpus:
    """An intent for CPUs: a ``word``, a list, or a count per place."""

    word: str = ""
    cpus: CpuSet = field(default_factory=CpuSet)
    count: int = 0
    unit: str = "core"
    per: str = ""

    @classmethod
    def parse(cls, text: str) -> Cpus:
        """Read what the schema's pattern let through."""
        match = _COUNT.match(text)
        if match:
            return cls(count=int(match[1]), unit=match[2] or "core", per=match[3])
        if text.startswith("cpus "):
            return cls(word="cpus", cpus=CpuSet.parse(text[5:]))
        return cls(word=text)


@dataclass(frozen=True)
class Pages:
    """An intent for hugepages: ``amount`` bytes in pages of ``size`` bytes, ``where`` on some nodes."""

    size: int
    amount: int
    where: str


@dataclass(frozen=True)
class Profile:
    """A valid profile, its words read."""

    name: str
    housekeeping: Cpus
    isolated: Cpus
    tickless: Cpus
    nics: Mapping[str, Mapping[str, Any]]
    hugepages: tuple[Pages, ...]
    boot_args: tuple[str, ...]


def read_profile(declared: Any) -> tuple[Profile | None, list[Finding]]:
    """A profile from what an inventory says, or the findings that keep it from being one."""
    found = validate(declared, SCHEMA, ROOT)
    if found:
        return None, found
    values = {**DEFAULTS, **declared}
    try:
        pages = tuple(_pages(entry, f"{ROOT}.hugepages[{i}]") for i, entry in enumerate(values["hugepages"]))
        intents = {key: _intent(values[key], f"{ROOT}.{key}") for key in ("housekeeping", "isolated", "tickless")}
    except UllError as wrong:
        return None, [Finding("profile-bad-value", wrong.message, wrong.variable, wrong.value, wrong.remedy)]
    profile = Profile(
        name=values["class"], nics=values["nics"], hugepages=pages, boot_args=tuple(values["boot_args"]), **intents
    )
    return profile, _undeclared_nics(profile)


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


def _undeclared_nics(profile: Profile) -> list[Finding]:
    return [
        Finding(
            "nic-not-found",
            f"nics has no {pages.where[4:]!r}",
            f"{ROOT}.hugepages[{index}].where",
            pages.where,
            _nearest(pages.where[4:], list(profile.nics)) or "declare it under nics",
        )
        for index, pages in enumerate(profile.hugepages)
        if pages.where.startswith("nic ") and pages.where[4:] not in profile.nics
    ]


_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "object": ((Mapping,), "a mapping"),
    "array": ((list, tuple), "a list"),
    "string": ((str,), "a text"),
    "boolean": ((bool,), "true or false"),
}


def validate(value: Any, schema: Mapping[str, Any], path: str) -> list[Finding]:
    """Check a value against the part of JSON Schema that ``SCHEMA`` uses; the standard library has no validator."""
    types, words = _TYPES[schema["type"]]
    if not isinstance(value, types):
        return [_bad(f"this should be {words}", path, value, schema)]
    if isinstance(value, Mapping):
        return _validate_object(value, schema, path)
    if isinstance(value, (list, tuple)):
        return [f for i, item in enumerate(value) for f in validate(item, schema["items"], f"{path}[{i}]")]
    # JSON Schema's $ is the end alone, Python's also stands before a last line feed
    if "pattern" in schema and (str(value).endswith("\n") or not re.search(schema["pattern"], str(value))):
        return [_bad("this is not in the language of profiles", path, value, schema)]
    return []


def _validate_object(value: Mapping[str, Any], schema: Mapping[str, Any], path: str) -> list[Finding]:
    known, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    found = [
        Finding("profile-bad-value", f"{key} is missing", path, dict(value), known[key]["description"])
        for key in schema.get("required", [])
        if key not in value
    ]
    if len(value) < schema.get("minProperties", 0):
        found.append(_bad("this is empty", path, dict(value), {"description": f"say one of {', '.join(known)}"}))
    for key, inner in value.items():
        if key in known:
            found += validate(inner, known[key], f"{path}.{key}")
        elif isinstance(others, Mapping):
            found += validate(inner, others, f"{path}.{key}")
        elif not others:
            remedy = _nearest(str(key), list(known)) or f"known are {', '.join(known)}"
            found.append(Finding("profile-unknown-key", f"there is no {key!r}", f"{path}.{key}", inner, remedy))
    return found


def _bad(message: str, path: str, value: Any, schema: Mapping[str, Any]) -> Finding:
    return Finding("profile-bad-value", message, path, value, schema.get("description", "see docs/profile.md"))


def _nearest(word: str, known: list[str]) -> str:
    close = get_close_matches(word, known, 1, 0.5)
    return f"did you mean {close[0]!r}?" if close else ""
