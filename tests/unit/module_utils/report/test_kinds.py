# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from reported import fleet_of, planned, server, synced, topology_of

from ansible_collections.ull.metal.plugins.module_utils.report.kinds import declared, kinds, rows

CAPTURES = ["32em64t-2n8c+dax+nvme+mic+dimms", "16amd64-8n2c"]


def test_identical_machines_with_identical_plans_are_one_kind():
    made = kinds(*fleet_of(20, CAPTURES))
    assert [len(kind.hosts) for kind in made] == [10, 10]
    assert made[0].worst == "reboot"


def test_a_state_of_its_own_does_not_part_a_host_but_is_said():
    (kind, _other) = kinds(*fleet_of(20, CAPTURES))
    found = rows(kind)
    assert [row.differs for row in found] == [True] * 4 + [False] * 4
    assert found[0].hosts == [f"engine{n}" for n in range(1, 11) if n != 8]
    assert found[-1].hosts == ["engine8"]


def test_another_plan_or_machine_is_another_kind():
    topology = server()
    plans = [
        planned("a", topology),
        planned("b", topology, {"class": "x", "isolated": "cpus 7"}),
        planned("c", topology),
    ]
    other = {**topology, "nics": topology["nics"][1:]}
    assert [kind.hosts for kind in kinds(plans, {"a": topology, "b": topology, "c": other})] == [["a"], ["b"], ["c"]]


def test_some_pages_of_memory_do_not_part_machines():
    topology = topology_of("128arm-2pa2n8cluster4co")
    nodes = [{**node, "memory_bytes": node["memory_bytes"] + 65536} for node in topology["nodes"]]
    other = {**topology, "nodes": nodes}
    plans = [planned("a", topology), planned("b", other)]
    assert len(kinds(plans, {"a": topology, "b": other})) == 1


def test_numbers_of_interrupts_are_shown_only_where_all_agree():
    (kind, _other) = kinds(*fleet_of(20, CAPTURES))
    assert {nic["irqs"] for nic in kind.topology["nics"]} == {""}
    topology = server()
    (kind,) = kinds([planned("a", topology), planned("b", topology)], {"a": topology, "b": topology})
    assert kind.topology["nics"][0]["irqs"] == topology["nics"][0]["irqs"] != ""


def test_what_is_declared_where_nobody_looked():
    plan = planned("a", topology_of(CAPTURES[0]), source="snapshot")
    plan["boot_args"]["sections"]["empty"] = []
    assert [name for name, _value in declared(plan)] == ["boot_args (cpu_isolation)"]
    (kind,) = kinds([plan], {})
    assert rows(kind) == []
    assert kind.topology == {}


def test_rows_of_one_host_in_sync():
    (kind,) = kinds([synced(planned("a", topology_of(CAPTURES[0])))], {})
    assert not any(row.differs for row in rows(kind))
    assert kind.worst == ""


def test_addresses_are_each_host_s_own():
    topology = server()
    plans = [{**planned(host, topology), "vfs": [{"pf": "p", "mac": f"02:{host}"}]} for host in ("a", "b")]
    both = {"a": topology, "b": topology}
    assert [kind.plan["vfs"] for kind in kinds(plans, both)] == [[{"pf": "p"}]]
    assert [kind.plan["vfs"] for kind in kinds(plans[:1], both)] == [[{"pf": "p", "mac": "02:a"}]]
