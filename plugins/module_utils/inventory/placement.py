# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which hosts a region has: classes, machine types, zones, the quorum of its control plane."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from ..finding import Finding
from ..json_schema import nearest
from .document import Place
from .machines import SHIPPED, known_types
from .names import has_template
from .source import Source, Variable

CLASS_PROFILE = "ull_class_profile"
CONTROL_PLANE = "control_plane"


def classes(source: Source) -> dict[str, Variable]:
    """The workload classes: groups with a class profile, beside the playbooks or in the inventory."""
    return {
        owner: variables[CLASS_PROFILE]
        for (_layer, kind, owner), variables in source.layers.items()
        if kind == "group" and CLASS_PROFILE in variables
    }


def class_findings(source: Source, wanted: Sequence[str], anchor: Place) -> Iterator[Finding]:
    """Hosts in two classes or none, classes without hosts, groups and variables that reach nobody.

    Args:
        source: the inventory.
        wanted: the classes that the region should have.
        anchor: where the region's facts stand, for what is missing as a whole.
    """
    known = classes(source)
    members = {name: source.members(name) for name in known}
    for host, place in source.hosts.items():
        mine = [name for name in known if host in members[name]]
        if len(mine) > 1:
            second = _where(source, host, mine) or place
            message = f"{host} is in {len(mine)} workload classes: {', '.join(sorted(mine))}"
            yield Finding("host-in-two-classes", message, str(second), None, "take it out of all but one", host)
        elif not mine and not _own_profile(source, host):
            yield _classless(source, host, place, list(known))
    for name in wanted:
        if name not in known:
            hint = nearest(name, list(known)) or f"known are {', '.join(sorted(known))}"
            yield Finding("class-missing", f"there is no class {name!r}", str(anchor), name, hint)
        elif not members[name] and not source.live:
            place = source.groups[name].place if name in source.groups else anchor
            remedy = f"add hosts to {name}, or say under ull_region.classes which classes the region has"
            yield Finding("class-missing", f"no host is in the class {name}", str(place), None, remedy)
    yield from _unused(source)
    yield from _without_effect(source)


def machine_findings(source: Source, host: str, variables: Mapping[str, Variable]) -> Iterator[Finding]:
    """A machine type that nobody knows, and a host with neither a type nor a stored topology."""
    folder = source.folder / "topology"
    said = variables.get("ull_machine")
    if said is None:
        if not (folder / f"{host}.json").exists() and "ull_topology_dir" not in variables:
            remedy = "put it into its machine type's group, give it ull_machine, or gather it: make topology"
            message = f"{host} has no stored topology and no machine type"
            yield Finding("machine-missing", message, str(source.hosts[host]), None, remedy, host)
    elif not has_template(said.value):
        types = known_types([folder / "types", SHIPPED])
        if str(said.value) not in types:
            hint = nearest(str(said.value), list(types)) or f"known are {', '.join(sorted(types))}"
            yield Finding("machine-unknown", "there is no such machine type", str(said.place()), said.value, hint)


def zone_findings(
    source: Source, zones: Sequence[str], variables: Mapping[str, Mapping[str, Variable]], anchor: Place
) -> Iterator[Finding]:
    """Hosts without a zone or in one that is not the region's; classes that a zone's loss would take."""
    in_zone: dict[str, str] = {}
    for host, place in source.hosts.items():
        said = variables[host].get("ull_zone")
        if said is None:
            remedy = f"say its ull_zone, one of {', '.join(zones)}"
            yield Finding("zone-missing", f"{host} has no zone", str(place), None, remedy, host)
        elif said.value in zones:
            in_zone[host] = str(said.value)
        elif not has_template(said.value):
            hint = nearest(str(said.value), list(zones)) or f"the region has {', '.join(zones)}"
            yield Finding(
                "zone-unknown",
                f"{host} is in a zone that the region does not have",
                str(said.place()),
                said.value,
                hint,
            )
    for name in classes(source):
        hosts = [host for host in source.members(name) if host in in_zone]
        if hosts:
            yield from _spread(source, name, Counter(in_zone[host] for host in hosts), len(hosts), zones)
    if not source.live and source.members(CONTROL_PLANE):
        yield from _quorum(source, [in_zone[host] for host in source.members(CONTROL_PLANE) if host in in_zone], anchor)


def _spread(source: Source, name: str, count: Counter[str], hosts: int, zones: Sequence[str]) -> Iterator[Finding]:
    least, rest = divmod(hosts, len(zones))
    if max(count.values()) > least + bool(rest):
        told = ", ".join(f"{zone} {count[zone]}" for zone in zones)
        remedy = f"put at most {least + bool(rest)} of the {hosts} into one zone"
        message = f"{name} is not spread over the zones: {told}"
        yield Finding("zone-spread", message, str(source.groups[name].place), None, remedy)


def _quorum(source: Source, zones: Sequence[str], anchor: Place) -> Iterator[Finding]:
    """etcd goes on while a majority is there: three members at least, an odd number, no zone with half of them."""
    place = str(source.groups[CONTROL_PLANE].place if CONTROL_PLANE in source.groups else anchor)
    hosts = len(source.members(CONTROL_PLANE))
    if hosts < 3 or hosts % 2 == 0:
        why = "a majority is all of them" if hosts < 3 else "they bear no more losses than one fewer"
        message = f"{hosts} control-plane nodes: {why}"
        yield Finding("quorum-lost", message, place, hosts, "use 3 or 5")
    elif zones and hosts - max(Counter(zones).values()) <= hosts // 2:
        worst, count = Counter(zones).most_common(1)[0]
        message = f"{count} of {hosts} control-plane nodes are in {worst}: without that zone no majority is left"
        yield Finding("quorum-lost", message, place, hosts, "spread them over three zones")


def _classless(source: Source, host: str, place: Place, known: list[str]) -> Finding:
    """A group with nearly the name of a class is what is wrong mostly."""
    for group in source.groups_of(host):
        hint = nearest(group, known)
        if hint:
            message = f"{host} is in no workload class, but in a group {group!r}"
            return Finding("host-without-class", message, str(source.groups[group].place), None, hint, host)
    remedy = f"put it into one of {', '.join(sorted(known))}, or give it ull_profile"
    return Finding("host-without-class", f"{host} is in no workload class", str(place), None, remedy, host)


def _own_profile(source: Source, host: str) -> bool:
    return "ull_profile" in source.variables(host)


def _where(source: Source, host: str, names: Sequence[str]) -> Place | None:
    """Where the host is said for the last time among those classes."""
    places = []
    for name in names:
        waiting = [name]
        while waiting:
            group = source.groups.get(waiting.pop())
            if group:
                places += [group.hosts[host]] if host in group.hosts else []
                waiting += group.children
    return max(places, key=lambda place: place.line) if places else None


def _unused(source: Source) -> Iterator[Finding]:
    """Variables of groups and hosts that the inventory does not have."""
    if source.live:
        return
    groups, hosts = {"all", "ungrouped", *source.groups}, source.hosts
    told = set()
    for kind, owner, variable in source.said():
        known = groups if kind == "group" else hosts
        if owner in known or variable.document.file in told:
            continue
        told.add(variable.document.file)
        hint = nearest(owner, list(known)) or "remove the file, or add what it is for"
        message = f"these are variables of a {kind} {owner!r}, which there is not"
        yield Finding("group-vars-unused", message, f"{variable.document.file}:1", owner, hint)


def _without_effect(source: Source) -> Iterator[Finding]:
    """What a file beside the playbooks says too: that one counts."""
    for kind, owner, variable in source.said():
        theirs = source.layers.get(("play", kind, owner), {}).get(variable.name)
        if theirs is not None and kind == "group":
            own = {CLASS_PROFILE: "ull_profile", "ull_machine_profile": "ull_profile"}.get(variable.name)
            remedy = f"say what differs as {own}" if own else "use another group, or say it for the hosts"
            message = f"{variable.name} of {owner} is without effect: {theirs.place().file} says it too, and wins"
            yield Finding("variable-without-effect", message, str(variable.place()), None, remedy)
