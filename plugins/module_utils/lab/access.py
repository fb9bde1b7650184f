# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How one gets into a lab machine: by key, and only into a machine that shows the lab's own host key."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Callable

from ..errors import UllError
from .state import Lab, attempt, run

LOGIN_KEY = "id_ed25519"
HOST_KEY = "ssh_host_ed25519_key"
KNOWN_HOSTS = "known_hosts"


def ensure_keys(lab: Lab) -> bool:
    """Make the lab's login key, host key and known_hosts, where they are missing; whether one was.

    Every machine of a lab has the same host key, baked into the images, so known_hosts needs one line.
    """
    changed = False
    lab.make(lab.folder)
    with lab.lock("keys"):
        for name in (LOGIN_KEY, HOST_KEY):
            key = lab.folder / name
            if key.exists() and public(lab, name):
                continue
            key.unlink(missing_ok=True)
            run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ull.metal-lab", "-f", str(key)])
            lab.own(key, key.with_name(f"{name}.pub"))
            changed = True
        known = lab.folder / KNOWN_HOSTS
        line = "* {}\n".format(" ".join(public(lab, HOST_KEY).split()[:2]))
        if not known.exists() or known.read_text() != line:
            known.write_text(line)
            lab.own(known)
            changed = True
    return changed


def public(lab: Lab, name: str) -> str:
    """The public half of a key; empty where it is missing."""
    with contextlib.suppress(OSError):
        return (lab.folder / f"{name}.pub").read_text().strip()
    return ""


def ssh_argv(lab: Lab, address: str, port: int, command: str) -> list[str]:
    """The ssh command that runs ``command`` on a lab machine."""
    options = {
        "BatchMode": "yes",
        "IdentitiesOnly": "yes",
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": str(lab.folder / KNOWN_HOSTS),
        "GlobalKnownHostsFile": "/dev/null",
        "LogLevel": "ERROR",
        "ConnectTimeout": "60",  # an emulated machine takes seconds for a key exchange when several boot
    }
    flags = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
    return ["ssh", "-F", "none", *flags, "-i", str(lab.folder / LOGIN_KEY), "-p", str(port), f"root@{address}", command]


def ssh(lab: Lab, address: str, port: int, command: str) -> subprocess.CompletedProcess[str]:
    """Run a command on a lab machine."""
    return attempt(ssh_argv(lab, address, port, command))


def greets(address: str, port: int) -> bool:
    """Whether an ssh server says its name there."""
    try:
        with socket.create_connection((address, port), timeout=3) as connection:
            return connection.recv(64).startswith(b"SSH-")
    except OSError:
        return False


def wait_for_login(
    lab: Lab, address: str, port: int, seconds: float, *, alive: Callable[[], bool], console: Callable[[], str]
) -> None:
    """Wait until one can log in.

    Raises:
        UllError: the machine has ended, or the time is over; with the end of its console.
    """
    end = time.monotonic() + seconds
    refusal = "no ssh server answers"
    while time.monotonic() < end:
        if not alive():
            raise UllError(f"the machine has ended while it booted; its console says:\n{console()}")
        if greets(address, port):
            done = ssh(lab, address, port, "true")
            if done.returncode == 0:
                return
            refusal = done.stderr.strip() or f"ssh ended with {done.returncode}"
        time.sleep(0.2)
    raise UllError(
        f"no login on {address} port {port} within {seconds:.0f} s ({refusal}); its console says:\n{console()}",
        value=f"{address}:{port}",
        remedy="look at the console, allow more time (timeout), or begin with a fresh disk",
    )


def free_port(first: int, last: int, taken: set[int]) -> int:
    """The first port of a range on loopback that nothing uses.

    Raises:
        UllError: all are used.
    """
    for port in range(first, last + 1):
        if port not in taken and not port_in_use(port):
            return port
    raise UllError(f"no free port from {first} to {last} on loopback", remedy="stop lab machines, or set ssh_port")


def port_in_use(port: int) -> bool:
    """Whether something has the loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
