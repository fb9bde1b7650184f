# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from planned import SERVER, found, ids, plan
from topologies import smt

NONE = {"isolated": "none"}


def test_postgresql_gets_its_hugepages():
    made = plan({**NONE, "stores": {"postgresql": {"where": "node 1", "memory": "4 GiB"}}})
    assert made["placement"]["postgresql"] == {
        "node": 1,
        "cpus": "4-7,12-15",
        "memory_bytes": 4 << 30,
        "unit": {"CPUAffinity": "4-7,12-15", "NUMAPolicy": "preferred", "NUMAMask": "1"},
        "settings": {"shared_buffers": "4096MB", "huge_pages": "on", "huge_page_size": "2MB"},
        "hugepages": [{"node": 1, "size": "2M", "pages": 2208}],
    }
    assert made["hugepages"]["pools"] == [{"node": 1, "size": "2M", "pages": 2208}]


def test_its_hugepages_add_to_those_of_the_profile():
    pages = [{"size": "2M", "amount": "64 MiB", "where": "node 0"}]
    made = plan({**NONE, "hugepages": pages, "stores": {"postgresql": {"memory": "128 MiB"}}})
    assert made["hugepages"]["pools"] == [{"node": 0, "size": "2M", "pages": 32 + 100}]


def test_without_2m_pages_it_has_to_try():
    machine = {**SERVER, **smt(), "nics": []}
    for node in machine["nodes"]:
        node["hugepages"] = []
    made = plan({**NONE, "stores": {"postgresql": {"memory": "4 GiB"}}}, machine)
    assert made["placement"]["postgresql"]["settings"] == {"shared_buffers": "4096MB", "huge_pages": "try"}
    assert ids(made) == []


def test_redis_serves_on_a_cpu_of_its_own():
    made = plan(
        {**NONE, "stores": {"redis": {"where": "nic feed", "memory": "1 GiB"}}, "nics": {"feed": {"name": "ens1"}}}
    )
    assert made["placement"]["redis"]["settings"] == {
        "maxmemory": str(1 << 30),
        "server_cpulist": "1",
        "bio_cpulist": "0,2-3,8-11",
        "aof_rewrite_cpulist": "0,2-3,8-11",
        "bgsave_cpulist": "0,2-3,8-11",
    }


def test_findings():
    redis = {"memory": "1 GiB"}
    gone = plan({**NONE, "stores": {"redis": {**redis, "where": "node 7"}}})
    assert "nodes 0 (32 GiB), 1 (32 GiB)" in found(gone, "store-node-missing")["remedy"]
    full = plan({"housekeeping": "1 core per machine", "stores": {"redis": {**redis, "where": "node 1"}}})
    assert found(full, "store-without-cpus")["level"] == "error"
    large = plan({**NONE, "stores": {"redis": {"memory": "40 GiB"}}})
    assert "40 GiB data stores" in found(large, "memory-exceeds-node")["message"]
    nowhere = plan({**NONE, "stores": {"redis": {**redis, "where": "nic"}}})
    assert ids(nowhere) == ["nic-not-found"]
