# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Others on a host that set what the plan sets: found before the first change, and dealt with by a policy for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..conflicts.conflict import Conflict
from ..conflicts.files import file_conflicts
from ..conflicts.owned import Owned
from ..conflicts.services import TUNERS, fighting, manager_conflicts, service_conflicts, units
from ..errors import UllError
from ..finding import NOTE
from ..host import Host
from ..json_schema import nearest
from ..kinds import ACCEPTED
from ..setting import Setting, Store
from .service import restored, service

ROLE = "conflicts"
FAIL, DISABLE, IGNORE = POLICIES = ("fail", "disable", "ignore")
FILES = ("sysctl", "tmpfiles", "overruled", "boot_args", "modprobe", "udev", "link", "cloud-init", "script")
IDS = (*(tuner.id for tuner in TUNERS.values()), "networkmanager", *FILES)


class ConflictsError(UllError):
    """Conflicts that the run must not go on with; all that were found come with it."""

    conflicts: list[dict[str, Any]]
    findings: list[dict[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        """With the conflicts, for whoever shows them."""
        return {**super().as_dict(), "conflicts": self.conflicts, "findings": self.findings}


@dataclass
class Conflicts:
    """Domain of the services that policy ``disable`` stops; it finds the other conflicts beside them.

    Args:
        plan: the host's whole plan.
        policy: ``fail``, ``disable`` or ``ignore``.
        policies: other policies by a conflict's id.
    """

    plan: Mapping[str, Any] = field(default_factory=dict)
    policy: str = FAIL
    policies: Mapping[str, str] = field(default_factory=dict)
    role: str = ROLE

    def settings(self, host: Host) -> list[Setting]:
        """Of each service that is to be disabled, whether it is enabled and active: neither."""
        owned = self._owned
        units_meant = [name for name in fighting(owned, units(host)) if self.policy_of(TUNERS[name].id) == DISABLE]
        return [
            setting
            for name in units_meant
            for setting in service(
                ROLE, name, False, f"{name} {TUNERS[name].what}, as the plan does", "docs/findings.md#conflict-service"
            )
        ]

    def stores(self, host: Host) -> list[Store]:
        """Nothing persists but what systemd keeps of its units."""
        return []

    def restore(self, host: Host, before: dict[str, str]) -> list[Setting]:
        """The services that were disabled, as they were; one that would be refused as soon as it runs stays down."""
        kept = {
            f"{ROLE}.unit.{name}.{aspect}"
            for name in fighting(self._owned, units(host))
            if self.policy_of(TUNERS[name].id) == FAIL
            for aspect in ("enabled", "active")
        }
        return restored(ROLE, {name: value for name, value in before.items() if name not in kept})

    def check(self, host: Host) -> None:
        """Refuse unknown policies, and grave conflicts that nobody answers for.

        Raises:
            ConflictsError: there are such.
        """
        self._check_policies(host)
        found = self.found(host)
        left = [conflict for conflict in found if conflict.grave and self._fails(conflict)]
        if not left:
            return
        error = ConflictsError(
            f"others on this host set what the plan sets ({len(left)}): {'; '.join(f'{c.message} ({c.where})' for c in left)}",
            host=host.name,
            variable="conflicts_policy",
            value=self.policy,
            remedy="; ".join(dict.fromkeys(conflict.remedy for conflict in left)),
        )
        error.conflicts, error.findings = self.rows(found), self.findings(host, found)
        raise error

    def found(self, host: Host) -> list[Conflict]:
        """Every conflict on the host, whatever its policy."""
        owned, known = self._owned, units(host)
        found = [*service_conflicts(host, owned, known), *manager_conflicts(host, owned, known)]
        return [*found, *file_conflicts(host, owned)]

    def policy_of(self, name: str) -> str:
        """The policy for a conflict's id."""
        return (self.policies or {}).get(name, self.policy)

    def rows(self, found: list[Conflict]) -> list[dict[str, Any]]:
        """Conflicts as a module's result tells them."""
        return [
            {
                "id": conflict.id,
                "what": conflict.message,
                "where": conflict.where,
                "settings": list(conflict.settings),
                "remedy": conflict.remedy,
                "policy": self.policy_of(conflict.id),
                "level": conflict.finding.level,
            }
            for conflict in found
        ]

    def findings(self, host: Host, found: list[Conflict]) -> list[dict[str, Any]]:
        """Conflicts as findings: those that somebody answers for are accepted, those that are disabled a note."""
        return [self._finding(host, conflict) for conflict in found]

    def _finding(self, host: Host, conflict: Conflict) -> dict[str, Any]:
        said = {**conflict.finding.as_dict(), "host": host.name}
        policy = self.policy_of(conflict.id)
        if not conflict.grave or self._fails(conflict):
            return said
        if policy == DISABLE:
            return {**said, "level": NOTE, "message": f"{said['message']} (stopped and disabled)"}
        return {**said, "level": ACCEPTED, "message": f"{said['message']} (ignored by conflicts_policies)"}

    def _fails(self, conflict: Conflict) -> bool:
        policy = self.policy_of(conflict.id)
        return policy == FAIL or (policy == DISABLE and not conflict.unit)

    @property
    def _owned(self) -> Owned:
        return Owned.of(self.plan or {})

    def _check_policies(self, host: Host) -> None:
        for name, policy in {"": self.policy, **(self.policies or {})}.items():
            variable = f"conflicts_policies.{name}" if name else "conflicts_policy"
            if policy not in POLICIES:
                remedy = f"use one of {', '.join(POLICIES)}"
                raise UllError("there is no such policy", host.name, variable, policy, remedy)
            if name and name not in IDS:
                remedy = nearest(name, list(IDS)) or f"known are {', '.join(IDS)}"
                raise UllError(f"there is no conflict {name!r}", host.name, variable, policy, remedy)
