# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The playbook of the rolling reboot by ansible-playbook itself; what is done on a host is put in its place."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

TOP = Path(__file__).resolve().parents[3]
LOOK = """
- name: Look
  ansible.builtin.set_fact:
    __reboot_before: {required: "{{ due | default(true) }}", trial: normal, blocked: ""}
"""
PERFORM = """
- name: Turn of {{ inventory_hostname }}
  ansible.builtin.fail:
    msg: "{{ inventory_hostname }} is back on its previous boot"
  when: bad | default(false)
- name: Turned {{ inventory_hostname }}
  ansible.builtin.debug:
    msg: "turned {{ inventory_hostname }}"
"""
HOSTS = {
    "n1": {"ull_zone": "north"},
    "s1": {"ull_zone": "south"},
    "n2": {"ull_zone": "north"},
    "n3": {"ull_zone": "north", "due": False},
    "s2": {"ull_zone": "south"},
    "n4": {"ull_zone": "north"},
}


@pytest.fixture
def roll(tmp_path):
    metal = tmp_path / "ansible_collections/ull/metal"
    metal.mkdir(parents=True)
    for name in ("plugins", "playbooks", "galaxy.yml", "meta"):
        (metal / name).symlink_to(TOP / name)
    shutil.copytree(TOP / "roles/reboot", metal / "roles/reboot")
    (metal / "roles/reboot/tasks/look.yml").write_text(LOOK)
    (metal / "roles/reboot/tasks/perform.yml").write_text(PERFORM)

    def run(*options: str, hosts=None, **variables):
        (tmp_path / "ansible.cfg").touch()
        inventory = {"all": {"hosts": hosts or HOSTS, "vars": {"ansible_connection": "local", **variables}}}
        (tmp_path / "hosts.yml").write_text(yaml.safe_dump(inventory, sort_keys=False))
        ansible = Path(sys.executable).parent / "ansible-playbook"
        argv = [str(ansible), "-i", str(tmp_path / "hosts.yml"), "ull.metal.reboot", *options]
        env = {
            **os.environ,
            "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(tmp_path),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_STDOUT_CALLBACK": "default",
        }
        done = subprocess.run(argv, capture_output=True, text=True, check=False, env=env, cwd=tmp_path)
        # a batch is a pass through the play
        plays = done.stdout.split("PLAY [Reboot what waits for it]")[1:]
        batches = [re.findall(r'"msg": "turned (\w+)"', play) for play in plays]
        return done, [sorted(batch) for batch in batches if batch]

    return run


def test_zone_by_zone_in_batches(roll):
    done, batches = roll(ull_reboot="allow", ull_reboot_batch=2)
    assert done.returncode == 0, done.stdout + done.stderr
    assert batches == [["n1", "n2"], ["n4"], ["s1", "s2"]]
    assert "5 of 5 hosts came back right." in done.stdout
    assert "changed=0" in done.stdout
    assert "changed=1" not in done.stdout
    assert "WARNING" not in done.stderr


def test_without_consent_or_need_nobody_has_a_turn(roll):
    for variables in ({}, {"ull_reboot": "allow", "due": False}):
        hosts = {host: {} for host in HOSTS} if "due" in variables else None
        done, batches = roll(hosts=hosts, **variables)
        assert done.returncode == 0, done.stdout + done.stderr
        assert batches == []
        assert "came back right" not in done.stdout
        assert "WARNING" not in done.stderr


def test_a_host_that_is_not_right_ends_the_roll_behind_its_batch(roll):
    hosts = {**HOSTS, "n2": {**HOSTS["n2"], "bad": True}}
    done, batches = roll(ull_reboot="allow", ull_reboot_batch=2, hosts=hosts)
    assert done.returncode != 0
    # the other host of its batch is seen to the end
    assert batches == [["n1"]]
    assert "1 of 5 hosts came back right." in done.stdout
    assert "NOT RIGHT     n2: n2 is back on its previous boot" in done.stdout
    assert "NOT REBOOTED  n4, s1, s2 (the roll ended before their turn)" in done.stdout


def test_a_limit_and_a_window(roll):
    done, batches = roll("--limit", "s1,n4", ull_reboot="allow")
    assert (done.returncode, batches) == (0, [["s1"], ["n4"]]), done.stdout + done.stderr
    shut = [{"start": "00:00", "end": "00:01", "days": "mon", "timezone": "Pacific/Kiritimati"}]
    done, batches = roll(ull_reboot="allow", ull_reboot_windows=shut)
    assert (done.returncode, batches) == (0, []), done.stdout + done.stderr
    done, batches = roll("--limit", "s1", ull_reboot="allow", ull_reboot_windows=shut, ull_reboot_now=True)
    assert (done.returncode, batches) == (0, [["s1"]])
