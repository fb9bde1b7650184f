# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from region_facts import FACTS, region

from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.inventory.cloud import cloud_plan

TYPES = {
    "m7i.metal-24xl": {"type": "m7i.metal-24xl"},
    "control-8": {"type": "m7i.2xlarge", "cpu_options": {"core_count": 4}},
}
CLASSES = ["order_engine", "control_plane", "data_store", "execution_gateway"]


def host(group, machine, address, zone="a"):
    return {"group_names": [group], "ull_machine": machine, "ansible_host": address, "ull_zone": zone}


HOSTS = {
    "o1": host("order_engine", "m7i.metal-24xl", "10.0.1.21"),
    "c1": host("control_plane", "control-8", "10.0.2.61", "b"),
    "g1": host("execution_gateway", "gateway-2x16", "10.0.1.51"),
}


def made(**others):
    return cloud_plan(region(), list(HOSTS), HOSTS, TYPES, CLASSES, **others)


def test_instances_of_known_types_with_class_zone_and_options():
    first, second = made()["instances"]
    assert (first["name"], first["class"], first["tier"]) == ("o1", "order_engine", "private")
    assert (first["placement_group"], first["cpu_options"]) == ("p-x-order-engine-a", {})
    assert (second["type"], second["cpu_options"], second["placement_group"]) == ("m7i.2xlarge", {"core_count": 4}, "")
    assert made()["placement_groups"] == ["p-x-order-engine-a"]


def test_subnets_tags_and_names():
    plan = made()
    assert [each["cidr"] for each in plan["subnets"]][::3] == ["10.0.101.0/24", "10.0.1.0/24", "10.0.11.0/24"]
    assert set(plan["tags"]) == {*FACTS["tags"], "ManagedBy", "Region"}
    assert (plan["name"], made(prefix="y")["name"]) == ("p-x", "y")
    assert {each["name"]: each["days"] for each in plan["secrets"]} == {
        "p/x/postgresql": 90,
        "p/x/redis": 90,
        "p/x/jwt": 180,
    }


def test_nobody_but_hosts_reaches_a_store():
    groups = {each["name"]: each for each in made(admin=["192.0.2.0/24"])["groups"]}
    for store, port in (("database", 5432), ("redis", 6379)):
        (rule,) = groups[f"p-x-{store}"]["inbound"]
        assert (rule["ports"], rule["group_name"], "cidr_ip" in rule) == ([port], "p-x-nodes", False)
        assert groups[f"p-x-{store}"]["outbound"] == []
    assert [rule["ports"] for rule in groups["p-x-alb"]["inbound"]] == [[443, 80]]
    assert [rule["ports"] for rule in groups["p-x-alb"]["outbound"]] == [[7999, 8080]]
    assert groups["p-x-nodes"]["inbound"][-1]["cidr_ip"] == ["192.0.2.0/24"]
    anywhere = [rule for each in groups.values() for rule in each["inbound"] if "0.0.0.0/0" in rule.get("cidr_ip", [])]
    assert anywhere == groups["p-x-alb"]["inbound"]


def test_another_provider_is_refused():
    with pytest.raises(UllError, match="region of gcp"):
        cloud_plan({**region(), "provider": "gcp"}, [], {}, {}, [])
