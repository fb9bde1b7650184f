# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import copy

import pytest
from planned import plan

from ansible_collections.ull.metal.plugins.module_utils.consistency import contradictions

WHOLE = {
    "critical": "1 core near nic feed",
    "nics": {"feed": {"name": "ens1", "vfs": [{"count": 2}]}},
    "hugepages": [{"size": "1G", "amount": "1 GiB", "where": "each node"}],
    "dpdk": {"lcores": "1 core near nic feed"},
    "kubelet": {"scope": "pod"},
}


def test_a_plan_agrees_with_itself():
    made = plan(WHOLE)
    assert made["findings"] == []
    assert contradictions(made) == []


@pytest.mark.parametrize(
    ("keys", "value", "path"),
    [
        (("cpus", "housekeeping"), "0-1,4,8-9,12", "cpus"),
        (("cpus", "isolated"), "2-3,10-11", "cpus"),
        (("cpus", "tickless"), "0-1", "cpus.tickless"),
        (("cpus", "critical"), "0,8", "cpus.critical"),
        (("cpus", "lcores"), "1-2,9-10", "cpus.lcores"),
        (("cpus", "idle"), "1", "cpus.critical"),
        (("irq", "default_cpus"), "1", "irq.default_cpus"),
        (("hugepages", "pools", 0, "pages"), 33, "hugepages.pools"),
        (("kubelet", "reservedSystemCPUs"), "0", "kubelet.reservedSystemCPUs"),
        (("kubelet", "kubeReserved"), {"memory": "1Mi"}, "kubelet.reservedMemory"),
        (("vfs", 0, "index"), 7, "vfs"),
    ],
)
def test_a_broken_plan_is_found(keys, value, path):
    made = copy.deepcopy(plan(WHOLE))
    place = made
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    found = contradictions(made)
    assert path in [finding.path for finding in found]
    assert {finding.id for finding in found} == {"plan-inconsistent"}
    assert {finding.level for finding in found} == {"error"}
