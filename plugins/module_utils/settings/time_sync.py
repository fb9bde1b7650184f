# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who disciplines the system clock: chronyd, phc2sys, or ptp4l itself; never two of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..cpuset import CpuSet
from ..errors import UllError
from ..host import Host
from ..setting import Setting, Store
from . import time_chrony as chrony
from . import time_ptp as ptp
from .service import restored, service
from .unit_files import UnitFiles

ROLE = "time_sync"
NTP, PTP, NONE = "ntp", "ptp", "none"
UNITS = "/etc/systemd/system"
RELOAD = ("systemctl", "daemon-reload")


@dataclass
class TimeSync:
    """Domain of the system clock.

    Args:
        source: ``ntp``, ``ptp``, or ``none`` to leave the clock to whoever had it.
        ntp: chronyd's words: sources, hwtimestamp, serve, makestep, local_stratum.
        ptp: linuxptp's words: interfaces, profile, options, masters, stamping, servo.
        cpus: CPUs of the daemons in list format; empty for systemd's default.
    """

    source: str = NONE
    ntp: Mapping[str, Any] = field(default_factory=dict)
    ptp: Mapping[str, Any] = field(default_factory=dict)
    cpus: str = ""
    role: str = ROLE

    def settings(self, host: Host) -> list[Setting]:
        """Whether each daemon runs; what is not wanted comes first, so that there are never two."""
        if self.source == NONE:
            return []
        ours = {chrony.unit(host): self._chrony, **dict.fromkeys(self._ptp_units(host), True)}
        wanted = [*((unit, False) for unit in chrony.other_daemons(host)), *ours.items()]
        return [
            setting
            for unit, on in sorted(wanted, key=lambda pair: pair[1])
            for setting in service(ROLE, unit, on, doc=_DOC[on], source=_SOURCE)
        ]

    def stores(self, host: Host) -> list[Store]:
        """One store a daemon: its configuration and its unit, with the command that makes it read them."""
        units = self._ptp_units(host)
        stores: list[Store] = [self._chrony_files(host)]
        for unit in [name for name in _present(host) if name not in units]:
            files: dict[str, str | None] = {f"{UNITS}/{unit}": None}
            if unit != ptp.PHC2SYS:
                files = {ptp.CONFIG.format(interface=_interface(unit)): None, **files}
            stop = ("systemctl", "disable", "--now", unit)
            stores.append(UnitFiles(unit, files, refresh=(RELOAD,), stop=(stop,)))
        for unit, made in units.items():
            stores.append(UnitFiles(unit, made, refresh=(RELOAD, ("systemctl", "try-restart", unit))))
        return stores

    def restore(self, host: Host, before: dict[str, str]) -> list[Setting]:
        """Daemons as they were; a unit of ours has gone with its file."""
        gone = {name: value for name, value in before.items() if "ull-metal" not in name or value == "no"}
        return sorted(restored(ROLE, gone), key=lambda setting: setting.declared == "yes")

    def check(self, host: Host) -> None:
        """Refuse what two daemons would do, what nobody would, and what a NIC cannot."""
        cpus = CpuSet.parse(self.cpus)
        online = CpuSet.parse(host.read("/sys/devices/system/cpu/online") or self.cpus)
        if not cpus <= online:
            raise UllError(
                "some of these CPUs are not online",
                variable="time_sync_cpus",
                value=self.cpus,
                remedy=f"use CPUs of {online}",
            )
        if self.source == NONE:
            return
        chrony.check_sources(self._sources, self.ntp.get("serve") or [])
        if self.source == NTP:
            self._check_ntp(host)
        else:
            self._check_ptp(host)

    def _check_ntp(self, host: Host) -> None:
        if self._interfaces:
            raise UllError(
                "both NTP and PTP would discipline the clock",
                variable="time_sync_ptp_interfaces",
                value=self._interfaces,
                remedy="say time_sync_source: ptp, with time_sync_ptp_servo: chrony where NTP should stand by",
            )
        if not self._sources and not self.ntp.get("local_stratum"):
            raise UllError(
                "there is no source to follow",
                variable="time_sync_sources",
                value=[],
                remedy="e.g. [{address: ntp1.example.net}, {address: ntp2.example.net}]",
            )
        for interface in self.ntp.get("hwtimestamp") or []:
            if host.runner and not ptp.stamping(host, interface).ntp:
                raise UllError(
                    "its NIC does not stamp NTP packets that it receives",
                    variable="time_sync_hwtimestamp",
                    value=interface,
                    remedy="leave it out: the kernel stamps then; `ethtool -T` says what a NIC can",
                )

    def _check_ptp(self, host: Host) -> None:
        if not self._interfaces:
            raise UllError(
                "there is no interface to follow a grandmaster on",
                variable="time_sync_ptp_interfaces",
                value=[],
                remedy="name the interface that PTP arrives on",
            )
        ptp.check_options(self._options)
        can = [ptp.check_interface(host, name, self._software) for name in self._interfaces]
        if self._chrony:
            bad = [name for name, this in zip(self._interfaces, can) if not this.hardware]
            if bad:
                raise UllError(
                    "chronyd reads a PTP hardware clock; with stamps by software ptp4l sets the system clock, too",
                    variable="time_sync_ptp_servo",
                    value="chrony",
                    remedy=f"say phc2sys, or stamp in hardware on {', '.join(bad)}",
                )
            if not chrony.leap_line(host):
                raise UllError(
                    "a PTP clock runs on TAI, and the leap seconds to UTC are not installed",
                    variable="time_sync_ptp_servo",
                    value="chrony",
                    remedy="install tzdata-legacy (the zone right/UTC) or a tzdata with leap-seconds.list",
                )
            return
        if len(self._interfaces) > 1:
            raise UllError(
                "each would discipline the clock",
                variable="time_sync_ptp_interfaces",
                value=self._interfaces,
                remedy="say time_sync_ptp_servo: chrony, which chooses among their clocks, or name one interface",
            )
        if self._sources:
            raise UllError(
                "both phc2sys and chronyd would discipline the clock",
                variable="time_sync_sources",
                value=[source["address"] for source in self._sources],
                remedy="say time_sync_ptp_servo: chrony, which takes PTP and NTP, or leave the sources out",
            )

    @property
    def _sources(self) -> list[Mapping[str, Any]]:
        return list(self.ntp.get("sources") or [])

    @property
    def _interfaces(self) -> list[str]:
        return list(self.ptp.get("interfaces") or [])

    @property
    def _options(self) -> Mapping[str, Any]:
        return self.ptp.get("options") or {}

    @property
    def _software(self) -> bool:
        return self.ptp.get("stamping") == "software"

    @property
    def _profile(self) -> str:
        return self.ptp.get("profile") or "default"

    @property
    def _chrony(self) -> bool:
        """Whether chronyd disciplines the clock."""
        return self.source == NTP or (self.source == PTP and self.ptp.get("servo") == "chrony")

    def _chrony_files(self, host: Host) -> UnitFiles:
        unit, config, drop_in = chrony.unit(host), None, None
        if self._chrony:
            clocks = [ptp.stamping(host, name) for name in self._interfaces] if self.source == PTP else []
            config = chrony.render(
                host,
                self._sources,
                self.ntp.get("hwtimestamp") or [],
                self.ntp.get("serve") or [],
                self.ntp.get("makestep") or "1.0 3",
                [clock.device for clock in clocks],
                self.ntp.get("local_stratum") or 0,
            )
            drop_in = chrony.drop_in(host, self.cpus)
        files = {chrony.config_path(host): config, f"{UNITS}/{unit}.d/90-ull-metal.conf": drop_in}
        return UnitFiles(unit, files, refresh=(RELOAD, ("systemctl", "try-restart", unit)))

    def _ptp_units(self, host: Host) -> dict[str, dict[str, str | None]]:
        """Our units of linuxptp with their files."""
        if self.source != PTP:
            return {}
        units: dict[str, dict[str, str | None]] = {}
        masters = self.ptp.get("masters") or []
        for name in self._interfaces:
            hardware, unit = not self._software, ptp.PTP4L.format(interface=name)
            config = ptp.render_ptp4l(name, hardware, self._profile, self._options, masters)
            made = ptp.ptp4l_unit(name, self.cpus)
            units[unit] = {ptp.CONFIG.format(interface=name): config, f"{UNITS}/{unit}": made}
            # without a hardware clock ptp4l steers the system clock itself
            if hardware and not self._chrony:
                domain = ptp.domain(self._profile, self._options)
                units[ptp.PHC2SYS] = {f"{UNITS}/{ptp.PHC2SYS}": ptp.phc2sys_unit(name, domain, self.cpus)}
        return units


_DOC = {True: "it disciplines the clock, or serves the one that does", False: "it would discipline the clock, too"}
_SOURCE = "chrony FAQ; linuxptp's phc2sys(8): one servo for each clock"


def _present(host: Host) -> list[str]:
    """Our units of linuxptp that are there."""
    prefix = ptp.PTP4L.split("{", 1)[0]
    return [name for name in host.names(UNITS) if name == ptp.PHC2SYS or name.startswith(prefix)]


def _interface(unit: str) -> str:
    return unit[len(ptp.PTP4L.split("{", 1)[0]) : -len(".service")]
