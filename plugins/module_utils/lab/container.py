# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Light hosts for what needs no own kernel: systemd in a container, up in a second."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shlex
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from ..errors import UllError
from . import access
from .network import MTU, Network
from .state import Lab, Process, read_json, remove_tree, tail, write_json

KIND = "container"
PROGRAM = "systemd-nspawn"
CGROUP = Path("/sys/fs/cgroup")


def script(folder: Path, image: Path, machine: str, bridge: str) -> str:
    """What runs in the container's private mount namespace, up to systemd-nspawn.

    The machine may have its controllers on cgroup v1, which the container's systemd refuses: it sees a cgroup2 tree of
    its own, and the machine's mounts stay as they are.
    """
    q = shlex.quote
    layers = f"lowerdir={image},upperdir={folder}/changes,workdir={folder}/work"
    return "\n".join(
        (
            "set -e",
            f"mount -t overlay overlay -o {q(layers)} {q(str(folder / 'root'))}",
            "umount -R /sys/fs/cgroup",
            "mount -t cgroup2 cgroup2 /sys/fs/cgroup",
            f"mkdir -p /sys/fs/cgroup/{machine}",
            f"echo $$ >/sys/fs/cgroup/{machine}/cgroup.procs",
            f"exec {PROGRAM} --quiet --directory={q(str(folder / 'root'))} --machine={machine} "
            f"--network-bridge={bridge} --register=no --keep-unit "
            "--resolv-conf=off --timezone=off --link-journal=no --console=pipe --boot",
            "",
        )
    )


def host_files(name: str, address: str, prefix: int, gateway: str, resolv: str) -> dict[str, str]:
    """What tells one container from another: path to content."""
    return {
        "/etc/hostname": f"{name}\n",
        "/etc/hosts": f"127.0.0.1 localhost\n127.0.1.1 {name}\n",
        "/etc/resolv.conf": resolv,
        "/etc/systemd/network/10-host0.network": "\n".join(
            (
                "[Match]",
                "Name=host0",
                "[Link]",
                f"MTUBytes={MTU}",
                "[Network]",
                f"Address={address}/{prefix}",
                f"Gateway={gateway}",
                "LinkLocalAddressing=no",
                "LLDP=no",
                "",
            )
        ),
    }


class Container:
    """One container of the lab.

    Args:
        lab: where its state is.
        name: its host name.
        network: the containers' network.
    """

    def __init__(self, lab: Lab, name: str, network: Network) -> None:
        self.lab = lab
        self.name = name
        self.network = network
        self.folder = lab.machine(KIND, name)
        # unique on the computer: it names a cgroup and, shortened, an interface
        self.machine = f"ull{hashlib.sha256(str(self.folder).encode()).hexdigest()[:8]}"
        self.process = Process(self.folder / "pid", PROGRAM, f"--directory={self.folder / 'root'}")

    @property
    def record(self) -> dict[str, Any]:
        """What was written down at its start."""
        return read_json(self.folder / "machine.json")

    @property
    def state(self) -> str:
        """running or absent."""
        return "running" if self.process.pid else "absent"

    def console(self) -> str:
        """The end of its console."""
        return tail(self.folder / "console.log", 15)

    def describe(self) -> dict[str, Any]:
        """What a run reports about it."""
        return {
            "name": self.name,
            "state": self.state,
            "address": self.record.get("address", ""),
            "ssh_port": 22,
            "image": self.record.get("image", ""),
            "started": self.record.get("started", ""),
            "pid": self.process.pid,
            "folder": str(self.folder),
            "console": str(self.folder / "console.log"),
            "identity_file": str(self.lab.folder / access.LOGIN_KEY),
            "known_hosts": str(self.lab.folder / access.KNOWN_HOSTS),
        }

    def start(self, image: Path) -> None:
        """Start it afresh.

        Raises:
            UllError: there is no image, this is not root, or systemd-nspawn does not start.
        """
        if os.geteuid() != 0:
            raise UllError("containers are started as root", remedy="run the role with become, or as root")
        image = image.resolve()
        if not image.is_dir():
            raise UllError(
                f"there is no image {image}", variable="image", value=str(image), remedy="run role lab_image"
            )
        if not shutil.which(PROGRAM):
            raise UllError(f"{PROGRAM} is not installed", value=PROGRAM, remedy="run role ull.metal.lab_host")
        with self.lab.lock("network"):
            self.network.ensure()
            self._clear()
            for part in ("changes", "work", "root"):
                self.lab.make(self.folder).joinpath(part).mkdir()
            address = self._address()
            self._configure(address)
            write_json(
                self.folder / "machine.json",
                {
                    "address": address,
                    "image": str(image),
                    "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                },
            )
            self._spawn(image)

    def _address(self) -> str:
        taken = {read_json(folder / "machine.json").get("address") for folder in self.lab.every(KIND)}
        for address in list(self.network.subnet.hosts())[1:]:
            if str(address) not in taken:
                return str(address)
        raise UllError(
            f"all addresses of {self.network.subnet} are taken", variable="network", remedy="use a larger one"
        )

    def _configure(self, address: str) -> None:
        resolv = Path("/etc/resolv.conf").read_text() if Path("/etc/resolv.conf").exists() else ""
        content = host_files(self.name, address, self.network.subnet.prefixlen, self.network.gateway, resolv)
        for path, text in content.items():
            target = self.folder / "changes" / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)

    def _spawn(self, image: Path) -> None:
        start = script(self.folder, image, self.machine, self.network.name)
        (self.folder / "start.sh").write_text(start)
        with (self.folder / "console.log").open("wb") as console:
            # it outlives the module
            # pylint: disable-next=ansible-bad-function
            process = subprocess.Popen(
                ["unshare", "--mount", "--propagation", "private", "bash", str(self.folder / "start.sh")],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
                cwd="/",
            )
        # unshare, bash and systemd-nspawn are one process: each execs the next
        (self.folder / "pid").write_text(f"{process.pid}\n")
        for _attempt in range(200):
            if self.process.pid and self.process.children():
                return
            if process.poll() is not None:
                break
            time.sleep(0.05)
        raise UllError(f"the container {self.name} does not start:\n{self.console()}", host=self.name)

    def wait(self, seconds: float) -> None:
        """Wait until one can log in.

        Raises:
            UllError: it does not come within the time.
        """
        address = self.record["address"]
        access.wait_for_login(
            self.lab, address, 22, seconds, alive=lambda: bool(self.process.pid), console=self.console
        )

    def remove(self) -> None:
        """End it at once and forget all that it wrote; with the last one the network goes."""
        if self.process.pid and os.geteuid() != 0:
            raise UllError("containers are ended as root", remedy="run the role with become, or as root")
        with self.lab.lock("network"):
            self._end()
            self._clear()
            if not self.lab.every(KIND) and self.network.record:
                self.network.remove()

    def _end(self) -> None:
        # the guest's first process, not nspawn: the kernel ends the whole pid namespace, and nspawn follows
        for child in self.process.children():
            with contextlib.suppress(ProcessLookupError):
                handle = os.pidfd_open(child)
                try:
                    if child in self.process.children():
                        signal.pidfd_send_signal(handle, signal.SIGKILL)
                finally:
                    os.close(handle)
        if not self.process.wait(5):
            self.process.kill()

    def _clear(self) -> None:
        for tree in (CGROUP / self.machine, CGROUP / "unified" / self.machine):
            for _attempt in range(40):  # the kernel empties it a moment after the last process
                for folder, _folders, _files in os.walk(tree, topdown=False):
                    with contextlib.suppress(OSError):
                        Path(folder).rmdir()
                if not tree.exists():
                    break
                time.sleep(0.05)
        remove_tree(self.folder)
