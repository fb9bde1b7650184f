# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""chronyd's part of time_sync: a whole configuration of its own, and a unit drop-in that makes chronyd read it.

The platform's chrony.conf stays as it is: it names pools of its own, which no drop-in of chrony could take out again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import UllError
from ..host import MANAGED, Host

ROLE = "time_sync"
VENDOR_UNITS = ("/usr/lib/systemd/system", "/lib/systemd/system")
UNITS = "/etc/systemd/system"
LEAP_LIST, LEAP_ZONE = "/usr/share/zoneinfo/leap-seconds.list", "/usr/share/zoneinfo/right/UTC"
# Units that may discipline the clock, too, by the names of their files.
OTHERS = ("systemd-timesyncd", "ntpd", "ntp", "ntpsec", "openntpd")

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:_%-]*\Z", re.ASCII)
_CIDR = re.compile(r"[0-9a-fA-F.:]+(/\d{1,3})?\Z", re.ASCII)
_EXEC = re.compile(r"^ExecStart=(.*)$", re.MULTILINE)


def redhat(host: Host) -> bool:
    """Whether the host is of Red Hat's family, whose chrony is called chronyd."""
    text = host.text("/etc/os-release")
    return bool(re.search(r'^ID(_LIKE)?="?.*\b(rhel|fedora|centos)\b', text, re.MULTILINE))


def unit(host: Host) -> str:
    """The name of chronyd's unit."""
    return "chronyd.service" if redhat(host) else "chrony.service"


def config_path(host: Host) -> str:
    """The own configuration, where AppArmor (Debian, Ubuntu) and SELinux (Red Hat) let chronyd read it."""
    return "/etc/chrony-ull-metal.conf" if redhat(host) else "/etc/chrony/ull-metal.conf"


def other_daemons(host: Host) -> list[str]:
    """Units of other time daemons that are installed; links are other names of them."""
    folders = (*VENDOR_UNITS, UNITS)
    return [
        f"{name}.service"
        for name in OTHERS
        if any(host.exists(f"{at}/{name}.service") and not host.link(f"{at}/{name}.service") for at in folders)
    ]


def check_sources(sources: Sequence[Mapping[str, Any]], serve: Sequence[str]) -> None:
    """Refuse words that chronyd would read as something else.

    Raises:
        UllError: an address is none, NTS is asked of a peer, or a network is none.
    """
    for index, source in enumerate(sources):
        variable = f"time_sync_sources[{index}]"
        if not _WORD.match(str(source.get("address", ""))):
            raise UllError(
                "a source has the address or the name of a server",
                variable=f"{variable}.address",
                value=source.get("address"),
                remedy="e.g. {address: ntp1.example.net, kind: server}",
            )
        if source.get("nts") and source.get("kind") == "peer":
            raise UllError(
                "NTS is between client and server, peers have none",
                variable=f"{variable}.nts",
                value=True,
                remedy="declare kind: server, or leave nts out",
            )
    for index, network in enumerate(serve):
        if not _CIDR.match(str(network)):
            raise UllError(
                "this is no network",
                variable=f"time_sync_serve[{index}]",
                value=network,
                remedy="e.g. 10.0.0.0/8",
            )


def source_line(source: Mapping[str, Any]) -> str:
    """One source as chrony.conf has it."""
    words = [source.get("kind") or "server", str(source["address"])]
    words += [word for word in ("iburst", "nts", "prefer", "xleave") if source.get(word)]
    for word in ("minpoll", "maxpoll"):
        if source.get(word) is not None:
            words += [word, str(source[word])]
    return " ".join(words)


def render(
    host: Host,
    sources: Sequence[Mapping[str, Any]],
    hwtimestamp: Sequence[str] = (),
    serve: Sequence[str] = (),
    makestep: str = "1.0 3",
    refclocks: Sequence[str] = (),
    local_stratum: int = 0,
) -> str:
    """The whole configuration.

    Args:
        host: its family decides about folders, its files about where leap seconds are read.
        sources: servers, pools and peers.
        hwtimestamp: interfaces whose NIC stamps packets.
        serve: networks that may ask this host; none closes the port.
        makestep: threshold in seconds and number of updates in which the clock may be stepped.
        refclocks: PTP hardware clocks, as /dev/ptp0.
        local_stratum: stratum at which the host serves its own clock without sources; 0 for never.
    """
    drift = "/var/lib/chrony/drift" if redhat(host) else "/var/lib/chrony/chrony.drift"
    lines = [f"# {MANAGED.format(role=ROLE)}", *(source_line(source) for source in sources)]
    # A PTP hardware clock runs on TAI, which is ahead of UTC by the leap seconds that chronyd takes from leap_line.
    lines += [f"refclock PHC {device} refid PTP{index} poll 0 dpoll -2 tai" for index, device in enumerate(refclocks)]
    lines += [f"hwtimestamp {interface}" for interface in hwtimestamp]
    lines += [f"makestep {makestep}", "rtcsync", "maxupdateskew 100.0", leap_line(host)]
    lines += [f"driftfile {drift}", "ntsdumpdir /var/lib/chrony", "logdir /var/log/chrony"]
    # Commands from this host alone; without clients no port for NTP either (answers come to one of the kernel's choice).
    lines += ["bindcmdaddress 127.0.0.1", "bindcmdaddress ::1"]
    lines += [f"allow {network}" for network in serve] or ["port 0"]
    lines += [f"local stratum {local_stratum}"] if local_stratum else []
    return "\n".join(line for line in lines if line) + "\n"


def leap_line(host: Host) -> str:
    """Where leap seconds come from: the zone of tzdata, or its list where the zone was dropped (Debian 13, RHEL 10)."""
    if host.exists(LEAP_ZONE):
        return "leapsectz right/UTC"
    return f"leapseclist {LEAP_LIST}" if host.exists(LEAP_LIST) else ""


def drop_in(host: Host, cpus: str) -> str:
    """Makes the unit's own command read our configuration, on the CPUs given (systemd's notation)."""
    lines = [f"# {MANAGED.format(role=ROLE)}", "[Service]", "ExecStart=", f"ExecStart={_command(host)}"]
    lines += [f"CPUAffinity={cpus.replace(',', ' ')}"] if cpus else []
    return "\n".join(lines) + "\n"


def _command(host: Host) -> str:
    """The unit's command with our file; a wrapper around chronyd (Ubuntu) may not hand an option on, so without it."""
    default = "/usr/sbin/chronyd $OPTIONS" if redhat(host) else "!/usr/sbin/chronyd $DAEMON_OPTS"
    found = [match for at in VENDOR_UNITS for match in _EXEC.findall(host.text(f"{at}/{unit(host)}"))]
    command = next((line for line in found if line.split()[:1] and line.split()[0].endswith("/chronyd")), default)
    return f"{command} -f {config_path(host)}"
