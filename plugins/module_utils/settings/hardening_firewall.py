# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The firewall's rules: a table of our own, everything inbound dropped but what is declared; nobody else's is touched."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import UllError
from ..host import MANAGED, Host

ROLE = "hardening"
TABLE = "inet ull_metal"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.,/-]{0,62}\Z", re.ASCII)
_INTERFACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,14}\Z", re.ASCII)
_PORTS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?\Z", re.ASCII)
# What a host must hear to work at all: RFC 4890 for IPv6; for IPv4 fragmentation-needed is a destination-unreachable.
_ICMP = "destination-unreachable, time-exceeded, parameter-problem, echo-request"
_ICMP6 = (
    "destination-unreachable, packet-too-big, time-exceeded, parameter-problem, echo-request, mld-listener-query, "
    "nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert"
)


@dataclass(frozen=True)
class Flow:
    """Packets that may come in.

    Args:
        name: for people; a comment of the rule.
        proto: ``tcp`` or ``udp``.
        ports: destination ports as ``80`` or ``5000-5010``; none for all.
        sources: networks they come from; none for any.
        groups: networks they go to, e.g. multicast groups; none for any.
        interface: the interface they come in by; empty for any.
        notrack: whether connection tracking passes them by, which costs time for each packet. UDP only.
    """

    name: str
    proto: str
    ports: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    interface: str = ""
    notrack: bool = False

    @classmethod
    def of(cls, declared: Mapping[str, Any], variable: str) -> Flow:
        """From ``{name: prometheus, proto: tcp, ports: [9100], from: [10.0.0.0/8]}``.

        Raises:
            UllError: one of the values is not what it should be.
        """
        flow = cls(
            str(declared.get("name") or ""),
            str(declared.get("proto") or "tcp"),
            tuple(str(port) for port in declared.get("ports") or []),
            tuple(str(net) for net in declared.get("from") or []),
            tuple(str(net) for net in declared.get("to") or []),
            str(declared.get("interface") or ""),
            bool(declared.get("notrack")),
        )
        flow._check(variable)
        return flow

    def _check(self, variable: str) -> None:
        example = "e.g. {name: prometheus, proto: tcp, ports: [9100], from: [10.0.0.0/8]}"
        wrong = {
            "name": not _NAME.match(self.name),
            "proto": self.proto not in ("tcp", "udp"),
            "ports": not all(_is_port(port) for port in self.ports),
            "interface": bool(self.interface) and not _INTERFACE.match(self.interface),
        }
        for key, bad in wrong.items():
            if bad:
                raise UllError(
                    f"a flow's {key} is not like that",
                    variable=f"{variable}.{key}",
                    value=list(self.ports) if key == "ports" else getattr(self, key),
                    remedy=example,
                )
        for key, nets in (("from", self.sources), ("to", self.groups)):
            for net in nets:
                network(net, f"{variable}.{key}")
        if self.notrack and self.proto != "udp":
            raise UllError(
                "without tracking the answers to this host's own connections would be dropped",
                variable=f"{variable}.notrack",
                value=True,
                remedy="leave notrack to UDP",
            )

    def rules(self, verdict: str) -> Iterator[str]:
        """One rule a family of addresses; without addresses one for both."""
        for matched in _families(self.sources, self.groups):
            words = [f'iifname "{self.interface}"'] if self.interface else []
            words += matched
            words += (
                [f"{self.proto} dport {{ {', '.join(self.ports)} }}"] if self.ports else [f"meta l4proto {self.proto}"]
            )
            yield " ".join([*words, verdict, f'comment "{self.name}"'])


def network(text: str, variable: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """A network as its address and length.

    Raises:
        UllError: it is none.
    """
    try:
        return ipaddress.ip_network(text)
    except ValueError as wrong:
        raise UllError(str(wrong), variable=variable, value=text, remedy="e.g. 10.0.0.0/8 or 2001:db8::/32") from wrong


def _is_port(text: str) -> bool:
    match = _PORTS.match(text)
    if not match:
        return False
    low, high = int(match[1]), int(match[2] or match[1])
    return 0 < low <= high <= 65535


def _families(sources: Sequence[str], groups: Sequence[str]) -> Iterator[list[str]]:
    """The address matches of a rule, by family: nftables has no set that holds both."""
    if not sources and not groups:
        yield []
        return
    for version, word in ((4, "ip"), (6, "ip6")):
        mine = [[net for net in nets if ipaddress.ip_network(net).version == version] for nets in (sources, groups)]
        if all(mine_of or not nets for mine_of, nets in zip(mine, (sources, groups))):
            matched = ((way, nets) for way, nets in zip(("saddr", "daddr"), mine) if nets)
            yield [f"{word} {way} {{ {', '.join(nets)} }}" for way, nets in matched]


def render(flows: Sequence[Flow], management: Sequence[str], ssh_ports: Sequence[int]) -> str:
    """The whole table as one transaction: made if missing, deleted, made anew. Nothing is open in between."""
    untracked = [flow for flow in flows if flow.notrack]
    ssh = Flow("ssh", "tcp", tuple(str(port) for port in ssh_ports or [22]), tuple(management))
    lines = [f"# {MANAGED.format(role=ROLE)}", f"table {TABLE}", f"delete table {TABLE}", f"table {TABLE} {{"]
    if untracked:
        lines += _chain("before", "prerouting priority raw", "accept", _all(untracked, "notrack"))
    lines += _chain("inbound", "input priority filter", "drop", _inbound(flows, untracked, ssh))
    return "\n".join([*lines, "}"]) + "\n"


def _inbound(flows: Sequence[Flow], untracked: Sequence[Flow], ssh: Flow) -> Iterator[str]:
    yield 'iif "lo" accept'
    # what is hot comes first: each rule before costs time
    yield from _all(untracked, "accept")
    yield "ct state vmap { established : accept, related : accept, invalid : drop }"
    yield f"icmp type {{ {_ICMP} }} accept"
    yield f"icmpv6 type {{ {_ICMP6} }} accept"
    # membership queries, without which a switch stops to send the groups; DHCPv6 answers come from another address
    yield "ip protocol igmp accept"
    yield "ip6 saddr fe80::/10 udp dport 546 accept"
    yield from ssh.rules("accept")
    yield from _all([flow for flow in flows if not flow.notrack], "accept")
    yield 'counter comment "dropped"'


def _all(flows: Sequence[Flow], verdict: str) -> Iterator[str]:
    for flow in flows:
        yield from flow.rules(verdict)


def _chain(name: str, hook: str, policy: str, rules: Iterator[str]) -> list[str]:
    head = [f"\tchain {name} {{", f"\t\ttype filter hook {hook}; policy {policy};"]
    return [*head, *(f"\t\t{rule}" for rule in rules), "\t}"]


def closed_listeners(host: Host, flows: Sequence[Flow], ssh_ports: Sequence[int]) -> list[str]:
    """What listens beyond loopback and no flow lets in, as ``tcp/9100``: what the rules will cut off."""
    open_ports = {("tcp", port) for port in ssh_ports}
    found = []
    for proto in ("tcp", "udp"):
        for port in sorted(_listening(host, proto)):
            if (proto, port) not in open_ports and not any(_lets_in(flow, proto, port) for flow in flows):
                found.append(f"{proto}/{port}")
    return found


def _lets_in(flow: Flow, proto: str, port: int) -> bool:
    ranges = (match for match in map(_PORTS.match, flow.ports) if match)
    inside = any(int(match[1]) <= port <= int(match[2] or match[1]) for match in ranges)
    return flow.proto == proto and (inside or not flow.ports)


def _listening(host: Host, proto: str) -> set[int]:
    """Ports of /proc/net: listening TCP sockets (0A), UDP sockets without a peer (07); loopback left out."""
    state = {"tcp": "0A", "udp": "07"}[proto]
    ports = set()
    for suffix in ("", "6"):
        for line in host.text(f"/proc/net/{proto}{suffix}").splitlines()[1:]:
            fields = line.split()
            if len(fields) < 4 or fields[3] != state:
                continue
            address, _colon, port = fields[1].rpartition(":")
            loopback = address.endswith("7F") if not suffix else address == "00000000000000000000000001000000"
            if not loopback and not (proto == "udp" and int(port, 16) >= _ephemeral(host)):
                ports.add(int(port, 16))
    return ports


def _ephemeral(host: Host) -> int:
    """From here on UDP ports are a client's own."""
    return int((host.read("/proc/sys/net/ipv4/ip_local_port_range") or "32768").split()[0])
