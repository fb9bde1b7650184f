# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The knobs of a NIC: what each word of the profile means to a driver, how it is read and written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..errors import UllError
from ..host import Host
from ..setting import LINK, LIVE
from . import ethtool
from .ethtool import Values

# What a driver has none of. It is a value of its own, so that a report says so instead of being silent.
LACKING = "not applicable"

# Received frames are merged into larger ones, and wait for each other. Sending is left alone: what is cut by the NIC
# would be cut by the CPU. Documentation/networking/segmentation-offloads.rst; long names as ethtool prints them.
_MERGING = {"generic-receive-offload": "gro", "large-receive-offload": "lro", "rx-gro-hw": "rx-gro-hw"}
# These are switched in hardware, for which several drivers reset their rings.
_IN_HARDWARE = ("lro", "rx-gro-hw")
# include/linux/ethtool.h: with a delay of 0 the number of frames counts, and with both 0 there is no interrupt at all.
_AT_ONCE = {
    "adaptive-rx": "off",
    "adaptive-tx": "off",
    "rx-usecs": "0",
    "tx-usecs": "0",
    "rx-frames": "1",
    "tx-frames": "1",
}
_ADAPTIVE = {"adaptive-rx": "on", "adaptive-tx": "on"}
# Documentation/networking/af_xdp.rst, SO_PREFER_BUSY_POLL: polls that find nothing before interrupts are let in again,
# and nanoseconds after which they are in any case.
_BUSY = {"napi_defer_hard_irqs": "2", "gro_flush_timeout": "200000"}
_SYSFS = "/sys/class/net/{}/{}"


@dataclass(frozen=True)
class Knob:
    """One knob.

    Args:
        word: the profile's word for it.
        doc: what it is, for reports.
        source: where the meaning of its words comes from.
        read: what the driver has of it now.
        want: what a value of the profile means here; empty where the driver lacks it.
        write: sets it.
        impact: what a change costs, by what the driver has.
    """

    word: str
    doc: str
    source: str
    read: Callable[[Host, str], Values]
    want: Callable[[Host, str, str], Values]
    write: Callable[[Host, str, Values], None]
    impact: Callable[[Host, str], str]


def _wanted_queues(host: Host, name: str, value: str) -> Values:
    most = ethtool.limits(host, name, "-l").most
    words = ["combined"] if "combined" in most else [word for word in ("rx", "tx") if word in most]
    return {word: most[word] if value == "max" else value for word in words}


def _wanted_rings(host: Host, name: str, value: str) -> Values:
    most = ethtool.limits(host, name, "-g").most
    return {word: most[word] if value == "max" else value for word in ("rx", "tx") if word in most}


def check(host: Host, name: str, word: str, value: str, variable: str) -> None:
    """Refuse a number that the NIC cannot have.

    Raises:
        UllError: it is none, or more than the driver's maximum.
    """
    option, wanted = {"queues": ("-l", _wanted_queues), "rings": ("-g", _wanted_rings)}[word]
    most = ethtool.limits(host, name, option).most
    for side, number in wanted(host, name, value).items():
        if not number.isdigit() or not 0 < int(number) <= int(most[side]):
            raise UllError(
                f"{name} can have from 1 to {most[side]} ({side})",
                variable=variable,
                value=value,
                remedy=f"use {most[side]} at most, or max",
            )


def _wanted_coalescing(host: Host, name: str, value: str) -> Values:
    wanted = {"none": _AT_ONCE, "adaptive": _ADAPTIVE}[value]
    having = ethtool.coalescing(host, name)
    return {word: setting for word, setting in wanted.items() if word in having}


def _read_offloads(host: Host, name: str) -> Values:
    having = ethtool.features(host, name)
    return {short: having[word] for word, short in _MERGING.items() if word in having}


def _wanted_pause(host: Host, name: str, value: str) -> Values:
    word = {"none": "off", "both": "on"}[value]
    having = ethtool.pause(host, name)
    return {side: word for side in ("rx", "tx") if side in having}


def _write_pause(host: Host, name: str, values: Values) -> None:
    """Drivers for which the partner's word counts (igb, ixgbe) want autoneg off, others (i40e, ice) refuse to change it."""
    if "autoneg" in values:
        ethtool.write(host, "-A", name, values)
        return
    try:
        ethtool.write(host, "-A", name, {"autoneg": "off", **values})
    except UllError:
        ethtool.write(host, "-A", name, values)


def _read_busy(host: Host, name: str) -> Values:
    found = {word: host.read(_SYSFS.format(name, word)) for word in _BUSY}
    return {word: value for word, value in found.items() if value is not None}


def _write_busy(host: Host, name: str, values: Values) -> None:
    for word, value in values.items():
        host.poke(_SYSFS.format(name, word), value)


def _limited(option: str) -> Callable[[Host, str], Values]:
    return lambda host, name: ethtool.limits(host, name, option).now


def _by(option: str) -> Callable[[Host, str, Values], None]:
    return lambda host, name, values: ethtool.write(host, option, name, values)


def _always(impact: str) -> Callable[[Host, str], str]:
    return lambda _host, _name: impact


# In the order of application: other queues are other rings, and with new rings some drivers forget their delays.
KNOBS: tuple[Knob, ...] = (
    Knob(
        "queues",
        "queues, an interrupt each",
        "ethtool(8), --set-channels",
        _limited("-l"),
        _wanted_queues,
        _by("-L"),
        _always(LINK),
    ),
    Knob(
        "rings",
        "descriptors of each ring",
        "ethtool(8), --set-ring",
        _limited("-g"),
        _wanted_rings,
        _by("-G"),
        _always(LINK),
    ),
    Knob(
        "coalescing",
        "interrupts held back",
        "include/linux/ethtool.h, struct kernel_ethtool_coalesce",
        ethtool.coalescing,
        _wanted_coalescing,
        _by("-C"),
        _always(LIVE),
    ),
    Knob(
        "offloads",
        "merging of received frames",
        "Documentation/networking/segmentation-offloads.rst",
        _read_offloads,
        lambda host, name, _value: dict.fromkeys(_read_offloads(host, name), "off"),
        _by("-K"),
        lambda host, name: LINK if set(_IN_HARDWARE) & set(_read_offloads(host, name)) else LIVE,
    ),
    Knob(
        "flow_control",
        "pause frames",
        "ethtool(8), --pause",
        ethtool.pause,
        _wanted_pause,
        _write_pause,
        _always(LINK),
    ),
    Knob(
        "busy_poll",
        "interrupts deferred while an application polls",
        "Documentation/networking/af_xdp.rst, SO_PREFER_BUSY_POLL",
        _read_busy,
        lambda host, name, value: {
            word: most if value == "prefer" else "0" for word, most in _BUSY.items() if word in _read_busy(host, name)
        },
        _write_busy,
        _always(LIVE),
    ),
)
WORDS: Mapping[str, tuple[str, ...]] = {
    "coalescing": ("keep", "adaptive", "none"),
    "offloads": ("keep", "latency"),
    "flow_control": ("keep", "none", "both"),
    "busy_poll": ("keep", "none", "prefer"),
}
