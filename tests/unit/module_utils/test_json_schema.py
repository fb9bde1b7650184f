# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest

from ansible_collections.ull.metal.plugins.module_utils.json_schema import nearest, validate
from ansible_collections.ull.metal.plugins.module_utils.profile_schema import SCHEMA


def wrong(declared):
    return [(finding.path, finding.remedy) for finding in validate(declared, SCHEMA, "p")]


@pytest.mark.parametrize(
    ("declared", "path", "remedy"),
    [
        ({"smt": "whole core"}, "p.smt", "did you mean 'whole cores'?"),
        ({"smt": False}, "p.smt", "put it in quotes, as YAML reads it as a boolean"),
        ({"kubelet": {"version": 1.3}}, "p.kubelet.version", "put it in quotes, as YAML reads it as a number"),
        ({"nics": {"a": {"pci": 2460.0}}}, "p.nics.a.pci", "put it in quotes"),
        ({"nics": {"a": {"name": "x", "vfs": [{"count": 1, "mac": 40941524853}]}}}, "p.nics.a.vfs[0].mac", "in quotes"),
        (
            {"nics": {"a": {"name": "x", "vfs": [{"count": 1, "mac": "01:00:5e:00:00:01"}]}}},
            "p.nics.a.vfs[0].mac",
            "MAC",
        ),
        ({"nics": {"a": {"name": "x", "vfs": [{"use": "dpdk"}]}}}, "p.nics.a.vfs[0]", "How many"),
        ({"nics": {"a": {"name": "x", "vfs": {"count": 1}}}}, "p.nics.a.vfs", "a group an item"),
        ({"nics": {"a": {"name": "x", "mtu": 70000}}}, "p.nics.a.mtu", "MTU"),
        ({"nics": {"a": {"name": "x", "mtu": True}}}, "p.nics.a.mtu", "MTU"),
        ({"nics": {"a": {"mtu": 9000}}}, "p.nics.a", "say one of name, pci, driver, sriov, min_speed"),
        ({"nics": {"a": {"name": "x", "rings": "most"}}}, "p.nics.a.rings", "max"),
        ({"nics": {"a": {"name": "x", "speed": "25G"}}}, "p.nics.a.speed", "did you mean 'min_speed'?"),
        ({"sysctl": {"vm swappiness": 1}}, "p.sysctl.vm swappiness", "name"),
        ({"sysctl": {1: 1}}, "p.sysctl.1", "name"),
        ({"stores": {"postgres": {}}}, "p.stores.postgres", "did you mean 'postgresql'?"),
        ({"stores": {"redis": {}}}, "p.stores.redis", "maxmemory"),
        ({"latency_budget_ns": -1}, "p.latency_budget_ns", "nanoseconds"),
        ({"critical": "8 on nic"}, "p.critical", "8 cores near nic trading"),
    ],
)
def test_what_is_wrong_has_its_path_and_what_would_be_right(declared, path, remedy):
    ((where, what),) = wrong(declared)
    assert where == path
    assert remedy in what


def test_what_is_right():
    nic = {"pci": "0000:41:00.0", "rings": 4096, "min_speed": "25G", "irqs": "cpus 2-3", "vfs": []}
    assert wrong({"nics": {"a": nic}, "sysctl": {"net.ipv4.conf.eth0/1.x": "1", "vm.swappiness": 1}}) == []


def test_nearest():
    assert nearest("isolatd", ["isolated", "tickless"]) == "did you mean 'isolated'?"
    assert nearest("zzz", ["isolated"]) == ""
