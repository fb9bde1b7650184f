# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A Debian host with SR-IOV NICs whose kernel makes, binds and sets VFs as the real one does.

host = with_nics(tmp_path, {"0000:81:00.0": Nic("ens2", "igb", 7)})
converge(Sriov(...), host, False)
host.boot()                     # the VFs are gone, and what the boot units apply runs
"""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fake_tree import Link, tree
from machines import GrubHost, debian

from ansible_collections.ull.metal.plugins.module_utils.agent import boot
from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.settings.vf_device import DEVICES, PROBE

DRIVERS = "/sys/bus/pci/drivers"
VF_DRIVERS = {"igb": "igbvf", "ixgbe": "ixgbevf", "i40e": "iavf", "ice": "iavf", "mlx5_core": "mlx5_core"}
ZERO = "00:00:00:00:00:00"
PF = "0000:81:00.0"
# Files of others, in folders that a machine has.
OTHERS = [f"/{folder}/other" for folder in ("etc/systemd/system", "etc/modules-load.d", "usr/local/lib", "var/lib")]
OTHERS += ["/etc/systemd/system/sysinit.target.wants/other"]
MACHINE = {
    "/proc/sys/kernel/arch": "x86_64",
    "/proc/meminfo": "Hugepagesize:       2048 kB",
    "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages": "0",
    "/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages": "0",
}


@dataclass
class Nic:
    """A NIC: interface, driver, how many VFs it can have, and whether it is up and has a link."""

    name: str
    driver: str = "igb"
    vfs: int = 7
    up: bool = False
    group: int | None = 4


class NicHost(GrubHost):
    """``busy`` commands of ``ip link set`` are answered with EAGAIN; ``modules`` of VFs can be loaded."""

    def __init__(self, root: Path, nics: Mapping[str, Nic]) -> None:
        super().__init__(root)
        self.nics = dict(nics)
        self.vfs: dict[str, dict[int, dict]] = {pf: {} for pf in nics}
        self.busy = 0
        self.asked: list[list[str]] = []
        self.modules = set(VF_DRIVERS.values()) | {"vfio-pci"}
        self.addresses: dict[str, str] = {}
        self.eswitch = "legacy"
        self.mounts = {"/dev/hugepages": "2M"}

    # -- the kernel

    def poke(self, path: str, value: str) -> None:
        before = self.read(path)
        super().poke(path, value)
        pf, word = path.split("/")[-2:]
        if word == "sriov_numvfs" and path.startswith(DEVICES):
            self._set_count(pf, path, int(before or 0), int(value))
        elif path == PROBE:
            self._probe(value.strip())
        elif word == "unbind":
            self._unbind(value.strip())
        elif word == "driver_override":
            self._set(path, value.strip() or "(null)")

    def _set_count(self, pf: str, path: str, before: int, count: int) -> None:
        if before and count and before != count:
            self._set(path, str(before))
            raise UllError("the kernel refuses this value: Device or resource busy", variable=path, value=count)
        for index in list(self.vfs[pf]) if not count else ():
            self._unbind(self.vf(pf, index))
            shutil.rmtree(self.path(f"{DEVICES}/{self.vf(pf, index)}"))
            self.path(f"{DEVICES}/{pf}/virtfn{index}").unlink()
        self.vfs[pf] = {i: {"mac": ZERO, "spoofchk": True, "trust": False} for i in range(count)}
        for index in range(count if not before else 0):
            self._make(pf, index)

    def vf(self, pf: str, index: int) -> str:
        """The address of a VF."""
        return f"{pf[:-4]}{0x10 + index // 8:x}.{index % 8}"

    def _make(self, pf: str, index: int) -> None:
        address = self.vf(pf, index)
        group = self.nics[pf].group
        tree(
            self.root,
            {
                f"{DEVICES}/{address}/driver_override": "(null)",
                f"{DEVICES}/{address}/modalias": f"pci:{VF_DRIVERS[self.nics[pf].driver]}",
                f"{DEVICES}/{address}/class": "0x020000",
                f"{DEVICES}/{address}/physfn": Link(f"../{pf}"),
                f"{DEVICES}/{pf}/virtfn{index}": Link(f"../{address}"),
            },
        )
        if group is not None:
            self._join(address, group + 10 + index)
        if self.read(f"{DEVICES}/{pf}/sriov_drivers_autoprobe") == "1":
            self._probe(address)

    def _join(self, address: str, group: int) -> None:
        place = f"/sys/kernel/iommu_groups/{group}"
        tree(
            self.root,
            {
                f"{DEVICES}/{address}/iommu_group": Link(f"../../../../kernel/iommu_groups/{group}"),
                f"{place}/devices/{address}": "",
            },
        )

    def _probe(self, address: str) -> None:
        base = f"{DEVICES}/{address}"
        pf = self.link(f"{base}/physfn")
        override = (self.read(f"{base}/driver_override") or "").replace("(null)", "")
        allowed = override or self.read(f"{DEVICES}/{pf}/sriov_drivers_autoprobe") == "1"
        name = override or VF_DRIVERS[self.nics[pf].driver]
        if allowed and name in self.modules and not self.exists(f"{base}/driver"):
            self._bind(address, name)

    def _bind(self, address: str, name: str) -> None:
        tree(self.root, {f"{DEVICES}/{address}/driver": Link(f"../../drivers/{name}"), f"{DRIVERS}/{name}/unbind": ""})
        if name != "vfio-pci":
            tree(self.root, {f"{DEVICES}/{address}/net/v{address[-4:]}/ifindex": "9"})

    def _unbind(self, address: str) -> None:
        self.path(f"{DEVICES}/{address}/driver").unlink(missing_ok=True)
        shutil.rmtree(self.path(f"{DEVICES}/{address}/net"), ignore_errors=True)

    # -- commands

    def obey(self, argv: list[str]) -> None:
        if argv[:3] == ["ip", "link", "set"]:
            self._ip(argv[4], argv[5:])
        elif argv[0] == "modprobe":
            self._modprobe(argv)
        elif argv[0] == "systemctl":
            self._systemctl(argv[1:])
        elif argv[0] != "rmdir":
            super().obey(argv)

    def _systemctl(self, argv: list[str]) -> None:
        if argv[0] in ("start", "stop") and argv[1].endswith(".mount"):
            place = "/" + argv[1].removesuffix(".mount").replace("-", "/")
            size = next(s for s in ("16M", "1G", "2M") if place.endswith(s))
            self.mounts.update({place: size}) if argv[0] == "start" else self.mounts.pop(place, None)
            self.write_mounts()

    def write_mounts(self) -> None:
        """What /proc/mounts says."""
        size = {"2M": "2M", "1G": "1024M", "16M": "16M"}
        lines = [f"hugetlbfs {place} hugetlbfs rw,pagesize={size[one]} 0 0" for place, one in self.mounts.items()]
        self.path("/proc").mkdir(exist_ok=True)
        self._set("/proc/mounts", "\n".join(lines))

    def _modprobe(self, argv: list[str]) -> None:
        name = argv[-1].removeprefix("pci:")
        if argv[1] == "-r":
            shutil.rmtree(self.path(f"{DRIVERS}/{name}"), ignore_errors=True)
        elif name not in self.modules:
            raise UllError(f"modprobe: FATAL: Module {name} not found")
        else:
            tree(self.root, {f"{DRIVERS}/{name}/unbind": ""})

    def _ip(self, name: str, words: list[str]) -> None:
        pf = next(pf for pf, nic in self.nics.items() if nic.name == name)
        if words[0] in ("up", "down"):
            self._up(pf, words[0] == "up")
            return
        if self.busy:
            self.busy -= 1
            raise UllError("ip link set failed (2): RTNETLINK answers: Resource temporarily unavailable")
        vf, option, value = self.vfs[pf][int(words[1])], words[2], words[3]
        if option == "max_tx_rate" and self.read(f"/sys/class/net/{name}/carrier") != "1":
            raise UllError("ip link set failed (2): RTNETLINK answers: Invalid argument")
        if option in ("spoofchk", "trust"):
            vf[option] = value == "on"
        else:
            vf[option] = value
        if option == "vlan":
            vf["qos"] = words[5]

    def _up(self, pf: str, up: bool) -> None:
        self._set(f"/sys/class/net/{self.nics[pf].name}/flags", "0x1003" if up else "0x1002")
        self._set(f"/sys/class/net/{self.nics[pf].name}/carrier", "1" if up else "0")

    def ask(self, argv: list[str]) -> str:
        self.asked.append(argv)
        if argv[:2] == ["devlink", "-j"]:
            return json.dumps({"dev": {argv[-1]: {"mode": self.eswitch}}})
        if "address" in argv:
            mine = self.addresses.get(argv[-1])
            return json.dumps([{"addr_info": [{"local": mine, "scope": "global"}] if mine else []}])
        if argv[:2] != ["ip", "-j"]:
            return ""
        pf = next(pf for pf, nic in self.nics.items() if nic.name == argv[-1])
        return json.dumps([{"ifname": argv[-1], "vfinfo_list": [_vfinfo(i, vf) for i, vf in self.vfs[pf].items()]}])

    # -- the next boot

    def boot(self) -> None:
        super().boot()
        for pf in self.nics:
            path = f"{DEVICES}/{pf}/sriov_numvfs"
            self._set_count(pf, path, len(self.vfs[pf]), 0)
            self._set(path, "0")
            self._set(f"{DEVICES}/{pf}/sriov_drivers_autoprobe", "1")
            self._up(pf, self.nics[pf].up)
        shutil.rmtree(self.path(f"{DRIVERS}/vfio-pci"), ignore_errors=True)
        self.mounts = {"/dev/hugepages": "2M"}
        for unit in self.names("/etc/systemd/system/sysinit.target.wants"):
            self._systemctl(["start", unit])
        self.write_mounts()
        if "vfio-pci" in self.text("/etc/modules-load.d/ull-metal-dpdk.conf").splitlines():
            self._modprobe(["modprobe", "vfio-pci"])

    def run_units(self, domains: Mapping[str, type]) -> list[UllError]:
        """Run what the boot units of these roles run."""
        failed: list[UllError] = []
        for role, domain in domains.items():
            text = self.text(f"/etc/ull-metal/{role}.json")
            failed += boot.apply(domain(**json.loads(text)["slice"]), self, lambda _words: None) if text else []
        return failed


def _vfinfo(index: int, vf: dict) -> dict:
    """As iproute2 6.15 prints it for igb; a VLAN of 0 is left out."""
    vlan = {"vlan": int(vf["vlan"]), "qos": int(vf["qos"])} if vf.get("vlan", "0") != "0" else {}
    return {
        "vf": index,
        "link_type": "ether",
        "address": vf["mac"],
        "broadcast": "ff:ff:ff:ff:ff:ff",
        "vlan_list": [vlan],
        "rate": {"max_tx": int(vf.get("max_tx_rate", 0)), "min_tx": 0},
        "spoofchk": vf["spoofchk"],
        "link_state": "auto",
        "trust": vf["trust"],
    }


def with_nics(root: Path, nics: Mapping[str, Nic] | None = None) -> NicHost:
    """A Debian machine with these NICs on its PCI bus."""
    nics = nics or {PF: Nic("ens2")}
    made: dict[str, str | Link | None] = {PROBE: "", **dict.fromkeys(OTHERS, ""), **MACHINE}
    for number, (pf, nic) in enumerate(nics.items()):
        base = f"{DEVICES}/{pf}"
        made |= {
            f"{base}/sriov_totalvfs": str(nic.vfs),
            f"{base}/sriov_numvfs": "0",
            f"{base}/sriov_drivers_autoprobe": "1",
            f"{base}/sriov_offset": "128",
            f"{base}/sriov_stride": "1",
            f"{base}/class": "0x020000",
            f"{base}/driver": Link(f"../../drivers/{nic.driver}"),
            f"{base}/net/{nic.name}/ifindex": str(number + 2),
            f"{DRIVERS}/{nic.driver}/unbind": "",
            f"/sys/class/net/{nic.name}/flags": "0x1003" if nic.up else "0x1002",
            f"/sys/class/net/{nic.name}/carrier": "1" if nic.up else "0",
        }
    debian(root)
    tree(root, made)
    host = NicHost(root, nics)
    for pf, nic in nics.items():
        if nic.group is not None:
            host._join(pf, nic.group)
    host.write_mounts()
    return host


def persons(host: NicHost) -> dict[str, str]:
    """Files that are people's, not the kernel's: /etc and what the collection keeps; links too."""
    folders = [host.path(folder) for folder in ("/etc", "/usr", "/var")]
    paths = itertools.chain.from_iterable(folder.rglob("*") for folder in folders)
    return {str(p.relative_to(host.root)): p.read_text("latin-1") if p.is_file() else "" for p in paths}


def everything(host: NicHost) -> dict[str, bytes]:
    """Every file of the tree."""
    return {str(path.relative_to(host.root)): path.read_bytes() for path in host.root.rglob("*") if path.is_file()}


def kernel(host: NicHost) -> dict[str, str]:
    """What sysfs says of NICs and VFs."""
    base = host.path("/sys/bus/pci/devices")
    return {
        str(path.relative_to(base)): str(path.readlink()) if path.is_symlink() else path.read_text()
        for path in base.rglob("*")
        if path.is_symlink() or path.is_file()
    }
