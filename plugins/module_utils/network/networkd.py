# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""systemd-networkd: a drop-in to the very .network file that it applies to the interface.

Why a drop-in: networkd takes the first .network file that matches, so another file with the MTU would displace the
addresses. Source: systemd.network(5), "MTUBytes=" and the order of files and drop-ins.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..host import MANAGED, Host
from ..setting import FileStore, Store

LINKS = "/run/systemd/netif/links"
OURS = "/etc/systemd/network"
# A file hides those of its name in the folders after it.
FOLDERS = (OURS, "/run/systemd/network", "/usr/local/lib/systemd/network", "/usr/lib/systemd/network")
DROP_IN = "90-ull-metal-mtu.conf"

_CONTENT = f"""# {MANAGED.format(role="jumbo_frames")}
[Link]
MTUBytes={{mtu}}
"""
_SECTION = re.compile(r"^\[(.*)\]\s*$")
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20}


@dataclass(frozen=True)
class DropIn(FileStore):
    """A file that networkd reads as a user of its own, whatever umask made its folder."""

    def write(self, host: Host) -> None:
        """Replace or remove it."""
        super().write(host)
        if self.content is not None:
            host.path(self.path).parent.chmod(0o755)


class Networkd:
    """systemd-networkd, and netplan where it renders for it."""

    name = "systemd-networkd"

    def owns(self, host: Host, interface: str) -> bool:
        """Whether it manages the interface by a .network file that is for this interface alone.

        A file that several interfaces share (``Name=en*``, cloud images' DHCP for all) would give the MTU to all of
        them, the management NIC too. Such a file leaves the MTU alone, so it may be persisted outside of networkd.
        """
        file = network_file(host, interface)
        return bool(file) and not _shared(host, file)

    def persisted(self, host: Host, interface: str) -> str | None:
        """The MTU of the file with all its drop-ins, as the next start of networkd reads them."""
        file = network_file(host, interface)
        found = [mtu for path in [file, *_drop_ins(host, file)] for mtu in _mtus(host.text(path))]
        return found[-1] or None if found else None

    def check(self, host: Host, interface: str, mtu: int) -> None:
        """Nothing to refuse: a drop-in of ours goes over what the file says."""

    def stores(self, host: Host, wanted: Mapping[str, int]) -> list[Store]:
        """A drop-in for each interface; networkd reads it when it starts or is told to reload."""
        files = {_drop_in(network_file(host, name)): _CONTENT.format(mtu=mtu) for name, mtu in wanted.items()}
        stale = [
            f"{OURS}/{folder}/{DROP_IN}"
            for folder in host.names(OURS)
            if folder.endswith(".network.d") and host.exists(f"{OURS}/{folder}/{DROP_IN}")
        ]
        return [DropIn(path, files.get(path)) for path in sorted({*files, *stale})]


def network_file(host: Host, interface: str) -> str:
    """The .network file that networkd applied to the interface; empty where it does not manage it."""
    index = host.read(f"/sys/class/net/{interface}/ifindex")
    return _applied(host, index) if index else ""


def shared_mtu(host: Host, interface: str) -> str:
    """The MTU that a .network file which several interfaces share gives this one; empty for none."""
    file = network_file(host, interface)
    return (Networkd().persisted(host, interface) or "") if file and _shared(host, file) else ""


def _applied(host: Host, index: str) -> str:
    lines = (line.partition("=") for line in (host.read(f"{LINKS}/{index}") or "").splitlines())
    state = {key: value for key, _equals, value in lines}
    return "" if state.get("ADMIN_STATE") == "unmanaged" else state.get("NETWORK_FILE", "")


def _shared(host: Host, file: str) -> bool:
    users = (index for index in host.names(LINKS) if _applied(host, index) == file)
    return len(list(itertools.islice(users, 2))) > 1


def _drop_in(file: str) -> str:
    return f"{OURS}/{_base(file)}.d/{DROP_IN}"


def _drop_ins(host: Host, file: str) -> list[str]:
    """In the order in which they are read, by name; a name in an earlier folder hides the same in a later one."""
    found: dict[str, str] = {}
    for folder in FOLDERS:
        for name in host.names(f"{folder}/{_base(file)}.d"):
            if name.endswith(".conf"):
                found.setdefault(name, f"{folder}/{_base(file)}.d/{name}")
    return [found[name] for name in sorted(found)]


def _base(file: str) -> str:
    return file.rsplit("/", 1)[-1]


def _mtus(text: str) -> list[str]:
    """Every ``MTUBytes=`` of the section [Link], in bytes; an empty one takes back those before."""
    section, found = "", []
    for line in text.splitlines():
        header = _SECTION.match(line.strip())
        section = header[1] if header else section
        key, equals, value = (part.strip() for part in line.partition("="))
        if section == "Link" and equals and key == "MTUBytes":
            match = re.match(r"(\d+)([KM]?)\Z", value)
            found.append(str(int(match[1]) * _UNITS[match[2]]) if match else value)
    return found
