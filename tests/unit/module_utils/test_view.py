# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from hypothesis import given
from reported import HOSTILE, PAGES, fleet_of, planned, server, synced, topology_of
from topologies import profiles, topologies

from ansible_collections.ull.metal.plugins.module_utils.finding import Finding
from ansible_collections.ull.metal.plugins.module_utils.plan import compile_plan, no_plan
from ansible_collections.ull.metal.plugins.module_utils.view import checks_text, findings_text, plan_text, table


def test_a_host_node_by_node():
    text = plan_text([planned("a", server("ens1"), PAGES)], {"a": server("ens1")})
    assert "  node 0  H T T T T T T T | 15.97 GiB, 512 x 2M | ens1 (igb, 2 of 8 VFs), eth1 (igb, 63 of 64 VFs)" in text
    assert "  node ?  no CPUs | 0000:ff:00.0 (no driver)" in text
    assert "housekeeping 0,8 | isolated 1-7,9-15 | tickless 1-7,9-15" in text
    assert "6 settings, 4 differ:" in text
    assert text.endswith(
        "1 of 1 host would reboot (once): a\n1 of 1 hosts differ; 1 would reboot (once); no errors",
    )


def test_many_cores_are_counted():
    name = "128arm-2pa2n8cluster4co"
    assert "node 0  H 31xT |" in plan_text([planned("a", topology_of(name))], {"a": topology_of(name)})
    name = "256ppc-8n8s4t"
    assert "node 12  HHHH TTTT" in plan_text([planned("a", topology_of(name))], {"a": topology_of(name)})


def test_topologies_are_not_needed():
    text = plan_text([planned("a", server(), source="snapshot")])
    assert "a: profile order_engine, from the stored snapshot" in text
    assert "isolcpus=managed_irq,domain,1-7,9-15" in text
    assert text.endswith("0 of 1 hosts differ; 0 would reboot (once); 1 not read live: a; no errors")


def test_hosts_of_a_kind_stand_together():
    text = plan_text(*fleet_of(10, ["16amd64-8n2c"]))
    assert "engine1 … engine10 (10 hosts, same plan): profile order_engine, read from the host" in text
    assert "4 settings, 4 differ:" in text
    assert "9 of 10 hosts would reboot (once): engine1 … engine7, engine9, engine10" in text


def test_findings_of_a_fleet_are_said_once():
    found = [
        {**Finding("nic-not-found", "no NIC", "ull_profile.nics", "x", "add one", host=f"e{n}").as_dict()}
        for n in range(1, 6)
    ]
    plans = [{**no_plan(f"e{n}", []), "findings": found[n - 1 : n]} for n in range(1, 6)]
    text = plan_text(plans)
    assert text.count("ERROR nic-not-found: no NIC") == 1
    assert "    e1 … e5: ull_profile.nics = 'x'\n    remedy: add one" in text
    assert text.endswith("errors on e1 … e5")


def test_hosts_without_a_place_are_named():
    found = [{**Finding("topology-stored", f"{host} is planned", host=host).as_dict()} for host in ("a", "b")]
    assert findings_text(found) == "note topology-stored: the host is planned\n    a, b"
    assert findings_text(found[:1], 2) == "  note topology-stored: a is planned"


def test_all_in_sync():
    text = plan_text([synced(planned("a", server()))], {"a": server()})
    assert "4 settings, 0 differ\n" in text
    assert text.endswith("0 of 1 hosts differ; 0 would reboot (once); no errors")


def test_nothing_speaks_to_the_terminal():
    assert "\x1b" not in plan_text([planned(HOSTILE, server(HOSTILE))], {HOSTILE: server(HOSTILE)})


def test_a_table():
    assert table(["a", "long"], [[1, None], ["xyz", "b"]], 1) == " a    long\n ---  ----\n 1    -\n xyz  b"


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
