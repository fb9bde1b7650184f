# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A virtual function as it is declared, and its attributes as one line that people read and the code parses.

``mac 02:00:5e:00:00:01 vlan 100 qos 0 trust on spoof on rate 0 driver kernel``
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import UllError
from .vf_device import VFIO, is_address

# What the plan's rows hold; the MTU is the role jumbo_frames'.
KEYS = {"nic", "pf", "pf_name", "index", "use", "driver", "mac", "vlan", "qos", "trust", "spoof_check"}
KEYS |= {"max_tx_rate", "node", "mtu"}
USES = ("kernel", "pod", "dpdk")
# Changing these stops what goes through the VF; the others do not.
DISTURBING = ("mac", "vlan", "qos")
KERNEL = "kernel"

_MAC = re.compile(r"([0-9a-f]{2}:){5}[0-9a-f]{2}\Z")
_SWITCHES = {True: "on", False: "off"}
# word, key of the row
_WORDS = (
    ("mac", "mac"),
    ("vlan", "vlan"),
    ("qos", "qos"),
    ("trust", "trust"),
    ("spoof", "spoof_check"),
    ("rate", "max_tx_rate"),
)
_RANGES = {"vlan": (0, 4094), "qos": (0, 7), "max_tx_rate": (0, 1 << 31)}


@dataclass(frozen=True)
class VfRow:
    """One VF: its PF's PCI address, its number, and its attributes by word; ``driver`` among them if the kernel's."""

    pf: str
    index: int
    use: str
    driver: str
    attributes: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, declared: Mapping[str, Any], variable: str) -> VfRow:
        """From a row of the plan, or ``{pf: "0000:81:00.0", index: 0, mac: ..., vlan: 100}``.

        Raises:
            UllError: a key is unknown or a value is none that a VF can have.
        """
        row = {key: value for key, value in declared.items() if value is not None}
        _known(row, variable)
        pf, index = str(row.get("pf", "")).lower(), row.get("index")
        if not is_address(pf):
            raise _wrong("not a PCI address", f"{variable}.pf", row.get("pf"), "e.g. 0000:81:00.0")
        if isinstance(index, bool) or not isinstance(index, int) or index < 0:
            raise _wrong("not the number of a VF", f"{variable}.index", index, "count from 0")
        use, driver = str(row.get("use") or KERNEL), str(row.get("driver") or "")
        if use not in USES:
            raise _wrong("not a use of a VF", f"{variable}.use", use, f"one of {', '.join(USES)}")
        if driver not in ("", VFIO):
            raise _wrong("not a driver for a VF", f"{variable}.driver", driver, f"{VFIO}, or nothing for the kernel's")
        attributes = tuple(_attributes(row, variable))
        return cls(pf, index, use, driver, attributes if driver else (*attributes, ("driver", KERNEL)))

    @property
    def text(self) -> str:
        """The attributes as one line."""
        return line(dict(self.attributes))

    def as_dict(self) -> dict[str, Any]:
        """What of the row counts, for what applies it at boot."""
        said = dict(self.attributes)
        row: dict[str, Any] = {"pf": self.pf, "index": self.index, "use": self.use, "driver": self.driver}
        for word, key in _WORDS:
            if word in said:
                row[key] = _value(word, said[word])
        return row


def line(attributes: Mapping[str, str]) -> str:
    """Attributes as one line."""
    return " ".join(f"{word} {value}" for word, value in attributes.items())


def parse(text: str) -> dict[str, str]:
    """The attributes of such a line."""
    parts = text.split()
    return dict(zip(parts[::2], parts[1::2]))


def reported(entry: Mapping[str, Any]) -> dict[str, str]:
    """The attributes of a VF in ``ip -j -d link show``; what its driver does not report counts as off."""
    vlan = (entry.get("vlan_list") or [entry])[0]
    return {
        "mac": str(entry.get("address") or entry.get("mac") or ""),
        "vlan": str(vlan.get("vlan", 0)),
        "qos": str(vlan.get("qos", 0)),
        "trust": _SWITCHES[bool(entry.get("trust"))],
        "spoof": _SWITCHES[bool(entry.get("spoofchk"))],
        "rate": str((entry.get("rate") or {}).get("max_tx", 0)),
    }


def commands(wanted: Mapping[str, str], now: Mapping[str, str]) -> Iterable[list[str]]:
    """The arguments of ``ip link set ... vf N`` for what differs, each alone, so that an error names one.

    The address comes first: mlx5 checks it when spoof checking is switched on.
    """
    differs = {word for word, value in wanted.items() if now.get(word) != value}
    if "mac" in differs:
        yield ["mac", wanted["mac"]]
    if differs & {"vlan", "qos"}:
        yield ["vlan", wanted.get("vlan", now.get("vlan", "0")), "qos", wanted.get("qos", now.get("qos", "0"))]
    for word, option in (("spoof", "spoofchk"), ("trust", "trust"), ("rate", "max_tx_rate")):
        if word in differs:
            yield [option, wanted[word]]


def _known(row: Mapping[str, Any], variable: str) -> None:
    for key in row:
        if key not in KEYS:
            raise _wrong("a VF has no such key", f"{variable}.{key}", row[key], f"use {', '.join(sorted(KEYS))}")


def _attributes(row: Mapping[str, Any], variable: str) -> Iterable[tuple[str, str]]:
    for word, key in _WORDS:
        value = row.get(key)
        if value in (None, ""):
            continue
        where = f"{variable}.{key}"
        if key == "mac":
            yield word, _mac(str(value).lower(), where)
        elif key in _RANGES:
            yield word, _number(value, _RANGES[key], where)
        elif isinstance(value, bool):
            yield word, _SWITCHES[value]
        else:
            raise _wrong("neither true nor false", where, value, "say true or false")
    if row.get("qos") and not row.get("vlan"):
        raise _wrong("a priority without a VLAN", f"{variable}.qos", row["qos"], "set vlan, or leave qos out")


def _mac(text: str, variable: str) -> str:
    if not _MAC.match(text) or int(text[:2], 16) & 1 or text == "00:00:00:00:00:00":
        remedy = "six bytes in hexadecimal, the first one even, e.g. 02:00:5e:00:00:01"
        raise _wrong("not an address that a VF can have", variable, text, remedy)
    return text


def _number(value: Any, limits: tuple[int, int], variable: str) -> str:
    least, most = limits
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise _wrong("out of range", variable, value, f"a number from {least} to {most}")
    return str(value)


def _value(word: str, text: str) -> Any:
    if word in ("trust", "spoof"):
        return text == "on"
    return text if word == "mac" else int(text)


def _wrong(message: str, variable: str, value: Any, remedy: str) -> UllError:
    return UllError(message, variable=variable, value=value, remedy=remedy)
