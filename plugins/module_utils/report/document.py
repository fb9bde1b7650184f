# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""plan.json: the plans of a region for programs, and the schema by which they may rely on it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..finding import LEVELS
from ..setting import IMPACTS
from .fleet import fleet

SCHEMA = 1

_HOSTS = {"type": "array", "items": {"type": "string"}}
_CPUS = {"type": "string", "description": "CPUs in the kernel's list format, e.g. 0-3,8; empty for none."}
_STATE = {"type": ["string", "null"]}

# A change that could break a reader gets a new number. Keys may be added under the same: ignore those you do not know.
JSON_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Plans of a region, by ull.metal",
    "type": "object",
    "required": ["schema", "region", "created", "verdict", "plans"],
    "properties": {
        "schema": {"const": SCHEMA, "description": "Version of this schema."},
        "region": {"type": "string", "description": "Name of the inventory's folder."},
        "created": {"type": "string", "format": "date-time", "description": "When it was made, UTC."},
        "verdict": {"$ref": "#/$defs/verdict"},
        "plans": {"type": "array", "items": {"$ref": "#/$defs/plan"}},
    },
    "$defs": {
        "verdict": {
            "type": "object",
            "description": "The fleet in numbers and names.",
            "required": ["text", "hosts", "differ", "impacts", "reboot", "unread", "errors", "findings"],
            "properties": {
                "text": {"type": "string", "description": "The last line of the terminal's output."},
                "hosts": {"type": "integer", "minimum": 0, "description": "How many hosts were planned."},
                "differ": {**_HOSTS, "description": "Hosts with a setting that is not as declared."},
                "impacts": {
                    "type": "object",
                    "description": "Hosts by the worst impact of what differs.",
                    "required": list(IMPACTS),
                    "properties": dict.fromkeys(IMPACTS, _HOSTS),
                },
                "reboot": {**_HOSTS, "description": "Hosts that would reboot, each once."},
                "unread": {**_HOSTS, "description": "Hosts that nobody asked for what persists and runs."},
                "errors": {**_HOSTS, "description": "Hosts with an error among their findings."},
                "findings": {
                    "type": "object",
                    "description": "How many kinds of findings, by level.",
                    "required": list(LEVELS),
                    "properties": {level: {"type": "integer", "minimum": 0} for level in LEVELS},
                },
            },
        },
        "plan": {
            "type": "object",
            "description": "One host: every role's slice under the role's name. Roles may add slices.",
            "required": ["schema", "host", "profile", "cpus", "numa", "boot_args", "hugepages", "findings"],
            "properties": {
                "schema": {"type": "integer", "minimum": 1},
                "host": {"type": "string", "description": "Inventory name."},
                "profile": {"type": "string", "description": "Workload class; empty when none is named."},
                "source": {"enum": ["host", "snapshot", ""], "description": "Where the topology was read."},
                "cpus": {
                    "type": "object",
                    "description": "The CPU partition.",
                    "required": ["online", "housekeeping", "isolated", "tickless"],
                    "properties": dict.fromkeys(("online", "housekeeping", "isolated", "tickless"), _CPUS),
                },
                "numa": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["id", "cpus", "memory_bytes"],
                        "properties": {
                            "id": {"type": "integer", "minimum": 0},
                            "cpus": _CPUS,
                            "memory_bytes": {"type": "integer", "minimum": 0},
                        },
                    },
                },
                "boot_args": {
                    "type": "object",
                    "required": ["sections"],
                    "properties": {
                        "sections": {
                            "type": "object",
                            "description": "Kernel arguments by the role that wants them.",
                            "additionalProperties": {"type": "array", "items": {"type": "string"}},
                        }
                    },
                },
                "hugepages": {
                    "type": "object",
                    "required": ["pools"],
                    "properties": {
                        "pools": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "required": ["node", "size", "pages"],
                                "properties": {
                                    "node": {"type": "integer", "minimum": 0},
                                    "size": {"type": "string", "pattern": "^[0-9]+[KMGT]$"},
                                    "pages": {"type": "integer", "minimum": 0},
                                },
                            },
                        }
                    },
                },
                "findings": {"type": "array", "items": {"$ref": "#/$defs/finding"}},
                "states": {"type": "array", "items": {"$ref": "#/$defs/state"}},
            },
        },
        "finding": {
            "type": "object",
            "description": "What is wrong, or worth knowing, about a declaration on a machine.",
            "required": ["id", "level", "message", "path", "value", "remedy", "host", "why"],
            "properties": {
                "id": {"type": "string", "pattern": "^[a-z0-9-]+$", "description": "Its kind; stable."},
                "level": {"enum": list(LEVELS)},
                "message": {"type": "string"},
                "path": {"type": "string", "description": "Where in the declaration."},
                "value": {"description": "What stands there."},
                "remedy": {"type": "string"},
                "host": {"type": "string"},
                "why": {"type": "string", "description": "Why this kind matters."},
                "accepted": {
                    "type": "object",
                    "description": "Who answers for it: why, until when, and its level without that.",
                    "required": ["reason", "until", "level"],
                    "properties": {key: {"type": "string"} for key in ("reason", "until", "level")},
                },
            },
        },
        "state": {
            "type": "object",
            "description": "A setting in its three states; null is: not set.",
            "required": ["name", "role", "impact", "declared", "persisted", "running", "status"],
            "properties": {
                "name": {"type": "string"},
                "role": {"type": "string"},
                "impact": {"enum": list(IMPACTS)},
                "declared": _STATE,
                "persisted": _STATE,
                "running": _STATE,
                "doc": {"type": "string"},
                "status": {"enum": ["in_sync", "pending_reboot", "differs"]},
            },
        },
    },
}


def document(plans: Sequence[Mapping[str, Any]], region: str, created: str) -> str:
    """The text of plan.json: a plan a line, so that two of them can be compared by line.

    Args:
        plans: plans as the action ``ull.metal.plan`` returns them.
        region: name of the inventory.
        created: when it was made, in ISO 8601.
    """
    head = {"schema": SCHEMA, "region": region, "created": created, "verdict": fleet(plans).as_dict()}
    rows = ",\n".join(json.dumps(plan) for plan in plans)
    return f'{json.dumps(head)[:-1]}, "plans": [\n{rows}\n]}}\n'
