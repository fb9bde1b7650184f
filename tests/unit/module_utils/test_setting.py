# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every domain, on every boot loader, through the one way by which settings are applied."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import pytest
from machines import FAMILIES, KilledError, contents

from ansible_collections.ull.metal.plugins.module_utils.setting import (
    converge,
    observe,
)
from ansible_collections.ull.metal.plugins.module_utils.settings.boot_args import BootArgs
from ansible_collections.ull.metal.plugins.module_utils.settings.boot_args import pending as pending_boot_args
from ansible_collections.ull.metal.plugins.module_utils.settings.cpu_isolation import CpuIsolation
from ansible_collections.ull.metal.plugins.module_utils.settings.hugepages import Hugepages


@dataclass(frozen=True)
class Case:
    """A domain as declared, as declared otherwise later, and as absent."""

    first: Any
    later: Any
    absent: Any


CASES = {
    "boot_args": Case(
        BootArgs({"mine": ["skew_tick=1", "nosoftlockup"], "tsc": ["tsc=reliable"]}),
        BootArgs({"mine": ["skew_tick=0"]}),
        BootArgs({}, replace=True),
    ),
    "hugepages": Case(
        Hugepages(
            [
                {"node": 1, "size": "1G", "pages": 4},
                {"node": 0, "size": "2M", "pages": 256},
                {"node": 1, "size": "2M", "pages": 64},
            ]
        ),
        Hugepages([{"node": 0, "size": "1G", "pages": 2}, {"node": 1, "size": "2M", "pages": 8}]),
        Hugepages([]),
    ),
    "cpu_isolation": Case(
        CpuIsolation("1,3,5,7", "1,3,5,7"),
        CpuIsolation("3,7", "", "0-2,4-6"),
        CpuIsolation(),
    ),
}


@pytest.fixture(params=list(itertools.product(FAMILIES, CASES)), ids="-".join)
def place(request, tmp_path):
    """A fresh host at a time, and what to do to it."""
    family, case = request.param
    counter = itertools.count()
    return lambda: FAMILIES[family](tmp_path / str(next(counter))), CASES[case]


def test_read_apply_read(place):
    make, case = place
    host = make()
    outcome = converge(case.first, host, False)
    assert outcome.changed
    assert outcome.states == observe(case.first.settings(host), host)
    assert {state.name: state.persisted for state in outcome.states} == {
        state.name: state.declared for state in outcome.states
    }
    assert {state.status for state in outcome.states} <= {"in_sync", "pending_reboot"}
    assert outcome.reboot_required == bool(pending_boot_args(host))


def test_check_mode_writes_nothing_and_predicts_the_run(place):
    make, case = place
    host = make()
    for domain in (case.first, case.later, case.absent):
        before = contents(host)
        host.commands.clear()
        predicted = converge(domain, host, True)
        assert contents(host) == before
        assert host.commands == []
        assert converge(domain, host, False).as_result() == predicted.as_result()


def test_second_run_changes_nothing(place):
    make, case = place
    host = make()
    for domain in (case.first, case.later, case.absent):
        converge(domain, host, False)
        after = contents(host)
        for check_mode in (True, False):
            again = converge(domain, host, check_mode)
            assert (again.changed, again.changes) == (False, [])
        assert contents(host) == after


def test_a_boot_brings_what_was_declared_and_asks_for_no_other(place):
    make, case = place
    host = make()
    converge(case.first, host, False)
    host.boot()
    outcome = converge(case.first, host, False)
    assert {state.name: state.status for state in outcome.states if state.status != "in_sync"} == {}
    assert (outcome.changed, outcome.reboot_required, pending_boot_args(host)) == (False, False, [])


@pytest.mark.parametrize("boots", [False, True])
def test_absent_restores_everything(place, boots):
    make, case = place
    host = make()
    host.boot()
    before = contents(host)
    for domain in (case.first, case.later, case.absent):
        outcome = converge(domain, host, False)
        if boots:
            assert outcome.reboot_required == bool(pending_boot_args(host))
            host.boot()
    if boots:
        converge(case.absent, host, False)
    assert contents(host) == before


def test_an_interrupted_run_can_be_undone(place):
    make, case = place
    for killed_at in itertools.count(1):
        host = make()
        host.boot()
        before = contents(host)
        host.killed_at = killed_at
        try:
            converge(case.first, host, False)
        except KilledError:
            converge(case.absent, host, False)
        else:
            break
        assert contents(host) == before, killed_at
    assert killed_at > 2


def test_an_interrupted_run_is_completed_by_the_next(place):
    """Killed before its n-th write, for each n: apply, then change, then undo."""
    make, case = place
    for earlier, domain in (([], case.first), ([case.first], case.later), ([case.first], case.absent)):
        for killed_at in itertools.count(1):
            host, whole = make(), make()
            for done in earlier:
                converge(done, host, False)
                converge(done, whole, False)
            expected = converge(domain, whole, False)
            host.writes, host.killed_at = itertools.count(1), killed_at
            try:
                converge(domain, host, False)
            except KilledError:
                assert converge(domain, host, False).states == expected.states, killed_at
            else:
                break
            assert contents(host) == contents(whole), killed_at
            assert not converge(domain, host, False).changed
        assert killed_at > 2
