# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The firewall's rules on a host: loaded in one transaction, persisted by a unit, and undone by a timer unless confirmed.

/etc/ull-metal/firewall.nft                                the rules
/etc/systemd/system/ull-metal-firewall.service             loads them before the network is configured
/etc/systemd/system/ull-metal-firewall-revert.{service,timer}   while new rules wait for confirmation
/var/lib/ull-metal/firewall/                               rules to return to; what the kernel listed when ours were loaded

The timer is enabled while it waits, so that a boot in between brings it again: rules that shut everybody out do not stay.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from ..host import MANAGED, Host
from ..setting import LIVE, Change, Setting
from ..trial import examine
from .hardening_firewall import ROLE, TABLE

RULES = "/etc/ull-metal/firewall.nft"
UNITS = "/etc/systemd/system"
UNIT = "ull-metal-firewall.service"
REVERT = "ull-metal-firewall-revert"
WANTS = f"{UNITS}/sysinit.target.wants/{UNIT}"
ARMED = f"{UNITS}/timers.target.wants/{REVERT}.timer"
MEMORY = "/var/lib/ull-metal/firewall"
LOADED = f"{MEMORY}/loaded.json"
BEFORE = f"{MEMORY}/before.nft"
RETURN = f"{MEMORY}/return.nft"
NOTHING = f"table {TABLE}\ndelete table {TABLE}\n"

_BOOT = """# {managed}
[Unit]
Description=ull.metal: firewall
DefaultDependencies=no
After=local-fs.target systemd-modules-load.service nftables.service
Before=network-pre.target shutdown.target
Wants=network-pre.target
Conflicts=shutdown.target
ConditionPathExists={rules}

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft --file {rules}

[Install]
WantedBy=sysinit.target
"""
_REVERT = """# {managed}
[Unit]
Description=ull.metal: return to the firewall from before, as nobody confirmed the new one

[Service]
Type=oneshot
ExecStart=/usr/sbin/nft --file {back}
ExecStart={file}
ExecStart=/usr/bin/env rm -f {armed}
"""
_TIMER = """# {managed}
[Unit]
Description=ull.metal: time to confirm the new firewall

[Timer]
OnActiveSec={seconds}s
AccuracySec=1s

[Install]
WantedBy=timers.target
"""


@dataclass
class FirewallStore:
    """The rules as a store.

    Args:
        rules: the whole table; None for no table.
        patience: seconds in which the new rules must be confirmed; 0 for no need.
    """

    rules: str | None
    patience: int = 0

    def changes(self, host: Host) -> list[Change]:
        """The rules, persisted or in the kernel, that differ, and the unit."""
        found = [
            Change(path, before, content or "")
            for path, content in self._files().items()
            if (before := host.text(path)) != (content or "")
        ]
        there = host.link(WANTS)
        if there != (UNIT if self.rules else None):
            found.append(Change(WANTS, f"-> {there}\n" if there else "", f"-> {UNIT}\n" if self.rules else ""))
        if not any(change.path == RULES for change in found) and running(host) != digest(self.rules):
            found.append(Change(f"table {TABLE}", listed(host), self.rules or ""))
        return found

    def write(self, host: Host) -> None:
        """Arm the way back, then load, then persist; without rules the way back is not needed."""
        if self.rules is None:
            return self._remove(host)
        if self.patience and host.text(RULES) != self.rules:
            self._arm(host)
        for path, content in self._files().items():
            host.put(path, content)
        host.run(["nft", "--file", RULES])
        remember(host, self.rules)
        host.point(WANTS, f"{UNITS}/{UNIT}")
        host.run(["systemctl", "daemon-reload"])
        return None

    def pending(self, host: Host) -> bool:
        """No boot is needed."""
        return False

    def _files(self) -> dict[str, str | None]:
        unit = _BOOT.format(managed=MANAGED.format(role=ROLE), rules=RULES) if self.rules else None
        return {RULES: self.rules, f"{UNITS}/{UNIT}": unit}

    def _arm(self, host: Host) -> None:
        before = host.text(RULES) or None
        if host.link(ARMED) is None:  # rules that nobody confirmed are none to return to
            host.put(BEFORE, before)
            host.put(RETURN, before or NOTHING)
        file = f"/usr/bin/env {f'cp -f {BEFORE} {RULES}' if host.exists(BEFORE) else f'rm -f {RULES}'}"
        words = {"managed": MANAGED.format(role=ROLE), "back": RETURN, "file": file, "armed": ARMED}
        host.put(f"{UNITS}/{REVERT}.service", _REVERT.format(**words))
        host.put(f"{UNITS}/{REVERT}.timer", _TIMER.format(seconds=self.patience, **words))
        host.point(ARMED, f"{UNITS}/{REVERT}.timer")
        host.run(["systemctl", "daemon-reload"])
        host.run(["systemctl", "restart", f"{REVERT}.timer"])

    def _remove(self, host: Host) -> None:
        confirm(host)
        host.put(WANTS, None)
        if listed(host):
            host.run(["nft", "delete", "table", *TABLE.split()])
        for path in (LOADED, f"{UNITS}/{UNIT}", RULES):
            host.put(path, None)
        host.run(["systemctl", "daemon-reload"])


def armed(host: Host) -> bool:
    """Whether new rules wait for confirmation."""
    return host.link(ARMED) is not None or host.exists(f"{UNITS}/{REVERT}.timer")


def confirm(host: Host) -> bool:
    """Keep the rules that are loaded: stop the timer and remove the way back; whether there was one."""
    if not armed(host):
        return False
    host.run(["systemctl", "stop", f"{REVERT}.timer"])
    # the timer's file last: while it is there, an interrupted confirmation is repeated
    for path in (ARMED, BEFORE, RETURN, f"{UNITS}/{REVERT}.service", f"{UNITS}/{REVERT}.timer"):
        host.put(path, None)
    host.run(["systemctl", "daemon-reload"])
    return True


def setting(rules: str, patience: int) -> Setting:
    """The table in the kernel, as one setting: by the checksum of the rules it was loaded from."""
    return Setting(
        name=f"{ROLE}.firewall",
        role=ROLE,
        impact=LIVE,
        declared=digest(rules),
        running=running,
        persisted=lambda host: digest(host.text(RULES) or None) if host.link(WANTS) == UNIT else "",
        remedy=f"see `nft list table {TABLE}`",
        doc=f"table {TABLE}: checksum of the rules it was loaded from"
        + (f", {patience} s to confirm" if patience else ""),
        source="nft(8)",
    )


def digest(rules: str | None) -> str:
    """A checksum that people can compare; empty for no rules."""
    return hashlib.sha256(rules.encode()).hexdigest()[:12] if rules else ""


def listed(host: Host) -> str:
    """The table as the kernel has it, without counters."""
    return host.ask(["nft", "--stateless", "list", "table", *TABLE.split()])


def remember(host: Host, rules: str) -> None:
    """Note what the kernel lists right after loading: what differs later was changed by somebody else."""
    note = {"rules": digest(rules), "listed": digest(listed(host))}
    host.put(LOADED, json.dumps(note, sort_keys=True) + "\n")


def running(host: Host) -> str:
    """Checksum of the rules that the kernel's table was loaded from; ``altered`` when it is not as loaded any more."""
    now = digest(listed(host))
    try:
        note = json.loads(host.text(LOADED) or "{}")
    except ValueError:
        note = {}
    if note and note.get("listed") == now:
        return str(note.get("rules", ""))
    return "altered" if now else ""


def check(rules: str, host: Host) -> None:
    """Have nft read the rules without loading them.

    Raises:
        UllError: it refuses them.
    """
    examine(host, ["nft", "--check", "--file", "{}"], rules, "hardening_flows")
