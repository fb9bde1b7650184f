# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Address plans: the subnets of each zone out of a region's VPC, and whether anything overlaps. Needs netaddr."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from ..errors import UllError
from ..json_schema import validate
from .region_schema import NETWORK, SCHEMA, TIERS, VARIABLE

try:
    import netaddr
except ImportError:  # targets do not have it, and do not need it
    netaddr = None  # type: ignore[assignment,unused-ignore]

# Clouds keep the first four addresses of a subnet and the last: network, router, name server, reserve, broadcast.
FIRST_KEPT = 4
_WORDS = NETWORK["properties"]


@dataclass(frozen=True)
class Wrong:
    """What is wrong with a plan: the message, and the keys below ``network`` that it is about."""

    kind: str
    message: str
    keys: tuple[Any, ...]
    value: str
    remedy: str


@dataclass
class AddressPlan:
    """A region's networks. ``subnets`` are by tier and zone, ``named`` are all others by how they are called."""

    vpc: Any
    services: Any
    pods: Any
    routed: bool
    subnets: dict[str, dict[str, Any]] = field(default_factory=dict)
    peers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    wrong: list[Wrong] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """As texts, for playbooks."""
        return {
            "vpc": str(self.vpc),
            "services": str(self.services),
            "pods": str(self.pods),
            "subnets": {tier: {zone: str(net) for zone, net in zones.items()} for tier, zones in self.subnets.items()},
            "peers": {name: str(net) for name, (_index, net) in self.peers.items()},
        }


def address_plan(region: Mapping[str, Any]) -> AddressPlan:
    """The address plan of valid region facts.

    Raises:
        UllError: netaddr is missing, or the VPC is no network.
    """
    require()
    network = region["network"]
    wrong: list[Wrong] = []
    nets = {}
    for key in ("vpc", "services", "pods"):
        nets[key] = _network(network.get(key, _WORDS[key].get("default")), (key,), wrong)
    plan = AddressPlan(nets["vpc"], nets["services"], nets["pods"], bool(network.get("cluster_routed")), wrong=wrong)
    for index, peer in enumerate(network.get("peers", [])):
        made = _network(peer["cidr"], ("peers", index, "cidr"), wrong)
        if made is not None:
            plan.peers[peer["name"]] = (index, made)
    if plan.vpc is not None:
        _subnets(plan, region)
        wrong += _inner_overlaps(plan, network)
    return plan


def plan_of_region(region: Mapping[str, Any]) -> dict[str, Any]:
    """The address plan of a region as texts.

    Raises:
        UllError: the facts are none, or their networks overlap.
    """
    found = validate(region, SCHEMA, VARIABLE)
    if found:
        raise found[0].as_error()
    plan = address_plan(region)
    for wrong in plan.wrong:
        path = f"{VARIABLE}.network.{'.'.join(map(str, wrong.keys))}"
        raise UllError(wrong.message, variable=path, value=wrong.value, remedy=wrong.remedy)
    return plan.as_dict()


def between(plan: AddressPlan, other_name: str, other: AddressPlan) -> Iterator[Wrong]:
    """What of this region overlaps something of another; the other one is told on its own."""
    theirs = [(f"the VPC of {other_name}", other.vpc)]
    theirs += [(f"{peer} of {other_name}", net) for peer, (_i, net) in other.peers.items() if peer not in plan.peers]
    if other.routed or plan.routed:
        theirs += [(f"the services of {other_name}", other.services), (f"the pods of {other_name}", other.pods)]
    mine: list[tuple[tuple[Any, ...], Any]] = [
        (("vpc",), plan.vpc),
        (("services",), plan.services),
        (("pods",), plan.pods),
    ]
    mine += [(("peers", index, "cidr"), net) for peer, (index, net) in plan.peers.items() if peer not in other.peers]
    for keys, net in mine:
        for called, theirs_net in theirs:
            # a VPC over the clusters' default ranges is told where it is said, and not in every other region
            ranges = {"services": other.services, "pods": other.pods}
            own_fault = theirs_net is other.vpc and _overlap(other.vpc, ranges.get(keys[0]))
            if _overlap(net, theirs_net) and not own_fault:
                remedy = "give each region a VPC and peers of its own"
                yield Wrong("address-overlap", f"{net} overlaps {theirs_net}, {called}", keys, str(net), remedy)


def place_of(plan: AddressPlan, address: str) -> tuple[str, str] | None:
    """The tier and zone of the subnet that an address is in; none for what is in no subnet."""
    try:
        known = netaddr.IPAddress(address)
    except (netaddr.AddrFormatError, ValueError):
        return None
    return next(
        ((tier, zone) for tier, zones in plan.subnets.items() for zone, net in zones.items() if known in net), None
    )


def is_kept(plan: AddressPlan, address: str) -> bool:
    """Whether the provider keeps that address of its subnet for itself."""
    tier_zone = place_of(plan, address)
    if tier_zone is None:
        return False
    net, number = plan.subnets[tier_zone[0]][tier_zone[1]], int(netaddr.IPAddress(address))
    return bool(number - net.first < FIRST_KEPT or number == net.last)


def canonical(address: Any) -> str:
    """One text for one address; names stay themselves."""
    text = str(address).strip().lower()
    if netaddr is None:
        return text
    try:
        return str(netaddr.IPAddress(text))
    except (netaddr.AddrFormatError, ValueError):
        return text


def is_address(text: str) -> bool:
    """Whether this is an address and not a name."""
    try:
        netaddr.IPAddress(text)
    except (netaddr.AddrFormatError, ValueError):
        return False
    return True


def require() -> None:
    """Say what to install.

    Raises:
        UllError: netaddr is missing.
    """
    if netaddr is None:
        raise UllError("address plans need netaddr on the controller", remedy="python -m pip install netaddr")


def _network(text: str, keys: tuple[Any, ...], wrong: list[Wrong]) -> Any:
    try:
        made = netaddr.IPNetwork(text)
    except (netaddr.AddrFormatError, ValueError):
        wrong.append(Wrong("address-bad", f"{text} is no network", keys, text, "write it like 10.0.0.0/16"))
        return None
    if made.ip != made.network:
        message = f"{text} has host bits set: the network is {made.cidr}"
        wrong.append(Wrong("address-bad", message, keys, text, f"write {made.cidr}"))
        return None
    return made


def _subnets(plan: AddressPlan, region: Mapping[str, Any]) -> None:
    network = region["network"]
    prefix = network.get("prefix", _WORDS["prefix"]["default"])
    words = _WORDS["first"]["properties"]
    if prefix < plan.vpc.prefixlen:
        message = f"a subnet of /{prefix} is larger than the VPC {plan.vpc}"
        plan.wrong.append(Wrong("address-bad", message, ("prefix",), str(prefix), "use a longer prefix"))
        return
    size = 1 << (plan.vpc.size.bit_length() - 1 - (prefix - plan.vpc.prefixlen))
    for tier in TIERS:
        first = network.get("first", {}).get(tier, words[tier]["default"])
        plan.subnets[tier] = {}
        for number, zone in enumerate(region["zones"], first):
            start = plan.vpc.first + number * size
            if start + size - 1 > plan.vpc.last:
                keys: tuple[Any, ...] = ("first", tier) if tier in network.get("first", {}) else ("vpc",)
                message = f"subnet {number} of /{prefix} for {tier} in {zone} lies beyond the VPC {plan.vpc}"
                remedy = f"use a larger VPC, or a lower number for {tier}"
                plan.wrong.append(Wrong("address-bad", message, keys, str(number), remedy))
                break
            plan.subnets[tier][zone] = netaddr.IPNetwork(f"{netaddr.IPAddress(start, plan.vpc.version)}/{prefix}")


def _inner_overlaps(plan: AddressPlan, said: Mapping[str, Any]) -> Iterator[Wrong]:
    """What overlaps within a region; of two networks the one is meant that the inventory says, and not by default."""
    whole: list[tuple[str, tuple[Any, ...], Any]] = [
        ("the VPC", ("vpc",), plan.vpc),
        ("services", ("services",), plan.services),
        ("pods", ("pods",), plan.pods),
    ]
    whole += [(f"peer {name}", ("peers", index, "cidr"), net) for name, (index, net) in plan.peers.items()]
    for (first, before, net), (second, after, other) in combinations(whole, 2):
        if _overlap(net, other):
            message = f"{second} {other} overlaps {first} {net}"
            keys, value = (after, other) if after[0] in said else (before, net)
            yield Wrong("address-overlap", message, keys, str(value), "move one of them")
    zones = [(tier, zone, net) for tier, nets in plan.subnets.items() for zone, net in nets.items()]
    told = set()
    for (tier, zone, net), (other_tier, other_zone, other) in combinations(zones, 2):
        if tier != other_tier and _overlap(net, other) and (tier, other_tier) not in told:
            told.add((tier, other_tier))
            message = f"{other_tier} in {other_zone} overlaps {tier} in {zone}: both are {net}"
            yield Wrong("address-overlap", message, ("first", other_tier), str(other), "set the tiers apart")


def _overlap(net: Any, other: Any) -> bool:
    return bool(net is not None and other is not None and (net in other or other in net))
