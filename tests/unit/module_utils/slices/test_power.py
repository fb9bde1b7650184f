# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from planned import plan


def test_nothing_is_said_unless_the_profile_does():
    assert plan({})["cpu_power"] == {}


def test_isolated_cpus_wake_at_once():
    made = plan({"power": "latency"})
    assert made["cpu_power"] == {"mode": "latency", "turbo": "keep", "cpus": made["cpus"]["isolated"]}


def test_siblings_that_are_to_be_idle_may_sleep():
    made = plan({"power": "latency", "smt": "idle siblings", "turbo": "never"})
    assert made["cpus"]["idle"]
    assert made["cpu_power"]["turbo"] == "never"
    assert made["cpu_power"]["cpus"] == "1-3,5-7"


def test_all_of_them_where_nothing_is_isolated():
    made = plan({"power": "latency", "isolated": "none"})
    assert made["cpu_power"]["cpus"] == made["cpus"]["online"]


def test_other_modes_need_no_cpus():
    assert plan({"power": "balanced"})["cpu_power"] == {"mode": "balanced", "turbo": "keep", "cpus": ""}
    assert plan({"turbo": "never"})["cpu_power"] == {"mode": "keep", "turbo": "never", "cpus": ""}
