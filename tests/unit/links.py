# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A host with a PF, two VFs, a VLAN, and a bond of two NICs below a bridge, and the kernel's rules for their MTUs.

host = link_host(tmp_path)
host.managed_by_networkd("ens2", "/run/systemd/network/10-netplan-ens2.network")
"""

from __future__ import annotations

from pathlib import Path

from fake_tree import Link, tree
from machines import FakeHost

from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.network import stack
from ansible_collections.ull.metal.plugins.module_utils.settings.jumbo_frames import JumboFrames
from ansible_collections.ull.metal.plugins.module_utils.settings.mtu_links import Link as Row

PF = "0000:81:00.0"
VFS = {"ens2v0": "0000:81:10.0", "ens2v1": "0000:81:10.4"}
NET, BUS = "/sys/class/net", "/sys/bus/pci/devices"
# each with what is below it
STACKED = {"ens2.7": ["ens2"], "bond0": ["ens3", "ens4"], "br0": ["bond0"]}
KINDS = {"ens2.7": "vlan", "bond0": "bond", "br0": "bridge"}
INDEX = {name: place for place, name in enumerate(["mgmt0", "ens2", "ens3", "ens4", *VFS, *STACKED], 2)}


class LinkHost(FakeHost):
    """Its kernel refuses a VLAN above its parent, and takes along bonds' members and VLANs whose parent shrinks."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.profiles: dict[str, str] = {}
        self.pokes: list[tuple[str, int]] = []

    def poke(self, path: str, value: str) -> None:
        self._write()
        interface = path.split("/")[-2]
        self.pokes.append((interface, int(value)))
        self.set_mtu(interface, int(value))

    def replace(self, path: str, content: str, mode: int = 0o644) -> None:
        if mode != 0o644:  # put() has counted the others
            self._write()
        super().replace(path, content, mode)

    def obey(self, argv: list[str]) -> None:
        assert argv[0] == "systemctl", argv

    def ask(self, argv: list[str]) -> str:
        return self.profiles.get(argv[-1], "") + "\n"

    def set_mtu(self, interface: str, mtu: int) -> None:
        below = [int(stack.mtu(self, one)) for one in stack.lower(self, interface)]
        if stack.kind(self, interface) in ("vlan", "vf") and below[0] < mtu:
            raise UllError("Numerical result out of range", variable=interface, value=mtu)
        self._set(f"{NET}/{interface}/mtu", str(mtu))
        if stack.kind(self, interface) == "bond":
            for member in stack.lower(self, interface):
                self._set(f"{NET}/{member}/mtu", str(mtu))
        for upper in stack.above(self, interface):
            if stack.kind(self, upper) == "vlan" and int(stack.mtu(self, upper)) > mtu:
                self._set(f"{NET}/{upper}/mtu", str(mtu))

    def mtus(self) -> dict[str, int]:
        return {name: int(stack.mtu(self, name)) for name in INDEX if stack.mtu(self, name)}

    def managed_by_networkd(self, interface: str, file: str, content: str = "") -> None:
        state = f"ADMIN_STATE=configured\nNETWORK_FILE={file}\n"
        tree(self.root, {f"/run/systemd/netif/links/{INDEX[interface]}": state, file: f"[Match]\n{content}"})

    def managed_by_network_manager(self, interface: str, mtu: str = "auto") -> None:
        uuid = f"uuid-{interface}"
        tree(
            self.root,
            {f"/run/NetworkManager/devices/{INDEX[interface]}": f"[device]\nmanaged=true\nconnection-uuid={uuid}"},
        )
        self.profiles[uuid] = mtu

    def managed_by_ifupdown(self, interface: str) -> None:
        tree(
            self.root,
            {"/usr/sbin/ifup": "", "/etc/network/interfaces": f"auto {interface}\niface {interface} inet manual"},
        )

    def boots_with(self) -> dict[str, int]:
        """What a boot brings: every interface with 1500, then each manager's MTU, the host's own unit first."""
        for name in INDEX:
            if stack.mtu(self, name):
                self._set(f"{NET}/{name}/mtu", "1500")
        for interface, value in _persisted(self):
            self.set_mtu(interface, int(value))
        return self.mtus()


def _persisted(host: LinkHost) -> list[tuple[str, str]]:
    """Interfaces from the bottom up, with what each one's owner persists."""
    read = JumboFrames()._persisted
    found = []
    for name in INDEX:
        if stack.mtu(host, name):
            device = host.link(f"{NET}/{name}/device")
            numbers = [n for n in (0, 1) if host.link(f"{BUS}/{PF}/virtfn{n}") == device]
            key = f"{PF}/vf{numbers[0]}" if numbers and name in VFS else name
            value = read(host, Row(key, name, 0, ""))
            found += [(name, value)] if value else []
    return sorted(found, key=lambda row: stack.height(host, row[0]))


def link_host(root: Path) -> LinkHost:
    """The host; nobody configures an interface yet."""
    entries: dict = {}
    for name, index in INDEX.items():
        entries[f"{NET}/{name}/mtu"] = "1500"
        entries[f"{NET}/{name}/ifindex"] = str(index)
        entries[f"{NET}/{name}/uevent"] = f"DEVTYPE={KINDS[name]}" if name in KINDS else f"INTERFACE={name}"
    for name, below in STACKED.items():
        for one in below:
            entries[f"{NET}/{name}/lower_{one}"] = None
            entries[f"{NET}/{one}/upper_{name}"] = None
    devices = {"mgmt0": "0000:01:00.0", "ens2": PF, "ens3": "0000:82:00.0", "ens4": "0000:82:00.1", **VFS}
    for name, address in devices.items():
        entries[f"{NET}/{name}/device"] = Link(f"../../../bus/pci/devices/{address}")
        entries[f"{BUS}/{address}/net/{name}"] = None
    for place, address in enumerate(VFS.values()):
        entries[f"{BUS}/{PF}/virtfn{place}"] = Link(f"../{address}")
        entries[f"{BUS}/{address}/physfn"] = Link(f"../{PF}")
    tree(root, entries)
    return LinkHost(root)
