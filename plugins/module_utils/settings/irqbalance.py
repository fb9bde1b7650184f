# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""irqbalance moves interrupts every ten seconds: it is told what to keep off, or stopped, or left alone.

Told by a file of its own that its unit reads last, so that the platform's (/etc/default, /etc/sysconfig) keeps its owner.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable

from ..cpuset import CpuSet
from ..host import MANAGED, Host
from ..setting import LIVE, FileStore, Setting
from .service import service

UNIT = "irqbalance.service"
DROP_IN = f"/etc/systemd/system/{UNIT}.d/90-ull-metal.conf"
ENVIRONMENT = "/etc/ull-metal/irqbalance.env"
# The variables by which the platforms hand arguments to it, and the files they do it in.
_ARGUMENTS = ("IRQBALANCE_ARGS", "OPTIONS")
_THEIRS = ("/usr/lib/irqbalance/defaults.env", "/etc/default/irqbalance", "/etc/sysconfig/irqbalance")
_RELOAD = (("systemctl", "daemon-reload"),)
# Seconds until a daemon that was started is itself, on a machine that is busy.
PATIENCE = 30
_BANNED = "IRQBALANCE_BANNED_CPULIST"


def installed(host: Host) -> bool:
    """Whether the host has it at all."""
    return any(host.exists(f"{folder}/systemd/system/{UNIT}") for folder in ("/usr/lib", "/lib", "/etc"))


def stores(role: str, told: bool, banned: CpuSet, modules: Iterable[str], host: Host) -> list[FileStore]:
    """The file it is told by, and the drop-in that makes its unit read it; both away where it is not told."""
    managed = f"# {MANAGED.format(role=role)}\n"
    lines = []
    if told and banned:
        # the mask, which older configurations set, would win over the list
        lines += ["IRQBALANCE_BANNED_CPUS=", f"{_BANNED}={banned}"]
    bans = " ".join(f"--banmod={module}" for module in sorted(set(modules)))
    if told and bans:
        lines += [f'{name}="{" ".join([*_their_arguments(host, name), bans])}"' for name in _ARGUMENTS]
    content = managed + "\n".join(lines) + "\n" if lines else None
    drop_in = f"{managed}[Service]\nEnvironmentFile=-{ENVIRONMENT}\n" if lines else None
    return [FileStore(ENVIRONMENT, content), FileStore(DROP_IN, drop_in, _RELOAD)]


def setting(role: str, banned: CpuSet, modules: Iterable[str], host: Host) -> list[Setting]:
    """What the running daemon was told; none where it does not run."""
    if not _pid(host):
        return []
    return [_told(role, _words(str(banned), sorted(set(modules))))]


def stopped(role: str) -> list[Setting]:
    """Neither enabled nor active."""
    return service(role, UNIT, False, "irqbalance is stopped: interrupts stay where they are put", "irqbalance(1)")


def restored(role: str, before: dict[str, str], host: Host) -> list[Setting]:
    """The daemon started again without our file."""
    noted = before.get(f"{role}.irqbalance")
    return [] if noted is None or not _pid(host) else [_told(role, noted, restored=True)]


def _told(role: str, declared: str, restored: bool = False) -> Setting:
    return Setting(
        name=f"{role}.irqbalance",
        role=role,
        impact=LIVE,
        declared=declared,
        # one that has stopped since moves nothing
        running=lambda host: _running(host) or declared,
        persisted=_persisted,
        write=_restart,
        restored=restored,
        remedy=f"see `systemctl cat {UNIT}` for another file that sets IRQBALANCE_BANNED_CPULIST or its arguments",
        doc="what irqbalance keeps off: CPUs, and interrupts of drivers",
        source="irqbalance(1)",
    )


def _restart(host: Host, value: str) -> None:
    """Start it anew, and wait until it is itself: for a moment it still is systemd, with systemd's environment."""
    host.run(["systemctl", "restart", UNIT])
    end = time.monotonic() + PATIENCE
    while _running(host) not in ("", value) and time.monotonic() < end:
        time.sleep(0.05)


def _words(cpus: str, modules: list[str]) -> str:
    return f"cpus={cpus} drivers={','.join(modules)}"


def _running(host: Host) -> str:
    """From the daemon's own environment and arguments: what it really goes by."""
    pid = _pid(host)
    if not pid:
        return ""
    environment = dict(entry.split("=", 1) for entry in host.text(f"/proc/{pid}/environ").split("\0") if "=" in entry)
    arguments = host.text(f"/proc/{pid}/cmdline").split("\0")
    return _words(environment.get(_BANNED, ""), _modules(arguments))


def _persisted(host: Host) -> str:
    there = host.text(ENVIRONMENT) if host.exists(DROP_IN) else ""
    values = dict(line.split("=", 1) for line in there.splitlines() if "=" in line and not line.startswith("#"))
    return _words(values.get(_BANNED, ""), _modules(values.get(_ARGUMENTS[0], "").strip('"').split()))


def _modules(arguments: list[str]) -> list[str]:
    return sorted({word.split("=", 1)[1] for word in arguments if word.startswith("--banmod=")})


def _pid(host: Host) -> str:
    said = host.ask(["systemctl", "show", "--property=MainPID", "--value", UNIT]).strip()
    return said if said.isdigit() and said != "0" else ""


def _their_arguments(host: Host, name: str) -> list[str]:
    """What the platform's own files say; the last one counts."""
    found: list[str] = []
    for path in _THEIRS:
        for value in re.findall(rf"^{name}=(.*)$", host.text(path), re.MULTILINE):
            found = value.strip().strip("\"'").split()
    return found
