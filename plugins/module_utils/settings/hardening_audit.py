# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""auditd's part of hardening: who changed what, by watches of files alone.

A rule on a system call is looked at whenever any process makes one. A watch of a file is looked at too, but found by the
file. What a user should not pay at all is taken out by ``never,task``: the kernel then gives his tasks no audit context
when they are forked (auditctl(8), the list "task").
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import UllError
from ..host import MANAGED, Host
from ..setting import LIVE, Change, Setting

ROLE = "hardening"
RULES = "/etc/audit/rules.d/50-ull-metal.rules"
# auditd makes these out of rules.d; an undo returns to what they were.
MADE = ("/etc/audit/audit.rules", "/etc/audit/audit.rules.prev")
BEFORE = "/var/lib/ull-metal/before/hardening-audit.json"
KEY = "ull-"
ENABLED = f"{ROLE}.audit.enabled"

# CIS Benchmark for Debian 12, section 6.2.3 (rules of files); the boot loader, modules and units are what tuning changes.
WATCHES = {
    "/etc/passwd": "identity",
    "/etc/group": "identity",
    "/etc/shadow": "identity",
    "/etc/gshadow": "identity",
    "/etc/sudoers": "privilege",
    "/etc/sudoers.d": "privilege",
    "/etc/pam.d": "privilege",
    "/etc/ssh": "ssh",
    "/root/.ssh": "ssh",
    "/etc/audit": "audit",
    "/etc/default": "boot",
    "/etc/modprobe.d": "kernel",
    "/etc/sysctl.d": "kernel",
    "/etc/systemd": "units",
    "/etc/localtime": "time",
}
_PATH = re.compile(r"/[A-Za-z0-9_./@:+-]+\Z", re.ASCII)
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\Z", re.ASCII)


@dataclass
class Audit:
    """What is audited.

    Args:
        watches: further files and folders.
        exempt_users: users whose tasks are never audited: those of the critical path.
    """

    watches: Sequence[str] = ()
    exempt_users: Sequence[str] = ()

    def check(self, host: Host) -> None:
        """Refuse paths and users that are none.

        Raises:
            UllError: one is not there, or would be read as something else.
        """
        for path in self.watches:
            if not _PATH.match(path):
                raise UllError(
                    "this is no whole path",
                    variable="hardening_audit_watches",
                    value=path,
                    remedy="e.g. /opt/trading/etc",
                )
        for user in self.exempt_users:
            if not _USER.match(user) or not _uid(host, user):
                raise UllError(
                    "there is no such user here",
                    host=host.name,
                    variable="hardening_audit_exempt_users",
                    value=user,
                    remedy="create the user first, or leave it out",
                )

    def rules(self, host: Host) -> list[str]:
        """The rules in the form in which auditctl lists them."""
        lines = [f"-a never,task -F uid={_uid(host, user)}" for user in self.exempt_users]
        for path, key in {**WATCHES, **dict.fromkeys(self.watches, "own")}.items():
            if host.exists(path):
                what = "dir" if host.path(path).is_dir() else "path"
                lines.append(f"-a always,exit -F arch=b64 -S all -F {what}={path} -F perm=wa -F key={KEY}{key}")
        return lines


@dataclass
class AuditStore:
    """The rules file; the kernel gets all rules of rules.d anew."""

    rules: Sequence[str] | None

    def changes(self, host: Host) -> list[Change]:
        """The file, or the kernel's rules, when they differ."""
        before, after = host.text(RULES), self._content() or ""
        if before != after or host.exists(RULES) != (self.rules is not None):
            return [Change(RULES, before, after)]
        if self.rules is None and host.exists(BEFORE):  # an undo that was interrupted
            return [Change(BEFORE, host.text(BEFORE), "")]
        missing = [rule for rule in self.rules or [] if rule not in loaded(host)] if host.runner else []
        return [Change("audit rules", "", "".join(f"{rule}\n" for rule in missing))] if missing else []

    def write(self, host: Host) -> None:
        """Remember what auditd's own files are, write, load; without rules return to what they were."""
        if self.rules is not None and not host.exists(BEFORE):
            made = {path: host.text(path) if host.exists(path) else None for path in MADE}
            host.put(BEFORE, json.dumps(made, sort_keys=True) + "\n")
        content = self._content()
        if content is None:
            host.put(RULES, None)
        else:
            host.replace(RULES, content, 0o640)
        host.run(["augenrules", "--load"])
        if self.rules is None and host.exists(BEFORE):
            for path, text in json.loads(host.text(BEFORE)).items():
                if text is None:
                    host.put(path, None)
                elif host.text(path) != text:
                    host.replace(path, text, 0o640)
            host.put(BEFORE, None)

    def pending(self, host: Host) -> bool:
        """No boot is needed."""
        return False

    def _content(self) -> str | None:
        if self.rules is None:
            return None
        return "\n".join([f"## {MANAGED.format(role=ROLE)}", *self.rules]) + "\n"


def loaded(host: Host) -> list[str]:
    """The kernel's rules."""
    return host.ask(["auditctl", "-l"]).splitlines()


def settings(rules: Sequence[str]) -> list[Setting]:
    """Whether the kernel has the rules, and whether it audits."""
    return [
        Setting(
            name=f"{ROLE}.audit.rules",
            role=ROLE,
            impact=LIVE,
            declared=str(len(rules)),
            running=lambda host: (
                str(sum(rule in loaded(host) for rule in rules)) if host.runner else _filed(host, rules)
            ),
            persisted=lambda host: _filed(host, rules),
            remedy="see `auditctl -l` and `augenrules --load`",
            doc="rules of ours that the kernel has",
            source="auditctl(8); CIS Benchmark for Debian 12, section 6.2.3",
        ),
        _enabled("1"),
    ]


def restored(before: dict[str, str]) -> list[Setting]:
    """Whether the kernel audits, as it was."""
    return [_enabled(before[ENABLED], restored=True)] if before.get(ENABLED) else []


def _enabled(value: str, restored: bool = False) -> Setting:
    return Setting(
        name=ENABLED,
        role=ROLE,
        impact=LIVE,
        declared=value,
        running=_is_enabled,
        # auditd enables it when it starts
        persisted=lambda host: value,
        write=_enable,
        restored=restored,
        remedy="auditctl -s: 2 means locked until the next boot",
        doc="whether the kernel audits",
        source="auditctl(8), -e",
    )


def _enable(host: Host, value: str) -> None:
    host.run(["auditctl", "-e", value])


def _is_enabled(host: Host) -> str:
    found = re.search(r"^enabled (\d)", host.ask(["auditctl", "-s"]), re.MULTILINE)
    return found[1] if found else ""


def _filed(host: Host, rules: Sequence[str]) -> str:
    lines = host.text(RULES).splitlines()
    return str(sum(rule in lines for rule in rules))


def _uid(host: Host, user: str) -> str:
    for line in host.text("/etc/passwd").splitlines():
        fields = line.split(":")
        if fields[0] == user and len(fields) > 2:
            return fields[2]
    return ""
