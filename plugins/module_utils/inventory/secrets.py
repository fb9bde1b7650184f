# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets in plain text, by the name of what holds them or by the look of the value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..finding import Finding
from .document import Document, Keys, Vault
from .source import Source

_NAME = re.compile(
    r"(^|_)(pass|passwd|password|passphrase|secret|token|api_?key|private_key|access_key|secret_key|credentials?|community)\Z",
    re.IGNORECASE | re.ASCII,
)
# A secret of these looks is one wherever it stands.
_LOOKS = {
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "an AWS access key": re.compile(r"\b(AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a token of GitHub": re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36,}\b"),
    "a token of Slack": re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}"),
    "a JSON web token": re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\."),
    "a password in an address": re.compile(r"\b[a-z][a-z0-9+.-]*://[^/\s:@{}]+:[^/\s:@{}]+@"),
    "a hash of a password": re.compile(r"^\$(1|2[aby]|5|6|y)\$[^\s$]*\$?[^\s]{10,}"),
}
_REMEDY = (
    "encrypt it (ansible-vault encrypt_string), or look it up: {{ lookup('amazon.aws.secretsmanager_secret', ...) }}"
)


def plain_secrets(source: Source) -> Iterator[Finding]:
    """Every secret in plain text, at its line. The value itself is never said."""
    for document in source.documents:
        # those beside the playbooks are the collection's
        if document.file.startswith(source.shown):
            yield from _within(document, document.value, ())


def _within(document: Document, value: Any, keys: Keys) -> Iterator[Finding]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _within(document, inner, (*keys, key))
        return
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _within(document, inner, (*keys, index))
        return
    what = _secret(value, keys)
    if what:
        name = next((str(key) for key in reversed(keys) if isinstance(key, str)), "")
        yield Finding("secret-plain", f"{name} holds {what} in plain text", str(document.place(keys)), None, _REMEDY)


def _secret(value: Any, keys: Keys) -> str:
    """What it is; empty for what is no secret, is encrypted, or is looked up elsewhere."""
    if isinstance(value, Vault) or value is None or isinstance(value, bool) or value == "":
        return ""
    text = str(value)
    look = next((what for what, pattern in _LOOKS.items() if pattern.search(text)), "")
    if look:
        return look
    name = next((str(key) for key in reversed(keys) if isinstance(key, str)), "")
    path = text.startswith(("/", "~", "./")) and "\n" not in text
    return "a secret" if _NAME.search(name) and "{{" not in text and not path else ""
