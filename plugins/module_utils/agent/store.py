# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a role persists what no file of the platform holds: its slice, the code that applies it, and a unit at boot.

/etc/ull-metal/<role>.json                       what is declared
/usr/local/lib/ull-metal/<role>.pyz              the role's own code
/etc/systemd/system/ull-metal-<role>.service     runs it before the network is configured
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..host import MANAGED, Host
from ..setting import Change
from .archive import archive

SLICE = "/etc/ull-metal/{role}.json"
CODE = "/usr/local/lib/ull-metal/{role}.pyz"
UNITS = "/etc/systemd/system"
TARGET = "multi-user.target"

_BOOT = """# {managed}
[Unit]
Description=ull.metal: {role}
Documentation=https://github.com/ull-metal/ull.metal
DefaultDependencies=no
After=local-fs.target systemd-udev-trigger.service systemd-modules-load.service{after}
Before=network-pre.target shutdown.target
Wants=network-pre.target
Conflicts=shutdown.target
ConditionPathExists={slice}

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStartPre=-/usr/bin/env udevadm settle --timeout=60
ExecStart=/usr/bin/env python3 -I {code}

[Install]
WantedBy={target}
"""
_WATCH = """# {managed}
[Unit]
Description=ull.metal: {role}, again when a link comes up
After=ull-metal-{role}.service
ConditionPathExists={slice}

[Service]
ExecStart=/usr/bin/env python3 -I {code} watch
Restart=on-failure
RestartSec=1
Nice=5

[Install]
WantedBy={target}
"""


@dataclass
class AgentStore:
    """A role's slice that is applied at boot.

    Args:
        role: names the files and the unit.
        domain: class of the domain that the host runs, with ``parameters`` as its arguments.
        parameters: JSON values; None removes it all.
        devices: paths to wait for at boot, e.g. a NIC's ``/sys/bus/pci/devices/0000:81:00.0/net``.
        after: roles whose units come before.
        watch: whether the slice is applied again whenever a link comes up.
    """

    role: str
    domain: type
    parameters: dict[str, Any] | None
    devices: Sequence[str] = ()
    after: Sequence[str] = ()
    watch: bool = False
    _made: bytes | None = field(default=None, init=False, repr=False)

    def changes(self, host: Host) -> list[Change]:
        """The files that differ; of the code only its checksum is shown."""
        found = [
            Change(path, before, content or "")
            for path, content in self._texts().items()
            if (before := host.text(path)) != (content or "")
        ]
        before, after = _checksum(_bytes(host, self._code)), _checksum(self._archive())
        if before != after:
            found.append(Change(self._code, before, after))
        for path, target in self._links().items():
            there = host.link(path)
            if there != (target and target.rsplit("/", 1)[-1]):
                found.append(Change(path, f"-> {there}\n" if there else "", f"-> {target}\n" if target else ""))
        return found

    def write(self, host: Host) -> None:
        """Code first and the links that enable it last, so that a unit never starts without; away in reverse."""
        gone = self.parameters is None
        if gone:
            for unit in [self._unit("-watch")] if host.exists(f"{UNITS}/{self._unit('-watch')}") else []:
                host.run(["systemctl", "stop", unit])
            for path in self._links():
                host.point(path, None)
        _put_bytes(host, self._code, self._archive())
        for path, content in self._texts().items():
            host.put(path, content)
        if not gone:
            for path, target in self._links().items():
                host.point(path, target)
        host.run(["systemctl", "daemon-reload"])
        if self.watch and not gone:
            host.run(["systemctl", "restart", self._unit("-watch")])

    def pending(self, host: Host) -> bool:
        """A boot is not needed for it: what is declared is written live, too."""
        return False

    def persisted(self, host: Host) -> dict[str, Any]:
        """The parameters that the next boot will apply; empty where it will not."""
        if host.link(self._wants("")) != self._unit(""):
            return {}
        try:
            return dict(json.loads(host.text(self._slice) or "{}").get("slice", {}))
        except ValueError:
            return {}

    @property
    def _slice(self) -> str:
        return SLICE.format(role=self.role)

    @property
    def _code(self) -> str:
        return CODE.format(role=self.role)

    def _unit(self, suffix: str) -> str:
        return f"ull-metal-{self.role}{suffix}.service"

    def _wants(self, suffix: str) -> str:
        return f"{UNITS}/{TARGET}.wants/{self._unit(suffix)}"

    def _archive(self) -> bytes | None:
        if self.parameters is not None and self._made is None:
            self._made = archive(self.domain, self._slice)
        return self._made

    def _texts(self) -> dict[str, str | None]:
        boot, watch, stored = f"{UNITS}/{self._unit('')}", f"{UNITS}/{self._unit('-watch')}", self._slice
        if self.parameters is None:
            return {stored: None, boot: None, watch: None}
        words = {
            "managed": MANAGED.format(role=self.role),
            "role": self.role,
            "after": "".join(f" ull-metal-{role}.service" for role in self.after),
            "slice": stored,
            "code": self._code,
            "target": TARGET,
        }
        content = {"devices": list(self.devices), "slice": self.parameters}
        return {
            stored: json.dumps(content, indent=1, sort_keys=True) + "\n",
            boot: _BOOT.format(**words),
            watch: _WATCH.format(**words) if self.watch else None,
        }

    def _links(self) -> dict[str, str | None]:
        gone = self.parameters is None
        return {
            self._wants(""): None if gone else f"{UNITS}/{self._unit('')}",
            self._wants("-watch"): f"{UNITS}/{self._unit('-watch')}" if self.watch and not gone else None,
        }


def _checksum(content: bytes | None) -> str:
    return f"sha256 {hashlib.sha256(content).hexdigest()}\n" if content else ""


def _bytes(host: Host, path: str) -> bytes | None:
    return host.text(path).encode("utf-8", "surrogateescape") or None


def _put_bytes(host: Host, path: str, content: bytes | None) -> None:
    host.put(path, None if content is None else content.decode("utf-8", "surrogateescape"))
