# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check inventories as they are written, with no host asked: every mistake by file, line and what would be right."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..acceptance import VARIABLE as ACCEPTED
from ..acceptance import accept
from ..errors import UllError
from ..finding import ERROR, Finding
from . import addresses
from .document import Place
from .names import has_template, unknown_variables
from .placement import class_findings, classes, machine_findings, zone_findings
from .profiles import profile_findings
from .region import fact_findings, located, schema_findings
from .region_schema import VARIABLE
from .secrets import plain_secrets
from .source import Source, Variable, read_source

_MAC = re.compile(r"([0-9a-f]{2}:){5}[0-9a-f]{2}\Z", re.ASCII)
_DATABASE = ("data_store",)
_WORDS = {"address-twice": "address", "mac-twice": "MAC address", "name-twice": "name"}


@dataclass
class Region:
    """An inventory with what was understood of it."""

    source: Source
    said: Variable | None = None
    facts: Mapping[str, Any] | None = None
    plan: addresses.AddressPlan | None = None
    variables: dict[str, dict[str, Variable]] = field(default_factory=dict)
    found: list[Finding] = field(default_factory=list)

    @property
    def anchor(self) -> Place:
        """Where the region's facts stand, or should."""
        return self.said.place() if self.said else Place(f"{self.source.shown}/group_vars/all.yml", 1)


def check_inventories(
    folders: Sequence[Path], playbooks: Path, today: str, wanted: Sequence[Path] | None = None, facts: bool = True
) -> dict[str, list[dict[str, Any]]]:
    """Check inventories, each on its own and against the others.

    Args:
        folders: all inventories that share networks and host names, mostly those of one folder.
        playbooks: the folder with the group_vars of the workload classes.
        today: as 2027-01-31, for what is accepted until a day.
        wanted: those whose findings are asked for; by default all.
        facts: whether an inventory without ``ull_region`` is wrong; without facts there are fewer checks.

    Returns:
        The findings by the inventory's name, as plans hold them, what is accepted with that level.

    Raises:
        UllError: netaddr is missing on the controller.
    """
    regions = [Region(read_source(folder, shown(folder), playbooks)) for folder in folders]
    for region in regions:
        _alone(region, facts, [other.source.name for other in regions])
    _together(regions)
    asked = {folder.resolve() for folder in wanted} if wanted is not None else None
    return {
        region.source.name: _accepted(region, today)
        for region in regions
        if asked is None or region.source.folder.resolve() in asked
    }


def shown(folder: Path) -> str:
    """A folder as one would type it here."""
    here = Path.cwd()
    whole = folder.absolute()
    return str(whole.relative_to(here)) if whole.is_relative_to(here) else str(whole)


def errors_of(findings: Mapping[str, Sequence[Mapping[str, Any]]]) -> int:
    """How many errors there are in all inventories."""
    return sum(found["level"] == ERROR for each in findings.values() for found in each)


def _alone(region: Region, facts: bool, names: Sequence[str]) -> None:
    source, found = region.source, region.found
    found += source.found
    region.variables = {host: source.variables(host) for host in source.hosts}
    found += [*unknown_variables(source), *plain_secrets(source)]
    region.said = source.layers.get(("inventory", "group", "all"), {}).get(VARIABLE) or source.layers.get(
        ("file", "group", "all"), {}
    ).get(VARIABLE)
    _facts(region, facts, names)
    wanted: Sequence[str] = ()
    if region.facts:
        wanted = region.facts.get("classes") or [name for name in classes(source) if _shipped(source, name)]
    found += class_findings(source, wanted, region.anchor)
    told: set[tuple[Any, ...]] = set()
    for variables in region.variables.values():
        for one in profile_findings(variables):
            if (one.id, one.path, one.message) not in told:
                told.add((one.id, one.path, one.message))
                found.append(one)
    if region.facts:
        for host, variables in region.variables.items():
            found += machine_findings(source, host, variables)
        found += zone_findings(source, region.facts["zones"], region.variables, region.anchor)
    if region.plan:
        found += _network(region)
    found += _macs(region)


def _shipped(source: Source, name: str) -> bool:
    return "ull_class_profile" in source.layers.get(("play", "group", name), {})


def _facts(region: Region, wanted: bool, names: Sequence[str]) -> None:
    if region.said is None:
        if wanted:
            remedy = f"say {VARIABLE} in group_vars/all.yml, by docs/regions.md"
            message = "the inventory does not say which region it is"
            region.found.append(Finding("region-missing", message, str(region.anchor), None, remedy))
        return
    if has_template(region.said.value):
        message = "the facts of a region are read without Ansible, and have a template"
        region.found.append(Finding("region-bad-value", message, str(region.anchor), None, "say them in plain words"))
        return
    wrong = schema_findings(region.said)
    region.found += wrong
    if not wrong:
        region.facts = region.said.value
        region.found += fact_findings(region.said, region.source.name, names)
        region.plan = addresses.address_plan(region.said.value)
        region.found += [_wrong(region, each) for each in region.plan.wrong]


def _wrong(region: Region, wrong: addresses.Wrong) -> Finding:
    path = f"{VARIABLE}.network" + "".join(f"[{k}]" if isinstance(k, int) else f".{k}" for k in wrong.keys)
    assert region.said is not None  # noqa: S101  # a plan is made of facts
    return located(Finding(wrong.kind, wrong.message, path, wrong.value, wrong.remedy), region.said)


def _network(region: Region) -> Iterator[Finding]:
    """Every host's address against the address plan."""
    plan, stores = region.plan, {host for name in _DATABASE for host in region.source.members(name)}
    if plan is None or plan.vpc is None or not plan.subnets.get("private"):
        return
    for host, variables in region.variables.items():
        said, zone = variables.get("ansible_host"), variables.get("ull_zone")
        if said is None:
            remedy = "say its ansible_host, an address of its zone's subnet"
            place = str(region.source.hosts[host])
            yield Finding("address-missing", f"{host} has no address", place, None, remedy, host)
            continue
        address = str(said.value)
        if has_template(address):
            continue
        if not addresses.is_address(address):
            if re.fullmatch(r"[0-9.]+", address):
                yield Finding(
                    "address-bad", "this is no address", str(said.place()), address, "write it like 10.0.1.11"
                )
            continue
        tier = "database" if host in stores else "private"
        where = addresses.place_of(plan, address)
        right = plan.subnets[tier].get(str(zone.value)) if zone else None
        if right is not None and where != (tier, str(zone.value if zone else "")):
            really = f"in {where[0]} of {where[1]}" if where else "in no subnet of the region"
            message = f"the address of {host} is {really}"
            remedy = f"use one of {right}, {tier} in {zone.value if zone else ''}, or correct its zone"
            yield Finding("address-outside", message, str(said.place()), address, remedy)
        elif addresses.is_kept(plan, address):
            message = f"the address of {host} is one that the provider keeps in every subnet"
            yield Finding("address-kept", message, str(said.place()), address, "use .4 or above, and not the last")


def _macs(region: Region) -> Iterator[Finding]:
    for variables in region.variables.values():
        said = variables.get("ull_mac")
        if said is None or has_template(said.value):
            continue
        text = str(said.value).lower()
        if not isinstance(said.value, str) or not _MAC.match(text):
            hint = "put it in quotes, as YAML reads it as a number" if not isinstance(said.value, str) else "six bytes"
            yield Finding(
                "mac-bad", "this is no MAC address", str(said.place()), said.value, f'{hint}: "02:00:5e:00:10:00"'
            )
        elif int(text[:2], 16) & 1 or text == "00:00:00:00:00:00":
            yield Finding(
                "mac-bad", "this is no address of one host", str(said.place()), text, "the first byte is even"
            )


def _together(regions: Sequence[Region]) -> None:
    """What two hosts, or two regions, have in common and must not."""
    holders: dict[tuple[Any, ...], list[_Holder]] = {}
    for region in regions:
        for host, variables in region.variables.items():
            for key, kind, name in _unique(variables):
                place, value = str(variables[name].place()), variables[name].value
                holders.setdefault(key, []).append(_Holder(region, host, kind, place, value))
            place = str(region.source.hosts[host])
            holders.setdefault(("name", host), []).append(_Holder(region, host, "name-twice", place))
    for several in holders.values():
        for number, holder in enumerate(several):
            # within a region the later one is told; of two regions each, as one may be asked for alone
            others = [each for each in several if each.region is not holder.region] + several[:number]
            if others:
                holder.region.found.append(_twice(holder, others[0]))
    for region in regions:
        for other in regions:
            if region is not other and region.plan and other.plan:
                wrongs = addresses.between(region.plan, other.source.name, other.plan)
                region.found += [_wrong(region, each) for each in wrongs]
        _recovery(region, regions)


@dataclass(frozen=True)
class _Holder:
    """A host with something that only one may have."""

    region: Region
    host: str
    kind: str
    place: str
    value: Any = None


def _twice(holder: _Holder, other: _Holder) -> Finding:
    where = f" of {other.region.source.name}" if other.region is not holder.region else ""
    message = f"{holder.host} has the {_WORDS[holder.kind]} of {other.host}{where}"
    remedy = f"give each host its own {_WORDS[holder.kind]}"
    return Finding(holder.kind, message, holder.place, holder.value, remedy, holder.host)


def _unique(variables: Mapping[str, Variable]) -> Iterator[tuple[tuple[Any, ...], str, str]]:
    """What no other host may have: its key, what it is, and the variable."""
    said = variables.get("ansible_host")
    if said is not None and not has_template(said.value):
        port = variables.get("ansible_port")
        address = addresses.canonical(said.value)
        yield ("address", address, str(port.value) if port else "22"), "address-twice", "ansible_host"
    said = variables.get("ull_mac")
    if said is not None and isinstance(said.value, str):
        yield ("mac", said.value.lower()), "mac-twice", "ull_mac"


def _recovery(region: Region, regions: Sequence[Region]) -> None:
    """A region that stands in for another has as many hosts of each class."""
    name = (region.facts or {}).get("recovers")
    other = next((each for each in regions if name and each.source.name == name), None)
    if other is None or region.source.live:
        return
    for each in classes(other.source):
        have, wanted = len(region.source.members(each)), len(other.source.members(each))
        if have < wanted:
            place = region.source.groups[each].place if each in region.source.groups else region.anchor
            message = f"{have} hosts of {each}, and {name}, which they stand in for, has {wanted}"
            region.found.append(Finding("recovery-short", message, str(place), None, "add hosts, or accept it"))


def _accepted(region: Region, today: str) -> list[dict[str, Any]]:
    name = region.source.name
    found = [{**finding.as_dict(), "host": finding.host or name} for finding in region.found]
    said = region.source.layers.get(("inventory", "group", "all"), {}).get(ACCEPTED)
    return accept(found, said.value if said else [], name, today)


def regions_below(folder: Path) -> list[Path]:
    """The inventories of a folder: those that have hosts and say which region they are.

    Raises:
        UllError: there is none.
    """
    found = [each for each in sorted(folder.iterdir()) if each.is_dir() and (each / "group_vars").is_dir()]
    found = [each for each in found if each.name != "lab"]
    if not found:
        raise UllError("there are no inventories", variable="inventories", value=str(folder))
    return found


def folder_of(source: str) -> Path | None:
    """The folder of an inventory source; none for a list of hosts, a script, or a file that is no YAML."""
    path = Path(source)
    if path.is_file() and path.suffix in (".yml", ".yaml"):
        path = path.absolute().parent
    if not path.is_dir():
        return None
    # the configuration of live sources is in a folder of the region's
    return path.absolute().parent if path.name == "live" else path
