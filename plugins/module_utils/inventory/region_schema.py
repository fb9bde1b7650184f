# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The facts of a region, ``ull_region``, as JSON Schema: what is checked, shipped and documented is made from this."""

from __future__ import annotations

from typing import Any

VARIABLE = "ull_region"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TIERS = ("public", "private", "database")


def _text(description: str, pattern: str, *examples: str, default: str | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "string", "description": description, "pattern": pattern, "examples": [*examples]}
    return made if default is None else {**made, "default": default}


def _word(description: str, *words: str, default: str | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "string", "description": description, "enum": [*words]}
    return made if default is None else {**made, "default": default}


def _number(description: str, least: int, most: int, default: int | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "integer", "description": description, "minimum": least, "maximum": most}
    return made if default is None else {**made, "default": default}


def _object(description: str, properties: dict[str, Any], *required: str) -> dict[str, Any]:
    made = {"type": "object", "description": description, "additionalProperties": False, "properties": properties}
    return {**made, "required": [*required]} if required else made


def _list(description: str, items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "array", "description": description, "items": items, **more}


_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
_CIDR = r"^[0-9a-fA-F.:]+/[0-9]{1,3}$"
_HOUR = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"

_WINDOW = _object(
    "A time of the week. One that ends before it begins ends on the next day.",
    {
        "days": _list("Days on which it begins.", _word("A day of the week.", *DAYS)),
        "from": _text("When it begins, in quotes.", _HOUR, "09:30"),
        "to": _text("When it ends, in quotes.", _HOUR, "16:00"),
    },
    *("days", "from", "to"),
)

NETWORK = _object(
    "The addresses. Subnets of zones follow from the VPC: the first zone's number is said, the next zones count up.",
    {
        "vpc": _text("The region's whole network, which no other region's may overlap.", _CIDR, "10.0.0.0/16"),
        "prefix": _number("Prefix length of a zone's subnet.", 8, 30, 24),
        "first": _object(
            "Number of the first zone's subnet within the VPC, by tier.",
            {
                "public": _number("Of load balancers and NAT gateways.", 0, 65535, 101),
                "private": _number("Of all hosts but data stores.", 0, 65535, 1),
                "database": _number("Of data stores.", 0, 65535, 11),
            },
        ),
        "services": _text("Addresses of Kubernetes services.", _CIDR, "10.100.0.0/16", default="10.100.0.0/16"),
        "pods": _text("Addresses of pods.", _CIDR, "10.244.0.0/16", default="10.244.0.0/16"),
        "cluster_routed": {
            "type": "boolean",
            "description": "Whether pods and services are reached from other regions (BGP); then theirs must differ.",
            "default": False,
        },
        "peers": _list(
            "Networks beyond the VPC that hosts reach: exchanges, offices.",
            _object(
                "A network beyond the VPC.",
                {"name": _text("Its name.", _NAME, "NYSE"), "cidr": _text("Its addresses.", _CIDR, "203.0.113.0/28")},
                *("name", "cidr"),
            ),
        ),
    },
    "vpc",
)

TIME = _object(
    "Where hosts get the time.",
    {
        "ntp": _list("NTP servers.", _text("Address or name.", _NAME, "169.254.169.123")),
        "ptp": _word(
            "Time below a microsecond: `phc` from a clock of the hypervisor or NIC, `network` from a grandmaster.",
            *("none", "phc", "network"),
            default="none",
        ),
        "ptp_domain": _number("PTP domain of the grandmaster.", 0, 127, 0),
    },
    "ntp",
)

WINDOWS = _object(
    "When the region trades, and when it may be worked on.",
    {
        "timezone": _text(
            "Time zone of all windows.", r"^(UTC|[A-Z][A-Za-z]+(/[A-Z][A-Za-z_-]+)+)$", "America/New_York"
        ),
        "trading": _list("When nothing may be disturbed.", _WINDOW),
        "maintenance": _list("When hosts may be drained and rebooted.", _WINDOW),
    },
    *("timezone", "trading", "maintenance"),
)

TAGS = _object(
    "Tags of everything that is made in the cloud.",
    {
        "Environment": _text("Stage.", _NAME, "production"),
        "Project": _text("Project.", _NAME, "trading"),
        "ManagedBy": _text("What manages it.", _NAME, "ull.metal", default="ull.metal"),
        "Team": _text("Who answers for it.", r"^\S.*$", "infrastructure"),
        "CostCenter": _text("Who pays; digits in quotes.", r"^\S.*$", "4100"),
        "Compliance": _text("Rules that it is under.", r"^\S.*$", "MiFID II"),
    },
    *("Environment", "Project", "Team", "CostCenter", "Compliance"),
)

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Facts of a region of ull.metal",
    **_object(
        "The facts of a region.",
        {
            "name": _text("Name of the region, which is its inventory folder's.", _NAME, "us-east-1"),
            "provider": _word("Whose region it is.", "aws", "gcp", "azure", "metal", "local"),
            "recovers": _text("Region that this one stands in for after a disaster.", _NAME, "us-east-1", default=""),
            "exchanges": _list("Exchanges that the region is near to.", _text("Name of an exchange.", _NAME, "NYSE")),
            "exchange_budget_ns": _number(
                "Latency to its exchanges at most, one way, in nanoseconds; wanted where there are exchanges.",
                1,
                1_000_000_000,
            ),
            "exchange_link": _text(
                "Speed of the link to them; wanted where there are exchanges.", r"^[1-9][0-9]*G$", "10G"
            ),
            "zones": _list("Availability zones, in the order of their subnets.", _text("Name.", _NAME, "us-east-1a")),
            "classes": _list(
                "Workload classes that the region has; by default all that the collection knows.",
                _text("Name of a class.", _NAME, "order_engine"),
                default=[],
            ),
            "network": NETWORK,
            "time": TIME,
            "windows": WINDOWS,
            "tags": TAGS,
        },
        *("name", "provider", "exchanges", "zones", "network", "time", "windows", "tags"),
    ),
}
