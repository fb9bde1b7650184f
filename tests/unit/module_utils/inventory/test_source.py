# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Inventories are read as Ansible reads them, and nothing that is written into one is a crash."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.ull.metal.plugins.module_utils.inventory.check import check_inventories, regions_below
from ansible_collections.ull.metal.plugins.module_utils.inventory.source import expand, read_source

ROOT = Path(__file__).resolve().parents[4]
PLAYBOOKS = ROOT / "playbooks"

HOSTS = """
all:
  vars: {ull_one: file all}
zebra:
  hosts:
    h1: {ull_six: file host}
  vars: {ull_two: file zebra}
apple:
  children:
    zebra:
    order_engine:
      hosts: {h1: , "h[01:03]": }
  vars: {ull_two: file apple, ull_three: file apple}
"""
FILES = {
    "hosts.yml": HOSTS,
    "group_vars/all.yml": "ull_one: vars all\null_two: vars all\null_four: vars all\n",
    "group_vars/apple/a.yml": "ull_three: vars apple\null_five: vars apple\n",
    "group_vars/zebra.yml": "ull_five: vars zebra\n",
    "group_vars/order_engine.yml": "ull_five: vars engine\null_class_profile: {class: other}\n",
    "host_vars/h1.yml": "ull_six: vars host\n",
}


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def by_ansible(folder: Path) -> dict[str, dict]:
    inventory = pytest.importorskip("ansible.inventory.manager")
    loader_of = pytest.importorskip("ansible.parsing.dataloader")
    manager = pytest.importorskip("ansible.vars.manager")
    loader = loader_of.DataLoader()
    loader.set_basedir(str(PLAYBOOKS))
    hosts = inventory.InventoryManager(loader=loader, sources=[str(folder / "hosts.yml")])
    variables = manager.VariableManager(loader=loader, inventory=hosts)
    return {host.name: variables.get_vars(host=host, include_hostvars=False) for host in hosts.get_hosts()}


@pytest.mark.parametrize("name", ["made", "us-east-1", "asia-east2"])
def test_variables_are_those_of_ansible(name, tmp_path):
    folder = write(tmp_path, FILES) if name == "made" else ROOT / "inventories" / name
    source, known = read_source(folder, name, PLAYBOOKS), by_ansible(folder)
    assert sorted(source.hosts) == sorted(known) != []
    for host, variables in known.items():
        mine = {key: variable.value for key, variable in source.variables(host).items()}
        theirs = {key: value for key, value in variables.items() if key in mine or key.startswith("ull_")}
        assert mine == theirs, host


def test_a_variable_knows_where_it_stands(tmp_path):
    source = read_source(write(tmp_path, FILES), "made", PLAYBOOKS)
    places = {name: str(variable.place()) for name, variable in source.variables("h1").items()}
    assert places["ull_three"] == "made/group_vars/apple/a.yml:1"
    assert places["ull_five"] == "made/group_vars/zebra.yml:1"
    assert places["ull_class_profile"] == "playbooks/group_vars/order_engine.yml:4"
    assert str(source.hosts["h02"]) == "made/hosts.yml:12"


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("web", ["web"]),
        ("web[01:03]", ["web01", "web02", "web03"]),
        ("web[1:5:2].x", ["web1.x", "web3.x", "web5.x"]),
        ("[a:b][1:2]", ["a1", "a2", "b1", "b2"]),
        ("web[a:10]", ["web[a:10]"]),
    ],
)
def test_ranges_of_hosts(pattern, names):
    assert expand(pattern) == names


def test_what_is_vaulted_or_looked_up_is_no_secret(tmp_path):
    text = """
redis_password: !vault |
  $ANSIBLE_VAULT;1.1;AES256
  6162
ansible_become_password: "{{ lookup('amazon.aws.secretsmanager_secret', 'become') }}"
ansible_ssh_private_key_file: /etc/keys/id
vault_password_file: ~/.vault
token: /run/secrets/token
"""
    folder = write(tmp_path, {"hosts.yml": "all: {hosts: {h1: }}\n", "group_vars/all.yml": text})
    write(tmp_path, {"group_vars/sealed.yml": "$ANSIBLE_VAULT;1.1;AES256\n6162\n"})
    found = check_inventories([folder], PLAYBOOKS, "2026-11-21", facts=False)[folder.name]
    assert [each for each in found if each["id"] == "secret-plain"] == []


def test_an_inventory_without_facts_is_checked_for_the_rest(tmp_path):
    folder = write(
        tmp_path, {"hosts.yml": "order_engine: {hosts: {e1: {ansible_host: 192.0.2.1}, e2: {ansible_hst: x}}}\n"}
    )
    found = check_inventories([folder], PLAYBOOKS, "2026-11-21", facts=False)[folder.name]
    assert [each["id"] for each in found] == ["variable-unknown"]
    strict = check_inventories([folder], PLAYBOOKS, "2026-11-21")[folder.name]
    assert {each["id"] for each in strict} == {"variable-unknown", "region-missing"}


def test_what_a_template_of_the_inventory_uses_is_known(tmp_path):
    text = "desk: 3\nansible_port: '{{ 2200 + desk }}'\nsite_a: 1\nsite_b: 2\null_known_variables: [site_*]\n"
    folder = write(tmp_path, {"hosts.yml": "worker: {hosts: {w1: }}\n", "group_vars/all.yml": text})
    assert check_inventories([folder], PLAYBOOKS, "2026-11-21", facts=False)[folder.name] == []


def test_a_finding_can_be_accepted_for_a_time(tmp_path):
    text = "desk: 3\null_accepted_findings: [{id: variable-unknown, reason: other tools read it, until: 2999-01-01}]\n"
    folder = write(tmp_path, {"hosts.yml": "worker: {hosts: {w1: }}\n", "group_vars/all.yml": text})
    (found,) = check_inventories([folder], PLAYBOOKS, "2026-11-21", facts=False)[folder.name]
    assert found["level"] == "accepted"


def test_hosts_of_a_plugin_are_not_missed(tmp_path):
    facts = (ROOT / "inventories/us-east-1/group_vars/all.yml").read_text(encoding="utf-8")
    folder = write(tmp_path / "us-east-1", {"aws_ec2.yml": "plugin: amazon.aws.aws_ec2\n", "group_vars/all.yml": facts})
    assert check_inventories([folder], PLAYBOOKS, "2026-11-21")["us-east-1"] == []


_FILES = ("us-east-1/hosts.yml", "us-east-1/group_vars/all.yml")
_VALUES = st.sampled_from(
    ["", "[]", "{}", "3", "'x'", "{a: [1, {b: c}]}", "[[1]]", "null", "true", "!vault x", "&a [*a]", "- x", "1.5"]
)


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    for name in ("us-east-1", "us-west-2"):
        shutil.copytree(ROOT / "inventories" / name, folder / name)
    return folder


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_nothing_that_is_written_is_a_crash(two, data):
    """A line is lost, doubled, indented, or its value is another: there are findings, or none, and never an exception."""
    path = two / data.draw(st.sampled_from(_FILES))
    whole = path.read_text(encoding="utf-8")
    lines = whole.splitlines()
    number = data.draw(st.integers(0, len(lines) - 1))
    how = data.draw(st.sampled_from(["lose", "double", "indent", "value"]))
    if how == "value":
        lines[number] = f"{lines[number].split(':')[0]}: {data.draw(_VALUES)}"
    else:
        lines[number : number + 1] = {"lose": [], "double": [lines[number]] * 2, "indent": [f"  {lines[number]}"]}[how]
    try:
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        found = check_inventories(regions_below(two), PLAYBOOKS, "2026-11-21")
        assert set(found) == {"us-east-1", "us-west-2"}
    finally:
        path.write_text(whole, encoding="utf-8")
