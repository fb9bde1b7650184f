# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The main job on real kernels, in the order in which a user does it. Each test goes on where the last one ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time

import pytest
import yaml
from conftest import HOSTS, ROOT

KEPT = {}
LAB1 = yaml.safe_load((ROOT / "inventories/lab/group_vars/order_engine.yml").read_text())["ull_profile"]
LAB2 = yaml.safe_load((ROOT / "inventories/lab/group_vars/market_data.yml").read_text())["ull_profile"]


def test_fresh_machines(lab):
    assert lab.play("lab", "-e", "lab_state=reset").code == 0
    for host in HOSTS:
        assert lab.boots(host) == 1
        KEPT[host] = lab.checksums(host, "/etc", "/boot")


def test_plan_touches_nothing(lab):
    run = lab.play("plan")
    assert run.code == 0
    assert "2 of 2 hosts differ; 2 would reboot (once); no errors" in run.output
    for host in HOSTS:
        assert lab.checksums(host, "/etc", "/boot") == KEPT[host]


def test_check_mode_writes_nothing(lab):
    run = lab.play("tune", "--check", "--diff", as_json=True)
    assert run.code == 0
    KEPT["predicted"] = run.results()
    for host in HOSTS:
        assert lab.checksums(host, "/etc", "/boot") == KEPT[host]
        assert lab.boots(host) == 1


@pytest.mark.parametrize("limit", [[], ["--limit", "lab1"]])
def test_bad_input_stops_before_anything_is_touched(lab, limit):
    """On a machine that answers; all kinds of bad input are in test_bad_input.py."""
    wrong = {**LAB1, "hugepages": [{"size": "1G", "amount": "9 GiB", "where": "node 1"}]}
    run = lab.play("tune", "-e", json.dumps({"ull_profile": wrong}), *limit)
    assert run.code != 0
    assert "hugepages-exceed-node" in run.output
    assert "TASK [Kernel arguments]" not in run.output
    for host in HOSTS:
        assert lab.checksums(host, "/etc", "/boot") == KEPT[host]


def test_a_key_that_another_file_sets_is_refused_by_name(lab):
    lab.ask("lab1", "echo 'GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX nohz_full=2\"' > /etc/default/grub.d/50-other.cfg")
    lab.ask("lab1", "update-grub")
    run = lab.play("tune", "--limit", "lab1")
    lab.ask("lab1", "rm /etc/default/grub.d/50-other.cfg && update-grub")
    assert run.code != 0
    assert "/etc/default/grub.d/50-other.cfg sets nohz_full=2" in run.output
    # update-grub is deterministic: the machine is as fresh as before.
    assert lab.checksums("lab1", "/etc", "/boot") == KEPT["lab1"]


def test_tune_makes_exactly_the_predicted_changes_with_one_reboot(lab):
    run = lab.play("tune", "--diff", as_json=True)
    assert run.code == 0
    done, predicted = run.results(), KEPT["predicted"]
    changed = {key for key, result in done.items() if result.get("changed")}
    assert changed == {key for key, result in predicted.items() if result.get("changed")}
    assert len(changed) == 2 * 4  # kernel arguments, hugepages, isolation, reboot
    for key in changed:
        assert done[key].get("diff") == predicted[key].get("diff"), key
    for host in HOSTS:
        assert lab.boots(host) == 2


def test_make_lab_again_changes_and_reboots_nothing(lab):
    run = lab.run("make", "lab")
    assert run.code == 0
    assert "Done in" in run.output
    for host in HOSTS:
        assert lab.boots(host) == 2


@pytest.mark.parametrize("host", HOSTS)
def test_the_machine_runs_what_the_plan_says(lab, host):
    plans = lab.play("plan", "--limit", host, as_json=True).results()
    plan = plans[host, "Plan the host"]["plan"]
    cmdline = lab.ask(host, "cat /proc/cmdline").split()
    wanted = [token for tokens in plan["boot_args"]["sections"].values() for token in tokens]
    assert wanted
    assert cmdline[-len(wanted) :] == wanted
    # Appended, not replaced: what the machine needs to boot here is still there.
    assert "no_timer_check" in cmdline
    assert lab.ask(host, "cat /sys/devices/system/cpu/isolated") == plan["cpus"]["isolated"] == "1,3"
    assert lab.ask(host, "cat /sys/devices/system/cpu/nohz_full") == plan["cpus"]["tickless"]
    for pool in plan["hugepages"]["pools"]:
        kib = {"2M": 2048, "1G": 1048576}[pool["size"]]
        path = f"/sys/devices/system/node/node{pool['node']}/hugepages/hugepages-{kib}kB/nr_hugepages"
        assert lab.ask(host, f"cat {path}") == str(pool["pages"]), path


def test_validate_finds_what_was_changed_on_a_machine(lab):
    path = "/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages"
    lab.ask("lab1", f"echo 3 > {path}")
    run = lab.play("validate", "--limit", "lab1")
    assert run.code != 0
    assert "FAILED  hugepages.node0.2M" in run.output
    assert lab.play("tune", "--limit", "lab1").code == 0
    assert lab.play("validate", "--limit", "lab1").code == 0
    assert lab.boots("lab1") == 2


def test_without_consent_nothing_reboots(lab):
    more = json.dumps({"ull_profile": {**LAB2, "boot_args": ["skew_tick=1"]}, "ull_reboot": "never"})
    run = lab.play("tune", "--limit", "lab2", "-e", more)
    assert run.code == 0
    assert "a reboot is due, and ull_reboot is never" in run.output
    assert lab.boots("lab2") == 2


@pytest.mark.parametrize("seconds", [6, 9, 12, 16])
def test_an_interrupted_run_is_completed_by_the_next(lab, seconds):
    """Kill the controller's whole process group while it is at it; then run again to the same end."""
    extra = json.dumps({"ull_profile": {**LAB2, "boot_args": [f"skew_tick={seconds}"]}, "ull_reboot": "never"})
    argv = ["ansible-playbook", "playbooks/tune.yml", "-i", "inventories/lab", "--limit", "lab2", "-e", extra]
    process = subprocess.Popen(argv, cwd=ROOT, start_new_session=True, stdout=subprocess.DEVNULL)
    time.sleep(seconds)
    if process.poll() is None:
        signal_group(process.pid)
    process.wait()
    assert lab.play("tune", "--limit", "lab2", "-e", extra).code == 0
    assert f"skew_tick={seconds}" in lab.ask("lab2", "grep -m1 vmlinuz /boot/grub/grub.cfg")
    assert " changed=0 " in lab.play("tune", "--limit", "lab2", "-e", extra).output


def signal_group(pid: int) -> None:
    """End a process group that we started."""
    os.killpg(pid, signal.SIGKILL)


def test_undo_returns_to_the_fresh_machine(lab):
    assert lab.play("undo").code == 0
    for host in HOSTS:
        assert lab.boots(host) == 3
        assert lab.checksums(host, "/etc", "/boot") == KEPT[host]
        assert lab.ask(host, "cat /sys/devices/system/cpu/isolated") == ""
        assert lab.ask(host, "cat /sys/devices/system/node/node*/hugepages/*/nr_hugepages | sort -u") == "0"
        assert lab.ask(host, "ls -A /var/lib/ull-metal /var/lib/ull-metal/before 2>/dev/null | grep json || true") == ""


def test_plan_works_with_the_machines_stopped(lab):
    assert lab.play("lab", "-e", "lab_state=stop").code == 0
    run = lab.play("plan")
    assert run.code == 0
    assert "2 not read live: lab1, lab2; no errors" in run.output
    assert "isolated 1,3" in run.output


def test_tune_needs_every_host_to_answer(lab):
    run = lab.play("tune")
    assert run.code != 0
    assert "host-unreachable" in run.output
    assert "leave it out with --limit" in run.output
