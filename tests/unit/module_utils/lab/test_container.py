"""The container's start script, its files and its network."""

import subprocess

import pytest

from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.lab import container, network
from ansible_collections.ull.metal.plugins.module_utils.lab.state import Lab, write_json


def test_script_is_shell(tmp_path):
    script = container.script(tmp_path / "a b", tmp_path / "image", "ull01234567", "ull-1")
    assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0
    assert f"--directory='{tmp_path}/a b/root'" in script
    assert script.rstrip().splitlines()[-1].startswith("exec systemd-nspawn")


def test_files_tell_one_from_another():
    files = container.host_files("web1", "10.213.0.2", 24, "10.213.0.1", "nameserver x\n")
    assert files["/etc/hostname"] == "web1\n"
    unit = files["/etc/systemd/network/10-host0.network"]
    assert "Address=10.213.0.2/24" in unit
    assert "MTUBytes=1400" in unit


def test_names_fit_an_interface(tmp_path):
    lab = Lab(str(tmp_path))
    machine = container.Container(lab, "x" * 63, network.Network(lab)).machine
    assert len(f"vb-{machine}") <= 15
    assert len(network.name_of(lab)) <= 15


def test_subnet_avoids_the_machines_own():
    lab = Lab("/lab")
    first = network.choose(lab, [])
    assert network.choose(lab, []) == first
    second = network.choose(lab, ["10.0.0.1/24", "fe80::1/64", first.replace(".0/", ".7/")])
    assert second != first
    with pytest.raises(UllError, match="free"):
        network.choose(lab, ["10.0.0.1/8"])


def test_ruleset_is_a_table_of_its_own():
    rules = network.ruleset("ull-1", "10.213.5.0/24")
    assert "flush ruleset" not in rules
    assert rules.count("table ip ull-1") == 3


def test_addresses_go_on_after_those_taken(tmp_path):
    lab = Lab(str(tmp_path))
    net = network.Network(lab)
    write_json(tmp_path / "network.json", {"subnet": "10.213.5.0/29"})
    for number in (2, 3, 4, 5):
        folder = lab.machine("container", f"c{number}")
        folder.mkdir(parents=True)
        write_json(folder / "machine.json", {"address": f"10.213.5.{number}"})
    new = container.Container(lab, "new", net)
    assert net.gateway == "10.213.5.1"
    assert new._address() == "10.213.5.6"
    write_json(lab.machine("container", "c2") / "machine.json", {"address": "10.213.5.6"})
    assert new._address() == "10.213.5.2"


def test_no_image(tmp_path, monkeypatch):
    monkeypatch.setattr(container.os, "geteuid", lambda: 0)
    lab = Lab(str(tmp_path))
    with pytest.raises(UllError, match="lab_image"):
        container.Container(lab, "c1", network.Network(lab)).start(tmp_path / "none")


def test_not_root(tmp_path, monkeypatch):
    monkeypatch.setattr(container.os, "geteuid", lambda: 1000)
    lab = Lab(str(tmp_path))
    with pytest.raises(UllError, match="root"):
        container.Container(lab, "c1", network.Network(lab)).start(tmp_path)
