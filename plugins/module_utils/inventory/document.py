# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A YAML file with the line of every word in it, so that a mistake can be named by file and line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import UllError

try:
    import yaml
except ImportError:  # the controller always has it, as Ansible itself needs it
    yaml = None  # type: ignore[assignment]

Keys = tuple[Any, ...]


@dataclass(frozen=True)
class Place:
    """A line of a file."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Vault(str):
    """A value that is encrypted; what it says is not known here."""

    __slots__ = ()


@dataclass
class Document:
    """What a file says, and where: ``lines`` has the line of each key and list item, by its keys from the top."""

    file: str
    value: Any = None
    lines: dict[Keys, int] = field(default_factory=dict)
    twice: list[tuple[str, Place]] = field(default_factory=list)
    encrypted: bool = False

    def place(self, keys: Keys = ()) -> Place:
        """Where these keys stand, or the nearest of what is above them."""
        while keys and keys not in self.lines:
            keys = keys[:-1]
        return Place(self.file, self.lines.get(keys, 1))


def read_document(path: Path, name: str) -> Document:
    """Read a YAML file.

    Args:
        path: the file.
        name: how it is called in findings, mostly its path from where the run began.

    Raises:
        UllError: the file is no YAML; the variable is its place.
    """
    if yaml is None:
        raise UllError("PyYAML is missing", remedy="pip install PyYAML")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as broken:
        raise UllError(f"cannot be read: {broken}", variable=f"{name}:1") from broken
    document = Document(name)
    if text.startswith("$ANSIBLE_VAULT;"):
        document.encrypted = True
        return document
    loader = _loader()(text)
    try:
        node = loader.get_single_node()
        if node is not None:
            document.value = _take(loader, node, document, (), ())
    except yaml.YAMLError as broken:
        mark = getattr(broken, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        what = getattr(broken, "problem", None) or str(broken)
        remedy = "correct it; indentation and quotes are what is wrong mostly"
        raise UllError(f"no YAML: {what}", variable=f"{name}:{line}", remedy=remedy) from broken
    finally:
        loader.dispose()
    return document


def _loader() -> Any:
    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc,valid-type]
        """Ansible's own tags, each as what it is to a reader."""

    Loader.add_constructor("!vault", lambda loader, node: Vault(loader.construct_scalar(node)))
    Loader.add_constructor("!vault-encrypted", lambda loader, node: Vault(loader.construct_scalar(node)))
    Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))
    return Loader


def _take(loader: Any, node: Any, document: Document, keys: Keys, above: tuple[int, ...]) -> Any:
    """The node's value; the lines of all that is in it go into the document."""
    if id(node) in above:
        raise yaml.constructor.ConstructorError(None, None, "an anchor holds itself", node.start_mark)
    above = (*above, id(node))
    if isinstance(node, yaml.MappingNode):
        return _mapping(loader, node, document, keys, above)
    if isinstance(node, yaml.SequenceNode):
        made = []
        for index, item in enumerate(node.value):
            document.lines[(*keys, index)] = item.start_mark.line + 1
            made.append(_take(loader, item, document, (*keys, index), above))
        return made
    return loader.construct_object(node)


def _mapping(loader: Any, node: Any, document: Document, keys: Keys, above: tuple[int, ...]) -> dict[Any, Any]:
    made: dict[Any, Any] = {}
    own: set[Any] = set()
    for key_node, value_node in node.value:
        if key_node.tag == "tag:yaml.org,2002:merge":
            parts = value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]
            for part in parts:
                merged = _take(loader, part, Document(document.file), keys, above)
                made = {**merged, **made} if isinstance(merged, Mapping) else made
            continue
        key = loader.construct_object(key_node, deep=True)
        try:
            twice = key in own
        except TypeError:
            raise yaml.constructor.ConstructorError(None, None, "a key is no text", key_node.start_mark) from None
        line = key_node.start_mark.line + 1
        if twice:
            document.twice.append((str(key), Place(document.file, line)))
        own.add(key)
        document.lines[(*keys, key)] = line
        made[key] = _take(loader, value_node, document, (*keys, key), above)
    return made
