# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from fake_tree import tree

from ansible_collections.ull.metal.plugins.module_utils import clock
from ansible_collections.ull.metal.plugins.module_utils.clock import Clock, judge
from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.host import Host

TRACKING = (
    "0A090001,10.9.0.1,6,1763724000.250000000,0.000012345,-0.000010000,0.000031000,"
    "-11.9,0.01,0.3,0.000180000,0.000009000,1.0,Normal\n"
)
LOST = "00000000,,0,0.000000000,0.0,0.0,0.0,0.0,0.0,0.0,1.0,1.0,0.0,Not synchronised\n"
# Captured: linuxptp 4.2, stamps by software, locked in the second case
PMC = """sending: GET TIME_STATUS_NP
sending: GET CURRENT_DATA_SET
\t525400.fffe.0108fe-0 seq 0 RESPONSE MANAGEMENT TIME_STATUS_NP
\t	master_offset              -379150965
\t	ingress_time               1795260714260949770
\t	gmPresent                  true
\t	gmIdentity                 525400.fffe.0108ff
\t525400.fffe.0108fe-0 seq 1 RESPONSE MANAGEMENT CURRENT_DATA_SET
\t	stepsRemoved     1
\t	offsetFromMaster -379150965.0
\t	meanPathDelay    779738.0
\t525400.fffe.0108fe-1 seq 2 RESPONSE MANAGEMENT PORT_DATA_SET
\t	portState               UNCALIBRATED
"""
LOG = """[389.1] CLOCK_REALTIME phc offset -120 s0 freq +3
[390.2] CLOCK_REALTIME phc offset       -12 s2 freq   +2311 delay    320
"""


def test_tracking():
    found = clock.parse_tracking(TRACKING, 1763724010.0)
    assert (found.synchronised, found.source, found.stratum, found.age_s) == (True, "10.9.0.1", 6, 9.75)
    assert (found.offset_ns, found.root_delay_ns, found.root_dispersion_ns) == (-12345, 180000, 9000)
    assert found.error_bound_ns == 12345 + 9000 + 90000


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (LOST, "has not chosen a source"),
        ("", "does not answer"),
        ("506 Cannot talk to daemon\n", "not understood"),
        ("1,2,3", "not understood"),
        (TRACKING.replace("0.000012345", "x"), "not understood"),
    ],
)
def test_tracking_that_says_nothing(said, why):
    found = clock.parse_tracking(said, 0)
    assert not found.synchronised
    assert why in found.why


def test_pmc():
    locked = PMC.replace("UNCALIBRATED", "SLAVE").replace("-379150965", "-512")
    found = clock.parse_pmc(locked)
    assert (found.synchronised, found.offset_ns, found.source, found.stratum) == (True, -512, "525400.fffe.0108ff", 1)
    assert found.error_bound_ns == clock.UNKNOWN


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (PMC, "no port follows"),
        (PMC.replace("true", "false"), "no grandmaster"),
        (PMC.replace("UNCALIBRATED", "SLAVE").replace("-379150965", "nonsense"), "not understood"),
        ("sending: GET TIME_STATUS_NP\n", "does not answer"),
        ("", "does not answer"),
        ("\t\tportState  LISTENING\n", "says no offset"),
    ],
)
def test_pmc_that_says_nothing(said, why):
    found = clock.parse_pmc(said)
    assert not found.synchronised
    assert why in found.why


@pytest.mark.parametrize(
    ("said", "synchronised", "offset"),
    [(LOG, True, -12), (LOG.splitlines()[0], False, -120), ("", False, 0), ("Waiting for ptp4l...", False, 0)],
)
def test_servo(said, synchronised, offset):
    found = clock.parse_servo(said)
    assert (found.synchronised, found.offset_ns) == (synchronised, offset)
    assert synchronised or found.why


GOOD = Clock("chrony", True, "x", 2, -90_000, 180_000, 9_000, 5)


@pytest.mark.parametrize(
    ("found", "limits", "says"),
    [
        (GOOD, (100_000, 0, 0), ""),
        (GOOD, (89_999, 0, 0), "off by -90000 ns, allowed are 89999 ns"),
        (GOOD, (0, 189_000, 0), ""),
        (GOOD, (0, 188_999, 0), "may be off by 189000 ns"),
        (GOOD, (0, 0, 4), "5 s ago"),
        (Clock("ptp4l", True), (0, 1, 0), "does not say how large"),
        (Clock("ptp4l", why="no grandmaster"), (0, 0, 0), "no grandmaster"),
        (Clock("ptp4l"), (0, 0, 0), "not synchronised"),
    ],
)
def test_judge(found, limits, says):
    wrong = judge(found, *limits)
    assert says in wrong
    assert bool(wrong) == bool(says)


def test_waiting_ends_when_it_is_good():
    looks = iter([Clock("chrony", why="no"), Clock("chrony", why="no"), GOOD])
    found, wrong = clock.wait(lambda: next(looks), lambda one: judge(one, 100_000), 60, sleep=lambda _seconds: None)
    assert (found, wrong) == (GOOD, "")


def test_waiting_is_bounded():
    found, wrong = clock.wait(lambda: Clock("chrony", why="no"), lambda one: judge(one, 1), 0.05, pause=0.01)
    assert (found.synchronised, wrong) == (False, "no")


PARAMS = {
    "daemon": None,
    "interface": None,
    "max_offset": 100_000,
    "max_error": 0,
    "max_age": 0,
    "wait": 0,
    "fail": True,
}


def answering(root, answers):
    """A host with units of ours, whose commands say that."""
    host = tree(
        root,
        {
            "/etc/systemd/system/ull-metal-ptp4l-ens2.service": "",
            "/etc/linuxptp/ull-metal-ens2.conf": "domainNumber 24",
        },
    )
    asked = []

    def runner(argv):
        asked.append(argv)
        return 0, answers.get(argv[0], ""), ""

    return Host(str(host.root), "lab1", runner), asked


def test_ptp4l_is_asked_in_its_domain_at_its_socket(tmp_path):
    host, asked = answering(tmp_path, {"pmc": PMC.replace("UNCALIBRATED", "SLAVE").replace("-379150965", "40")})
    result = clock.check(host, PARAMS, False)
    assert result["clock"]["daemon"] == "ptp4l"
    assert asked[0][:8] == ["pmc", "-u", "-b", "0", "-d", "24", "-s", "/run/ptp4l-ens2"]


def test_both_errors_count_with_phc2sys(tmp_path):
    said = {"pmc": PMC.replace("UNCALIBRATED", "SLAVE").replace("-379150965", "40"), "journalctl": LOG}
    host, _asked = answering(tmp_path, said)
    host.path("/etc/systemd/system/ull-metal-phc2sys.service").write_text("")
    assert clock.check(host, PARAMS, False)["clock"]["offset_ns"] == 28


def test_a_bad_clock_fails_but_not_in_check_mode(tmp_path):
    host, _asked = answering(tmp_path, {"pmc": PMC})
    with pytest.raises(UllError, match="no port follows") as failed:
        clock.check(host, PARAMS, False)
    assert "journalctl" in failed.value.remedy
    assert "no port follows" in clock.check(host, PARAMS, True)["wrong"]
