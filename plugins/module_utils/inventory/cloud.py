# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a region needs in the cloud, as lists that a playbook goes through: subnets, rules, instances, buckets, secrets.

Figures are REQUIREMENTS' of the platform: three tiers over three zones, load balancers on 443 and 80, applications on 7999
and 8080, backups that become cheaper after 30 and 90 days and go after 365.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import UllError
from .addresses import plan_of_region
from .region_schema import TIERS, VARIABLE

POSTGRESQL, REDIS, APPLICATIONS = 5432, 6379, (7999, 8080)
# Classes whose hosts want to be near each other: one cluster placement group a class and zone.
NEAR = ("market_data", "order_engine", "risk_engine", "alpha_calculator", "execution_gateway")
# Days after which a secret changes.
SECRETS = {"postgresql": 90, "redis": 90, "jwt": 180}
_ANYWHERE = "0.0.0.0/0"


def cloud_plan(
    region: Mapping[str, Any],
    hosts: Iterable[str],
    variables: Mapping[str, Mapping[str, Any]],
    types: Mapping[str, Mapping[str, Any]],
    classes: Iterable[str],
    prefix: str = "",
    admin: Iterable[str] = (),
) -> dict[str, Any]:
    """Everything that is to be there.

    Args:
        region: the facts of the region.
        hosts: the hosts of the inventory.
        variables: their variables; used are ``group_names``, ``ansible_host``, ``ull_zone`` and ``ull_machine``.
        types: what a machine type is in the cloud, ``{type: ..., cpu_options: {...}}``; hosts of other types are not made.
        classes: the workload classes.
        prefix: how names begin; by default the project and the region.
        admin: networks from which hosts are administered.

    Raises:
        UllError: the region is not AWS's, or its facts are none.
    """
    networks = plan_of_region(region)
    if region["provider"] != "aws":
        message = f"{region['name']} is a region of {region['provider']}"
        raise UllError(message, variable=f"{VARIABLE}.provider", value=region["provider"], remedy="use a region of AWS")
    name = prefix or f"{region['tags']['Project']}-{region['name']}"
    tags = {"ManagedBy": "ull.metal", **region["tags"], "Region": region["name"]}
    instances = _instances(name, hosts, variables, types, tuple(classes))
    return {
        "name": name,
        "tags": tags,
        "vpc": networks["vpc"],
        "subnets": [
            {"name": f"{name}-{tier}-{zone}", "tier": tier, "zone": zone, "cidr": networks["subnets"][tier][zone]}
            for tier in TIERS
            for zone in region["zones"]
        ],
        "zones": list(region["zones"]),
        "groups": _groups(name, networks, list(admin)),
        "placement_groups": sorted({each["placement_group"] for each in instances} - {""}),
        "instances": instances,
        "buckets": _buckets(name),
        "secrets": [
            {"name": f"{region['tags']['Project']}/{region['name']}/{each}", "days": days}
            for each, days in SECRETS.items()
        ],
    }


def _instances(
    name: str,
    hosts: Iterable[str],
    variables: Mapping[str, Mapping[str, Any]],
    types: Mapping[str, Mapping[str, Any]],
    classes: tuple[str, ...],
) -> list[dict[str, Any]]:
    made = []
    for host in hosts:
        told = variables[host]
        kind = types.get(told.get("ull_machine", ""))
        workload = next((each for each in told["group_names"] if each in classes), "")
        if kind is None or not workload:
            continue
        zone = told["ull_zone"]
        made.append(
            {
                "name": host,
                "class": workload,
                "machine": told["ull_machine"],
                "zone": zone,
                "address": told["ansible_host"],
                "tier": "database" if workload == "data_store" else "private",
                "type": kind["type"],
                "cpu_options": dict(kind.get("cpu_options", {})),
                "placement_group": f"{name}-{workload.replace('_', '-')}-{zone}" if workload in NEAR else "",
            }
        )
    return made


def _groups(name: str, networks: Mapping[str, Any], admin: list[str]) -> list[dict[str, Any]]:
    """Security groups, those that others refer to first. Load balancers are the only ones in public subnets, so the hosts
    know them by those; a reference each way could be made in no order."""
    public, private = list(networks["subnets"]["public"].values()), list(networks["subnets"]["private"].values())
    database = list(networks["subnets"]["database"].values())
    nodes = [_rule(APPLICATIONS, public, "from load balancers"), _rule(-1, [*private, *database], "among hosts")]
    nodes += [_rule((22,), admin, "administration")] if admin else []
    return [
        {"name": f"{name}-nodes", "doc": "Hosts", "inbound": nodes, "outbound": [_rule(-1, [_ANYWHERE])]},
        {
            "name": f"{name}-alb",
            "doc": "Load balancers",
            "inbound": [_rule((443, 80), [_ANYWHERE], "clients; 80 is sent on to 443")],
            "outbound": [_rule(APPLICATIONS, private, "to applications")],
        },
        *(
            {
                "name": f"{name}-{store}",
                "doc": f"{store} from hosts only",
                "inbound": [{**_rule((port,), [], "from hosts"), "group_name": f"{name}-nodes"}],
                "outbound": [],
            }
            for store, port in (("database", POSTGRESQL), ("redis", REDIS))
        ),
    ]


def _rule(ports: tuple[int, ...] | int, networks: list[str], doc: str = "") -> dict[str, Any]:
    """A rule as ec2_security_group takes it; -1 is every protocol. The rule outward that a new group has is without words."""
    made: dict[str, Any] = {"proto": "-1" if isinstance(ports, int) else "tcp"}
    if doc:
        made["rule_desc"] = doc
    if not isinstance(ports, int):
        made["ports"] = list(ports)
    return {**made, "cidr_ip": networks} if networks else made


def _buckets(name: str) -> list[dict[str, Any]]:
    """Rules as s3_lifecycle takes them."""
    return [
        {
            "name": f"{name}-backups",
            "versioning": True,
            "replicated": True,
            "rules": [
                {
                    "rule_id": "age",
                    "transitions": [
                        {"transition_days": 30, "storage_class": "standard_ia"},
                        {"transition_days": 90, "storage_class": "glacier"},
                    ],
                    "expiration_days": 365,
                }
            ],
        },
        {
            "name": f"{name}-logs",
            "versioning": False,
            "replicated": False,
            "rules": [{"rule_id": "age", "transitions": [], "expiration_days": 90}],
        },
        {"name": f"{name}-assets", "versioning": True, "replicated": False, "rules": []},
    ]
