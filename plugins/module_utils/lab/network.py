# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The containers' network: an own bridge and an own nftables table, there while containers run, gone after the last."""

from __future__ import annotations

import hashlib
import ipaddress
import json
from pathlib import Path
from typing import Any

from ..errors import UllError
from .state import Lab, read_json, run, write_json

FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
# The bridge's, too: with 1500 behind NAT, large answers got lost and apt hung
MTU = 1400
POOL = ipaddress.IPv4Network("10.213.0.0/16")


def name_of(lab: Lab) -> str:
    """The bridge's name: every lab has its own, an interface's name has at most 15 characters."""
    return f"ull-{hashlib.sha256(str(lab.folder).encode()).hexdigest()[:8]}"


def choose(lab: Lab, used: list[str]) -> str:
    """A /24 for the lab that overlaps no address of this machine: by preference always the same.

    Args:
        lab: the lab.
        used: addresses with prefix that the machine has, e.g. ``10.0.0.1/8``.
    """
    taken = [ipaddress.IPv4Interface(address).network for address in used if ":" not in address]
    subnets = list(POOL.subnets(new_prefix=24))
    first = int(hashlib.sha256(str(lab.folder).encode()).hexdigest(), 16) % len(subnets)
    for subnet in subnets[first:] + subnets[:first]:
        if not any(subnet.overlaps(other) for other in taken):
            return str(subnet)
    raise UllError(f"no /24 of {POOL} is free on this machine", variable="network", remedy="name one: network")


def ruleset(name: str, subnet: str) -> str:
    """The nftables table, written whole: it replaces itself in one step."""
    return (
        f"table ip {name}\n"
        f"delete table ip {name}\n"
        f"table ip {name} {{\n"
        "  chain postrouting {\n"
        "    type nat hook postrouting priority srcnat;\n"
        f'    ip saddr {subnet} oifname != "{name}" masquerade\n'
        "  }\n"
        "}\n"
    )


class Network:
    """The network of one lab's containers.

    Args:
        lab: the lab.
        wanted: a subnet to use; empty chooses one.
    """

    def __init__(self, lab: Lab, wanted: str = "") -> None:
        self.lab = lab
        self.name = name_of(lab)
        self._wanted = wanted
        self._file = lab.folder / "network.json"

    @property
    def up(self) -> bool:
        """Whether the bridge is there."""
        return Path(f"/sys/class/net/{self.name}").exists()

    @property
    def record(self) -> dict[str, Any]:
        """What was written down when it was made."""
        return read_json(self._file)

    @property
    def subnet(self) -> ipaddress.IPv4Network:
        """Its addresses."""
        return ipaddress.IPv4Network(self.record["subnet"])

    @property
    def gateway(self) -> str:
        """The bridge's address."""
        return str(self.subnet[1])

    def ensure(self) -> None:
        """Make the bridge and the way out, where they are missing."""
        if self.up and self.record:
            return
        subnet = self._wanted or choose(self.lab, self._addresses())
        try:
            ipaddress.IPv4Network(subnet)
        except ValueError as wrong:
            raise UllError(f"this is not an IPv4 network: {wrong}", variable="network", value=subnet) from wrong
        write_json(self._file, {"subnet": subnet, "forwarding": FORWARDING.read_text().strip()})
        if not self.up:
            run(["ip", "link", "add", self.name, "type", "bridge"])
        run(["ip", "address", "replace", f"{self.gateway}/{self.subnet.prefixlen}", "dev", self.name])
        run(["ip", "link", "set", self.name, "mtu", str(MTU), "up"])
        FORWARDING.write_text("1\n")
        rules = self.lab.folder / "network.nft"
        rules.write_text(ruleset(self.name, subnet))
        run(["nft", "-f", str(rules)])

    @staticmethod
    def _addresses() -> list[str]:
        found = json.loads(run(["ip", "-json", "address", "show"]) or "[]")
        return [f"{one['local']}/{one['prefixlen']}" for link in found for one in link.get("addr_info", ())]

    def remove(self) -> None:
        """Take it all away again."""
        if self.up:
            run(["ip", "link", "delete", self.name])
        if f"table ip {self.name}" in run(["nft", "list", "tables"]).splitlines():
            run(["nft", "delete", "table", "ip", self.name])
        if self.record.get("forwarding") == "0":
            FORWARDING.write_text("0\n")
        for left in (self._file, self.lab.folder / "network.nft"):
            left.unlink(missing_ok=True)
