# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which boot loader a host has, behind one interface."""

from __future__ import annotations

import re
from typing import Protocol

from ..errors import UllError
from ..host import Host
from . import cmdline
from .bls import ENTRIES, Bls
from .grub import CONFIG, Grub

SUPPORTED = "GRUB with /etc/default/grub.d (Debian, Ubuntu) or BLS entries with grubby (Red Hat family)"


class BootLoader(Protocol):
    """What every boot loader can say and do."""

    name: str

    def persisted(self) -> list[str]: ...
    def sections(self) -> dict[str, list[str]]: ...
    def owned(self) -> list[str]: ...
    def record(self, sections: dict[str, list[str]]) -> dict[str, str | None]: ...
    def write(self, sections: dict[str, list[str]]) -> None: ...
    def stale(self) -> bool: ...
    def origin(self, token: str) -> str: ...


def kind(host: Host) -> str:
    """``grub``, ``bls``, or empty for a boot loader that is not supported.

    Red Hat's hosts have /etc/default/grub as well, so grubby decides first; their entries only root can list.
    """
    entries = any(name.endswith(".conf") for name in host.names(ENTRIES))
    told = re.search(r"^GRUB_ENABLE_BLSCFG=[\"']?true", host.read("/etc/default/grub") or "", re.MULTILINE)
    grubby = any(host.exists(f"{folder}/grubby") for folder in ("/usr/sbin", "/usr/bin", "/sbin"))
    if grubby and (entries or told):
        return Bls.name
    if host.exists(CONFIG) and host.exists("/etc/default/grub"):
        return Grub.name
    return ""


def loader(host: Host) -> BootLoader:
    """The host's boot loader.

    Raises:
        UllError: there is none, or one that is not supported.
    """
    found = kind(host)
    if found == Bls.name:
        return Bls(host)
    if found == Grub.name:
        return Grub(host)
    raise UllError(
        "no supported boot loader found",
        host=host.name,
        variable="boot loader",
        remedy=f"use {SUPPORTED}; a container has none: tune its host instead",
    )


def running(host: Host) -> list[str]:
    """The arguments the kernel was booted with."""
    return cmdline.split(host.read("/proc/cmdline") or "")
