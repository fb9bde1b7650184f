# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the machine is as a whole: architecture, system, kernel, boot loader, container or not."""

from __future__ import annotations

import platform
import re

from ..boot.loader import kind
from ..host import Host
from .values import first_line


def arch(host: Host) -> str:
    """As ``uname -m``; of a captured tree, as far as it tells."""
    if host.live:
        return platform.machine()
    return host.read("/proc/sys/kernel/arch") or _arch_of_cpuinfo(host.read("/proc/cpuinfo") or "")


def container(host: Host) -> str:
    """The kind of container this is, e.g. "systemd-nspawn", "docker", "lxc"; empty on a real or virtual machine."""
    told = first_line(host.read("/run/systemd/container"))
    words = re.search(r"(?:^|\0)container=([^\0]+)", host.read("/proc/1/environ") or "")
    marks = (("/.dockerenv", "docker"), ("/run/.containerenv", "podman"))
    return told or (words[1] if words else "") or next((kind for path, kind in marks if host.exists(path)), "")


def system(host: Host) -> dict[str, str]:
    """The distribution, its version and its family, by /etc/os-release."""
    values = dict(re.findall(r"^([A-Z_]+)=[\"']?(.*?)[\"']?\s*$", host.read("/etc/os-release") or "", re.MULTILINE))
    kin = {values.get("ID", ""), *values.get("ID_LIKE", "").split()}
    families = (("debian", {"debian", "ubuntu"}), ("redhat", {"rhel", "fedora", "centos"}))
    return {
        "id": values.get("ID", ""),
        "version": values.get("VERSION_ID", ""),
        "family": next((family for family, members in families if kin & members), ""),
    }


def boot_loader(host: Host) -> str:
    """Which interface owns the kernel command line: "bls" (grubby), "grub" (update-grub), or none we know."""
    return kind(host)


def kernel(host: Host) -> dict[str, str]:
    """Release, flavour ("rt" for PREEMPT_RT, else "generic") and the arguments it was booted with."""
    version = first_line(host.read("/proc/version"))
    words = re.match(r"Linux version (\S+)", version)
    realtime = host.read("/sys/kernel/realtime") == "1" or re.search(r"PREEMPT[_ ]RT\b", version)
    return {
        "release": host.read("/proc/sys/kernel/osrelease") or (words[1] if words else ""),
        "flavour": "rt" if realtime else "generic",
        "args": first_line(host.read("/proc/cmdline")),
    }


def _arch_of_cpuinfo(cpuinfo: str) -> str:
    signs = (
        ("x86_64", r"^flags\s*:.*\blm\b"),
        ("i686", r"^flags\s*:"),
        ("aarch64", r"^CPU architecture\s*: *(8|AArch64)"),
        # POWER8 and newer run little-endian distributions; older ones and Cell cannot
        ("ppc64le", r"^cpu\s*:\s*POWER([89]|1\d)"),
        ("ppc64", r"^cpu\s*:\s*(POWER|Cell)"),
        ("s390x", r"^vendor_id\s*:\s*IBM/S390"),
        ("riscv64", r"^isa\s*:\s*rv64"),
    )
    return next((name for name, sign in signs if re.search(sign, cpuinfo, re.MULTILINE | re.IGNORECASE)), "")
