# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Virtual machines that look like two-socket servers, with NUMA, an IOMMU and an SR-IOV NIC.

KVM runs them where the processor really offers that; else they are emulated.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UllError
from . import access
from .qmp import Qmp
from .state import Lab, Process, read_json, remove_tree, run, tail, write_json

KIND = "vm"
ADDRESS = "127.0.0.1"
PORTS = (2300, 2399)
PROGRAM = "qemu-system-x86_64"
# Measured: 0.6 GiB after a boot, 1.6 after work with 1 GiB pages
NEEDED_GIB = 2
# 1 GiB pages, x2APIC for interrupt remapping, and what Debian's user space wants; no more, for an emulated CPU's sake
TCG_CPU = "Nehalem,+pdpe1gb,+rdrand,+x2apic,+xsave"
KVM_CPU = "host,-arch-capabilities"


@dataclass(frozen=True)
class Hardware:
    """What a machine looks like to its kernel.

    Attributes:
        cpus: logical CPUs, over two sockets, each a NUMA node.
        threads: per core; 2 gives SMT siblings.
        node_memory_gib: memory of each NUMA node.
    """

    cpus: int = 4
    threads: int = 1
    node_memory_gib: int = 6

    def check(self) -> None:
        """Refuse what QEMU would.

        Raises:
            UllError: the CPUs do not divide into two sockets of whole cores.
        """
        if self.threads not in (1, 2) or self.cpus < 2 or self.cpus % (2 * self.threads):
            raise UllError(
                f"{self.cpus} CPUs do not make two sockets of cores with {self.threads} threads",
                variable="cpus",
                value=self.cpus,
                remedy=f"use a multiple of {2 * self.threads}",
            )
        if self.node_memory_gib < 1:
            raise UllError("a NUMA node needs memory", variable="node_memory_gib", value=self.node_memory_gib)


def accelerator(cpuinfo: str, kvm: Path = Path("/dev/kvm")) -> str:
    """kvm where the CPU has virtualisation and the device opens, else tcg.

    The device alone says too little: it exists on machines whose guests then do not run.
    """
    flags = next((line.split() for line in cpuinfo.splitlines() if line.startswith("flags")), [])
    if not {"vmx", "svm"} & set(flags):
        return "tcg"
    try:
        os.close(os.open(kvm, os.O_RDWR | os.O_CLOEXEC))
    except OSError:
        return "tcg"
    return "kvm"


def available_gib(meminfo: str) -> float:
    """Memory that can still be had."""
    found = next((line.split()[1] for line in meminfo.splitlines() if line.startswith("MemAvailable:")), "0")
    return int(found) / (1 << 20)


def host_accelerator() -> str:
    """What this controller has."""
    return accelerator(Path("/proc/cpuinfo").read_text())


def argv(hardware: Hardware, folder: Path, *, port: int, fabric: str, accel: str, incoming: str = "") -> list[str]:
    """QEMU's command line.

    Every device names its bus: those without would fall behind the expander bridge that comes first.

    Args:
        hardware: what the machine looks like.
        folder: of the machine; disk, pid file, sockets and console are in it.
        port: on loopback, forwarded to the machine's ssh; makes the MAC addresses, too.
        fabric: multicast group and port on loopback, the wire between the machines' igb NICs.
        accel: kvm or tcg.
        incoming: state to load instead of booting.
    """
    half = hardware.cpus // 2
    memory = hardware.node_memory_gib
    mac = f"{port >> 8:02x}:{port & 0xFF:02x}"
    words = ["-name", folder.name]
    words += ["-accel", "kvm" if accel == "kvm" else "tcg,thread=multi,tb-size=512"]
    words += ["-machine", "q35,kernel-irqchip=split", "-cpu", KVM_CPU if accel == "kvm" else TCG_CPU]
    words += ["-smp", f"{hardware.cpus},sockets=2,cores={half // hardware.threads},threads={hardware.threads}"]
    words += ["-m", f"{2 * memory}G"]
    for node in (0, 1):
        words += ["-object", f"memory-backend-ram,id=m{node},size={memory}G"]
        words += ["-numa", f"node,nodeid={node},cpus={node * half}-{node * half + half - 1},memdev=m{node}"]
    words += ["-numa", "dist,src=0,dst=1,val=21", "-numa", "dist,src=1,dst=0,val=21"]
    words += ["-device", "intel-iommu,intremap=on,caching-mode=on,device-iotlb=on"]
    words += ["-drive", f"file={_comma(folder / 'disk.qcow2')},if=none,id=d0,cache=unsafe,discard=unmap"]
    words += ["-device", "virtio-blk-pci,drive=d0,bus=pcie.0,addr=3.0"]
    words += ["-device", "virtio-rng-pci,bus=pcie.0,addr=4.0"]
    for node in (0, 1):
        words += [
            "-device",
            f"pxb-pcie,id=px{node},bus_nr={64 * (node + 1)},bus=pcie.0,numa_node={node},addr={5 + node}.0",
        ]
        words += ["-device", f"pcie-root-port,id=rp{node},bus=px{node},chassis={node + 1},slot={node + 1}"]
    words += ["-netdev", f"user,id=mgmt,restrict=on,hostfwd=tcp:{ADDRESS}:{port}-:22"]
    words += ["-device", f"virtio-net-pci,netdev=mgmt,bus=rp0,mac=52:54:00:00:{mac},romfile="]
    words += ["-netdev", f"socket,id=fabric,mcast={fabric},localaddr={ADDRESS}"]
    words += ["-device", f"igb,netdev=fabric,bus=rp1,mac={fabric_mac(port)},romfile="]
    words += ["-nodefaults", "-display", "none", "-vga", "none", "-serial", f"file:{folder / 'console.log'}"]
    words += ["-qmp", "unix:qmp.sock,server=on,wait=off"]  # relative: a UNIX socket's path has at most 107 bytes
    words += ["-pidfile", str(folder / "pid"), "-daemonize"]
    return [PROGRAM, *words, *(["-incoming", incoming] if incoming else [])]


def fabric_mac(port: int) -> str:
    """The MAC address of the igb NIC of the machine with this ssh port."""
    return f"52:54:00:01:{port >> 8:02x}:{port & 0xFF:02x}"


def _comma(path: Path) -> str:
    return str(path).replace(",", ",,")


class Vm:
    """One virtual machine of the lab.

    Args:
        lab: where its state is.
        name: its host name.
        hardware: what it looks like, when it is started.
        fabric: multicast group and port on loopback.
    """

    def __init__(self, lab: Lab, name: str, hardware: Hardware, fabric: str = "230.0.0.1:4321") -> None:
        hardware.check()
        self.lab = lab
        self.name = name
        self.hardware = hardware
        self.fabric = fabric
        self.folder = lab.machine(KIND, name)
        self.process = Process(self.folder / "pid", PROGRAM, str(self.folder / "pid"))

    @property
    def disk(self) -> Path:
        """Its overlay over the image: all that it ever wrote."""
        return self.folder / "disk.qcow2"

    @property
    def record(self) -> dict[str, Any]:
        """What was written down at its last start."""
        return read_json(self.folder / "machine.json")

    @property
    def state(self) -> str:
        """running, stopped or absent."""
        if self.process.pid:
            return "running"
        return "stopped" if self.disk.exists() else "absent"

    def console(self) -> str:
        """The end of its serial console."""
        return tail(self.folder / "console.log", 15)

    def describe(self) -> dict[str, Any]:
        """What a run reports about it."""
        record = self.record
        return {
            "name": self.name,
            "state": self.state,
            "address": ADDRESS,
            "ssh_port": record.get("port", 0),
            "accelerator": record.get("accelerator", ""),
            "image": record.get("image", ""),
            "from_snapshot": bool(record.get("snapshot")),
            "started": record.get("started", ""),
            "pid": self.process.pid,
            "folder": str(self.folder),
            "console": str(self.folder / "console.log"),
            "identity_file": str(self.lab.folder / access.LOGIN_KEY),
            "known_hosts": str(self.lab.folder / access.KNOWN_HOSTS),
        }

    def start(self, image: Path, port: int = 0, snapshot: Path | None = None) -> None:
        """Start it, on a fresh overlay where it has none.

        Args:
            image: the disk its overlay is made over.
            port: for ssh, on loopback; 0 takes the one it had, or a free one.
            snapshot: folder with the disk and the state of a booted machine; used for a fresh overlay only.

        Raises:
            UllError: the port is taken, or QEMU does not start.
        """
        self._preflight()
        self.lab.make(self.folder)
        fresh = not self.disk.exists()
        with self.lab.lock("ports"):
            port = self._port(port)
            base = (snapshot / "disk.qcow2" if snapshot else image.resolve()) if fresh else None
            if base:
                self._overlay(base)
            write_json(
                self.folder / "machine.json",
                {
                    "port": port,
                    "image": str(image.resolve()) if fresh else self.record.get("image", ""),
                    "snapshot": (str(snapshot) if snapshot else "") if fresh else self.record.get("snapshot", ""),
                    "accelerator": host_accelerator(),
                    "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                    "hardware": vars(self.hardware),
                },
            )
            state = f"file:{snapshot / 'state'}" if snapshot and fresh else ""
            try:
                self._spawn(port, state)
            except UllError:
                if state:  # a disk without the memory that belongs to it
                    self.disk.unlink(missing_ok=True)
                raise

    def _preflight(self) -> None:
        if not shutil.which(PROGRAM):
            raise UllError(f"{PROGRAM} is not installed", value=PROGRAM, remedy="run role ull.metal.lab_host")
        memory = available_gib(Path("/proc/meminfo").read_text())
        if memory < NEEDED_GIB:
            raise UllError(
                f"this computer has {memory:.1f} GiB of memory left; a machine takes {NEEDED_GIB}",
                host=self.name,
                remedy="stop other lab machines",
            )

    def _port(self, wanted: int) -> int:
        port = wanted or int(self.record.get("port", 0))
        if port and not access.port_in_use(port):
            return port
        if wanted:
            raise UllError(
                f"port {port} on loopback is used by something else",
                host=self.name,
                variable="ssh_port",
                value=port,
                remedy="choose another, or stop what uses it (another lab's machine?)",
            )
        taken = {int(read_json(folder / "machine.json").get("port", 0)) for folder in self.lab.every(KIND)}
        return access.free_port(*PORTS, taken)

    def _overlay(self, base: Path) -> None:
        if not base.exists():
            raise UllError(f"there is no image {base}", variable="image", value=str(base), remedy="run role lab_image")
        part = self.folder / ".disk.part"
        part.unlink(missing_ok=True)
        run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", str(base), "-F", "qcow2", str(part)])
        part.replace(self.disk)

    def _spawn(self, port: int, incoming: str) -> None:
        for left in ("pid", "qmp.sock"):
            (self.folder / left).unlink(missing_ok=True)
        command = argv(
            self.hardware, self.folder, port=port, fabric=self.fabric, accel=host_accelerator(), incoming=incoming
        )
        log = self.folder / "qemu.log"
        log.write_text(" ".join(command) + "\n")
        run(command, cwd=self.folder, log=log)
        if incoming:
            with Qmp(self.folder / "qmp.sock", timeout=60) as qmp:
                try:
                    qmp.wait_migration(120)
                    qmp.execute("cont")
                except UllError:
                    self.process.kill()
                    raise

    def wait(self, seconds: float) -> None:
        """Wait until one can log in; a machine that continues a snapshot gets its own time and MAC address.

        Raises:
            UllError: it does not come within the time.
        """
        record = self.record
        access.wait_for_login(
            self.lab, ADDRESS, record["port"], seconds, alive=lambda: bool(self.process.pid), console=self.console
        )
        if record.get("snapshot") and not record.get("awake"):
            self._wake(record["port"])
            write_json(self.folder / "machine.json", {**record, "awake": True})

    def _wake(self, port: int) -> None:
        nic = "/sys/bus/pci/drivers/igb/*/net/*"
        command = (
            f"date -s @{time.time():.3f} >/dev/null && hostname {self.name} && "
            f"for nic in {nic}; do ip link set dev ${{nic##*/}} address {fabric_mac(port)} || exit; break; done"
        )
        done = access.ssh(self.lab, ADDRESS, port, command)
        if done.returncode:
            raise UllError(f"the machine does not take its time and address: {done.stderr.strip()}", host=self.name)

    def stop(self, seconds: float) -> str:
        """Shut it down, by its power button first; which way worked in the end: clean, quit or killed."""
        end = time.monotonic() + seconds
        with contextlib.suppress(UllError, OSError):
            with Qmp(self.folder / "qmp.sock") as qmp:
                qmp.execute("system_powerdown")
            if self.process.wait(seconds):
                return "clean"
        return self.end() if time.monotonic() > end or self.process.pid else "clean"

    def end(self) -> str:
        """Take its power away."""
        with contextlib.suppress(UllError, OSError):
            with Qmp(self.folder / "qmp.sock") as qmp:
                qmp.execute("quit")
            if self.process.wait(10):
                return "quit"
        self.process.kill()
        return "killed"

    def remove(self) -> None:
        """Take its power away, and forget all that it ever wrote."""
        if self.process.pid:
            self.end()
        remove_tree(self.folder)
