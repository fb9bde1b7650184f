# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from planned import NICS, SERVER, found, ids, plan, server


def test_what_is_said_is_in_the_row_and_nothing_else():
    made = plan({"nics": {"feed": {"name": "ens1", "mtu": 9000, "rings": 4096, "vfs": [{"count": 3}, {"count": 1}]}}})
    assert made["nics"] == [
        {"nic": "feed", "name": "ens1", "pci": "0000:01:00.0", "driver": "ice", "node": 0, "above": [], "mtu": 9000,
         "rings": "4096", "numvfs": 4}
    ]  # fmt: skip


def test_an_mtu_goes_up_through_all_layers_the_nearest_first():
    layers = [
        {"name": "bond0", "kind": "bond", "members": ["ens1"]},
        {"name": "br0", "kind": "bridge", "members": ["bond0.7"]},
        {"name": "bond0.7", "kind": "vlan", "members": ["bond0"]},
    ]
    made = plan({"nics": {"feed": {"name": "ens1"}}}, server(virtual_nics=layers))
    assert made["nics"][0]["above"] == ["bond0", "bond0.7", "br0"]


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ({"min_speed": "100G"}, ["ens1", "ens2"]),
        ({"min_speed": "200G"}, ["ens2"]),
        ({"min_speed": "1000M"}, ["ens1", "ens2", "usb0"]),
        ({"sriov": True, "mtu": 1500}, ["ens1", "ens2"]),
    ],
)
def test_selectors(selector, names):
    assert [row["name"] for row in plan({"nics": {"feed": selector}})["nics"]] == names


@pytest.mark.parametrize(
    ("profile", "kind", "words"),
    [
        ({"nics": {"feed": {"name": "ens1", "mtu": 9800}}}, "nic-mtu-too-large", "9702"),
        ({"nics": {"a": {"name": "ens1", "mtu": 9000}, "b": {"driver": "ice", "queues": 2}}}, "nic-two-names", "ens1"),
        ({"nics": {"feed": {"name": "ens9"}}}, "nic-not-found", "ens9"),
        (
            {"isolated": "cpus 1,9", "housekeeping": "rest", "nics": {"feed": {"name": "ens2"}}},
            "nic-node-without-isolated",
            "node 1",
        ),
        ({"critical": "cpus 1,9", "nics": {"feed": {"name": "ens2"}}}, "nic-critical-elsewhere", "ens2"),
    ],
)
def test_findings(profile, kind, words):
    finding = found(plan(profile), kind)
    assert words in f"{finding['message']} {finding['remedy']} {finding['value']}"


def test_selecting_one_nic_twice_is_fine_while_one_of_them_says_what_it_should_be():
    assert ids(plan({"nics": {"a": {"name": "ens1", "mtu": 9000}, "b": {"driver": "ice"}}})) == []


def test_a_nic_without_link_is_a_note():
    down = server(nics=[{**NICS[0], "up": False}])
    assert found(plan({"nics": {"feed": {"name": "ens1"}}}, down), "nic-no-link")["level"] == "note"


def test_a_driver_for_user_space_takes_the_name_away():
    nameless = {**SERVER, "nics": [{**NICS[0], "name": "", "driver": "vfio-pci", "up": False}]}
    made = plan({"nics": {"feed": {"pci": "0000:01:00.0", "mtu": 9999}}}, nameless)
    assert "0000:01:00.0" in found(made, "nic-mtu-too-large")["message"]
    assert ids(made) == ["nic-mtu-too-large"]
