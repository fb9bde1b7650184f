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
        "vm.swappiness": "1",
        "vm.compaction_proactiveness": "0",
        "vm.compact_unevictable_allowed": "0",
        "kernel.numa_balancing": "0",
        "kernel.timer_migration": "1",
        "kernel.nmi_watchdog": "0",
        "kernel.watchdog_cpumask": "0,4,8,12",
        "kernel.hung_task_timeout_secs": "600",
    }
    assert made["sysfs"] == {
        THP: "never",
        THP.replace("enabled", "defrag"): "never",
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
    sessions = plan({"nics": {"feed": {"name": "ens1"}}})["sysctl"]
    assert (sessions["net.core.rmem_max"], sessions["net.ipv4.tcp_slow_start_after_idle"]) == ("16777216", "0")
    assert plan({"isolated": "none", "stores": {"redis": {"memory": "1 GiB"}}})["sysctl"] == {
        "vm.swappiness": "1",
        "vm.overcommit_memory": "1",
    }


def test_stalls_for_huge_pages_follow_their_policy():
    defrag = THP.replace("enabled", "defrag")
    for policy, value in {"never": "never", "madvise": "madvise", "always": "defer+madvise"}.items():
        assert plan({"transparent_hugepages": policy})["sysfs"][defrag] == value


def test_real_time_threads_without_a_limit_are_warned_of():
    assert ids(plan({"sysctl": {"kernel.sched_rt_runtime_us": -1}})) == ["rt-throttling-off"]
    assert ids(plan({"sysctl": {"kernel.sched_rt_runtime_us": 990000}})) == []


def test_the_profile_wins_and_the_plan_says_so():
    made = plan({"sysctl": {"kernel/numa_balancing": 1, "vm.swappiness": "1", "vm.stat_interval": 10}})
    assert (made["sysctl"]["kernel.numa_balancing"], made["sysctl"]["vm.swappiness"]) == ("1", "1")
    assert ids(made) == ["sysctl-overrides-plan"]
    assert found(made, "sysctl-overrides-plan")["path"] == "ull_profile.sysctl.kernel.numa_balancing"
