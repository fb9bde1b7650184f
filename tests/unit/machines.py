# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hosts that answer: a fake tree whose boot loader, kernel and next boot behave like the real ones.

host = debian(tmp_path)           # two nodes of two cores with two threads each, 64 GiB
converge(domain, host, False)     # update-grub and the kernel's hugepage pools work
host.boot()                       # what is persisted runs
"""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path

from fake_tree import tree

from ansible_collections.ull.metal.plugins.module_utils.boot import cmdline
from ansible_collections.ull.metal.plugins.module_utils.boot.loader import loader
from ansible_collections.ull.metal.plugins.module_utils.cpuset import CpuSet
from ansible_collections.ull.metal.plugins.module_utils.host import Host

NODE = "/sys/devices/system/node"
SIZES = {"2M": 2048, "1G": 1048576}
KERNELS = ("6.12.9-1", "6.12.10-1")

_POOL = re.compile(rf"{NODE}/node(\d+)/hugepages/hugepages-(\d+)kB/nr_hugepages\Z")
# grub-mkconfig reads its variables like this: a shell, the main file, then the drop-ins in order.
_VARIABLES = 'for file; do . "$file"; done; echo "$GRUB_CMDLINE_LINUX"; echo "$GRUB_CMDLINE_LINUX_DEFAULT"'


class KilledError(Exception):
    """The run was killed right here."""


class FakeHost(Host, ABC):
    """A tree with a kernel: pools grant what is free, and a boot makes what is persisted run.

    ``most`` limits the pages a pool gets, by node and kB; ``used`` are pages that a process holds. The write number
    ``killed_at`` does not happen any more.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(str(root), "lab1")
        self.most: dict[tuple[int, int], int] = {}
        self.used: dict[tuple[int, int], int] = {}
        self.writes = itertools.count(1)
        self.killed_at = 0

    def put(self, path: str, content: str | None) -> None:
        self._write()
        super().put(path, content)

    def poke(self, path: str, value: str) -> None:
        self._write()
        pool = _POOL.match(path)
        super().poke(path, f"{value}\n")
        if pool:
            self._grant(path, (int(pool[1]), int(pool[2])), int(value))

    def run(self, argv: list[str]) -> str:
        self._write()
        super().run(argv)
        self.obey(argv)
        return ""

    @abstractmethod
    def obey(self, argv: list[str]) -> None:
        """Do what the command does."""

    def boot(self) -> None:
        """Boot what is persisted."""
        shutil.rmtree(self.path("/run/ull-metal"), ignore_errors=True)
        tokens = loader(self).persisted()
        isolated = CpuSet.parse((cmdline.lookup(tokens, "isolcpus") or "").replace("managed_irq,domain,", ""))
        affinity = re.search(r"^CPUAffinity=(.*)$", self.text("/etc/systemd/system.conf.d/90-ull-metal.conf"), re.M)
        allowed = affinity[1].replace(" ", ",") if affinity else self.read("/sys/devices/system/cpu/online")
        self._set("/proc/cmdline", " ".join(["BOOT_IMAGE=/boot/vmlinuz", *tokens]))
        self._set("/proc/1/status", f"Name:\tsystemd\nCpus_allowed_list:\t{allowed}")
        self._set("/sys/devices/system/cpu/isolated", str(isolated))
        self._set("/sys/devices/system/cpu/nohz_full", cmdline.lookup(tokens, "nohz_full") or "(null)")
        self.used.clear()
        for path in self.root.glob(f"{NODE[1:]}/node*/hugepages/*/nr_hugepages"):
            self._boot_pool(f"/{path.relative_to(self.root)}", tokens)

    def _boot_pool(self, path: str, tokens: list[str]) -> None:
        node, kib = map(int, _POOL.match(path).groups())
        size, pages = "2M", 0
        for token in tokens:
            if cmdline.key(token) == "hugepagesz":
                size = cmdline.value(token)
            elif cmdline.key(token) == "hugepages" and SIZES[size] == kib:
                pages = dict(map(int, part.split(":")) for part in cmdline.value(token).split(",")).get(node, 0)
        for line in self.text("/etc/tmpfiles.d/ull-metal-hugepages.conf").splitlines():
            if line.split()[:2] == ["w!", path]:
                pages = int(line.split()[-1])
        self._grant(path, (node, kib), pages)

    def _grant(self, path: str, pool: tuple[int, int], wanted: int) -> None:
        used = self.used.get(pool, 0)
        granted = max(used, min(wanted, self.most.get(pool, wanted)))
        self._set(path, str(granted))
        self._set(path.replace("nr_", "free_"), str(granted - used))

    def _set(self, path: str, content: str) -> None:
        self.path(path).write_text(content + "\n")

    def _write(self) -> None:
        if next(self.writes) == self.killed_at:
            raise KilledError


class GrubHost(FakeHost):
    """Debian: update-grub makes grub.cfg of /etc/default/grub and its drop-ins."""

    def obey(self, argv: list[str]) -> None:
        assert argv == ["update-grub"]
        drop_ins = sorted(self.path("/etc/default/grub.d").glob("*.cfg"))
        files = [str(path) for path in (self.path("/etc/default/grub"), *drop_ins)]
        done = subprocess.run(["sh", "-euc", _VARIABLES, "sh", *files], capture_output=True, text=True, check=True)
        always, default = done.stdout.splitlines()
        self._set("/boot/grub/grub.cfg", grub_cfg(always, default))


def grub_cfg(always: str, default: str) -> str:
    """What grub-mkconfig makes: an entry, and a submenu with one of each kernel and its recovery."""

    def entry(title: str, kernel: str, words: str) -> str:
        return f"""menuentry '{title}' --class os $menuentry_id_option 'gnulinux-{kernel}' {{
\tinsmod gzio
\tif [ x$grub_platform = xxen ]; then insmod xzio; fi
\tlinux\t/boot/vmlinuz-{kernel} root=UUID=1 ro {words}
\tinitrd\t/boot/initrd.img-{kernel}
}}
"""

    kernels = sorted(KERNELS, reverse=True)
    advanced = "".join(
        entry(f"Debian, with {kernel}", f"{kernel}-advanced", f"{always} {default}")
        + entry(f"Debian, with {kernel} (recovery mode)", f"{kernel}-recovery", f"single {always}")
        for kernel in kernels
    )
    return (
        'if [ "${next_entry}" ] ; then\n   set default="${next_entry}"\nelse\n   set default="0"\nfi\n'
        + "function savedefault {\n  save_env saved_entry\n}\n"
        + entry("Debian", "simple", f"{always} {default}")
        + f"submenu 'Advanced options' $menuentry_id_option 'gnulinux-advanced' {{\n{advanced}}}\n"
    )


class BlsHost(FakeHost):
    """Red Hat's family: grubby changes the entries. An argument that it adds takes the place of others of its key."""

    def obey(self, argv: list[str]) -> None:
        assert argv[:2] == ["grubby", "--update-kernel=ALL"]
        what, words = argv[2], argv[3].split()
        for path in self.path("/boot/loader/entries").glob("*.conf"):
            head, options = path.read_text().rstrip("\n").split("\noptions ")
            keys = {word.split("=")[0] for word in words if what == "--args"}
            kept = [word for word in options.split() if word not in words and word.split("=")[0] not in keys]
            path.write_text(f"{head}\noptions {' '.join([*kept, *(words if keys else [])])}\n")


def _entries(nodes: Mapping[int, int], cores: int, threads: int, kernel: str) -> dict[str, str]:
    """A machine of some nodes with so many GiB each; CPUs are numbered thread by thread, as firmware does."""
    all_cores = cores * len(nodes)
    every = str(CpuSet(range(all_cores * threads)))
    made = {
        "/proc/cmdline": "BOOT_IMAGE=/boot/vmlinuz root=UUID=1 ro console=tty0 quiet",
        "/proc/1/status": f"Name:\tsystemd\nCpus_allowed_list:\t{every}",
        "/proc/sys/kernel/osrelease": kernel,
        "/proc/sys/vm/compact_memory": "",
        "/sys/devices/system/cpu/online": every,
        "/sys/devices/system/cpu/present": every,
        "/sys/devices/system/cpu/isolated": "",
        "/sys/devices/system/cpu/nohz_full": "(null)",
        f"{NODE}/online": str(CpuSet(nodes)),
    }
    for place, (node, gib) in enumerate(nodes.items()):
        mine = CpuSet(place * cores + core + thread * all_cores for core in range(cores) for thread in range(threads))
        made[f"{NODE}/node{node}/cpulist"] = str(mine)
        made[f"{NODE}/node{node}/distance"] = " ".join("10" if other == node else "20" for other in nodes)
        made[f"{NODE}/node{node}/meminfo"] = f"Node {node} MemTotal:       {gib << 20} kB"
        for kib, name in itertools.product(SIZES.values(), ("nr_hugepages", "free_hugepages")):
            made[f"{NODE}/node{node}/hugepages/hugepages-{kib}kB/{name}"] = "0"
        for cpu in mine:
            base = f"/sys/devices/system/cpu/cpu{cpu}/topology"
            core = cpu % all_cores
            made[f"{base}/physical_package_id"] = str(place)
            made[f"{base}/core_id"] = str(core)
            made[f"{base}/core_cpus_list"] = str(CpuSet(core + thread * all_cores for thread in range(threads)))
    return made


def debian(
    root: Path,
    nodes: Mapping[int, int] | None = None,
    cores: int = 2,
    threads: int = 2,
    kernel: str = "6.12.10-amd64",
    extra: Mapping[str, str] | None = None,
) -> GrubHost:
    """A Debian cloud image on such a machine; ``extra`` are further files."""
    tree(
        root,
        {
            **_entries(nodes or {0: 32, 1: 32}, cores, threads, kernel),
            "/etc/os-release": "ID=debian",
            "/etc/default/grub": 'GRUB_CMDLINE_LINUX_DEFAULT="splash"\nGRUB_CMDLINE_LINUX="console=tty0"',
            "/etc/default/grub.d/50-cloudimg-settings.cfg": 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"',
            "/boot/grub/grubenv": "# GRUB Environment Block",
            **(extra or {}),
        },
    )
    host = GrubHost(root)
    host.obey(["update-grub"])
    return host


def redhat(root: Path, nodes: Mapping[int, int] | None = None, cores: int = 2, threads: int = 2) -> BlsHost:
    """A host with BLS entries on such a machine; the newest kernel is the default."""
    made = _entries(nodes or {0: 32, 1: 32}, cores, threads, "6.12.10-55.el10")
    for kernel in KERNELS:
        made[f"/boot/loader/entries/1d-{kernel}.conf"] = (
            f"title Rocky ({kernel})\nlinux /vmlinuz-{kernel}\noptions root=UUID=1 ro console=tty0 quiet"
        )
    tree(
        root,
        {
            **made,
            "/etc/os-release": "ID=rocky\nID_LIKE=rhel",
            "/etc/default/grub": 'GRUB_CMDLINE_LINUX="console=tty0 quiet"',
            "/boot/grub2/grubenv": f"saved_entry=1d-{KERNELS[-1]}",
            "/usr/sbin/grubby": "",
        },
    )
    return BlsHost(root)


FAMILIES: dict[str, Callable[[Path], FakeHost]] = {"grub": debian, "bls": redhat}


def contents(host: Host) -> dict[str, str]:
    """Every file of the tree that outlives a boot, with its content, to compare before with after."""
    files = {str(path.relative_to(host.root)): path for path in host.root.rglob("*") if path.is_file()}
    return {name: path.read_text() for name, path in files.items() if not name.startswith("run/")}
