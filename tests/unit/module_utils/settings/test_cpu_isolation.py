# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from machines import contents, debian
from topologies import smt, topologies, topology

from ansible_collections.ull.metal.plugins.module_utils.cpuset import CpuSet
from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.setting import converge
from ansible_collections.ull.metal.plugins.module_utils.settings.cpu_isolation import (
    SYSTEMD,
    CpuIsolation,
    boot_args,
    cores,
    findings,
    nearest,
)

FLAT = smt(nodes=1, cores=16, threads=1)
SERVER = smt(nodes=2, cores=4, threads=2)  # cores 0,8 ... 7,15; node 0 has 0-3,8-11
OFFLINE = smt(nodes=1, cores=4, threads=2, offline=[3, 7])


def found(isolated: str, tickless: str, machine, housekeeping: str = "") -> dict[str, str]:
    """Kinds and remedies."""
    sets = [CpuSet.parse(text) for text in (isolated, tickless, housekeeping)]
    return {finding.id: finding.remedy for finding in findings(sets[0], sets[1], machine, "x", sets[2])}


@pytest.mark.parametrize(
    ("isolated", "tickless", "machine", "kinds"),
    [
        ("", "", FLAT, []),
        ("1-15", "1-15", FLAT, []),
        ("1-15", "", FLAT, []),
        ("0-7", "", FLAT, ["cpu-0-isolated"]),
        ("0-15", "", FLAT, ["all-isolated"]),
        ("2-20", "", FLAT, ["cpu-missing"]),
        ("2-3", "0,2-3", FLAT, ["cpu-0-isolated", "tickless-not-isolated"]),
        ("2-3", "2-4", FLAT, ["tickless-not-isolated"]),
        ("", "2-4", FLAT, ["tickless-not-isolated"]),
        ("2,10", "", SERVER, []),
        ("2", "", SERVER, ["smt-split"]),
        ("8", "", SERVER, ["smt-split"]),
        ("0-7", "", SERVER, ["cpu-0-isolated", "smt-split"]),
        # a thread that is offline is no sibling
        ("2-3,6", "", OFFLINE, ["cpu-missing"]),
        ("2,6", "", OFFLINE, []),
    ],
)
def test_findings(isolated, tickless, machine, kinds):
    assert sorted(found(isolated, tickless, machine)) == kinds


@pytest.mark.parametrize(
    ("isolated", "machine", "layout"),
    [
        # "the critical path on cores 0-7": eight cores, but not the boot CPU's
        ("0-7", FLAT, "1-8"),
        # the same on a machine with SMT: its cores whole, and only seven are free
        ("0-7", SERVER, "1-3,5-7,9-11,13-15"),
        ("0-3", SERVER, "1-4,9-12"),
        ("0,8", SERVER, "1,9"),
        # half of the boot CPU's core
        ("8", SERVER, "1,9"),
        ("12", SERVER, "4,12"),
        # a core that is missed is made up for on the same node
        ("0-1,5,8-9,13", SERVER, "1-2,5,9-10,13"),
        ("0-15", FLAT, "1-15"),
        ("2-20", FLAT, "2-15"),
    ],
)
def test_the_remedy_names_the_nearest_layout(isolated, machine, layout):
    assert str(nearest(CpuSet.parse(isolated), machine)) == layout
    assert all(layout in remedy for remedy in found(isolated, "", machine).values())


def test_where_no_layout_is_near():
    assert found("20", "", FLAT) == {"cpu-missing": "use CPUs of 1-15"}
    one = topology([(0, [0, 1])])
    assert found("0-1", "", one) == {"all-isolated": "use CPUs of 0-1"}


@given(topologies(), st.lists(st.integers(0, 90), min_size=1).map(CpuSet))
def test_the_nearest_layout_has_no_errors_itself(machine, isolated):
    near = nearest(isolated, machine)
    assert findings(near, near, machine) == []
    touched = [core for core in cores(machine) if core & isolated]
    assert bool(near) == (bool(touched) and len(cores(machine)) > 1)


@given(topologies(), st.lists(st.integers(0, 90)).map(CpuSet), st.lists(st.integers(0, 90)).map(CpuSet))
def test_every_layout_that_a_remedy_names_can_be_had(machine, isolated, tickless):
    for finding in findings(isolated, tickless, machine):
        named = re.search(r"cpus ([\d,-]+)", finding.remedy)
        if named and finding.path.endswith(".isolated"):
            assert findings(CpuSet.parse(named[1]), CpuSet(), machine) == []
        elif named:
            assert CpuSet.parse(named[1]) <= tickless


@pytest.mark.parametrize(
    ("housekeeping", "kinds"),
    [("0-1", []), ("0-2", ["cpu-overlap"]), ("0,90", ["cpu-missing"])],
)
def test_housekeeping_that_is_declared(housekeeping, kinds):
    assert list(found("2-15", "2-15", FLAT, housekeeping)) == kinds


def test_kernel_arguments():
    sets = map(CpuSet.parse, ("2-7", "4-7", "0-1"))
    assert boot_args(*sets) == [
        "isolcpus=managed_irq,domain,2-7",
        "nohz_full=4-7",
        "rcu_nocbs=2-7",
        "irqaffinity=0-1",
    ]
    assert boot_args(CpuSet(), CpuSet(), CpuSet([0])) == []
    assert not any("nohz_full" in token for token in boot_args(CpuSet([2]), CpuSet(), CpuSet([0])))


@pytest.mark.parametrize(
    ("domain", "words"),
    [
        (CpuIsolation("0-7"), r"cpu_isolation.isolated = '0-7'.*all CPUs.*Remedy: the nearest layout is cpus 1,3,5,7"),
        (CpuIsolation("0,4"), r"CPU 0 is the boot CPU.*Remedy: the nearest layout is cpus 1,5"),
        (CpuIsolation("1"), r"siblings 5 .*smt-split.*Remedy: isolate whole cores: cpus 1,5"),
        (CpuIsolation("3,7-9"), r"CPUs 8-9 are not online"),
        (CpuIsolation("", "3"), r"cpu_isolation.tickless = '3'.*not isolated"),
        (CpuIsolation("3,7", "3,7", "0-3"), r"CPUs 3 are both housekeeping and isolated"),
        (CpuIsolation("3,7", "3,7", "0-99"), r"cpu_isolation.housekeeping = '0-99'.*not online"),
        (CpuIsolation("three"), r"cpu_isolation.isolated = 'three'.*not a CPU list.*Remedy"),
        (CpuIsolation("3,7", "x"), r"cpu_isolation.tickless = 'x'.*not a CPU list"),
    ],
)
def test_a_bad_declaration_is_refused_before_anything_is_touched(tmp_path, domain, words):
    host = debian(tmp_path)
    before = contents(host)
    with pytest.raises(UllError, match=words):
        converge(domain, host, False)
    assert contents(host) == before


def test_systemd_keeps_to_housekeeping(tmp_path):
    host = debian(tmp_path)
    converge(CpuIsolation("1,5", "1,5"), host, False)
    assert host.text(SYSTEMD).splitlines()[1:] == ["[Manager]", "CPUAffinity=0 2-4 6-7"]


def test_the_kernel_that_ignores_an_argument_is_found_out(tmp_path):
    """It accepts nohz_full= without CONFIG_NO_HZ_FULL, and does nothing."""
    host = debian(tmp_path)
    domain = CpuIsolation("1,5", "1,5")
    converge(domain, host, False)
    host.boot()
    host.poke("/sys/devices/system/cpu/nohz_full", "(null)")
    outcome = converge(domain, host, False)
    assert not outcome.changed
    assert [state.name for state in outcome.states if state.status != "in_sync"] == ["cpu_isolation.nohz_full"]
