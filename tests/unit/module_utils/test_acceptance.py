# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import copy
from datetime import date

import pytest

from ansible_collections.ull.metal.plugins.module_utils.acceptance import accept
from ansible_collections.ull.metal.plugins.module_utils.finding import Finding

WARNING = Finding("irqs-off-node", "far away", host="engine1").as_dict()
ERROR = Finding("nic-not-found", "no such NIC", host="engine1").as_dict()
NEVER = Finding("cpu-0-isolated", "CPU 0", host="engine1").as_dict()
NOTE = Finding("nic-no-link", "down", host="engine1").as_dict()
ALL = [WARNING, ERROR, NEVER, NOTE]


def entry(**words):
    return {"id": "irqs-off-node", "reason": "moves in February", "until": "2027-01-31", **words}


def levels(accepted, today="2027-01-31", findings=(WARNING,), host="engine1"):
    return {finding["id"]: finding["level"] for finding in accept(findings, accepted, host, today)}


def test_nothing_accepted_changes_nothing():
    assert accept(ALL, [], "engine1", "2027-01-31") == ALL


@pytest.mark.parametrize("until", ["2027-01-31", date(2027, 1, 31), "2027-01-31T12:00:00"])
def test_an_accepted_finding_says_why_and_until_when(until):
    before = copy.deepcopy(WARNING)
    (made,) = accept([WARNING], [entry(until=until)], "engine1", "2027-01-31")
    said = {"reason": "moves in February", "until": "2027-01-31", "level": "warning"}
    message = "far away (accepted until 2027-01-31: moves in February)"
    assert made == {**WARNING, "message": message, "level": "accepted", "accepted": said}
    assert before == WARNING


def test_errors_can_be_accepted():
    assert levels([entry(id="nic-not-found")], findings=[ERROR]) == {"nic-not-found": "accepted"}


def test_after_its_day_it_counts_no_longer_and_the_plan_says_so():
    made = accept([WARNING], [entry()], "engine1", "2027-02-01")
    assert [(finding["id"], finding["level"]) for finding in made] == [
        ("irqs-off-node", "warning"),
        ("acceptance-expired", "warning"),
    ]
    assert made[1]["path"] == "ull_accepted_findings[0].until"
    assert "moves in February" in made[1]["message"]


def test_an_expired_one_that_is_renewed_or_not_needed_is_no_finding():
    assert levels([entry(), entry(until="2028-01-01")], "2027-02-01") == {"irqs-off-node": "accepted"}
    assert levels([entry()], "2027-02-01", findings=[]) == {}


@pytest.mark.parametrize(
    ("hosts", "host", "level"),
    [
        ("engine*", "engine1", "accepted"),
        ("engine?", "engine12", "warning"),
        ("store1", "engine1", "warning"),
        ("*", "x", "accepted"),
    ],
)
def test_hosts(hosts, host, level):
    assert levels([entry(hosts=hosts)], host=host)["irqs-off-node"] == level


def test_what_a_host_would_refuse_cannot_be_accepted():
    assert levels([entry(id="cpu-0-isolated")], findings=[NEVER]) == {
        "cpu-0-isolated": "error",
        "acceptance-refused": "error",
    }


def test_notes_need_no_acceptance():
    assert levels([entry(id="nic-no-link")], findings=[NOTE]) == {"nic-no-link": "note"}


@pytest.mark.parametrize(
    ("accepted", "path", "remedy"),
    [
        ("nic", "ull_accepted_findings", "until"),
        (["irqs-off-node"], "ull_accepted_findings[0]", "until"),
        ([entry(id="irqs-of-node")], "ull_accepted_findings[0].id", "'irqs-off-node'"),
        ([entry(id=None)], "ull_accepted_findings[0].id", "docs/findings.md"),
        ([entry(reason="  ")], "ull_accepted_findings[0].reason", "reason"),
        ([{"id": "irqs-off-node", "until": "2027-01-31"}], "ull_accepted_findings[0].reason", "reason"),
        ([{"id": "irqs-off-node", "reason": "so"}], "ull_accepted_findings[0].until", "2027-01-31"),
        ([entry(until="soon")], "ull_accepted_findings[0].until", "2027-01-31"),
        ([entry(until="2027-02-30")], "ull_accepted_findings[0].until", "2027-01-31"),
        ([entry(until=20270131)], "ull_accepted_findings[0].until", "2027-01-31"),
        ([entry(hosts=["engine1"])], "ull_accepted_findings[0].hosts", "id"),
        ([entry(host="engine1")], "ull_accepted_findings[0].host", "'hosts'"),
    ],
)
def test_an_acceptance_that_is_not_whole_is_an_error(accepted, path, remedy):
    first, second = accept([WARNING], accepted, "engine1", "2027-01-01")
    assert first == WARNING
    assert (second["id"], second["path"], second["level"]) == ("acceptance-invalid", path, "error")
    assert remedy in second["remedy"]
