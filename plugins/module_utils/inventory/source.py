# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An inventory's folder as it is written: hosts, groups and variables, each with its file and line.

Ansible itself merges variables and forgets where they stood, drops the first of two equal keys, and takes a misspelt
group for a new one. So the files are read here once more, with Ansible's precedence, to tell a mistake by its place.
Templates are not evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import UllError
from ..finding import Finding
from ..json_schema import nearest
from .document import Document, Keys, Place, read_document

_SUFFIXES = (".yml", ".yaml", ".json")
_GROUP_KEYS = ("hosts", "children", "vars")
# Folders beside the hosts that hold none; ansible.cfg ignores them too.
_ASIDE = ("group_vars", "host_vars", "topology", "baselines", "live")
_RANGE = re.compile(r"\[(\w+):(\w+)(?::(\d+))?\]", re.ASCII)


@dataclass(frozen=True)
class Variable:
    """A variable where it is said."""

    name: str
    value: Any
    document: Document
    keys: Keys

    def place(self, *inner: Any) -> Place:
        """Where it stands, or something within its value."""
        return self.document.place((*self.keys, *inner))


@dataclass
class Group:
    """A group as all files together say it."""

    name: str
    place: Place
    hosts: dict[str, Place] = field(default_factory=dict)
    children: dict[str, Place] = field(default_factory=dict)


@dataclass
class Source:
    """An inventory.

    Args:
        folder: where it is.
        shown: how the folder is called in findings.
        groups: by name; ``all`` and ``ungrouped`` too when they are said.
        hosts: every host with the line that says it first.
        layers: variables by the layer (``file``, ``inventory``, ``play``), the kind (``group``, ``host``) and the owner.
        found: what is wrong with the files themselves.
        live: whether hosts come from a plugin too.
        documents: every file that was read.
    """

    folder: Path
    shown: str
    groups: dict[str, Group] = field(default_factory=dict)
    hosts: dict[str, Place] = field(default_factory=dict)
    layers: dict[tuple[str, str, str], dict[str, Variable]] = field(default_factory=dict)
    found: list[Finding] = field(default_factory=list)
    live: bool = False
    documents: list[Document] = field(default_factory=list)
    _groups_of: dict[str, list[str]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The region's name, which is the folder's."""
        return self.folder.name

    def members(self, group: str) -> list[str]:
        """The hosts of a group and of all below it."""
        found: dict[str, None] = {}
        waiting, seen = [group], set()
        while waiting:
            name = waiting.pop(0)
            if name in seen or name not in self.groups:
                continue
            seen.add(name)
            found.update(dict.fromkeys(self.groups[name].hosts))
            waiting += self.groups[name].children
        return list(found)

    def groups_of(self, host: str) -> list[str]:
        """The groups of a host, the most general first, as Ansible merges them: by depth, then by name."""
        if not self._groups_of:
            self._groups_of = self._by_host()
        return self._groups_of.get(host, [])

    def _by_host(self) -> dict[str, list[str]]:
        above: dict[str, set[str]] = {name: set() for name in self.groups}
        for group in self.groups.values():
            for child in group.children:
                above.setdefault(child, set()).add(group.name)
        made: dict[str, list[str]] = {}
        for name in sorted(self.groups, key=lambda name: (_depth(name, above), name)):
            for host in self.members(name) if name != "all" else []:
                made.setdefault(host, []).append(name)
        return made

    def variables(self, host: str) -> dict[str, Variable]:
        """The variables of a host, each where the one that counts is said."""
        made: dict[str, Variable] = {}
        groups = self.groups_of(host)
        for group in ["all", *groups]:
            made.update(self.layers.get(("file", "group", group), {}))
        for owners in (["all"], groups):
            for layer in ("inventory", "play"):
                for owner in owners:
                    made.update(self.layers.get((layer, "group", owner), {}))
        for layer in ("file", "inventory", "play"):
            made.update(self.layers.get((layer, "host", host), {}))
        return made

    def said(self) -> Iterator[tuple[str, str, Variable]]:
        """Every variable that the inventory itself says, with the kind and name of its owner."""
        for (layer, kind, owner), variables in self.layers.items():
            if layer != "play":
                for variable in variables.values():
                    yield kind, owner, variable


def read_source(folder: Path, shown: str, playbooks: Path | None = None) -> Source:
    """Read an inventory's folder, and the variables beside the playbooks."""
    source = Source(folder, shown)
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.is_file() and path.suffix in _SUFFIXES and not path.name.startswith("."):
            document = _document(source, path, f"{shown}/{path.name}")
            if document:
                _take_hosts(source, document)
        elif path.is_dir() and path.name not in _ASIDE and not path.name.startswith("."):
            remedy = f"remove it, or name it one of {', '.join(_ASIDE)}"
            source.found.append(
                _unreadable("Ansible reads this folder as an inventory", f"{shown}/{path.name}:1", remedy)
            )
    for kind in ("group", "host"):
        _take_variables(source, "inventory", kind, folder / f"{kind}_vars", f"{shown}/{kind}_vars")
        if playbooks:
            _take_variables(source, "play", kind, playbooks / f"{kind}_vars", f"{playbooks.name}/{kind}_vars")
    for document in source.documents:
        for key, place in document.twice:
            message = f"{key} is said twice; only the last one counts"
            source.found.append(Finding("inventory-key-twice", message, str(place), key, "say it once"))
    return source


def expand(pattern: str) -> list[str]:
    """``web[01:03]`` as Ansible expands it; any other name is itself."""
    match = _RANGE.search(pattern)
    if not match:
        return [pattern]
    low, high, step = match[1], match[2], int(match[3] or 1)
    if low.isdigit() and high.isdigit():
        words = [str(number).zfill(len(low)) for number in range(int(low), int(high) + 1, step)]
    elif len(low) == len(high) == 1:
        words = [chr(code) for code in range(ord(low), ord(high) + 1, step)]
    else:
        return [pattern]
    return [name for word in words for name in expand(pattern[: match.start()] + word + pattern[match.end() :])]


def _depth(name: str, above: Mapping[str, Iterable[str]], seen: tuple[str, ...] = ()) -> int:
    parents = [parent for parent in above.get(name, ()) if parent not in seen and parent != "all"]
    return 1 + max((_depth(parent, above, (*seen, name)) for parent in parents), default=0)


def _document(source: Source, path: Path, shown: str) -> Document | None:
    try:
        document = read_document(path, shown)
    except UllError as wrong:
        source.found.append(_unreadable(wrong.message, wrong.variable, wrong.remedy or "correct the file"))
        return None
    source.documents.append(document)
    return document


def _unreadable(message: str, place: str, remedy: str) -> Finding:
    return Finding("inventory-unreadable", message, place, None, remedy)


def _take_hosts(source: Source, document: Document) -> None:
    value = document.value
    if value is None:
        return
    if not isinstance(value, Mapping):
        remedy = "write groups: GROUP: {hosts: {NAME: {...}}}"
        source.found.append(_unreadable("this should be a mapping of groups", str(document.place()), remedy))
    elif "plugin" in value:
        source.live = True
    else:
        for name, group in value.items():
            _take_group(source, document, str(name), group, (name,))


def _take_group(source: Source, document: Document, name: str, value: Any, keys: Keys) -> None:
    group = source.groups.setdefault(name, Group(name, document.place(keys)))
    if value is None:
        return
    if not isinstance(value, Mapping):
        remedy = "write GROUP: {hosts: {NAME: {...}}}"
        source.found.append(_unreadable(f"group {name} should be a mapping", str(document.place(keys)), remedy))
        return
    for key, inner in value.items():
        place = document.place((*keys, key))
        if key not in _GROUP_KEYS:
            remedy = nearest(str(key), list(_GROUP_KEYS)) or f"known are {', '.join(_GROUP_KEYS)}"
            message = f"a group has no {key!r}: Ansible passes over it, with all that is below"
            source.found.append(Finding("inventory-unknown-key", message, str(place), None, remedy))
        elif inner is not None and not isinstance(inner, Mapping):
            message = f"{key} of {name} should be a mapping"
            source.found.append(_unreadable(message, str(place), f"end each name of {key} with a colon, and no dash"))
        elif key == "hosts":
            for host, value_of_host in (inner or {}).items():
                _take_host(source, document, group, str(host), (*keys, key, host), value_of_host)
        elif key == "children":
            for child, value_of_child in (inner or {}).items():
                group.children.setdefault(str(child), document.place((*keys, key, child)))
                _take_group(source, document, str(child), value_of_child, (*keys, key, child))
        else:
            _take_mapping(source, ("file", "group", name), document, inner or {}, (*keys, key))


def _take_host(source: Source, document: Document, group: Group, pattern: str, keys: Keys, value: Any) -> None:
    place = document.place(keys)
    for host in expand(pattern):
        group.hosts.setdefault(host, place)
        source.hosts.setdefault(host, place)
        if isinstance(value, Mapping):
            _take_mapping(source, ("file", "host", host), document, value, keys)
        elif value is not None:
            message = f"host {host} should have a mapping of variables"
            source.found.append(_unreadable(message, str(place), "write NAME: {ansible_host: 192.0.2.10}"))


def _take_variables(source: Source, layer: str, kind: str, folder: Path, shown: str) -> None:
    """group_vars/NAME.yml, or the files of a folder group_vars/NAME."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        inner = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in inner:
            if not file.is_file() or file.name.startswith(".") or file.suffix not in (*_SUFFIXES, ""):
                continue
            document = _document(source, file, f"{shown}/{file.relative_to(folder)}")
            if document is None or document.value is None:
                continue
            if isinstance(document.value, Mapping):
                owner = (
                    path.name if path.is_dir() else path.name.removesuffix(path.suffix) if path.suffix else path.name
                )
                _take_mapping(source, (layer, kind, owner), document, document.value, ())
            else:
                message = "this should be a mapping of variables"
                source.found.append(_unreadable(message, str(document.place()), "write NAME: VALUE"))


def _take_mapping(
    source: Source, layer: tuple[str, str, str], document: Document, values: Mapping[Any, Any], keys: Keys
) -> None:
    variables = source.layers.setdefault(layer, {})
    for name, value in values.items():
        variables[str(name)] = Variable(str(name), value, document, (*keys, name))
