# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bad input, as a user meets it: the error names host, variable, value and remedy, and nothing was touched.

Planned from the stored snapshot of a lab machine, so that not even a connection is made.
"""

from __future__ import annotations

import json

import pytest
from conftest import ROOT

SNAPSHOT = ROOT / "inventories/lab/topology/lab1.json"
GIGANTIC = {"size": "1G", "amount": "1 GiB", "where": "node 1"}

BAD = {
    "more 1 GiB pages than a node holds": (
        {"hugepages": [{**GIGANTIC, "amount": "9 GiB"}]},
        {},
        ["hugepages-exceed-node", "ull_profile.hugepages", "9 x 1G", "at most"],
    ),
    "CPUs that do not exist": (
        {"isolated": "cpus 2-9"},
        {},
        ["cpu-missing", "ull_profile.isolated", "2-9", "the nearest layout is cpus 2-3"],
    ),
    "every CPU isolated": (
        {"isolated": "cpus 0-3", "housekeeping": "rest"},
        {},
        ["all-isolated", "ull_profile.isolated", "0-3", "nearest layout"],
    ),
    "CPU 0 tickless": (
        {"isolated": "cpus 1-3", "housekeeping": "rest", "tickless": "cpus 0-3"},
        {},
        ["cpu-0-isolated", "ull_profile.tickless", "0-3", "make cpus 1-3 tickless"],
    ),
    "no profile at all": (None, {}, ["profile-missing", "ull_class_profile", "order_engine"]),
    "a profile key misspelt": (
        {"hugepagse": []},
        {},
        ["profile-unknown-key", "ull_profile.hugepagse", "did you mean 'hugepages'?"],
    ),
    "a page size the CPU lacks": (
        {"hugepages": [{**GIGANTIC, "size": "16M", "amount": "64 MiB"}]},
        {},
        ["hugepages-size-missing", "ull_profile.hugepages", "16M", "use 2M, 1G"],
    ),
    "half an SMT core": (
        {"isolated": "cpus 2", "housekeeping": "rest"},
        {"smt": True},
        ["smt-split", "ull_profile.isolated", "'2'", "isolate whole cores: cpus 2-3"],
    ),
    "a container": (
        {"isolated": "rest"},
        {"container": "systemd-nspawn"},
        ["container-target", "systemd-nspawn", "put its host"],
    ),
    "an unsupported boot loader": (
        {"isolated": "rest"},
        {"boot_loader": ""},
        ["boot-loader-unsupported", "boot loader", "use GRUB"],
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(lab, tmp_path, name):
    profile, machine, words = BAD[name]
    topology = json.loads(SNAPSHOT.read_text())
    if machine.pop("smt", False):
        for cpu in topology["cpus"]:
            cpu["core"], cpu["siblings"] = 0, "0-1" if cpu["id"] < 2 else "2-3"
    (tmp_path / "topology").mkdir()
    (tmp_path / "topology/badhost.json").write_text(json.dumps({**topology, **machine}))
    hosts = {
        "all": {"hosts": {"badhost": {"ansible_host": "127.0.0.1", "ansible_port": 9, "ull_profile": profile or {}}}}
    }
    (tmp_path / "hosts.yml").write_text(json.dumps(hosts))
    run = lab.play("plan", inventory=str(tmp_path / "hosts.yml"))
    assert run.code == 2
    for word in ["badhost", "remedy:", *words]:
        assert word in run.output


def test_an_unreachable_host(lab, tmp_path):
    (tmp_path / "hosts.yml").write_text(
        json.dumps({"all": {"hosts": {"badhost": {"ansible_host": "127.0.0.1", "ansible_port": 9}}}})
    )
    run = lab.play("tune", inventory=str(tmp_path / "hosts.yml"))
    assert run.code == 2
    for word in ["host-unreachable", "badhost", "ansible_host", "127.0.0.1", "--limit"]:
        assert word in run.output


def test_without_the_link_every_playbook_says_what_to_do(lab, tmp_path):
    for playbook in sorted((ROOT / "playbooks").glob("*.yml")):
        run = lab.run(
            "ansible-playbook",
            str(playbook),
            "-i",
            "inventories/lab",
            ANSIBLE_COLLECTIONS_PATH=str(tmp_path),
            ANSIBLE_CONFIG="",
        )
        assert run.code != 0, playbook
        assert "make setup" in run.output, playbook
