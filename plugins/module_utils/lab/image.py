# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lab's images: a Debian disk for virtual machines, a Debian root file system for containers.

What goes into them; builder.py makes them. An image's key is made from all that goes into it.
"""

from __future__ import annotations

import hashlib
import json
import shlex
import uuid
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path

from ..errors import UllError
from . import access

VM, CONTAINER = "vm", "container"
KINDS = (VM, CONTAINER)

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
    "getty@tty1.service",
    "grub-common.service",
    "man-db.timer",
    "systemd-firstboot.service",
    "systemd-networkd-wait-online.service",
    "systemd-pstore.service",
)
CONTAINER_MASKED = ("console-getty.service",)
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
    recipe: str = ""  # of the code that makes it

    @property
    def key(self) -> str:
        """Names the image; the same ingredients give the same name."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:12]

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
        # an emulated machine on a busy computer is slow, not broken
        "/etc/systemd/system.conf.d/lab.conf": (
            "[Manager]\nDefaultTimeoutStartSec=600\nDefaultTimeoutStopSec=300\nDefaultDeviceTimeoutSec=600\n"
        ),
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
    options = [
        "--variant=minbase",
        "--mode=root",
        "--format=directory",
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


def partuuid(label: str) -> str:
    """The partition's UUID, as blkid makes it from the disk's signature."""
    return f"{zlib.crc32(label.encode()) or 1:08x}-01"
