# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lab's images: a Debian disk for virtual machines, a Debian root file system for containers.

An image is cached under a key made from all that goes into it, built beside its place and renamed into it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shlex
import shutil
import time
import uuid
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import UllError
from . import access
from .disk import write_disk
from .state import Lab, read_json, run

VM, CONTAINER = "vm", "container"
KINDS = (VM, CONTAINER)

# A change of this file that the key cannot see: count up
RECIPE = 1

# no_timer_check: an emulated machine's timer test fails when its host is busy, and the kernel then gives up
KERNEL_ARGUMENTS = "console=tty0 console=ttyS0,115200 no_timer_check"
MGMT = "mgmt0"

BASE = (
    "ca-certificates",
    "dbus",
    "iproute2",
    "netbase",
    "openssh-server",
    "procps",
    "python3",
    "python3-apt",
    "systemd-sysv",
)
PACKAGES: dict[str, tuple[str, ...]] = {
    VM: (*BASE, "grub-pc", "initramfs-tools", "kmod", "linux-image-amd64", "udev", "zstd"),
    CONTAINER: (*BASE, "libpam-systemd", "sudo"),
}
# They write to /etc or /var on their own, or wait for a network that is not there
QUIET_UNITS = (
    "apt-daily-upgrade.timer",
    "apt-daily.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "man-db.timer",
    "systemd-firstboot.service",
    "systemd-networkd-wait-online.service",
    "systemd-pstore.service",
)
CONTAINER_MASKED = ("console-getty.service", "getty@tty1.service")
# In the image for the roles to find, not to run: an operator enables what a host needs
DISABLED_UNITS = ("chrony.service", "irqbalance.service", "tuned.service")


@dataclass(frozen=True)
class Spec:
    """What an image is made of."""

    kind: str
    suite: str
    packages: tuple[str, ...]
    size_gib: int
    login_key: str
    host_key: str

    @property
    def key(self) -> str:
        """Names the image; the same ingredients give the same name."""
        parts = {"recipe": RECIPE, "files": files(self, ""), "always": PACKAGES[self.kind], **asdict(self)}
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]

    @property
    def uuid(self) -> str:
        """Of the root file system."""
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"ull.metal lab {self.key}"))


def files(spec: Spec, kernel: str) -> dict[str, str]:
    """What the image holds beside its packages: path to content.

    Args:
        spec: what the image is made of.
        kernel: release of the kernel to boot; several may be installed, and GRUB would take the real-time one.
    """
    shared = {
        "/etc/hosts": "127.0.0.1 localhost\n127.0.1.1 lab\n",
        "/etc/hostname": "lab\n",
        # empty: every machine gets its own at its first boot, without systemd's "first boot" and its presets
        "/etc/machine-id": "",
        "/etc/ssh/sshd_config.d/lab.conf": "\n".join(
            (
                "# The lab's machines: by key only, and many Ansible sessions at once.",
                f"HostKey /etc/ssh/{access.HOST_KEY}",
                "PermitRootLogin prohibit-password",
                "PasswordAuthentication no",
                "UseDNS no",
                "PrintMotd no",
                "MaxStartups 200",
                "MaxSessions 100",
                "",
            )
        ),
        "/root/.ssh/authorized_keys": f"{spec.login_key}\n",
    }
    if spec.kind == CONTAINER:
        return {
            **shared,
            "/etc/systemd/journald.conf.d/lab.conf": "[Journal]\nStorage=volatile\nRuntimeMaxUse=8M\n",
        }
    top = f'GRUB_TOP_LEVEL="/boot/vmlinuz-{kernel}"\n' if kernel else ""
    return {
        **shared,
        "/etc/resolv.conf": "# The lab's machines have no way out.\n",
        # counted by `journalctl --list-boots`
        "/etc/systemd/journald.conf.d/lab.conf": "[Journal]\nStorage=persistent\nSystemMaxUse=64M\n",
        f"/etc/systemd/network/10-{MGMT}.link": f"[Match]\nDriver=virtio_net\n[Link]\nName={MGMT}\n",
        f"/etc/systemd/network/10-{MGMT}.network": "\n".join(
            (
                "[Match]",
                f"Name={MGMT}",
                "[Network]",
                "Address=10.0.2.15/24",
                "Gateway=10.0.2.2",
                "IPv6AcceptRA=no",
                "LinkLocalAddressing=no",
                "",
            )
        ),
        "/etc/default/grub": (
            "GRUB_DEFAULT=0\n"
            "GRUB_TIMEOUT=0\n"
            "GRUB_DISTRIBUTOR=Debian\n"
            'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n'
            f'GRUB_CMDLINE_LINUX="{KERNEL_ARGUMENTS}"\n'
            'GRUB_TERMINAL="console serial"\n'
            "GRUB_DISABLE_OS_PROBER=true\n" + top
        ),
    }


def mirrors(targets: str, suite: str) -> list[str]:
    """apt lines for ``suite`` at the places where this machine finds Debian; empty where it is not a Debian.

    Args:
        targets: lines "address release label" of apt-get indextargets.
        suite: the release wanted, e.g. trixie.
    """
    found: dict[str, str] = {}
    for line in targets.splitlines():
        address, release, label = (*line.split(None, 2), "", "", "")[:3]
        if label == "Debian" and "-" not in release:
            found.setdefault(suite, address)
        elif label == "Debian-Security":
            found.setdefault(f"{suite}-security", address)
    if suite not in found:
        return []
    found.setdefault(f"{suite}-updates", found[suite])
    return [
        f"deb {found[name]} {name} main" for name in (suite, f"{suite}-updates", f"{suite}-security") if name in found
    ]


def proxies(dump: str) -> list[str]:
    """The proxy settings in the output of apt-config dump."""
    return [line for line in dump.splitlines() if line.startswith("Acquire::") and "proxy" in line.lower()]


def mmdebstrap_argv(spec: Spec, root: Path, lines: list[str], proxy: list[str]) -> list[str]:
    """The command that makes the root file system."""
    hooks = Path("/usr/share/mmdebstrap/hooks/eatmydata")
    options = [
        "--variant=minbase",
        "--mode=root",
        "--format=directory",
        f"--hook-dir={hooks}",
        "--dpkgopt=force-unsafe-io",
        "--include=" + ",".join(sorted({*PACKAGES[spec.kind], *spec.packages})),
        '--aptopt=Acquire::Languages "none"',
        '--aptopt=APT::Install-Recommends "false"',
        *(f"--aptopt={line}" for line in proxy),
        *(f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in ("doc", "man", "locale", "info")),
    ]
    if spec.kind == VM:
        answers = "grub-pc grub-pc/install_devices multiselect\ngrub-pc grub-pc/install_devices_empty boolean true\n"
        # few modules and light compression: an emulated CPU unpacks this at every boot
        initramfs = "MODULES=list\nCOMPRESS=zstd\nCOMPRESSLEVEL=1\nRESUME=none\n"
        folder = '"$1/etc/initramfs-tools'
        options += [
            f'--essential-hook=printf {shlex.quote(answers)} | chroot "$1" debconf-set-selections',
            f'--essential-hook=mkdir -p {folder}/conf.d" && printf {shlex.quote(initramfs)} >{folder}/conf.d/lab"',
            f"--essential-hook=printf 'virtio_pci\\nvirtio_blk\\next4\\n' >{folder}/modules\"",
        ]
    return ["mmdebstrap", *options, spec.suite, str(root), *lines]


# Answers of grub-probe for the disk that the image will be. grub-mkconfig asks it about the running machine; with
# these answers it writes, in a folder, the file that update-grub writes later in the machine.
GRUB_PROBE = """#!/bin/sh
target=
while [ $# -gt 0 ]; do
  case $1 in --target=*) target=${{1#*=}} ;; -t | --target) target=$2; shift ;; esac
  shift
done
case $target in
  device) echo /dev/vda1 ;;
  fs) echo ext2 ;;
  fs_uuid) echo {uuid} ;;
  partuuid) echo {partuuid} ;;
  partmap) echo msdos ;;
esac
"""


def newest_stock_kernel(names: list[str]) -> str:
    """The release to boot: the newest among the kernels that are not real-time ones, else the newest.

    Args:
        names: names in /boot.
    """
    releases = [name[len("vmlinuz-") :] for name in names if name.startswith("vmlinuz-")]
    if not releases:
        raise UllError("the image has no kernel", variable="packages", remedy="leave linux-image-amd64 in")

    def order(release: str) -> tuple[bool, list[tuple[int, str]]]:
        words = release.replace("+", ".").replace("-", ".").split(".")
        return "rt" not in words, [(int(word), "") if word.isdigit() else (-1, word) for word in words]

    return max(releases, key=order)


class Builder:
    """Makes the image of a spec, in ``folder``.

    Args:
        lab: where it is cached.
        spec: what it is made of.
        mirror: apt lines to use instead of the machine's own.
    """

    def __init__(self, lab: Lab, spec: Spec, mirror: list[str]) -> None:
        self.lab = lab
        self.spec = spec
        self.mirror = mirror
        self.log = lab.images / f"{spec.kind}.log"
        self.path = lab.images / (f"vm-{spec.key}.qcow2" if spec.kind == VM else f"container-{spec.key}")

    @property
    def current(self) -> Path:
        """The name under which machines find the newest image of its kind."""
        return self.lab.images / ("vm.qcow2" if self.spec.kind == VM else CONTAINER)

    @property
    def present(self) -> bool:
        """Whether it is built and is what machines find."""
        return self.path.exists() and self.current.exists() and self.current.resolve() == self.path.resolve()

    def build(self) -> float:
        """Make it, unless another run has in the meantime; how many seconds it took."""
        started = time.monotonic()
        self.lab.make(self.lab.images)
        with self.lab.lock(f"image-{self.spec.kind}"):
            if not self.path.exists():
                self._preflight()
                work = self.lab.images / f".{self.path.name}.part"
                shutil.rmtree(work, ignore_errors=True)
                work.mkdir(mode=0o755)
                try:
                    self._make(work)
                finally:
                    shutil.rmtree(work, ignore_errors=True)
            link = self.current.with_name(f".{self.current.name}.link")
            link.unlink(missing_ok=True)
            link.symlink_to(self.path.name)
            link.replace(self.current)
            self.lab.own(self.current)
            self._prune()
        return time.monotonic() - started

    def _preflight(self) -> None:
        if os.geteuid() != 0:
            raise UllError("an image is built as root", remedy="run the role with become, or as root")
        free = shutil.disk_usage(self.lab.images).free >> 30
        if free < 5:
            raise UllError(
                f"{self.lab.images} has {free} GiB free; building an image takes 5",
                variable="lab_dir",
                value=str(self.lab.folder),
                remedy="free some, or set lab_dir to another file system",
            )

    def _make(self, work: Path) -> None:
        root = work / "root"
        self.log.write_text("")
        self.lab.own(self.log)
        run(mmdebstrap_argv(self.spec, root, self.mirror or self._host_mirrors(), self._proxies()), log=self.log)
        kernel = self._configure(root)
        if self.spec.kind == CONTAINER:
            root.replace(self.path)
            return
        self._grub(root, kernel)
        write_disk(root, work / "disk.raw", self.spec.size_gib, self.spec.uuid, self.spec.key, self.log)
        disk = work / "disk.qcow2"
        run(
            ["qemu-img", "convert", "-O", "qcow2", "-c", "-o", "compression_type=zstd"]
            + [str(work / "disk.raw"), str(disk)],
            log=self.log,
        )
        self.lab.own(disk)
        disk.chmod(0o444)
        disk.replace(self.path)

    @staticmethod
    def _host_mirrors_text() -> str:
        return run(
            ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(LABEL)"]
            + ["Created-By: Packages", "Origin: Debian", "Component: main"]
        )

    def _host_mirrors(self) -> list[str]:
        try:
            return mirrors(self._host_mirrors_text(), self.spec.suite)
        except UllError:  # no apt here: mmdebstrap knows where Debian is
            return []

    @staticmethod
    def _proxies() -> list[str]:
        try:
            return proxies(run(["apt-config", "dump"]))
        except UllError:
            return []

    def _configure(self, root: Path) -> str:
        kernel = newest_stock_kernel(os.listdir(root / "boot")) if self.spec.kind == VM else ""  # noqa: PTH208
        content = files(self.spec, kernel)
        if self.spec.kind == VM:
            content["/etc/fstab"] = f"UUID={self.spec.uuid} / ext4 errors=remount-ro 0 1\n"
            journal = root / "var/log/journal"
            journal.mkdir(exist_ok=True)
        for path, text in content.items():
            target = root / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.is_symlink():
                target.unlink()
            target.write_text(text)
        for key in (root / "etc/ssh").glob("ssh_host_*"):
            key.unlink()
        private = self.lab.folder / access.HOST_KEY
        for name in (access.HOST_KEY, f"{access.HOST_KEY}.pub"):
            shutil.copyfile(private.with_name(name), root / "etc/ssh" / name)
        (root / "etc/ssh" / access.HOST_KEY).chmod(0o600)
        (root / "root/.ssh").chmod(0o700)
        (root / "root/.ssh/authorized_keys").chmod(0o600)
        (root / "var/lib/dbus/machine-id").unlink(missing_ok=True)
        self._units(root)
        # as systemd-update-done does, or the first boot rebuilds caches in /etc
        for stamp in ("etc/.updated", "var/.updated"):
            (root / stamp).write_text("# made with the lab's image\n")
        # else apt believes that its empty lists are fresh
        os.utime(root / "var/lib/apt/lists", (0, 0))
        return kernel

    def _units(self, root: Path) -> None:
        masked = QUIET_UNITS + (CONTAINER_MASKED if self.spec.kind == CONTAINER else ())
        units = root / "etc/systemd/system"
        for unit in masked:
            link = units / unit
            link.unlink(missing_ok=True)
            link.symlink_to("/dev/null")
        there = {path.name for path in (root / "usr/lib/systemd/system").iterdir()}
        run(
            ["systemctl", f"--root={root}", "--quiet", "enable", "systemd-networkd.service", "ssh.service"],
            log=self.log,
        )
        unwanted = [unit for unit in DISABLED_UNITS if unit in there]
        if unwanted:
            run(["systemctl", f"--root={root}", "--quiet", "disable", *unwanted], log=self.log)

    def _grub(self, root: Path, kernel: str) -> None:
        grub = root / "boot/grub"
        modules = grub / "i386-pc"
        modules.mkdir(parents=True, exist_ok=True)
        for source in (root / "usr/lib/grub/i386-pc").iterdir():
            if source.suffix in (".mod", ".lst", ".img"):
                shutil.copy2(source, modules)
        chroot = ["chroot", str(root)]
        prefix = "(hd0,msdos1)/boot/grub"
        drivers = ["biosdisk", "part_msdos", "ext2", "normal", "search"]
        output = "/boot/grub/i386-pc/core.img"
        run([*chroot, "grub-mkimage", "-O", "i386-pc", "-o", output, "-p", prefix, *drivers], log=self.log)
        run([*chroot, "grub-editenv", "/boot/grub/grubenv", "create"], log=self.log)
        probe, aside = root / "usr/sbin/grub-probe", root / "usr/sbin/grub-probe.real"
        by_uuid = root / "dev/disk/by-uuid"
        probe.rename(aside)
        try:
            probe.write_text(GRUB_PROBE.format(uuid=self.spec.uuid, partuuid=partuuid(self.spec.key)))
            probe.chmod(0o755)
            by_uuid.mkdir(parents=True)
            (by_uuid / self.spec.uuid).touch()
            run([*chroot, "grub-mkconfig", "-o", "/boot/grub/grub.cfg"], log=self.log)
        finally:
            aside.replace(probe)
            shutil.rmtree(root / "dev/disk", ignore_errors=True)
        if f"vmlinuz-{kernel} root=UUID={self.spec.uuid} ro {KERNEL_ARGUMENTS}" not in (grub / "grub.cfg").read_text():
            raise UllError(f"grub-mkconfig has written no entry for {kernel}; see {self.log}")

    def _prune(self) -> None:
        """Remove images of this kind that nothing refers to any more."""
        used = {self.path.name}
        for folder in self.lab.every(self.spec.kind):
            used.add(Path(str(read_json(folder / "machine.json").get("image", ""))).name)
        for state in self.lab.images.glob("booted-*/machine.json"):
            if str(read_json(state).get("image", "")).endswith(f"/{self.path.name}"):
                used.add(state.parent.name)
        pattern = "vm-*.qcow2" if self.spec.kind == VM else "container-*"
        for path in [
            *self.lab.images.glob(pattern),
            *(self.lab.images.glob("booted-*") if self.spec.kind == VM else ()),
        ]:
            if path.name in used or path.name in self._bases():
                continue
            with contextlib.suppress(OSError):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _bases(self) -> set[str]:
        return {Path(str(read_json(folder / "machine.json").get("snapshot", ""))).name for folder in self.lab.every(VM)}


def partuuid(label: str) -> str:
    """The partition's UUID, as blkid makes it from the disk's signature."""
    return f"{zlib.crc32(label.encode()) or 1:08x}-01"


def spec_of(lab: Lab, kind: str, suite: str, packages: list[str], size_gib: int) -> Spec:
    """A spec with the lab's keys, which must be there."""
    return Spec(
        kind=kind,
        suite=suite,
        packages=tuple(sorted(set(packages))),
        size_gib=size_gib,
        login_key=access.public(lab, access.LOGIN_KEY),
        host_key=access.public(lab, access.HOST_KEY),
    )


def describe(builder: Builder) -> dict[str, Any]:
    """What a run reports about an image."""
    return {
        "kind": builder.spec.kind,
        "key": builder.spec.key,
        "path": str(builder.path),
        "log": str(builder.log),
        "present": builder.present,
    }
