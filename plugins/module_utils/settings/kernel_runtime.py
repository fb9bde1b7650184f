# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Kernel parameters at run time: /proc/sys by sysctl.d, /sys by tmpfiles.d, live now and again with the next boot."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..cpuset import CpuSet
from ..dropins import (
    Line,
    first_of_each,
    sysctl_lines,
    sysctl_path,
    sysctl_winner,
    tmpfiles_lines,
    tmpfiles_winner,
)
from ..errors import UllError
from ..host import MANAGED, Host
from ..json_schema import nearest
from ..setting import LIVE, FileStore, Setting, Store
from .kernel_knobs import TEXTS
from .not_applicable import WORD, not_applicable

ROLE = "kernel_runtime"
SYSCTL = "/etc/sysctl.d/90-ull-metal.conf"
TMPFILES = "/etc/tmpfiles.d/ull-metal-kernel.conf"

# Parameters of which another role is the owner.
OWNED = {"vm.nr_hugepages": "hugepages", "vm.nr_hugepages_mempolicy": "hugepages"}
# Writing one of these sets the other to 0, and 0 itself cannot be written to the first: Documentation/.../sysctl/vm.rst.
PARTNERS = {"vm.dirty_bytes": "vm.dirty_ratio", "vm.dirty_background_bytes": "vm.dirty_background_ratio"}

_NAME = re.compile(r"[A-Za-z0-9_]+([./][A-Za-z0-9_:@*-]+)+\Z", re.ASCII)
_SYS = re.compile(r"/sys(/[A-Za-z0-9_:.@,+-]+)+\Z", re.ASCII)
_CHOSEN = re.compile(r"\[([^\]\s]+)\]")
_LISTS = ("kernel.watchdog_cpumask",)
_MASKS = ("cpumask", "_cpus", "cpumask_requested")


def canonical(name: str, text: str) -> str:
    """A value as it is compared: what is chosen among words, CPUs in one notation, blanks and tabs as one blank.

    Args:
        name: of the parameter, a path for sysfs.
        text: as the kernel prints it, or as somebody declares it.
    """
    chosen = _CHOSEN.search(text)
    if name.startswith("/") and chosen:
        return chosen[1]
    try:
        if name in _LISTS:
            return str(CpuSet.parse(text))
        if name.startswith("/") and name.endswith(_MASKS):
            return CpuSet.parse_mask(text).mask
    except UllError:
        return text.strip()  # no CPUs: the kernel is to refuse it
    if name.startswith("/sys/module/") and text.strip() in ("Y", "N"):
        return "1" if text.strip() == "Y" else "0"
    return " ".join(text.split())


def file_of(name: str) -> str:
    """The file of a parameter."""
    return name if name.startswith("/") else sysctl_path(name)


@dataclass
class KernelRuntime:
    """Domain of the parameters that are written at run time.

    Args:
        sysctl: values by name, e.g. ``{"vm.stat_interval": "10"}``; a star means every name that is there.
        sysfs: values by path.
    """

    sysctl: Mapping[str, str] = field(default_factory=dict)
    sysfs: Mapping[str, str] = field(default_factory=dict)
    role: str = ROLE

    def settings(self, host: Host) -> list[Setting]:
        """One setting a parameter; what this kernel is built without says so."""
        made = []
        for name, value in self._wanted(host).items():
            if host.exists(file_of(name)):
                made.append(_setting(name, value))
            else:
                text = TEXTS.get(name)
                why = f"this kernel has no {name}"
                made.append(not_applicable(f"{ROLE}.{name}", ROLE, why, *((text.doc, text.source) if text else ())))
        return made

    def stores(self, host: Host) -> list[Store]:
        """The files of sysctl.d and tmpfiles.d, with what this kernel has."""
        there = {name: value for name, value in self._values.items() if "*" in name or host.exists(file_of(name))}
        sysctl = [f"{name} = {value}" for name, value in there.items() if not name.startswith("/")]
        sysfs = [f"w! {name} - - - - {value}" for name, value in there.items() if name.startswith("/")]
        return [FileStore(SYSCTL, _render(sysctl)), FileStore(TMPFILES, _render(sysfs))]

    def restore(self, host: Host, before: dict[str, str]) -> list[Setting]:
        """Every parameter that was written, with its value from before."""
        names = {name[len(ROLE) + 1 :]: value for name, value in before.items()}
        return [_setting(name, value, restored=True) for name, value in names.items() if host.exists(file_of(name))]

    def check(self, host: Host) -> None:
        """Refuse what is no parameter here, what another file takes back at boot, and what cannot be written."""
        for name, value in self._values.items():
            self._check_name(host, name, value)
        rivals = self.overridden(host)
        if rivals:
            name, line = rivals[0]
            raise UllError(
                f"{line.where} sets it to {line.value!r} at the next boot, after {posixpath.basename(self._file(name))}",
                host=host.name,
                variable=name,
                value=self._wanted(host)[name],
                remedy=f"remove it from {line.path}, or declare {line.value!r}",
            )
        for setting in self.settings(host):
            name = setting.name[len(ROLE) + 1 :]
            if setting.declared != WORD and setting.running(host) != setting.declared:
                _check_writable(host, name, setting)

    def overridden(self, host: Host) -> list[tuple[str, Line]]:
        """Parameters that a file of somebody else sets to another value at the next boot, and the line that does."""
        ours = [Line(file_of(name), value, self._file(name), 0) for name, value in self._values.items()]
        sysctl = _merged(sysctl_lines(host), ours, SYSCTL)
        sysfs = first_of_each(_merged(tmpfiles_lines(host), ours, TMPFILES))
        found = []
        values = self._values
        for name, value in self._wanted(host).items():
            path = file_of(name)
            if name not in values and name in PARTNERS.values():
                continue  # whatever a file says of it, the partner in ours comes later and makes it 0
            line = tmpfiles_winner(sysfs, path) if name.startswith("/") else sysctl_winner(sysctl, path)
            theirs = line is not None and line.path not in (SYSCTL, TMPFILES)
            if line and theirs and canonical(name, line.value or "") != value and host.exists(path):
                found.append((name, line))
        return found

    @property
    def _values(self) -> dict[str, str]:
        """As declared, every value a text in the form in which it is compared."""
        both = {**(self.sysctl or {}), **(self.sysfs or {})}
        return {str(name): canonical(str(name), str(value)) for name, value in both.items()}

    def _wanted(self, host: Host) -> dict[str, str]:
        """The parameters one by one: stars made names, which a name itself overrules, and partners that become 0."""
        named = {name: value for name, value in self._values.items() if "*" not in name}
        globbed = {found: value for name, value in self._values.items() if "*" in name for found in _expand(host, name)}
        zero = {PARTNERS[name]: "0" for name in named if name in PARTNERS and PARTNERS[name] not in named}
        return {**zero, **globbed, **named}

    @staticmethod
    def _file(name: str) -> str:
        return TMPFILES if name.startswith("/") else SYSCTL

    def _check_name(self, host: Host, name: str, value: str) -> None:
        def refuse(message: str, remedy: str) -> UllError:
            return UllError(message, host=host.name, variable=f"{ROLE} ({name})", value=value, remedy=remedy)

        sysfs = name in (self.sysfs or {})
        if not (_SYS if sysfs else _NAME).match(name) or ".." in name:
            words = "a path below /sys" if sysfs else "the name of a kernel parameter"
            raise refuse(f"this is not {words}", "e.g. /sys/kernel/mm/ksm/run" if sysfs else "e.g. vm.swappiness")
        if not value or "\n" in value:
            raise refuse("a value is one line, and not empty", "leave the parameter out, or give it a value")
        if name in OWNED:
            raise refuse(f"the role {OWNED[name]} owns it", f"declare it to the role {OWNED[name]}")
        if name in TEXTS or "*" in name or host.exists(file_of(name)):
            return
        path = file_of(name)
        folder = posixpath.dirname(path)
        hint = nearest(posixpath.basename(path), host.names(folder))
        raise refuse(
            "this kernel has no such parameter", hint or "load the module that brings it first, or leave it out"
        )


def _merged(lines: list[Line], ours: list[Line], mine: str) -> list[Line]:
    """The lines of all files in order, with ours as they will be."""
    name = posixpath.basename(mine)
    others = [line for line in lines if line.path != mine]
    before = [line for line in others if posixpath.basename(line.path) < name]
    after = [line for line in others if posixpath.basename(line.path) > name]
    return [*before, *(line for line in ours if line.path == mine), *after]


def _render(lines: list[str]) -> str | None:
    return "\n".join([f"# {MANAGED.format(role=ROLE)}", *lines]) + "\n" if lines else None


def _expand(host: Host, name: str) -> list[str]:
    """The names that a star means; the separator stays a dot, and a dot within a name becomes a slash."""
    base = host.path("/proc/sys")
    pattern = sysctl_path(name)[len("/proc/sys/") :]
    found = sorted(str(path.relative_to(base)) for path in base.glob(pattern))
    return [path if "." in path else path.replace("/", ".") for path in found]


def _setting(name: str, declared: str, restored: bool = False) -> Setting:
    path = file_of(name)
    text = TEXTS.get(name)

    def running(host: Host) -> str | None:
        now = host.read(path)
        return None if now is None else canonical(name, now)

    def persisted(host: Host) -> str | None:
        if name.startswith("/"):
            line = tmpfiles_winner(tmpfiles_lines(host), path)
        else:
            if declared == "0" and name in PARTNERS.values():
                return declared  # it follows from the partner that is written
            line = sysctl_winner(sysctl_lines(host), path)
        return canonical(name, line.value or "") if line else None

    return Setting(
        name=f"{ROLE}.{name}",
        role=ROLE,
        impact=LIVE,
        declared=declared,
        running=running,
        persisted=persisted,
        write=lambda host, value: _write(host, name, value, restored),
        restored=restored,
        doc=text.doc if text else f"kernel parameter {name}",
        source=text.source if text else "the profile's own word",
    )


def _write(host: Host, name: str, value: str, restored: bool) -> None:
    if restored and name in PARTNERS and value == "0":
        return  # its partner's value from before brings the 0
    host.poke(file_of(name), value)


def _check_writable(host: Host, name: str, setting: Setting) -> None:
    """Say before anything is touched what a write would say: /proc/sys is read-only in a container."""
    path = file_of(name)
    if setting.running(host) is None:
        message, remedy = "it can be written but not read: an action, not a setting", "leave it out"
    elif not os.access(host.path(path), os.W_OK):
        message = "it cannot be written here"
        remedy = "run with `become: true`; a container shares its host's kernel, whose settings belong to that host"
    else:
        return
    raise UllError(message, host=host.name, variable=setting.name, value=setting.declared, remedy=remedy)
