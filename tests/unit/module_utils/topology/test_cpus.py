# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""CPUs: presence, packages, cores, threads, caches and kinds, on what the captures do not show."""

from __future__ import annotations

import pytest
from fake_tree import tree
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ull.metal.plugins.module_utils.cpuset import CpuSet
from ansible_collections.ull.metal.plugins.module_utils.topology.cpus import (
    CPU,
    online_cpus,
    partition,
    present_cpus,
    read_cpus,
)


def rows(host):
    present = present_cpus(host)
    return {row["id"]: row for row in read_cpus(host, present, dict.fromkeys(present, 0))}


def test_present_cpus_of_folders_that_exist_for_more(tmp_path):
    """POWER and Arm64 make folders for CPUs that could be plugged in."""
    folders = {f"{CPU}/cpu{cpu}/online": "1" for cpu in range(4)}
    assert str(present_cpus(tree(tmp_path, {**folders, f"{CPU}/present": "0-1"}))) == "0-1"


def test_present_cpus_without_a_sound_list(tmp_path):
    assert str(present_cpus(tree(tmp_path / "a", {f"{CPU}/cpu3": None, f"{CPU}/present": "rubbish"}))) == "3"
    assert str(present_cpus(tree(tmp_path / "b", {f"{CPU}/cpu3": None, f"{CPU}/present": "7"}))) == "3"
    assert str(present_cpus(tree(tmp_path / "c", {f"{CPU}/cpu3": None, f"{CPU}/cpu99999": None}))) == "3"


def test_present_cpus_of_cpuinfo_alone(tmp_path):
    x86 = "processor\t: 0\nmodel name\t: x\n\nprocessor\t: 1\n"
    s390 = "vendor_id       : IBM/S390\nprocessor 0: version = FF\nprocessor 1: version = FF\n"
    assert str(present_cpus(tree(tmp_path / "x86", {"/proc/cpuinfo": x86}))) == "0-1"
    assert str(present_cpus(tree(tmp_path / "s390", {"/proc/cpuinfo": s390}))) == "0-1"
    assert not present_cpus(tree(tmp_path / "none", {}))


def test_online_by_the_list_else_by_each_file(tmp_path):
    files = {f"{CPU}/cpu0": None, f"{CPU}/cpu1/online": "0", f"{CPU}/cpu2/online": "1"}
    host = tree(tmp_path, files)
    assert str(online_cpus(host, CpuSet([0, 1, 2]))) == "0,2"
    assert str(online_cpus(tree(tmp_path, {f"{CPU}/online": "0-1"}), CpuSet([0, 1, 2]))) == "0-1"


def test_an_offline_cpu_is_listed_and_alone(tmp_path):
    base = f"{CPU}/cpu0/topology"
    found = rows(
        tree(tmp_path, {f"{base}/core_id": "0", f"{base}/thread_siblings_list": "0-1", f"{CPU}/cpu1/online": "0"})
    )
    assert found[0]["siblings"] == "0"
    assert found[1] == {"id": 1, "package": -1, "core": -1, "siblings": "1", "node": 0, "l3": -1, "online": False}


def test_old_names_and_masks_do(tmp_path):
    """thread_siblings as a mask: kernels before 2.6.26 knew no lists, those before 5.2 no core_cpus."""
    found = rows(tree(tmp_path, {f"{CPU}/cpu{cpu}/topology/thread_siblings": "00000000,00000003" for cpu in (0, 1)}))
    assert {row["siblings"] for row in found.values()} == {"0-1"}


@pytest.mark.parametrize(
    ("family", "siblings"), [("21", ["0", "1"]), ("22", ["0", "1"]), ("23", ["0-1", "0-1"]), ("210", ["0-1", "0-1"])]
)
def test_the_two_cores_of_a_compute_unit_are_no_threads(tmp_path, family, siblings):
    """Bulldozer: hwloc shows two cores as well."""
    files = {"/proc/cpuinfo": f"processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: {family}\nmodel\t\t: 1"}
    for cpu in (0, 1):
        files[f"{CPU}/cpu{cpu}/topology/thread_siblings_list"] = "0-1"
        files[f"{CPU}/cpu{cpu}/topology/core_id"] = str(cpu)
    assert [row["siblings"] for row in rows(tree(tmp_path, files)).values()] == siblings


def test_arm_without_a_package_and_with_a_meaningless_one(tmp_path):
    files = {f"{CPU}/cpu0/topology/physical_package_id": "-1", f"{CPU}/cpu1/topology/physical_package_id": "8442"}
    assert [row["package"] for row in rows(tree(tmp_path, {**files, f"{CPU}/cpu2": None})).values()] == [-1, 8442, -1]


def test_an_empty_cache_map_is_the_cores_own_cache(tmp_path):
    """Seen on ia64."""
    files = {}
    for cpu in (0, 1):
        files[f"{CPU}/cpu{cpu}/topology/core_cpus_list"] = "0-1"
        files[f"{CPU}/cpu{cpu}/cache/index3/level"] = "3"
        files[f"{CPU}/cpu{cpu}/cache/index3/shared_cpu_map"] = "0"
    assert [row["l3"] for row in rows(tree(tmp_path, files)).values()] == [0, 0]


def test_kinds_by_counter_units(tmp_path):
    """Meteor Lake has three of them; its low-power cores share no L3."""
    units = {"core": "0-1", "atom": "2", "lowpower": "3"}
    files = {f"/sys/devices/cpu_{unit}/cpus": cpus for unit, cpus in units.items()}
    found = rows(tree(tmp_path, {**files, **{f"{CPU}/cpu{cpu}": None for cpu in range(4)}}))
    assert [row["kind"] for row in found.values()] == ["P", "P", "E", "LP"]


def test_kinds_by_capacity(tmp_path):
    """Arm big.LITTLE; small differences among the fast ones are no kind."""
    capacities = ("250", "1000", "1024")
    found = rows(tree(tmp_path, {f"{CPU}/cpu{cpu}/cpu_capacity": text for cpu, text in enumerate(capacities)}))
    assert [(row["kind"], row["capacity"]) for row in found.values()] == [("E", 250), ("P", 1000), ("P", 1024)]


def test_no_kinds_where_only_the_frequency_differs(tmp_path):
    """Speed Select raises the base frequency of some cores of a server."""
    files = {f"{CPU}/cpu{cpu}/cpufreq/base_frequency": str(2100000 + 600000 * (cpu % 2)) for cpu in range(4)}
    assert all("kind" not in row and "capacity" not in row for row in rows(tree(tmp_path, files)).values())


@given(st.dictionaries(st.integers(0, 20), st.sets(st.integers(0, 25)).map(CpuSet), max_size=12))
def test_partition_is_one_whatever_is_claimed(claims):
    groups = partition(claims)
    assert groups.keys() == claims.keys()
    for cpu, group in groups.items():
        assert cpu in group
        assert all(groups[member] == group for member in group)


@given(st.lists(st.sets(st.integers(0, 30)), max_size=6))
def test_partition_keeps_what_is_sound(sets):
    seen, sound = set(), {}
    for members in sets:
        sound.update({cpu: CpuSet(members - seen) for cpu in members - seen})
        seen |= members
    assert partition(sound) == sound
