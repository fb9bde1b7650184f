# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What harm can be kept off a host without a price in latency: sshd, firewall, audit, kernel; each part alone, too."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import UllError
from ..host import Host
from ..packages import DPKG
from ..setting import FileStore, Setting, Store
from . import firewall_store, hardening_audit, hardening_kernel, hardening_ssh
from .firewall_store import FirewallStore
from .hardening_audit import Audit, AuditStore
from .hardening_firewall import Flow, closed_listeners, network, render
from .hardening_ssh import Login, Ssh, connected
from .service import restored, service

ROLE = "hardening"
PARTS = ("ssh", "firewall", "audit", "kernel")
# Others who rule the packets: what they drop stays dropped.
OTHER_FIREWALLS = ("firewalld", "ufw")
# Debian's names, and Red Hat's where they differ.
RED_HAT_PACKAGES = {"auditd": "audit"}


@dataclass
class Hardening:
    """Domain of the hardening.

    Args:
        parts: those of ``PARTS`` that are wanted; the others are as they were before.
        ssh: root_login, allow_users, allow_groups, algorithms, options.
        firewall: flows, management, confirm (seconds).
        audit: watches, exempt_users.
        kernel: sysctl, modules, planned (parameters that the plan sets, and that it keeps).
        login: who is connected; by default the environment says it.
    """

    parts: Sequence[str] = ()
    ssh: Mapping[str, Any] = field(default_factory=dict)
    firewall: Mapping[str, Any] = field(default_factory=dict)
    audit: Mapping[str, Any] = field(default_factory=dict)
    kernel: Mapping[str, Any] = field(default_factory=dict)
    login: Login | None = None
    role: str = ROLE

    def settings(self, host: Host) -> list[Setting]:
        """The settings of the parts that are wanted."""
        found: list[Setting] = []
        if "kernel" in self.parts:
            found += hardening_kernel.settings(self._sysctl(host))
        if "ssh" in self.parts:
            found += self._ssh().settings()
        if "firewall" in self.parts:
            found.append(firewall_store.setting(self._rules(host), self._confirm))
        if "audit" in self.parts:
            found += service(ROLE, "auditd.service", True, "who changed what is written down", "auditd(8)")
            found += hardening_audit.settings(self._audit().rules(host))
        return found

    def stores(self, host: Host) -> list[Store]:
        """The files of all parts; of those that are not wanted their absence. The firewall is last: it may shut out."""
        kernel = "kernel" in self.parts
        modules = list(self.kernel.get("modules") or hardening_kernel.MODULES) if kernel else []
        stores: list[Store] = [
            FileStore(hardening_kernel.SYSCTL, hardening_kernel.render_sysctl(self._sysctl(host)) if kernel else None),
            FileStore(hardening_kernel.MODPROBE, hardening_kernel.render_modprobe(modules)),
            hardening_ssh.files(self._ssh() if "ssh" in self.parts else None, host),
        ]
        rules = self._audit().rules(host) if "audit" in self.parts else None
        if rules is not None or host.exists(hardening_audit.RULES) or host.exists(hardening_audit.BEFORE):
            stores.append(AuditStore(rules))
        stores.append(FirewallStore(self._rules(host) if "firewall" in self.parts else None, self._confirm))
        return stores

    def restore(self, host: Host, before: dict[str, str]) -> list[Setting]:
        """Parameters, auditd and the kernel's auditing as they were; the daemon first, as it enables it."""
        return [*hardening_kernel.restored(before), *restored(ROLE, before), *hardening_audit.restored(before)]

    def check(self, host: Host) -> None:
        """Refuse bad input, and what would shut out the user who is connected."""
        for part in self.parts:
            if part not in PARTS:
                raise UllError(
                    "there is no such part",
                    variable="hardening_parts",
                    value=part,
                    remedy=f"use some of {', '.join(PARTS)}",
                )
        if "ssh" in self.parts:
            self._ssh().check(host, self._login(host))
        if "firewall" in self.parts:
            self._check_firewall(host)
        if "audit" in self.parts:
            self._audit().check(host)

    def warnings(self, host: Host) -> list[str]:
        """What is allowed, but should be known before the return key is pressed."""
        found = []
        if "firewall" in self.parts:
            if not self.firewall.get("management"):
                found.append("ssh is open to any address: name your networks in hardening_management_cidrs")
            closed = closed_listeners(host, self._flows(), hardening_ssh.ports(host))
            if closed:
                found.append(f"no flow lets these listeners be reached from outside: {', '.join(closed)}")
            wants = "/etc/systemd/system/multi-user.target.wants"
            others = [name for name in OTHER_FIREWALLS if host.exists(f"{wants}/{name}.service")]
            if others:
                found.append(f"{', '.join(others)} has rules of its own, and what it drops stays dropped")
        if "kernel" in self.parts:
            found += hardening_kernel.conflicts(self._own_sysctl, self._planned)
        return found

    def _check_firewall(self, host: Host) -> None:
        names = [flow.name for flow in self._flows()]
        for name in names:
            if names.count(name) > 1:
                raise UllError(
                    "two flows have this name", variable="hardening_flows", value=name, remedy="give each its own"
                )
        management = [network(net, "hardening_management_cidrs") for net in self.firewall.get("management") or []]
        login = self._login(host)
        if management and login.address:
            address = ipaddress.ip_address(login.address.split("%")[0])
            if not any(address in net for net in management):
                raise UllError(
                    f"you are connected from {address}, which could not connect any more",
                    host=host.name,
                    variable="hardening_management_cidrs",
                    value=[str(net) for net in management],
                    remedy="add its network",
                )
        firewall_store.check(self._rules(host), host)

    def _login(self, host: Host) -> Login:
        return self.login or (connected(host, os.getpid()) if host.live else Login())

    def _ssh(self) -> Ssh:
        words = self.ssh
        return Ssh(
            words.get("root_login") or "prohibit-password",
            tuple(words.get("allow_users") or ()),
            tuple(words.get("allow_groups") or ()),
            words.get("algorithms") is not False,
            {word: str(value) for word, value in (words.get("options") or {}).items()},
        )

    def _audit(self) -> Audit:
        return Audit(tuple(self.audit.get("watches") or ()), tuple(self.audit.get("exempt_users") or ()))

    def _flows(self) -> list[Flow]:
        declared = self.firewall.get("flows") or []
        return [Flow.of(flow, f"hardening_flows[{index}]") for index, flow in enumerate(declared)]

    def _rules(self, host: Host) -> str:
        login = self._login(host)
        ports = sorted({*hardening_ssh.ports(host), *([login.port] if login.port else [])})
        return render(self._flows(), self.firewall.get("management") or [], ports)

    @property
    def _confirm(self) -> int:
        return int(self.firewall.get("confirm") or 0)

    @property
    def _own_sysctl(self) -> dict[str, str]:
        return {name: str(value) for name, value in (self.kernel.get("sysctl") or {}).items()}

    @property
    def _planned(self) -> dict[str, str]:
        return {name: str(value) for name, value in (self.kernel.get("planned") or {}).items()}

    def _sysctl(self, host: Host) -> dict[str, str]:
        return hardening_kernel.values(host, self._own_sysctl, self._planned)


def packages(host: Host, names: Sequence[str]) -> list[str]:
    """Packages by the names that they have on this host: a role that gathered no facts cannot know them."""
    return list(names) if host.exists(DPKG) else [RED_HAT_PACKAGES.get(name, name) for name in names]
