# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""cloud.yml against moto, a simulator of AWS: a check predicts the first run, the second changes nothing, the inventory plugin
lists the hosts in their classes, and they are planned. Slow, as each module call is a process: `make cloud-test`.

What moto does not have is not tested: placement groups. Nothing here asks AWS.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
REGIONS = {"us-east-1": "use1", "us-west-2": "usw2"}


@pytest.fixture(scope="module")
def environment():
    """An environment in which AWS is the simulator."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [BIN / "moto_server", "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _attempt in range(240):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.5)
        yield {
            **os.environ,
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
        }
    finally:
        server.terminate()
        server.wait(30)


def run(environment, *command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=1800, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return done.stdout


def cloud(environment, region: str, *more: str) -> tuple[set[str], str]:
    """The tasks, with their items, that changed; and all that was said."""
    limit = ",".join(f"{REGIONS[region]}-{host}-a1" for host in ("order", "store", "control"))
    words = {"cloud_image": "ami-12c6146b", "cloud_domain": "example.com", "cloud_placement_groups": False}
    said = run(
        environment,
        *("ansible-playbook", "playbooks/cloud.yml", "-i", f"inventories/{region}", "--limit", limit),
        *("-e", json.dumps(words), *more),
    )
    task, changed = "", set()
    for line in said.splitlines():
        task = match[1] if (match := re.match(r"TASK \[ull\.metal\.cloud : (.*)\]", line)) else task
        if line.startswith("changed:"):
            item = re.search(r"item=(.*)\)", line)
            changed.add(f"{task.replace(' that a check would make', '')} {item[1] if item else ''}".strip())
    return changed, said


@pytest.mark.parametrize("region", REGIONS)
def test_a_region(environment, region, tmp_path):
    predicted, _said = cloud(environment, region, "--check")
    made, _said = cloud(environment, region)
    # these come with what they belong to, see the role's README
    owned = {each for each in made if each.startswith(("Lifecycle", "What hosts may do"))}
    assert predicted == made - owned
    again, _said = cloud(environment, region)
    assert again == set()

    live = f"inventories/{region}/live"
    listed = json.loads(run(environment, "ansible-inventory", "-i", live, "--list"))
    prefix = REGIONS[region]
    for group, host in {
        "order_engine": "order",
        "m7i_metal_24xl": "order",
        "data_store": "store",
        "store_2x24": "store",
        "control_plane": "control",
        "control_8": "control",
    }.items():
        assert listed[group]["hosts"] == [f"{prefix}-{host}-a1"], group
    told = listed["_meta"]["hostvars"][f"{prefix}-order-a1"]
    assert (told["ull_zone"], told["tags"]["Class"]) == (f"{region}a", "order_engine")
    assert told["ansible_host"].endswith(".1.21")

    more = {"plan_source": "snapshot", "plan_report_dir": str(tmp_path)}
    said = run(environment, "ansible-playbook", "playbooks/plan.yml", "-i", live, "-e", json.dumps(more))
    assert "profile order_engine, as declared" in said
    assert len(json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))["plans"]) == 3


def test_data_is_not_deleted_without_a_word(environment):
    with pytest.raises(AssertionError, match="cloud_delete_data=keep"):
        cloud(environment, "us-east-1", "-e", "cloud_state=absent")
