# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An interface of a PCI function: what it is called now, and which one carries the connection that runs this."""

from __future__ import annotations

import os
import posixpath

from ..host import Host

FUNCTION = "/sys/bus/pci/devices/{}"
NET = "/sys/class/net"


def find(host: Host, pci: str, name: str = "") -> str:
    """The interface's name now; empty where the function has none, e.g. bound to vfio-pci.

    Names may change with a kernel or a rule; the PCI address does not. Of several interfaces of one function (two ports,
    or representors of VFs) it is the one called ``name``, or the first.
    """
    if not pci:
        return name if host.exists(f"{NET}/{name}") else ""
    function = FUNCTION.format(pci)
    # a virtio device lies below its PCI function
    folders = [function, *(f"{function}/{inner}" for inner in host.names(function) if inner.startswith("virtio"))]
    found = [one for folder in folders for one in host.names(f"{folder}/net")]
    # captures may hold the interface alone
    if not found and name and host.link(f"{NET}/{name}/device") == pci:
        return name
    return name if name in found else next(iter(found), "")


def present(host: Host, pci: str, name: str = "") -> bool:
    """Whether the machine has the NIC, with an interface or without."""
    return host.exists(FUNCTION.format(pci)) if pci else host.exists(f"{NET}/{name}")


def wait_for(pci: str, name: str, driver: str) -> str:
    """What to wait for at boot until the interface is there."""
    if not pci:
        return f"{NET}/{name}"
    return FUNCTION.format(pci) if driver.startswith("virtio") else f"{FUNCTION.format(pci)}/net"


def of_connection(host: Host) -> set[str]:
    """The interfaces that carry the ssh connection in which this runs, those below a bond or VLAN too.

    Empty where there is none: at boot, or with a local connection.
    """
    client = _ssh_client()
    if not client:
        return set()
    words = host.ask(["ip", "-o", "route", "get", client]).split()
    found: set[str] = set()
    layer = {words[words.index("dev") + 1]} if "dev" in words[:-1] else set()
    while layer - found:
        found |= layer
        below = (entry for name in layer for entry in host.names(f"{NET}/{name}") if entry.startswith("lower_"))
        layer = {entry[len("lower_") :] for entry in below}
    return found


def _ssh_client() -> str:
    """The client's address; sudo drops SSH_CONNECTION from the environment, a parent of this process still has it."""
    pid = os.getpid()
    while pid > 1:
        folder = f"/proc/{pid}"
        try:
            with open(posixpath.join(folder, "environ"), "rb") as environ:  # noqa: PTH123
                for entry in environ.read().split(b"\0"):
                    if entry.startswith(b"SSH_CONNECTION="):
                        return entry.split(b"=", 1)[1].split()[0].decode()
            with open(posixpath.join(folder, "stat"), encoding="utf-8", errors="replace") as stat:  # noqa: PTH123
                pid = int(stat.read().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError, ValueError):
            return ""
    return ""
