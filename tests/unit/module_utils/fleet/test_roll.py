# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.fleet.roll import batches, summary

ZONES = {"a1": "a", "b1": "b", "a2": "a", "b2": "b", "a3": "a", "a4": "a"}


def fleet(size=1, **sizes):
    return {host: {"ull_zone": zone, "ull_reboot_batch": sizes.get(host, size)} for host, zone in ZONES.items()}


def hosts(due, hostvars):
    return [batch["hosts"] for batch in batches(due, hostvars, list(ZONES))]


def test_one_after_the_other_by_default():
    assert hosts(list(ZONES), {host: {} for host in ZONES}) == [[host] for host in ZONES]


@pytest.mark.parametrize(
    ("size", "found"),
    [
        (2, [["a1", "a2"], ["a3", "a4"], ["b1", "b2"]]),
        (3, [["a1", "a2", "a3"], ["a4"], ["b1", "b2"]]),
        ("50%", [["a1", "a2"], ["a3", "a4"], ["b1"], ["b2"]]),
        ("100 %", [["a1", "a2", "a3", "a4"], ["b1", "b2"]]),
        # never none at all
        ("1%", [["a1"], ["a2"], ["a3"], ["a4"], ["b1"], ["b2"]]),
        ("9", [["a1", "a2", "a3", "a4"], ["b1", "b2"]]),
    ],
)
def test_no_batch_spans_two_zones(size, found):
    assert hosts(list(ZONES), fleet(size)) == found


def test_a_percentage_is_of_all_hosts_of_the_zone_due_or_not():
    assert hosts(["a1", "a2", "a3"], fleet("50%")) == [["a1", "a2"], ["a3"]]


def test_the_smallest_of_a_zone_counts():
    assert hosts(list(ZONES), fleet(3, a4=1)) == [["a1"], ["a2"], ["a3"], ["a4"], ["b1", "b2"]]


def test_none_is_due():
    assert batches([], fleet(), list(ZONES)) == []


@pytest.mark.parametrize("size", [0, "0%", "101%", "some", "-1", "", "1.5"])
def test_what_is_no_size_is_refused(size):
    with pytest.raises(
        UllError, match=r"host a1: ull_reboot_batch = .*: this is no size of a batch. Remedy: use a num"
    ):
        batches(list(ZONES), fleet(size), list(ZONES))


@given(st.lists(st.sampled_from(sorted(ZONES)), unique=True), st.integers(1, 7))
def test_everyone_has_one_turn_and_knows_who_was_earlier(due, size):
    found = batches(due, fleet(size), list(ZONES))
    assert sorted(host for batch in found for host in batch["hosts"]) == sorted(due)
    seen: list[str] = []
    for number, batch in enumerate(found, 1):
        assert (batch["number"], batch["earlier"]) == (number, seen)
        assert 1 <= len(batch["hosts"]) <= size
        assert {ZONES[host] for host in batch["hosts"]} == {batch["zone"]}
        seen += batch["hosts"]


def test_the_summary_says_who_is_right_wrong_and_left():
    found = batches(list(ZONES), fleet(2), list(ZONES))
    result = summary(found, {"a1": "right", "a2": "right", "a3": "right", "a4": "host a4: it is back"})
    assert (result["right"], result["wrong"], result["left"]) == (
        ["a1", "a2", "a3"],
        ["a4: host a4: it is back"],
        ["b1", "b2"],
    )
    assert result["text"].splitlines() == [
        "3 of 6 hosts came back right.",
        "  NOT RIGHT     a4: host a4: it is back",
        "  NOT REBOOTED  b1, b2 (the roll ended before their turn)",
    ]


def test_hosts_whose_window_has_closed_are_left_and_stop_nobody_else():
    result = summary(batches(["a1", "b1", "b2"], fleet(), list(ZONES)), {"a1": "right", "b1": "left", "b2": "right"})
    assert (result["right"], result["wrong"], result["left"]) == (["a1", "b2"], [], ["b1"])


def test_a_host_of_which_nothing_is_known_is_not_right():
    result = summary(batches(["a1", "b1"], fleet(), list(ZONES)), {"a1": ""})
    assert (result["wrong"], result["left"]) == (["a1: out of reach"], ["b1"])
    assert summary([], {})["text"] == "0 of 0 hosts came back right."
