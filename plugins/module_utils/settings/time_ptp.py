# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""linuxptp's part of time_sync: ptp4l per interface, phc2sys, and what a NIC can stamp."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import UllError
from ..host import MANAGED, Host

ROLE = "time_sync"
CONFIG = "/etc/linuxptp/ull-metal-{interface}.conf"
SOCKET = "/run/ptp4l-{interface}"
PTP4L = "ull-metal-ptp4l-{interface}.service"
PHC2SYS = "ull-metal-phc2sys.service"

# What a profile sets beside ptp4l's defaults, which are those of IEEE 1588-2019, annex I.3.
# G.8275.x: linuxptp's configs/G.8275.1.cfg and G.8275.2.cfg; domains, rates and address of ITU-T G.8275.1 and G.8275.2.
_TELECOM = {
    "dataset_comparison": "G.8275.x",
    "G.8275.defaultDS.localPriority": "128",
    "G.8275.portDS.localPriority": "128",
    "maxStepsRemoved": "255",
}
PROFILES: dict[str, dict[str, str]] = {
    "default": {"domainNumber": "0", "network_transport": "UDPv4", "delay_mechanism": "E2E"},
    "G.8275.1": {
        **_TELECOM,
        "domainNumber": "24",
        "network_transport": "L2",
        "delay_mechanism": "E2E",
        "ptp_dst_mac": "01:80:C2:00:00:0E",
        "logAnnounceInterval": "-3",
        "logSyncInterval": "-4",
        "logMinDelayReqInterval": "-4",
    },
    "G.8275.2": {
        **_TELECOM,
        "domainNumber": "44",
        "network_transport": "UDPv4",
        "delay_mechanism": "E2E",
        "hybrid_e2e": "1",
        "inhibit_multicast_service": "1",
        "unicast_listen": "1",
        "unicast_req_duration": "60",
    },
}
HARDWARE = ("hardware-transmit", "hardware-receive", "hardware-raw-clock")
SOFTWARE = ("software-transmit", "software-receive")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,14}\Z", re.ASCII)
_OPTION = re.compile(r"[A-Za-z0-9_.]+\Z", re.ASCII)
_PHC = re.compile(r"^(?:PTP Hardware Clock|Hardware timestamp provider index): (\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Stamping:
    """What a NIC can stamp; ``clock`` is the number of its PTP hardware clock, or -1; ``filters`` of received packets."""

    hardware: bool
    software: bool
    clock: int = -1
    filters: tuple[str, ...] = ()

    @property
    def ntp(self) -> bool:
        """Whether it stamps NTP packets that it receives; many NICs stamp those of PTP only."""
        return self.hardware and bool({"all", "ntp"} & set(self.filters))

    @property
    def device(self) -> str:
        """The clock's device."""
        return f"/dev/ptp{self.clock}"


def stamping(host: Host, interface: str) -> Stamping:
    """What ``ethtool -T`` says of an interface, in JSON where it can."""
    said = host.ask(["ethtool", "--json", "-T", interface]) or host.ask(["ethtool", "-T", interface])
    return parse_stamping(said)


def parse_stamping(said: str) -> Stamping:
    """Read both forms of ``ethtool -T``; whatever it does not understand counts as not there."""
    words, clock, filters = _from_json(said) or _from_text(said)
    hardware = clock >= 0 and words.issuperset(HARDWARE)
    return Stamping(hardware, words.issuperset(SOFTWARE), clock, tuple(filters))


def _from_text(said: str) -> tuple[set[str], int, list[str]]:
    parts = re.split(r"^Hardware Receive Filter Modes:", said, maxsplit=1, flags=re.MULTILINE)
    match = _PHC.search(said)
    words = [re.findall(r"^\s+([a-z0-9-]+)\b", part, re.MULTILINE) for part in parts]
    return set(words[0]), int(match[1]) if match else -1, words[1] if len(words) > 1 else []


def _from_json(said: str) -> tuple[set[str], int, list[str]] | None:
    """The form of ethtool 6.14 and newer."""
    try:
        first = json.loads(said)[0]
        words = set(map(str, first["capabilities"]))
        filters = [str(mode) for mode in first.get("rx-filters") or first.get("hardware-receive-filter-modes") or []]
        clock = first.get("phc-index", first.get("hwtstamp-provider-index", -1))
        return words, int(clock), filters
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return None


def check_interface(host: Host, interface: str, software: bool) -> Stamping:
    """What to stamp with on an interface; ``software`` is the consent to the kernel's stamps.

    Raises:
        UllError: the interface is not there, or can stamp in software only and nobody consented to that.
    """
    if not _NAME.match(interface) or not host.exists(f"/sys/class/net/{interface}"):
        raise UllError(
            "there is no such interface",
            variable="time_sync_ptp_interfaces",
            value=interface,
            remedy=f"use one of {', '.join(name for name in host.names('/sys/class/net') if name != 'lo')}",
        )
    can = stamping(host, interface)
    if software:
        return Stamping(False, can.software)
    if not can.hardware:
        raise UllError(
            "its NIC does not stamp packets in hardware; software stamps are off by tens of microseconds",
            variable="time_sync_ptp_interfaces",
            value=interface,
            remedy="use a NIC with a PTP hardware clock (ethtool -T), or consent by time_sync_ptp_stamping: software",
        )
    return can


def check_options(options: Mapping[str, Any]) -> None:
    """Refuse option names and values that would become other lines of the file.

    Raises:
        UllError: one of them is not a single word, or is one that the role sets itself.
    """
    for name, value in options.items():
        if not _OPTION.match(str(name)) or not str(value).strip() or re.search(r"[\n\[\]]", str(value)):
            raise UllError(
                "an option of ptp4l has a name and a value of one line",
                variable=f"time_sync_ptp_options.{name}",
                value=value,
                remedy="see ptp4l(8), e.g. {logSyncInterval: -3}",
            )
        if name in ("time_stamping", "uds_address", "slaveOnly", "clientOnly", "masterOnly", "serverOnly"):
            raise UllError(
                "the role sets this option itself",
                variable=f"time_sync_ptp_options.{name}",
                value=value,
                remedy="leave it out",
            )


def render_ptp4l(
    interface: str, hardware: bool, profile: str, options: Mapping[str, Any], masters: Sequence[str] = ()
) -> str:
    """ptp4l's configuration for one interface, which follows and never leads (slaveOnly: the name all versions know)."""
    values = {
        **PROFILES[profile],
        **{name: str(value) for name, value in options.items()},
        "slaveOnly": "1",
        "time_stamping": "hardware" if hardware else "software",
        "uds_address": SOCKET.format(interface=interface),
    }
    lines = [f"# {MANAGED.format(role=ROLE)}", "[global]", *(f"{name} {value}" for name, value in values.items())]
    if masters:
        transport = values["network_transport"]
        lines += ["[unicast_master_table]", "table_id 1", "logQueryInterval 2"]
        lines += [f"{transport} {master}" for master in masters]
    lines += [f"[{interface}]"] + (["unicast_master_table 1"] if masters else [])
    return "\n".join(lines) + "\n"


def ptp4l_unit(interface: str, cpus: str) -> str:
    """The unit of ptp4l on one interface."""
    command = f"/usr/sbin/ptp4l -f {CONFIG.format(interface=interface)}"
    return _unit(f"PTP on {interface}", command, f"sys-subsystem-net-devices-{_escaped(interface)}.device", cpus)


def phc2sys_unit(interface: str, domain: str, cpus: str) -> str:
    """The unit of phc2sys: the system clock follows the NIC's clock, once ptp4l has set that."""
    socket = SOCKET.format(interface=interface)
    command = f"/usr/sbin/phc2sys -s {interface} -c CLOCK_REALTIME -w -n {domain} -z {socket}"
    return _unit(f"system clock from {interface}", command, PTP4L.format(interface=interface), cpus)


def _unit(what: str, command: str, after: str, cpus: str) -> str:
    affinity = f"CPUAffinity={cpus.replace(',', ' ')}\n" if cpus else ""
    return f"""# {MANAGED.format(role=ROLE)}
[Unit]
Description=ull.metal: {what}
Documentation=man:ptp4l(8) man:phc2sys(8)
Wants={after}
After={after}

[Service]
ExecStart={command}
Restart=always
RestartSec=1
{affinity}
[Install]
WantedBy=multi-user.target
"""


def _escaped(interface: str) -> str:
    """systemd-escape(1) of an interface's name."""
    return interface.replace("-", r"\x2d")


def domain(profile: str, options: Mapping[str, Any]) -> str:
    """The PTP domain that is declared."""
    return str(options.get("domainNumber", PROFILES[profile]["domainNumber"]))
