# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from ansible_collections.ull.metal.plugins.module_utils.report.problems import problems


def found(host, message="m", kind="some", level="error", path="p", value=1, remedy="do"):
    return {
        "host": host,
        "id": kind,
        "level": level,
        "message": message,
        "path": path,
        "value": value,
        "remedy": remedy,
        "why": "w",
    }


def test_the_same_finding_is_said_once():
    (problem,) = problems([found("a"), found("b"), found("b", path="q", value=None)])
    (case,) = problem.cases
    assert problem.hosts == ["a", "b"]
    assert [(place.text, place.hosts) for place in case.places] == [("p = 1", ["a", "b"]), ("q", ["b"])]


def test_the_gravest_first_then_the_most_hosts():
    order = problems(
        [found("a", kind="n", level="note"), found("a", kind="x"), found("a", kind="y"), found("b", kind="y")]
    )
    assert [problem.id for problem in order] == ["y", "x", "n"]


def test_a_host_in_its_message_does_not_part_findings():
    (problem,) = problems([found("lab1", "lab1 is asleep"), found("lab2", "lab2 is asleep")])
    assert [case.text for case in problem.cases] == ["the host is asleep"]
    (problem,) = problems([found("lab1", "lab1 is asleep, lab10.x and lab1-b too")])
    assert problem.cases[0].text == "lab1 is asleep, lab10.x and lab1-b too"
    assert problem.cases[0].message == "the host is asleep, lab10.x and lab1-b too"


def test_a_level_nobody_knows_comes_last():
    assert [p.level for p in problems([found("a", kind="z", level="odd"), found("a", level="note")])] == ["note", "odd"]


def test_what_somebody_answers_for_is_said_with_the_reason():
    entry = {"reason": "cabling on Monday", "until": "2027-01-31", "level": "error"}
    (problem,) = problems([{**found("a", level="accepted"), "accepted": entry}])
    assert problem.level == "accepted"
    assert problem.cases[0].accepted == "cabling on Monday (error, accepted until 2027-01-31)"
