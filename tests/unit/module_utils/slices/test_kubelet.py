# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from planned import SERVER, found, ids, plan
from topologies import smt


def kubelet(**words):
    return {"kubelet": {"cpu_manager": "static", **words}}


def test_a_configuration():
    made = plan(kubelet(reserved_memory="2 GiB"))
    assert made["kubelet"] == {
        "reservedSystemCPUs": "0,4,8,12",
        "cpuManagerPolicy": "static",
        "topologyManagerPolicy": "single-numa-node",
        "topologyManagerScope": "container",
        "memoryManagerPolicy": "Static",
        "cpuManagerPolicyOptions": {"full-pcpus-only": "true", "strict-cpu-reservation": "true"},
        "systemReserved": {"memory": "3996Mi"},
        "kubeReserved": {"memory": "0Mi"},
        "evictionHard": {"memory.available": "100Mi"},
        "reservedMemory": [
            {"numaNode": 0, "limits": {"memory": "2048Mi"}},
            {"numaNode": 1, "limits": {"memory": "2048Mi"}},
        ],
    }
    assert ids(made) == []


def test_nothing_said_nothing_planned():
    assert plan({})["kubelet"] == plan({"kubelet": {}})["kubelet"] == {}


def test_options_by_version_and_policy():
    assert plan(kubelet(version="1.32"))["kubelet"]["cpuManagerPolicyOptions"] == {"full-pcpus-only": "true"}
    made = plan({"kubelet": {"cpu_manager": "none", "memory_manager": "None", "topology_manager": "none"}})["kubelet"]
    assert not {"cpuManagerPolicyOptions", "reservedMemory"} & set(made)


def test_where_nothing_is_isolated_housekeeping_is_what_is_reserved():
    assert plan({"isolated": "none", **kubelet()})["kubelet"]["reservedSystemCPUs"] == "0,4,8,12"


def test_nodes_without_cpus_have_nothing_to_reserve():
    machine = {**SERVER, **smt(nodes=2, memory={0: 32, 1: 32, 4: 96}), "nics": []}
    assert [entry["numaNode"] for entry in plan(kubelet(), machine)["kubelet"]["reservedMemory"]] == [0, 1]


@pytest.mark.parametrize(
    ("profile", "kind", "words"),
    [
        ({"isolated": "none", "housekeeping": "8 cores per node", **kubelet()}, "kubelet-nothing-allocatable", "0-15"),
        (kubelet(reserved_memory="50 MiB"), "kubelet-reserved-small", "100 MiB"),
        (kubelet(version="1.20", full_pcpus_only=False), "kubelet-too-old", "1.22"),
        (kubelet(cpu_manager="none", memory_manager="None"), "kubelet-alignment-lost", "cpu_manager: static"),
        (kubelet(reserved_memory="40 GiB"), "memory-exceeds-node", "reserved for the system"),
    ],
)
def test_findings(profile, kind, words):
    finding = next(finding for finding in plan(profile)["findings"] if finding["id"] == kind)
    assert words in f"{finding['message']} {finding['remedy']}"


def test_a_version_without_quotes_is_a_number():
    finding = found(plan({"kubelet": {"version": 1.3}}), "profile-bad-value")
    assert "put it in quotes" in finding["remedy"]
