# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from region_facts import FACTS, region

from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.inventory.addresses import (
    address_plan,
    between,
    canonical,
    is_kept,
    place_of,
    plan_of_region,
)


def test_the_subnets_of_three_zones():
    plan = plan_of_region(region())
    assert plan["subnets"] == {
        "public": {"a": "10.0.101.0/24", "b": "10.0.102.0/24", "c": "10.0.103.0/24"},
        "private": {"a": "10.0.1.0/24", "b": "10.0.2.0/24", "c": "10.0.3.0/24"},
        "database": {"a": "10.0.11.0/24", "b": "10.0.12.0/24", "c": "10.0.13.0/24"},
    }
    assert (plan["services"], plan["pods"], plan["peers"]) == ("10.100.0.0/16", "10.244.0.0/16", {})


def test_another_prefix():
    plan = plan_of_region(region("172.20.0.0/20", prefix=26, first={"public": 0, "private": 8, "database": 16}))
    assert plan["subnets"]["private"] == {"a": "172.20.2.0/26", "b": "172.20.2.64/26", "c": "172.20.2.128/26"}


def test_where_an_address_is():
    plan = address_plan(region())
    assert place_of(plan, "10.0.12.7") == ("database", "b")
    assert place_of(plan, "10.0.99.1") is None
    assert place_of(plan, "engine1.example") is None
    assert [is_kept(plan, f"10.0.1.{last}") for last in (0, 3, 4, 254, 255)] == [True, True, False, False, True]
    assert not is_kept(plan, "192.0.2.1")
    assert canonical("2001:DB8:0::1") == "2001:db8::1"
    assert canonical("Engine1") == "engine1"


@pytest.mark.parametrize(
    ("network", "keys"),
    [
        ({"vpc": "10.0.0.0/18"}, ("vpc",)),
        ({"prefix": 12}, ("prefix",)),
        ({"first": {"database": 3}}, ("first", "database")),
        ({"first": {"public": 254}}, ("first", "public")),
        ({"services": "10.0.128.0/20"}, ("services",)),
        ({"pods": "10.100.0.0/17"}, ("pods",)),
        ({"peers": [{"name": "p", "cidr": "10.0.7.0/24"}]}, ("peers", 0, "cidr")),
        ({"vpc": "10.100.0.0/16"}, ("vpc",)),
    ],
)
def test_what_does_not_fit_or_overlaps(network, keys):
    assert keys in [wrong.keys for wrong in address_plan(region(**network)).wrong]
    with pytest.raises(UllError, match=r"ull_region\.network"):
        plan_of_region(region(**network))


def overlaps(mine, other):
    return [wrong.keys for wrong in between(address_plan(mine), "other", address_plan(other))]


def test_regions_share_the_clusters_ranges_until_they_are_routed():
    other = region("10.1.0.0/16")
    assert overlaps(region(), other) == []
    assert overlaps(region(cluster_routed=True), other) == [("services",), ("pods",)]
    assert overlaps(region(cluster_routed=True, services="10.101.0.0/16", pods="10.245.0.0/16"), other) == []


def test_regions_that_overlap():
    assert overlaps(region(), region()) == [("vpc",)]
    assert overlaps(region(), region("10.0.64.0/18", first={"public": 10, "private": 20, "database": 30})) == [("vpc",)]
    assert overlaps(region(services="10.1.0.0/20"), region("10.1.0.0/16")) == [("services",)]
    same = {"peers": [{"name": "office", "cidr": "192.0.2.0/24"}]}
    assert overlaps(region(**same), region("10.1.0.0/16", **same)) == []
    other = {"peers": [{"name": "desk", "cidr": "192.0.2.128/25"}]}
    assert overlaps(region(**same), region("10.1.0.0/16", **other)) == [("peers", 0, "cidr")]
    # told where the VPC is said, not in each region with the usual ranges
    assert overlaps(region(), region("10.244.0.0/16")) == []


def test_facts_that_are_none():
    with pytest.raises(UllError, match="network is missing"):
        plan_of_region(FACTS)
