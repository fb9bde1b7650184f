# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The kernel's command line as tokens. Documentation/admin-guide/kernel-parameters.rst has the rules:
dashes and underscores in names are the same, double quotes protect spaces, some keys may repeat.
"""

from __future__ import annotations

import re

from ..errors import UllError

# The order of these three is their meaning: each hugepages= counts pages of the hugepagesz= before it.
HUGEPAGE_KEYS = ("default_hugepagesz", "hugepagesz", "hugepages")
HUGEPAGES = "hugepages"

# Keys where each occurrence adds; for all others the last one counts.
REPEATABLE = frozenset(
    [
        "acpi_osi",
        "console",
        "crashkernel",
        "earlycon",
        "initrd",
        "memmap",
        "modprobe.blacklist",
        "pci",
        "rd.driver.blacklist",
        "rd.luks.uuid",
        "rd.lvm.lv",
        "rd.md.uuid",
        "systemd.mask",
        "systemd.setenv",
        "systemd.wants",
        "video",
    ]
)

# The kernel takes a quote that is not closed to the end.
_TOKEN = re.compile(r'(?:[^\s"]|"[^"]*"?)+')
_WORDS = re.compile(r"[\s\"']+")
# What GRUB's script, a shell's double quotes or grubby would read as their own.
_UNSAFE = re.compile(r"[\s\"'\\\$;&|<>{}`]")


def split(cmdline: str) -> list[str]:
    """The tokens of a command line."""
    return _TOKEN.findall(cmdline)


def key(token: str) -> str:
    """A token's key with underscores; ``nohz-full=1`` and ``nohz_full=1`` are one."""
    return token.split("=", 1)[0].replace("-", "_")


def name(token: str) -> str:
    """What the token belongs to: its key, or ``hugepages`` for the three keys whose order matters."""
    return HUGEPAGES if key(token) in HUGEPAGE_KEYS else key(token)


def value(token: str) -> str:
    """What follows the equals sign; empty where there is none."""
    return token.partition("=")[2]


def same(one: str, other: str) -> bool:
    """Whether two tokens mean the same."""
    return (key(one), value(one)) == (key(other), value(other))


def mentions(config: str, token: str) -> bool:
    """Whether the text of a configuration file has the token, outside of comments."""
    lines = (line for line in config.splitlines() if not line.lstrip().startswith("#"))
    return any(token in _WORDS.split(part) for line in lines for part in (line, line.partition("=")[2]))


def by_name(tokens: list[str]) -> dict[str, list[str]]:
    """Tokens grouped by what they belong to, in order."""
    groups: dict[str, list[str]] = {}
    for token in tokens:
        groups.setdefault(name(token), []).append(token)
    return groups


def effective(found: list[str], wanted: list[str]) -> str | None:
    """The value that counts, as one text, of the ``found`` tokens of one name; None when there is none.

    For a repeatable key that is ``wanted`` when all of it is among ``found``: others may stand beside it.
    """
    if not found:
        return None
    label = name(found[0])
    if label == HUGEPAGES:
        return " ".join(found)
    if label in REPEATABLE:
        return " ".join(wanted if wanted and not _without(wanted, found) else found)
    return found[-1]


def subtract(tokens: list[str], minus: list[str]) -> list[str]:
    """``tokens`` without ``minus``, one for one from the end: what was appended goes first."""
    return _without(tokens[::-1], minus[::-1])[::-1]


def _without(tokens: list[str], minus: list[str]) -> list[str]:
    left = list(minus)
    kept = []
    for token in tokens:
        if token in left:
            left.remove(token)
        else:
            kept.append(token)
    return kept


def lookup(tokens: list[str], wanted: str) -> str | None:
    """The value of the last token with that key; None when there is none."""
    found = [value(token) for token in tokens if key(token) == wanted]
    return found[-1] if found else None


def check(tokens: list[str], variable: str, host: str = "") -> None:
    """Refuse tokens that a boot loader's configuration would not carry over unchanged.

    Raises:
        UllError: a token has white space, a quote, or a character with a meaning for GRUB or the shell.
    """
    for token in tokens:
        if not token or token.startswith("=") or _UNSAFE.search(token):
            raise UllError(
                "this is not one kernel argument",
                host=host,
                variable=variable,
                value=token,
                remedy="write one key or key=value an item, without white space, quotes or shell characters",
            )
