# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from planned import found, ids, plan
from topologies import smt

THP = "/sys/kernel/mm/transparent_hugepage/enabled"


def test_a_host_with_isolated_cpus():
    made = plan({})
    assert made["sysctl"] == {
        "vm.stat_interval": "10",
        "kernel.numa_balancing": "0",
        "kernel.timer_migration": "1",
        "kernel.nmi_watchdog": "0",
        "kernel.watchdog_cpumask": "0,4,8,12",
        "kernel.hung_task_timeout_secs": "600",
    }
    assert made["sysfs"] == {
        THP: "never",
        "/sys/kernel/mm/ksm/run": "0",
        "/sys/devices/virtual/workqueue/cpumask": "1111",
        "/sys/devices/virtual/workqueue/writeback/cpumask": "1111",
    }


def test_a_host_without_is_left_alone():
    made = plan({"isolated": "none"})
    assert (made["sysctl"], made["sysfs"]) == ({}, {})


def test_values_depend_on_the_host():
    made = plan({"tickless": "none"}, smt(nodes=1))
    assert not {"kernel.timer_migration", "kernel.numa_balancing"} & set(made["sysctl"])
    assert plan({"nics": {"feed": {"name": "ens1"}}})["sysctl"]["net.core.busy_poll"] == "50"
    assert plan({"transparent_hugepages": "madvise"})["sysfs"][THP] == "madvise"
    assert plan({"isolated": "none", "stores": {"redis": {"memory": "1 GiB"}}})["sysctl"] == {
        "vm.overcommit_memory": "1"
    }


def test_the_profile_wins_and_the_plan_says_so():
    made = plan({"sysctl": {"kernel/numa_balancing": 1, "vm.swappiness": "1", "vm.stat_interval": 10}})
    assert (made["sysctl"]["kernel.numa_balancing"], made["sysctl"]["vm.swappiness"]) == ("1", "1")
    assert ids(made) == ["sysctl-overrides-plan"]
    assert found(made, "sysctl-overrides-plan")["path"] == "ull_profile.sysctl.kernel.numa_balancing"
