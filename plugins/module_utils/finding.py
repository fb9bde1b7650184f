# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong, or worth knowing, about a declaration on a machine. Each kind is declared once, here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from .errors import UllError

ERROR, WARNING, NOTE = "error", "warning", "note"
LEVELS = (ERROR, WARNING, NOTE)


@dataclass(frozen=True)
class Kind:
    """A kind of finding: how serious it is, and why it matters."""

    level: str
    why: str


KINDS: dict[str, Kind] = {
    # the declaration itself
    "profile-unknown-key": Kind(ERROR, "A misspelt key would be silently without effect."),
    "profile-bad-value": Kind(ERROR, "The value is not one that the profile language knows."),
    # CPUs
    "cpu-missing": Kind(ERROR, "The CPU is not there or is offline; the kernel would ignore it or refuse the list."),
    "cpu-0-isolated": Kind(
        ERROR,
        "The boot CPU keeps time and takes what cannot be moved; the kernel does not make it tickless, and a critical "
        "thread on it is disturbed.",
    ),
    "all-isolated": Kind(ERROR, "The kernel refuses to isolate every CPU; something must run everything else."),
    "nothing-isolated": Kind(ERROR, "The profile asks for isolated CPUs, but housekeeping takes all there are."),
    "smt-split": Kind(
        ERROR, "The sibling thread shares the core's units: what runs there is felt on the isolated one."
    ),
    "node-without-housekeeping": Kind(
        WARNING, "Kernel threads and interrupts of the node are served from another node, over the interconnect."
    ),
    "tickless-not-isolated": Kind(
        ERROR, "Without isolation the scheduler puts a second task there and the tick comes back."
    ),
    "cpu-overlap": Kind(ERROR, "A CPU cannot be both housekeeping and isolated."),
    "cpu-unassigned": Kind(NOTE, "CPUs that are neither housekeeping nor isolated are treated as housekeeping."),
    # memory
    "hugepages-exceed-node": Kind(
        ERROR, "The kernel grants what fits and says nothing; the application then fails to start."
    ),
    "hugepages-crowd-node": Kind(
        WARNING, "What is left of the node's memory has to hold the kernel and all other processes."
    ),
    "hugepages-size-missing": Kind(ERROR, "The CPU or its kernel has no pages of that size."),
    "hugepages-node-missing": Kind(ERROR, "The machine has no such NUMA node, or it has no memory."),
    "hugepages-kernel-old": Kind(ERROR, "Kernels before 5.16 do not know hugepages= per node and would ignore it."),
    # kernel arguments
    "boot-arg-twice": Kind(ERROR, "Of two values for one kernel argument only one counts, or they are mixed."),
    # NICs
    "nic-not-found": Kind(ERROR, "What is to be placed beside the NIC has no place."),
    "nic-node-unknown": Kind(WARNING, "The firmware does not say on which node the NIC is; the first node is assumed."),
    "nic-node-without-isolated": Kind(
        WARNING, "Packets cross the interconnect on their way to the CPUs that wait for them."
    ),
    # the machine
    "container-target": Kind(ERROR, "A container shares its host's kernel; kernel settings belong to that host."),
    "boot-loader-unsupported": Kind(ERROR, "Nothing can be put on the kernel's command line."),
    "topology-stored": Kind(NOTE, "The plan was made from a stored snapshot; the machine may have changed since."),
    "host-unreachable": Kind(ERROR, "A host that does not answer can be neither read nor tuned."),
    "topology-unreadable": Kind(ERROR, "The host answers, but reading its topology failed."),
    "topology-missing": Kind(ERROR, "The host does not answer and no snapshot is stored; nothing can be planned."),
}


@dataclass(frozen=True)
class Finding:
    """One finding on one host.

    Args:
        id: a key of ``KINDS``.
        message: what is so, with the values.
        path: where in the declaration, e.g. ``ull_profile.hugepages[0].amount``.
        value: what stands there.
        remedy: what to do.
        host: inventory name.
    """

    id: str
    message: str
    path: str = ""
    value: Any = None
    remedy: str = ""
    host: str = ""

    @property
    def level(self) -> str:
        """``error``, ``warning`` or ``note``."""
        return KINDS[self.id].level

    def as_dict(self) -> dict[str, Any]:
        """For a plan: with level and explanation."""
        return {**asdict(self), "level": self.level, "why": KINDS[self.id].why}

    def as_error(self) -> UllError:
        """As the exception of those who must not go on."""
        return UllError(f"{self.message} ({self.id})", self.host, self.path, self.value, self.remedy)


def refuse(findings: Iterable[Finding]) -> None:
    """Raise the first error among the findings.

    Raises:
        UllError: one of them is an error.
    """
    for finding in findings:
        if finding.level == ERROR:
            raise finding.as_error()
