# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How far the system clock is off, as the daemon that disciplines it says; and whether that is good enough.

chronyd is asked by ``chronyc -c -n tracking`` (fields: chronyc(1), tracking), ptp4l by ``pmc`` (IEEE 1588 management
messages), phc2sys by its log, as it answers no questions.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from .errors import UllError
from .host import Host

NS = 1_000_000_000
UNKNOWN = -1
# chronyc -c tracking
_REFID, _NAME, _STRATUM, _TIME, _OFFSET, _DELAY, _DISPERSION, _LEAP = 0, 1, 2, 3, 4, 10, 11, 13
# ptp4l writes such a line to its log, and phc2sys of one source.
_SERVO = re.compile(r"\boffset\s+(-?\d+)\s+s([0-3])\s+freq")
_PMC = re.compile(r"^\s+(\w+)\s+(\S.*?)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Clock:
    """The state of the system clock.

    Args:
        daemon: ``chrony``, ``phc2sys`` or ``ptp4l``.
        synchronised: whether it follows a source.
        source: address or identity of the source.
        stratum: distance from a primary clock: NTP's stratum, or PTP's steps; -1 where unknown.
        offset_ns: how far the clock is from what the daemon takes for the time; positive is ahead of it.
        root_delay_ns: round trip to the primary clock; -1 where unknown.
        root_dispersion_ns: error that gathered on that way; -1 where unknown.
        age_s: seconds since the source last said something; -1 where unknown.
        why: why it is not synchronised.
    """

    daemon: str
    synchronised: bool = False
    source: str = ""
    stratum: int = UNKNOWN
    offset_ns: int = 0
    root_delay_ns: int = UNKNOWN
    root_dispersion_ns: int = UNKNOWN
    age_s: float = UNKNOWN
    why: str = ""

    @property
    def error_bound_ns(self) -> int:
        """The most that the clock may be off from the primary one (RFC 5905, root distance); -1 where unknown."""
        if UNKNOWN in (self.root_delay_ns, self.root_dispersion_ns):
            return UNKNOWN
        return abs(self.offset_ns) + self.root_dispersion_ns + self.root_delay_ns // 2

    def as_dict(self) -> dict[str, Any]:
        """For a module's result."""
        return {**asdict(self), "error_bound_ns": self.error_bound_ns}


def parse_tracking(said: str, now: float) -> Clock:
    """Read ``chronyc -c -n tracking``; ``now`` is seconds since 1970."""
    fields = said.strip().split(",")
    try:
        offset, delay, dispersion = (float(fields[at]) for at in (_OFFSET, _DELAY, _DISPERSION))
        stratum, then, leap = int(fields[_STRATUM]), float(fields[_TIME]), fields[_LEAP]
    except (IndexError, ValueError):
        return Clock("chrony", why="chronyd does not answer" if not said.strip() else f"not understood: {said!r}")
    if leap == "Not synchronised" or (not stratum and fields[_REFID] == "00000000"):
        return Clock("chrony", why="chronyd has not chosen a source")
    return Clock(
        "chrony",
        True,
        fields[_NAME] or fields[_REFID],
        stratum,
        # chronyc writes positive where the clock is slow of NTP time, as chronyc(1) says of "System time"
        -round(offset * NS),
        round(delay * NS),
        round(dispersion * NS),
        max(0.0, round(now - then, 3)),
    )


def parse_pmc(said: str) -> Clock:
    """Read pmc's answers to TIME_STATUS_NP, CURRENT_DATA_SET and PORT_DATA_SET."""
    values: dict[str, str] = dict(_PMC.findall(said))
    states = re.findall(r"^\s+portState\s+(\S+)", said, re.MULTILINE)
    if "master_offset" not in values:
        return Clock("ptp4l", why="ptp4l does not answer" if not states else "ptp4l says no offset")
    if values.get("gmPresent") != "true":
        return Clock("ptp4l", why=f"there is no grandmaster (port state {', '.join(states) or 'unknown'})")
    if states and not {"SLAVE", "CLIENT", "TIME_RECEIVER"} & set(states):
        return Clock("ptp4l", why=f"no port follows (port state {', '.join(states)})")
    try:
        offset, steps = int(values["master_offset"]), int(values.get("stepsRemoved", UNKNOWN))
    except ValueError:
        return Clock("ptp4l", why=f"not understood: {values['master_offset']!r}")
    return Clock("ptp4l", True, values.get("gmIdentity", ""), steps, offset)


def parse_servo(said: str, daemon: str = "phc2sys") -> Clock:
    """Read the last line of a servo's log; state s2 (s3 in new versions) is locked."""
    found = _SERVO.findall(said)
    if not found:
        return Clock(daemon, why=f"{daemon} has not logged an offset")
    offset, state = int(found[-1][0]), found[-1][1]
    if state < "2":
        return Clock(daemon, offset_ns=offset, why=f"{daemon}'s servo is not locked (s{state})")
    return Clock(daemon, True, offset_ns=offset)


def read(host: Host, daemon: str, interface: str = "") -> Clock:
    """Ask a daemon once. With phc2sys the clock is off by what ptp4l says and by what phc2sys says: both count."""
    if daemon == "chrony":
        return parse_tracking(host.ask(["chronyc", "-c", "-n", "tracking"]), time.time())
    socket, words = f"/run/ptp4l-{interface}", ("TIME_STATUS_NP", "CURRENT_DATA_SET", "PORT_DATA_SET")
    domain = _domain(host, interface)
    asked = ["pmc", "-u", "-b", "0", "-d", domain, "-s", socket, *(f"GET {word}" for word in words)]
    ptp = parse_pmc(host.ask(asked))
    if daemon == "ptp4l" or not ptp.synchronised:
        return ptp
    log = ["journalctl", "--unit=ull-metal-phc2sys", "--boot", "--lines=5", "--output=cat", "--no-pager"]
    system = parse_servo(host.ask(log))
    offset = ptp.offset_ns + system.offset_ns
    return Clock("phc2sys", system.synchronised, ptp.source, ptp.stratum, offset, why=system.why)


def _domain(host: Host, interface: str) -> str:
    found = re.search(r"^domainNumber (\d+)", host.text(f"/etc/linuxptp/ull-metal-{interface}.conf"), re.MULTILINE)
    return found[1] if found else "0"


def judge(clock: Clock, max_offset_ns: int, max_error_ns: int = 0, max_age_s: float = 0) -> str:
    """What is wrong with a clock; empty where it is good enough. A limit of 0 is none."""
    if not clock.synchronised:
        return clock.why or "not synchronised"
    if max_offset_ns and abs(clock.offset_ns) > max_offset_ns:
        return f"the clock is off by {clock.offset_ns} ns, allowed are {max_offset_ns} ns"
    if max_error_ns and clock.error_bound_ns == UNKNOWN:
        return f"{clock.daemon} does not say how large the error can be"
    if max_error_ns and clock.error_bound_ns > max_error_ns:
        return f"the clock may be off by {clock.error_bound_ns} ns, allowed are {max_error_ns} ns"
    if max_age_s and clock.age_s > max_age_s:
        return f"the source last said something {clock.age_s:.0f} s ago, allowed are {max_age_s:.0f} s"
    return ""


def wait(
    look: Callable[[], Clock],
    good: Callable[[Clock], str],
    patience: float,
    pause: float = 1.0,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[Clock, str]:
    """Look until the clock is good, for at most ``patience`` seconds; the last look and what is wrong with it.

    Time is counted on the monotonic clock, as the other one may be stepped meanwhile.
    """
    end = time.monotonic() + patience
    while True:
        clock = look()
        wrong = good(clock)
        if not wrong or time.monotonic() >= end:
            return clock, wrong
        sleep(pause)


def which(host: Host) -> tuple[str, str]:
    """The daemon of ours that disciplines the clock, and its interface, out of our units."""
    names = host.names("/etc/systemd/system")
    prefix, suffix = "ull-metal-ptp4l-", ".service"
    ptp = [name[len(prefix) : -len(suffix)] for name in names if name.startswith(prefix) and name.endswith(suffix)]
    if any(host.exists(path) for path in ("/etc/chrony/ull-metal.conf", "/etc/chrony-ull-metal.conf")) or not ptp:
        return "chrony", ""
    return ("phc2sys" if "ull-metal-phc2sys.service" in names else "ptp4l"), ptp[0]


def check(host: Host, params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Look at the clock, waiting for it where that is asked for.

    Raises:
        UllError: it is not good enough in the end.
    """
    found, interface = which(host)
    daemon, interface = params["daemon"] or found, params["interface"] or interface
    limits = params["max_offset"], params["max_error"], params["max_age"]
    patience = 0 if check_mode else params["wait"]
    clock, wrong = wait(lambda: read(host, daemon, interface), lambda clock: judge(clock, *limits), patience)
    if wrong and params["fail"] and not check_mode:
        raise UllError(
            wrong,
            host=host.name,
            variable="time_sync_max_offset",
            value=params["max_offset"],
            remedy=_REMEDY[daemon],
        )
    return {"changed": False, "clock": clock.as_dict(), "wrong": wrong}


_REMEDY = {
    "chrony": "see `chronyc sources` and `chronyc ntpdata`; give it more time by time_sync_wait",
    "phc2sys": "see `journalctl -u 'ull-metal-p*'`; give it more time by time_sync_wait",
    "ptp4l": "see `journalctl -u 'ull-metal-ptp4l*'`; give it more time by time_sync_wait",
}
