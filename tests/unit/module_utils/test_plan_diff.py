# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import copy
import json

import pytest
from class_machines import CLASS_MACHINES, class_profile
from planned import SERVER, plan

from ansible_collections.ull.metal.plugins.module_utils.plan import compile_plan
from ansible_collections.ull.metal.plugins.module_utils.plan_diff import diff_plans, diff_text

BASE = {
    "nics": {"feed": {"name": "ens1", "mtu": 9000, "vfs": [{"count": 2, "vlan": 7}]}},
    "hugepages": [{"size": "2M", "amount": "64 MiB", "where": "node 0"}],
    "kubelet": {"scope": "pod"},
}


def impacts(new, old=None):
    """The changed settings with their impact."""
    made = diff_plans([plan(old or BASE)], [plan(new)])
    return {change["name"]: change["impact"] for host in made["hosts"] for change in host["settings"]}


@pytest.mark.parametrize("name", sorted(CLASS_MACHINES))
def test_a_plan_does_not_differ_from_itself(name):
    made = compile_plan(CLASS_MACHINES[name][1], class_profile(name), name)
    assert diff_plans([made], [copy.deepcopy(made)])["hosts"] == []
    assert diff_plans([made], [json.loads(json.dumps(made))])["summary"]["differ"] == 0


@pytest.mark.parametrize(
    ("words", "name", "impact"),
    [
        ({"boot_args": ["skew_tick=1"]}, "boot_args.skew_tick", "reboot"),
        ({"hugepages": [{"size": "1G", "amount": "1 GiB", "where": "node 0"}]}, "hugepages.node0.1G", "reboot"),
        ({"hugepages": [{"size": "2M", "amount": "2 MiB", "where": "node 0"}]}, "hugepages.node0.2M", "live"),
        ({"nics": {"feed": {"name": "ens1", "mtu": 1500, "vfs": [{"count": 2, "vlan": 7}]}}}, "nics.0000:01:00.0.mtu", "link"),
        ({"nics": {"feed": {"name": "ens1", "mtu": 9000, "vfs": [{"count": 4, "vlan": 7}]}}},
         "nics.0000:01:00.0.numvfs", "drain"),
        ({"nics": {"feed": {"name": "ens1", "mtu": 9000, "vfs": [{"count": 2, "vlan": 8}]}}},
         "vfs.0000:01:00.0.0.vlan", "live"),
        ({"critical": "cpus 1,9"}, "cpus.critical", "drain"),
        ({"kubelet": {"scope": "container"}}, "kubelet.topologyManagerScope", "drain"),
        ({"sysctl": {"vm.swappiness": 1}}, "sysctl.vm.swappiness", "live"),
        ({"transparent_hugepages": "madvise"}, "sysfs./sys/kernel/mm/transparent_hugepage/enabled", "live"),
    ],
)  # fmt: skip
def test_impacts(words, name, impact):
    assert impacts({**BASE, **words})[name] == impact


def test_less_isolation_reboots_and_says_from_what_to_what():
    made = diff_plans([plan(BASE)], [plan({**BASE, "housekeeping": "2 cores per node"})])
    (host,) = made["hosts"]
    assert (host["host"], host["change"], host["impact"]) == ("server", "changed", "reboot")
    rows = {change["name"]: (change["old"], change["new"]) for change in host["settings"]}
    assert rows["boot_args.nohz_full"] == ("nohz_full=1-3,5-7,9-11,13-15", "nohz_full=2-3,6-7,10-11,14-15")
    assert rows["irq.default_cpus"] == ("0,4,8,12", "0-1,4-5,8-9,12-13")
    assert rows["cpu_isolation.systemd_affinity"] == ("0,4,8,12", "0-1,4-5,8-9,12-13")


def test_a_fleet():
    def fleet(**profiles):
        return [compile_plan(SERVER, profile, name) for name, profile in profiles.items()]

    edited = {**BASE, "tickless": "none"}
    made = diff_plans(
        fleet(a=BASE, b=BASE, c=BASE, old=BASE),
        fleet(a=edited, b=BASE, c={**BASE, "sysctl": {"vm.swappiness": 1}}, new={}),
    )
    assert {host["host"]: (host["change"], host["impact"]) for host in made["hosts"]} == {
        "a": ("changed", "reboot"),
        "c": ("changed", "live"),
        "new": ("added", "reboot"),
        "old": ("removed", ""),
    }
    assert made["summary"] == {"hosts": 4, "differ": 4, "live": 1, "link": 0, "drain": 0, "reboot": 2}
    text = diff_text(made)
    assert "a: changed, impact reboot\n  boot_args.nohz_full: nohz_full=1-3,5-7,9-11,13-15 -> - (reboot)" in text
    assert text.endswith("4 of 4 hosts differ; this would reboot 2 of 4 hosts, change live values of 1 of 4 hosts")


def test_findings_that_come_and_go():
    made = diff_plans([plan({"isolatd": "rest"})], [plan({"boot_args": ["nosmt"]})])
    (host,) = made["hosts"]
    assert [finding["id"] for finding in host["findings"]["gone"]] == ["profile-unknown-key"]
    assert [finding["id"] for finding in host["findings"]["new"]] == ["boot-arg-offlines-cpus"]
    assert "  new: warning boot-arg-offlines-cpus: nosmt takes" in diff_text(made)


def test_no_difference():
    assert diff_text(diff_plans([plan(BASE)], [plan(BASE)])) == "0 of 1 hosts differ"


def test_plans_of_an_older_collection_lack_slices():
    old = plan(BASE)
    for key in ("irq", "nics", "vfs", "dpdk", "sysctl", "sysfs", "kubelet", "placement"):
        del old[key]
    assert diff_plans([old], [plan(BASE)])["summary"]["drain"] == 1
