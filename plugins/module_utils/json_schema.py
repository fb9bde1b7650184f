# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check a value against JSON Schema, the part that profiles use: the standard library has no validator."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from .finding import Finding

_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "object": ((Mapping,), "a mapping"),
    "array": ((list, tuple), "a list"),
    "string": ((str,), "a text"),
    "integer": ((int,), "a whole number"),
    "boolean": ((bool,), "true or false"),
}


def validate(value: Any, schema: Mapping[str, Any], path: str) -> list[Finding]:
    """Everything that is wrong with a value, each with its path and what would be right."""
    types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    if not any(_is(value, kind) for kind in types):
        words = " or ".join(_TYPES[kind][1] for kind in types)
        return [_bad(f"this should be {words}", path, value, schema, _yaml_trap(value, types))]
    if isinstance(value, Mapping):
        return _validate_object(value, schema, path)
    if isinstance(value, (list, tuple)):
        return [f for i, item in enumerate(value) for f in validate(item, schema["items"], f"{path}[{i}]")]
    return _validate_scalar(value, schema, path)


def nearest(word: str, known: list[str]) -> str:
    """Which of the known words is probably meant, as a question; empty for none."""
    close = get_close_matches(word, known, 1, 0.5)
    return f"did you mean {close[0]!r}?" if close else ""


def _is(value: Any, kind: str) -> bool:
    # True is an int to Python, but not to JSON
    return isinstance(value, _TYPES[kind][0]) and not (kind == "integer" and isinstance(value, bool))


def _yaml_trap(value: Any, types: list[str]) -> str:
    """YAML 1.1 reads on and off as booleans, 1.30 as 1.3, and digits with colons (MAC, PCI address) as a number."""
    if "string" not in types or not isinstance(value, (bool, int, float)):
        return ""
    return "put it in quotes, as YAML reads it as a " + ("boolean" if isinstance(value, bool) else "number")


def _validate_scalar(value: Any, schema: Mapping[str, Any], path: str) -> list[Finding]:
    if "enum" in schema and value not in schema["enum"]:
        words = ", ".join(schema["enum"])
        hint = nearest(str(value), schema["enum"])
        return [_bad(f"this is none of {words}", path, value, schema, hint)]
    # JSON Schema's $ is the end alone, Python's also stands before a last line feed
    if "pattern" in schema and (str(value).endswith("\n") or not re.search(schema["pattern"], str(value))):
        return [_bad("this is not in the language of profiles", path, value, schema)]
    if isinstance(value, int) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        return [_bad(f"this is not from {schema['minimum']} to {schema['maximum']}", path, value, schema)]
    return []


def _validate_object(value: Mapping[str, Any], schema: Mapping[str, Any], path: str) -> list[Finding]:
    known, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    found = [
        Finding("profile-bad-value", f"{key} is missing", path, dict(value), known[key]["description"])
        for key in schema.get("required", [])
        if key not in value
    ]
    for key, inner in value.items():
        if key in known:
            found += validate(inner, known[key], f"{path}.{key}")
        elif isinstance(others, Mapping):
            found += _named(key, inner, schema, f"{path}.{key}") or validate(inner, others, f"{path}.{key}")
        elif not others:
            remedy = nearest(str(key), list(known)) or f"known are {', '.join(known)}"
            found.append(Finding("profile-unknown-key", f"there is no {key!r}", f"{path}.{key}", inner, remedy))
    choices = [choice["required"][0] for choice in schema.get("anyOf", [])]
    if choices and not found and not any(key in value for key in choices):
        words = ", ".join(choices)
        found.append(
            Finding("profile-bad-value", "nothing says which is meant", path, dict(value), f"say one of {words}")
        )
    return found


def _named(key: Any, value: Any, schema: Mapping[str, Any], path: str) -> list[Finding]:
    pattern = schema.get("propertyNames", {}).get("pattern", "")
    if not isinstance(key, str) or not re.search(pattern, key):
        return [Finding("profile-bad-value", f"{key!r} is no name", path, value, schema["description"])]
    return []


def _bad(message: str, path: str, value: Any, schema: Mapping[str, Any], hint: str = "") -> Finding:
    parts = [part for part in (hint, schema.get("description", "see docs/profile.md")) if part]
    return Finding("profile-bad-value", message, path, value, ". ".join(parts))
