# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lab, seen from outside: playbooks run as a user runs them, machines asked over ssh."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOSTS = ("lab1", "lab2")


@dataclass
class Run:
    """A finished ansible-playbook."""

    code: int
    output: str

    def results(self) -> dict[tuple[str, str], dict]:
        """Each task's result by host and task name; only of a run with ``as_json``."""
        begin = self.output.index("\n{\n") if not self.output.startswith("{\n") else 0
        plays = json.loads(self.output[begin : self.output.rindex("\n}") + 2])["plays"]
        return {
            (host, task["task"]["name"].split(" : ")[-1]): result
            for play in plays
            for task in play["tasks"]
            for host, result in task["hosts"].items()
        }


class Lab:
    """The lab of this checkout."""

    def run(self, *argv: str, timeout: float = 1800, **env: str) -> Run:
        """Run a command in the checkout."""
        done = subprocess.run(
            argv,
            cwd=ROOT,
            env={**os.environ, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )
        print(done.stdout)
        return Run(done.returncode, done.stdout)

    def play(self, name: str, *argv: str, as_json: bool = False, inventory: str = "inventories/lab") -> Run:
        """Run one of the playbooks."""
        env = {"ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"} if as_json else {}
        return self.run("ansible-playbook", f"playbooks/{name}.yml", "-i", inventory, *argv, **env)

    def ask(self, host: str, command: str) -> str:
        """What a command says on a machine."""
        state = Path(os.environ.get("ULL_LAB_DIR", ROOT / ".lab"))
        port = int(os.environ.get("ULL_LAB_PORT", "2200")) + HOSTS.index(host) + 1
        options = ["BatchMode=yes", "StrictHostKeyChecking=yes", f"UserKnownHostsFile={state / 'known_hosts'}"]
        options += ["ControlMaster=auto", f"ControlPath=/tmp/ull-{host}-%C", "ControlPersist=20"]
        argv = ["ssh", "-q", "-p", str(port), "-i", str(state / "id_ed25519")]
        argv += [word for option in options for word in ("-o", option)]
        done = subprocess.run(
            [*argv, "root@127.0.0.1", command], capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, f"{command}: {done.stdout} {done.stderr}"
        return done.stdout.strip()

    def checksums(self, host: str, *folders: str) -> str:
        """Every file below some folders with its checksum, mode and owner."""
        find = f"find {' '.join(folders)} -xdev"
        listed = self.ask(host, f"{find} -printf '%p %m %U:%G %l\\n' | sort")
        return listed + self.ask(host, f"{find} -type f -print0 | sort -z | xargs -0 sha256sum")

    def boots(self, host: str) -> int:
        """How often the machine has been booted."""
        return len(self.ask(host, "journalctl --list-boots --quiet --no-pager").splitlines())


@pytest.fixture(scope="session")
def lab() -> Lab:
    """The lab; the tests say when its machines are made anew."""
    return Lab()
