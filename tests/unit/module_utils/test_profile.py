# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from topologies import profiles

from ansible_collections.ull.metal.plugins.module_utils.cpuset import CpuSet
from ansible_collections.ull.metal.plugins.module_utils.finding import Finding
from ansible_collections.ull.metal.plugins.module_utils.profile import DEFAULTS, SCHEMA, Cpus, Pages, read_profile

PAGES = {"size": "1G", "amount": "16 GiB", "where": "each node"}
WHOLE: dict[str, Any] = {
    "class": "order_engine",
    "housekeeping": "1 core per node",
    "isolated": "rest",
    "tickless": "isolated",
    "nics": {"trading": {"name": "eth0", "pci": "0000:81:00.0", "driver": "ice", "sriov": True}},
    "hugepages": [PAGES],
    "boot_args": ["skew_tick=1"],
    "critical": "2 near nic trading",
    "smt": "idle siblings",
    "latency_budget_ns": 1000,
    "dpdk": {"lcores": "critical", "memory": "1 GiB"},
    "kubelet": {"version": "1.34", "cpu_manager": "static", "scope": "pod", "reserved_memory": "1 GiB"},
    "kernel": "any",
    "transparent_hugepages": "never",
}


def findings(declared: Any) -> list[Finding]:
    profile, found = read_profile(declared)
    assert (profile is None) == any(finding.id.startswith("profile-") for finding in found)
    return found


def test_a_whole_profile():
    profile, found = read_profile(WHOLE)
    assert found == []
    assert (profile.name, profile.housekeeping) == ("order_engine", Cpus(count=1, unit="core", per="node"))
    assert profile.hugepages == (Pages(1 << 30, 16 << 30, "each node"),)


def test_what_is_not_said_has_a_default():
    assert read_profile({}) == read_profile(DEFAULTS)
    assert set(DEFAULTS) == set(SCHEMA["properties"])


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("rest", Cpus(word="rest")),
        ("cpus 2-5,8", Cpus(word="cpus", cpus=CpuSet([2, 3, 4, 5, 8]))),
        ("4 per node", Cpus(count=4, unit="core", per="node")),
        ("2 cpus per l3", Cpus(count=2, unit="cpu", per="l3")),
        ("1 core per package", Cpus(count=1, unit="core", per="package")),
        ("12 cores per machine", Cpus(count=12, unit="core", per="machine")),
        ("8 near nic", Cpus(count=8, unit="core", per="node", near="nic")),
        ("2 cpus near nic a-b", Cpus(count=2, unit="cpu", per="node", near="nic a-b")),
    ],
)
def test_words_for_cpus(text, intent):
    nics = {"a-b": {"driver": "ice"}}
    assert read_profile({"isolated": text, "nics": nics})[0].isolated == intent


@pytest.mark.parametrize(
    ("declared", "path", "remedy"),
    [
        (None, "ull_profile", ""),
        ([], "ull_profile", ""),
        ("rest", "ull_profile", ""),
        ({"isolated": "rset"}, "ull_profile.isolated", "`cpus 2-7`"),
        ({"isolated": "rest\n"}, "ull_profile.isolated", "rest"),
        ({"isolated": "0 per node"}, "ull_profile.isolated", "none"),
        ({"isolated": 4}, "ull_profile.isolated", "cpus 2-7"),
        ({"isolated": None}, "ull_profile.isolated", "cpus 2-7"),
        ({"isolated": "cpus 5-2"}, "ull_profile.isolated", "ascend"),
        ({"isolated": "cpus 1--2"}, "ull_profile.isolated", "ranges and numbers"),
        ({"housekeeping": "cpus 0-99999"}, "ull_profile.housekeeping", "stay below"),
        ({"tickless": "4 per node"}, "ull_profile.tickless", "cpus 2-3"),
        ({"nics": []}, "ull_profile.nics", "NIC"),
        ({"nics": {"feed": {}}}, "ull_profile.nics.feed", "name, pci, driver, sriov"),
        ({"nics": {"feed": {"name": "x", "irqs": "cpus 5-2"}}}, "ull_profile.nics.feed.irqs", "ascend"),
        ({"dpdk": {"lcores": "cpus 5-2"}}, "ull_profile.dpdk.lcores", "ascend"),
        ({"nics": {"feed": {"sriov": "yes"}}}, "ull_profile.nics.feed.sriov", "virtual functions"),
        ({"nics": {"feed": "eth0"}}, "ull_profile.nics.feed", ""),
        ({"hugepages": {}}, "ull_profile.hugepages", "size and place"),
        ({"hugepages": [{}]}, "ull_profile.hugepages[0]", "Page size"),
        ({"hugepages": [PAGES, {**PAGES, "where": "everywhere"}]}, "ull_profile.hugepages[1].where", "each node"),
        ({"hugepages": [{**PAGES, "size": "big"}]}, "ull_profile.hugepages[0].size", "512 MiB"),
        ({"hugepages": [{**PAGES, "size": "0"}]}, "ull_profile.hugepages[0].amount", "multiple"),
        ({"hugepages": [{**PAGES, "amount": "16.5 GiB"}]}, "ull_profile.hugepages[0].amount", "16 GiB"),
        ({"hugepages": [{**PAGES, "amount": "1025 MiB"}]}, "ull_profile.hugepages[0].amount", "multiple of 1G"),
        ({"hugepages": [{**PAGES, "amount": 16}]}, "ull_profile.hugepages[0].amount", "16 GiB"),
        ({"boot_args": ["a b"]}, "ull_profile.boot_args[0]", ""),
        ({"boot_args": ["quiet", "a=$b"]}, "ull_profile.boot_args[1]", ""),
        ({"boot_args": ["=b"]}, "ull_profile.boot_args[0]", ""),
        ({"boot_args": "quiet"}, "ull_profile.boot_args", "one an item"),
    ],
)
def test_a_bad_value_is_found_with_its_path_and_a_remedy(declared, path, remedy):
    found = findings(declared)[0]
    assert (found.id, found.path) == ("profile-bad-value", path)
    assert found.remedy
    assert remedy in found.remedy
    assert found.message


def _keys(value: Any, path: str = "ull_profile") -> list[tuple[str, Any, str]]:
    """Every key of the schema in the whole profile: path of its mapping, the mapping, the key."""
    if isinstance(value, list):
        return [found for index, item in enumerate(value) for found in _keys(item, f"{path}[{index}]")]
    if not isinstance(value, dict):
        return []
    own = [] if path.endswith(".nics") else [(path, value, key) for key in value]
    return own + [found for key, inner in value.items() for found in _keys(inner, f"{path}.{key}")]


def _misspelt(word: str) -> list[str]:
    """A letter left out, doubled, changed with its neighbour, in capitals, with a dash."""
    middle = len(word) // 2
    swapped = word[: middle - 1] + word[middle] + word[middle - 1] + word[middle + 1 :]
    made = [
        word[:-1],
        word[:middle] + word[middle:][1:],
        word + word[-1],
        word.title(),
        swapped,
        word.replace("_", "-"),
    ]
    return [spelling for spelling in made if spelling != word]


@pytest.mark.parametrize(
    ("path", "key", "wrong"),
    [(path, key, wrong) for path, _mapping, key in _keys(WHOLE) for wrong in _misspelt(key)],
)
def test_every_key_misspelt_is_found_with_the_nearest_right_one(path, key, wrong):
    def spoil(value: Any, here: str = "ull_profile") -> Any:
        if isinstance(value, list):
            return [spoil(item, f"{here}[{index}]") for index, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        return {wrong if (here, name) == (path, key) else name: spoil(v, f"{here}.{name}") for name, v in value.items()}

    found = {finding.path: finding for finding in findings(spoil(WHOLE))}[f"{path}.{wrong}"]
    assert found.id == "profile-unknown-key"
    assert found.remedy == f"did you mean {key!r}?"


def test_an_unknown_key_that_is_near_none():
    (found,) = findings({"zzz": 1})
    assert (found.path, found.value) == ("ull_profile.zzz", 1)
    assert "housekeeping" in found.remedy


def test_all_that_is_wrong_is_found_at_once():
    found = findings({"isolatd": "rest", "tickless": "all", "hugepages": [{**PAGES, "sizes": "2M"}]})
    assert [finding.path for finding in found] == [
        "ull_profile.isolatd",
        "ull_profile.tickless",
        "ull_profile.hugepages[0].sizes",
    ]


def test_a_nic_that_is_not_declared():
    profile, (found,) = read_profile({**WHOLE, "hugepages": [{**PAGES, "where": "nic tradign"}]})
    assert profile
    assert (found.id, found.path) == ("nic-not-found", "ull_profile.hugepages[0].where")
    assert found.remedy == "did you mean 'trading'?"


@given(profiles())
def test_the_language_says_what_the_schema_allows(declared):
    assert {finding.id for finding in findings(declared)} <= {"nic-not-found"}


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
)


@given(st.one_of(JSON, st.dictionaries(st.sampled_from(sorted(SCHEMA["properties"])), JSON)))
def test_whatever_is_declared_there_is_a_profile_or_a_finding(declared):
    profile, found = read_profile(declared)
    assert profile is not None or found
    assert all(finding.path.startswith("ull_profile") for finding in found)
