# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from ansible_collections.ull.metal.plugins.module_utils.report.fleet import fleet


def plan(host, *impacts, source="host", findings=()):
    states = [{"impact": impact, "status": "differs"} for impact in impacts] + [
        {"impact": "reboot", "status": "in_sync"}
    ]
    found = [{"id": f"some-{level}", "level": level} for level in findings]
    return {"host": host, "source": source, "states": states, "findings": found}


def test_the_worst_impact_of_a_host_counts_once():
    whole = fleet([plan("a", "live", "reboot"), plan("b", "live", "link"), plan("c")])
    assert whole.impacts == {"live": (), "link": ("b",), "drain": (), "reboot": ("a",)}
    assert whole.text == "2 of 3 hosts differ; 1 would reboot (once); no errors"
    assert whole.headline == "1 of 3 hosts would reboot; no errors"
    assert whole.impact_lines() == ["1 of 3 hosts would reboot (once): a", "1 of 3 hosts would lose the link: b"]


def test_what_waits_for_a_reboot_differs():
    waiting = {
        "host": "a",
        "source": "host",
        "states": [{"impact": "reboot", "status": "pending_reboot"}],
        "findings": [],
    }
    assert fleet([waiting]).reboot == ("a",)


def test_unread_hosts_and_errors_are_named():
    whole = fleet([plan("a", source="snapshot", findings=["error", "error", "note"]), plan("b", findings=["error"])])
    assert whole.text == "0 of 2 hosts differ; 0 would reboot (once); 1 not read live: a; errors on a, b"
    assert whole.headline == "0 of 2 hosts would reboot; 1 not read live; 1 error on 2 hosts"
    assert whole.findings == {"error": 1, "warning": 0, "note": 1, "accepted": 0}


def test_where_no_host_was_read_nothing_is_claimed_about_reboots():
    assert fleet([plan("a", source="snapshot")]).headline == "1 host, none read live; no errors"


def test_no_hosts():
    assert fleet([]).headline == "0 of 0 hosts would reboot; no errors"
