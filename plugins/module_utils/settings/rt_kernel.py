# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The flavour of the kernel: the newest installed PREEMPT_RT kernel, or the newest without, as the boot's default.

The kernel that ran before stays installed and in the menu. One owner: an own drop-in for GRUB_DEFAULT on Debian and
Ubuntu, the saved default of grubby on Red Hat's family, with what was saved before on record.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..boot import bls, grub
from ..boot.loader import loader
from ..errors import UllError
from ..host import MANAGED, Host
from ..setting import REBOOT, Change, Setting, Store
from ..topology.machine import arch, system

ROLE = "rt_kernel"
FLAVOURS = ("any", "rt", "generic")
DROP_IN = f"{grub.FOLDER}/96-ull-metal-kernel.cfg"
RECORD = "/etc/ull-metal/kernel"
# A selection that was taken back since the last boot, which clears /run: until then the selected kernel still runs.
REMOVED = "/run/ull-metal/removed_kernel"
REALTIME = "/sys/kernel/realtime"

_NAMES = re.compile(r"(^|[-+.])(rt|realtime)([-+.\d]|$)")
# A section of a .repo file, of a repository for real time, that is enabled.
_RT_REPOSITORY = r"(?s)\[[^\]]*\b(?:rt|nfv)\b[^\]]*\](?:(?!\n\[).)*?\nenabled *= *1"
SOURCE = "Documentation/core-api/real-time/; the distributions' own RT packages"


@dataclass
class RtKernel:
    """Domain of the kernel's flavour.

    Args:
        flavour: ``rt``, ``generic``, or ``any`` to leave the choice to the distribution.
    """

    flavour: str | None = "any"
    role: str = ROLE

    def settings(self, host: Host) -> list[Setting]:
        """The release that is to run; none where any will do."""
        if self.flavour in (None, "any"):
            return []
        # a plan is made before one is installed
        wanted = self._newest(host) or f"one with flavour {self.flavour}"
        return [
            Setting(
                name=f"{ROLE}.release",
                role=ROLE,
                impact=REBOOT,
                declared=wanted,
                running=running,
                persisted=lambda found: loader(found).next_image().release,
                remedy="see what else sets GRUB_DEFAULT, or the saved entry of the boot menu",
                doc=f"release of the {self.flavour} kernel",
                source=SOURCE,
            )
        ]

    def stores(self, host: Host) -> list[Store]:
        """The boot loader's default."""
        wanted = "" if self.flavour in (None, "any") else self._release(host)
        return [KernelStore(wanted)]

    def restore(self, host: Host, before: dict[str, str]) -> list[Setting]:
        """Nothing runs differently before the next boot."""
        return []

    def check(self, host: Host) -> None:
        """Refuse a flavour that is unknown, or of which no kernel is installed."""
        if self.flavour not in (None, *FLAVOURS):
            raise UllError(
                "this is no flavour of a kernel",
                host=host.name,
                variable="rt_kernel_flavour",
                value=self.flavour,
                remedy=f"use one of {', '.join(FLAVOURS)}",
            )
        if self.flavour in ("rt", "generic"):
            self._release(host)

    def _release(self, host: Host) -> str:
        newest = self._newest(host)
        if not newest:
            has = ", ".join(sorted(loader(host).releases())) or "none"
            raise UllError(
                f"the boot menu has no {self.flavour} kernel (it has {has})",
                host=host.name,
                variable="rt_kernel_flavour",
                value=self.flavour,
                remedy="install one: see rt_kernel_package in the role's README",
            )
        return newest

    def _newest(self, host: Host) -> str:
        """The newest installed release of the flavour, or none; the boot menu has them all."""
        fitting = [name for name in loader(host).releases() if is_rt(host, name) == (self.flavour == "rt")]
        return max(fitting, key=_version, default="")


@dataclass(frozen=True)
class KernelStore:
    """The boot loader's default entry; with an empty release what it was before."""

    release: str

    def changes(self, host: Host) -> list[Change]:
        """The record's text, and the kernel of the next boot: an interrupted run leaves the second behind the first."""
        before, after = host.text(_path(host)), self._content(host) or ""
        found = [Change(_path(host), before, after)] if before != after else []
        now = loader(host).next_image().release
        if loader(host).orphaned() if not self.release else now != self.release:
            found.append(Change("kernel of the next boot", f"{now}\n", f"{self.release}\n"))
        return found

    def write(self, host: Host) -> None:
        """Select the entry, or take the selection back; note what this boot still runs with."""
        if not self.release:
            host.put(REMOVED, "")
        if loader(host).name == bls.Bls.name:
            self._write_bls(host)
        else:
            host.put(DROP_IN, self._content(host))
            host.run(["update-grub"])

    def pending(self, host: Host) -> bool:
        """Whether a boot is still to come before it runs."""
        return (bool(self.release) and self.release != running(host)) or bool(differences(host))

    def _write_bls(self, host: Host) -> None:
        """The record first and away last, so that what was before is never lost."""
        if self.release:
            host.put(RECORD, self._content(host))
            host.run(["grubby", f"--set-default=/boot/vmlinuz-{self.release}"])
            return
        before = _recorded(host).get("before", "")
        releases = {entry: release for release, entry in loader(host).releases().items()}
        if before in releases:
            host.run(["grubby", f"--set-default=/boot/vmlinuz-{releases[before]}"])
        host.put(RECORD, None)

    def _content(self, host: Host) -> str | None:
        if not self.release:
            return None
        head = f"# {MANAGED.format(role=ROLE)}\n"
        if loader(host).name == bls.Bls.name:
            before = _recorded(host).get("before") or loader(host).releases().get(loader(host).next_image().release, "")
            return f"{head}release={self.release}\nbefore={before}\n"
        return f'{head}GRUB_DEFAULT="{loader(host).releases()[self.release]}"\n'


def running(host: Host) -> str | None:
    """The release that runs."""
    return host.read("/proc/sys/kernel/osrelease")


def selected(host: Host) -> bool:
    """Whether the collection selects the kernel."""
    return host.exists(DROP_IN) or host.exists(RECORD)


def differences(host: Host) -> list[dict[str, str]]:
    """The kernel, when the next boot brings another and that is the collection's doing; like those of BootStore."""
    if not selected(host) and not host.exists(REMOVED):
        return []
    coming, now = loader(host).next_image().release, running(host) or ""
    return [] if coming == now else [{"name": "kernel", "persisted": coming, "running": now}]


def is_rt(host: Host, release: str) -> bool:
    """Whether a release is PREEMPT_RT: its configuration says so, else its name."""
    for path in (f"/boot/config-{release}", f"/lib/modules/{release}/config"):
        config = host.read(path)
        if config is not None:
            return "\nCONFIG_PREEMPT_RT=y" in f"\n{config}"
    return bool(_NAMES.search(release))


def package(host: Host) -> str:
    """The package that brings a PREEMPT_RT kernel, by the distribution; empty where one is installed.

    Raises:
        UllError: the distribution has none, or it is not among the host's sources.
    """
    if any(is_rt(host, release) for release in loader(host).releases()):
        return ""
    about = system(host)
    if about["id"] == "ubuntu":
        _sources(host, "/etc/apt/sources.list.d", "realtime", "attach it to Ubuntu Pro: pro enable realtime-kernel")
        return "linux-realtime"
    if about["family"] == "debian":
        return "linux-image-rt-" + {"aarch64": "arm64"}.get(arch(host), "amd64")
    if about["family"] == "redhat":
        remedy = "enable it: dnf config-manager --set-enabled rt (RHEL: subscription-manager repos, the rt repository)"
        _sources(host, "/etc/yum.repos.d", _RT_REPOSITORY, remedy)
        return "kernel-rt"
    raise UllError(
        "no PREEMPT_RT kernel is known for this distribution",
        host=host.name,
        variable="rt_kernel_flavour",
        value="rt",
        remedy="install one by hand, or name its package in rt_kernel_package",
    )


def _sources(host: Host, folder: str, pattern: str, remedy: str) -> None:
    texts = (f"{name}\n{host.read(f'{folder}/{name}')}" for name in host.names(folder))
    if not any(re.search(pattern, text) for text in texts):
        raise UllError(
            f"no source of PREEMPT_RT kernels is enabled in {folder}",
            host=host.name,
            variable="rt_kernel_flavour",
            value="rt",
            remedy=f"{remedy}; or install the kernel by hand",
        )


def _path(host: Host) -> str:
    return RECORD if loader(host).name == bls.Bls.name else DROP_IN


def _recorded(host: Host) -> dict[str, str]:
    pairs = (line.partition("=") for line in host.text(RECORD).splitlines() if not line.startswith("#"))
    return {name: value for name, equals, value in pairs if equals}


def _version(release: str) -> list[tuple[int, int | str]]:
    """A sort key by which 6.10 comes behind 6.9."""
    parts = re.findall(r"\d+|\D+", release)
    return [(1, int(part)) if part.isdigit() else (0, part) for part in parts]
