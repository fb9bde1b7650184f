# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from hypothesis import given
from topologies import profiles, smt, topologies

from ansible_collections.ull.metal.plugins.module_utils.finding import Finding
from ansible_collections.ull.metal.plugins.module_utils.plan import compile_plan, no_plan
from ansible_collections.ull.metal.plugins.module_utils.setting import State
from ansible_collections.ull.metal.plugins.module_utils.view import checks_text, findings_text, plan_text, table

SERVER = smt(nodes=2)
PROFILE = {"class": "order_engine", "hugepages": [{"size": "1G", "amount": "4 GiB", "where": "node 1"}]}


def plan(host: str = "lab1", profile=None, **more) -> dict:
    return {**compile_plan(SERVER, PROFILE if profile is None else profile, host), **more}


def state(running: str | None, impact: str = "reboot") -> dict:
    return State("boot_args.nohz_full", "cpu_isolation", impact, "nohz_full=1", "nohz_full=1", running).as_dict()


def test_a_table():
    assert table(["a", "long"], [[1, None], ["xyz", "b"]], 1) == " a    long\n ---  ----\n 1    -\n xyz  b"


def test_a_host_that_was_read():
    text = plan_text([plan(source="host", states=[state(None), state("nohz_full=1")])])
    assert text.splitlines() == [
        "lab1: profile order_engine, read from the host",
        "  node 0: CPUs 0-3,8-11, 32 GiB",
        "  node 1: CPUs 4-7,12-15, 32 GiB, hugepages 4 x 1G",
        "  housekeeping 0,4,8,12 | isolated 1-3,5-7,9-11,13-15 | tickless 1-3,5-7,9-11,13-15",
        "  2 settings, 1 differ:",
        "    setting              declared     persisted    running  impact",
        "    -------------------  -----------  -----------  -------  ------",
        "    boot_args.nohz_full  nohz_full=1  nohz_full=1  -        reboot",
        "",
        "1 of 1 hosts differ; 1 would reboot (once); no errors",
    ]


def test_a_host_from_its_snapshot():
    text = plan_text([plan(source="snapshot", states=[])])
    assert "from the stored snapshot" in text
    assert "    hugepages node 1           4 x 1G\n" in text
    assert "boot_args (boot_args)" not in text, "an empty section is nothing to show"
    assert text.endswith("1 not read live: lab1; no errors")


def test_the_verdict_of_a_fleet():
    plans = [
        plan("one", source="host", states=[state("nohz_full=1")]),
        plan("two", source="host", states=[state("2", "live")]),
        no_plan("three", [Finding("topology-missing", "none is stored")]),
    ]
    assert plan_text(plans).splitlines()[-1] == (
        "1 of 3 hosts differ; 0 would reboot (once); 1 not read live: three; errors on three"
    )


def test_findings_the_gravest_first():
    findings = compile_plan(SERVER, {"isolated": "cpus 1", "housekeeping": "1 per machine"}, "lab1")["findings"]
    assert findings_text(findings, 2).splitlines() == [
        "  ERROR smt-split: the siblings 9 of isolated CPUs would not be isolated",
        "      lab1: ull_profile.isolated = '1'",
        "      remedy: isolate whole cores: cpus 1,9",
        "  note cpu-unassigned: CPUs 2-7,9-15 join housekeeping",
        "      lab1: ull_profile.isolated = 'cpus 1'",
    ]


def test_checks_the_failed_first():
    good = {"name": "a", "ok": True, "expected": "1", "found": "1", "hint": ""}
    bad = {"name": "b", "ok": False, "expected": "1", "found": "2", "hint": "run tune"}
    assert checks_text("lab1", [good, bad]).splitlines() == [
        "lab1: 1 of 2 checks passed",
        "          check  expected  found",
        "  ------  -----  --------  -----",
        "  FAILED  b      1         2",
        "  ok      a      1",
        "  b: run tune",
    ]


@given(topologies(), profiles())
def test_every_plan_can_be_shown(machine, declared):
    made = compile_plan(machine, declared, "lab1")
    text = plan_text([made])
    assert all(finding["message"] in text for finding in made["findings"])
