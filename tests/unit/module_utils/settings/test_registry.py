# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from machines import FAMILIES, contents, debian

from ansible_collections.ull.metal.plugins.module_utils.plan import compile_plan
from ansible_collections.ull.metal.plugins.module_utils.setting import converge
from ansible_collections.ull.metal.plugins.module_utils.settings.boot_args import BootArgs
from ansible_collections.ull.metal.plugins.module_utils.settings.boot_args import pending as pending_boot_args
from ansible_collections.ull.metal.plugins.module_utils.settings.hugepages import Hugepages
from ansible_collections.ull.metal.plugins.module_utils.settings.registry import domains, states
from ansible_collections.ull.metal.plugins.module_utils.topology.reader import read_topology

PROFILE = {
    "hugepages": [
        {"size": "1G", "amount": "2 GiB", "where": "each node"},
        {"size": "2M", "amount": "64 MiB", "where": "node 0"},
    ],
    "boot_args": ["skew_tick=1"],
}


@pytest.fixture(params=FAMILIES)
def host(request, tmp_path):
    return FAMILIES[request.param](tmp_path)


def tune(host, profile) -> dict:
    """Plan, and apply the plan role by role."""
    plan = compile_plan(read_topology(host), profile)
    assert not [finding for finding in plan["findings"] if finding["level"] == "error"]
    for domain in domains(plan):
        converge(domain, host, False)
    return plan


def test_a_whole_plan_from_the_first_run_to_the_undo(host):
    host.boot()
    before = contents(host)
    plan = tune(host, PROFILE)
    assert {state.status for state in states(plan, host)} == {"in_sync", "pending_reboot"}
    host.boot()
    assert {state.name: state.status for state in states(plan, host) if state.status != "in_sync"} == {}
    assert pending_boot_args(host) == []
    after = contents(host)
    tune(host, PROFILE)
    assert contents(host) == after
    for _boot in range(2):
        for domain in (type(domain)(**empty(domain)) for domain in domains(plan)):
            converge(domain, host, False)
        host.boot()
    assert contents(host) == before


def empty(domain) -> dict:
    return {"sections": {}, "replace": True} if isinstance(domain, BootArgs) else {}


def test_an_argument_that_leaves_the_profile_leaves_the_host(host):
    tune(host, PROFILE)
    host.boot()
    tune(host, {**PROFILE, "boot_args": []})
    assert pending_boot_args(host) == [{"name": "skew_tick", "persisted": "", "running": "skew_tick=1"}]


def test_each_setting_has_one_row(host):
    plan = tune(host, PROFILE)
    names = [state.name for state in states(plan, host)]
    assert len(names) == len(set(names))
    assert {name.split(".")[0] for name in names} == {"boot_args", "hugepages", "cpu_isolation"}


def test_only_the_collections_arguments_ask_for_a_reboot(host):
    converge(BootArgs({"mine": ["skew_tick=1"]}), host, False)
    assert [pending["name"] for pending in pending_boot_args(host)] == ["skew_tick"]
    host.boot()
    host.path("/proc/cmdline").write_text(host.read("/proc/cmdline") + " mitigations=off\n")
    assert pending_boot_args(host) == []
    converge(BootArgs({}, replace=True), host, False)
    assert pending_boot_args(host) == [{"name": "skew_tick", "persisted": "", "running": "skew_tick=1"}]


def test_a_role_that_comes_after_the_boot_can_be_undone(tmp_path):
    """The role boot_args may bring the arguments of hugepages, and a boot, before the role hugepages runs at all."""
    host = debian(tmp_path)
    pools = [{"node": 0, "size": "1G", "pages": 2}]
    converge(BootArgs({"hugepages": ["hugepagesz=1G", "hugepages=0:2"]}), host, False)
    host.boot()
    converge(Hugepages(pools), host, False)
    assert converge(Hugepages([]), host, False).reboot_required
