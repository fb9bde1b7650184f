# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A systemd unit as two settings: whether it is enabled, and whether it is active. What was before is remembered."""

from __future__ import annotations

import re
import time

from ..host import Host
from ..setting import LIVE, Setting

# Seconds for a unit to end; systemd's own DefaultTimeoutStopSec is 90, and auditd needs less than one.
PATIENCE = 20
_NAME = re.compile(r"\.unit\.(.+)\.(enabled|active)\Z")
_WORDS = {
    "enabled": {"enabled": "yes", "enabled-runtime": "yes", "alias": "yes", "static": "yes", "indirect": "yes"},
    "active": {"active": "yes", "activating": "yes", "reloading": "yes"},
}
_VERBS = {
    ("enabled", "yes"): "enable",
    ("enabled", "no"): "disable",
    ("active", "yes"): "start",
    ("active", "no"): "stop",
}


def service(role: str, unit: str, wanted: bool, doc: str = "", source: str = "") -> list[Setting]:
    """The settings of a unit that should be enabled and active, or neither; a unit the host lacks counts as neither."""
    word = "yes" if wanted else "no"
    return [_setting(role, unit, aspect, word, doc, source) for aspect in ("enabled", "active")]


def restored(role: str, before: dict[str, str]) -> list[Setting]:
    """The settings that return units to what they were, out of the role's memory."""
    found = ((_NAME.search(name), value) for name, value in before.items())
    return [_setting(role, match[1], match[2], value, "", "", restored=True) for match, value in found if match]


def _setting(
    role: str, unit: str, aspect: str, declared: str, doc: str, source: str, restored: bool = False
) -> Setting:
    def read(host: Host) -> str:
        return _read(host, unit)[aspect]

    return Setting(
        name=f"{role}.unit.{unit}.{aspect}",
        role=role,
        impact=LIVE,
        declared=declared,
        running=read,
        # a unit runs after the next boot when it is enabled
        persisted=lambda host: _read(host, unit)["enabled"],
        write=lambda host, value: _write(host, unit, aspect, value),
        restored=restored,
        remedy=f"see `systemctl status {unit}`",
        doc=doc,
        source=source or "systemctl(1)",
    )


def _show(host: Host, unit: str) -> dict[str, str]:
    said = host.ask(["systemctl", "show", "--property=UnitFileState,ActiveState,RefuseManualStop", unit])
    return dict(line.split("=", 1) for line in said.splitlines() if "=" in line)


def _read(host: Host, unit: str) -> dict[str, str]:
    values = _show(host, unit)
    return {
        "enabled": _WORDS["enabled"].get(values.get("UnitFileState", ""), "no"),
        "active": _WORDS["active"].get(values.get("ActiveState", ""), "no"),
    }


def _write(host: Host, unit: str, aspect: str, value: str) -> None:
    verb = _VERBS[aspect, value]
    if verb == "stop" and _show(host, unit).get("RefuseManualStop") == "yes":
        _end(host, unit)
    else:
        host.run(["systemctl", verb, unit])


def _end(host: Host, unit: str) -> None:
    """Stop a unit that refuses `systemctl stop`, as auditd's does (RefuseManualStop=yes in auditd.service): by a signal.

    An exit that was asked for is clean, so that Restart=on-failure does not start it again.
    """
    host.run(["systemctl", "kill", "--signal=TERM", unit])
    end = time.monotonic() + PATIENCE
    while _show(host, unit).get("ActiveState") in ("active", "deactivating") and time.monotonic() < end:
        time.sleep(0.2)
