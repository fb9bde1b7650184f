# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import copy

from planned import NICS, SERVER

from ansible_collections.ull.metal.plugins.module_utils.fleet_check import fleet_findings
from ansible_collections.ull.metal.plugins.module_utils.plan import compile_plan, no_plan

OTHER = {**SERVER, "nics": [{**NICS[0], "mac": "0c:42:a1:99:00:10"}]}


def fleet(**vfs):
    profile = {"nics": {"feed": {"name": "ens1", "vfs": [{"count": 2, **vfs}]}}}
    return [compile_plan(SERVER, profile, "a"), compile_plan(OTHER, profile, "b"), no_plan("c", [])]


def test_a_class_that_says_the_mac_address_of_all_its_hosts():
    plans = fleet(mac="02:00:5e:00:10:00")
    before = copy.deepcopy(plans)
    made = fleet_findings(plans)
    assert plans == before
    (finding,) = made[0]["findings"]
    assert (finding["id"], finding["host"], finding["level"]) == ("vf-mac-on-two-hosts", "a", "warning")
    assert finding["message"] == "2 VFs of feed, from 02:00:5e:00:10:00 on, have the MAC addresses of VFs of b"
    assert [len(plan["findings"]) for plan in made] == [1, 1, 0]


def test_derived_addresses_differ():
    plans = fleet()
    assert fleet_findings(plans) == plans


def test_a_host_alone_has_nobody_to_clash_with():
    plans = fleet(mac="02:00:5e:00:10:00")[:1]
    assert fleet_findings(plans) == plans
