# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Kernel parameters that harden and cost no latency, and modules that nobody needs. No mitigation is switched on or off.

Left out on purpose: net.core.bpf_jit_harden (slows every XDP and socket filter), rp_filter (drops market data that comes in
by another way than answers go), log_martians (a log line a packet), kernel.kexec_load_disabled and a value of 1 for
unprivileged_bpf_disabled (only a boot takes them back), user namespaces (containers need them).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..host import MANAGED, Host
from ..setting import LIVE, Setting

ROLE = "hardening"
SYSCTL = "/etc/sysctl.d/90-ull-metal-hardening.conf"
MODPROBE = "/etc/modprobe.d/ull-metal-hardening.conf"
_NAME = re.compile(rf"{ROLE}\.sysctl\.(\S+)\Z")

_KSPP = "Kernel Self Protection Project, recommended settings"
_KERNEL = "Documentation/admin-guide/sysctl/kernel.rst"
_FS = "Documentation/admin-guide/sysctl/fs.rst"
_IP = "Documentation/networking/ip-sysctl.rst; CIS Benchmark for Debian 12, section 3.3"


@dataclass(frozen=True)
class Knob:
    """A parameter, its value, its reason and its source."""

    name: str
    value: str
    doc: str
    source: str


def _conf(family: str, key: str, value: str, doc: str) -> list[Knob]:
    return [Knob(f"net.{family}.conf.{which}.{key}", value, doc, _IP) for which in ("all", "default")]


KNOBS = (
    Knob("kernel.dmesg_restrict", "1", "the kernel's log is for root", f"{_KERNEL}; {_KSPP}"),
    Knob("kernel.kptr_restrict", "1", "kernel addresses are for those who may trace", f"{_KERNEL}; {_KSPP}"),
    Knob(
        "kernel.yama.ptrace_scope", "1", "a process traces its children only", "Documentation/admin-guide/LSM/Yama.rst"
    ),
    Knob("kernel.unprivileged_bpf_disabled", "2", "BPF programs are loaded by root", f"{_KERNEL}; {_KSPP}"),
    Knob("kernel.randomize_va_space", "2", "addresses are random, the heap's too", f"{_KERNEL}; {_KSPP}"),
    Knob("dev.tty.ldisc_autoload", "0", "no line discipline is loaded for a user", _KSPP),
    Knob("vm.unprivileged_userfaultfd", "0", "user faults are for root", "Documentation/admin-guide/sysctl/vm.rst"),
    Knob("fs.protected_hardlinks", "1", "no hard links to files of others", f"{_FS}; {_KSPP}"),
    Knob("fs.protected_symlinks", "1", "no following of others' links in /tmp", f"{_FS}; {_KSPP}"),
    Knob("fs.protected_fifos", "2", "no writing to others' pipes in /tmp", f"{_FS}; {_KSPP}"),
    Knob("fs.protected_regular", "2", "no writing to others' files in /tmp", f"{_FS}; {_KSPP}"),
    Knob("fs.suid_dumpable", "0", "no core of a process that changed its user", f"{_FS}; {_KSPP}"),
    Knob("net.ipv4.tcp_syncookies", "1", "a flood of SYNs does not fill the queue", _IP),
    Knob("net.ipv4.icmp_echo_ignore_broadcasts", "1", "no answer to pings of all", _IP),
    Knob("net.ipv4.icmp_ignore_bogus_error_responses", "1", "no log of wrong ICMP errors", _IP),
    *_conf("ipv4", "accept_redirects", "0", "no neighbour changes the routes"),
    *_conf("ipv4", "secure_redirects", "0", "nor does a gateway"),
    *_conf("ipv4", "send_redirects", "0", "this host is no router"),
    *_conf("ipv4", "accept_source_route", "0", "no packet chooses its way"),
    *_conf("ipv6", "accept_redirects", "0", "no neighbour changes the routes"),
    *_conf("ipv6", "accept_source_route", "0", "no packet chooses its way"),
)

# CIS Benchmark for Debian 12, sections 1.1.1 and 3.2; KSPP: protocols and file systems with a history of holes.
MODULES = (
    *("cramfs", "freevxfs", "hfs", "hfsplus", "jffs2"),
    *("dccp", "rds", "sctp", "tipc"),
    *("ax25", "netrom", "rose", "n_hdlc"),
    "firewire-core",
)


def path(name: str) -> str:
    """Where a parameter is in /proc."""
    return f"/proc/sys/{name.replace('.', '/')}"


def values(host: Host, own: Mapping[str, str], planned: Mapping[str, str]) -> dict[str, str]:
    """What is set here: our values and the user's, but what the plan sets, and what this kernel does not have."""
    wanted = {**{knob.name: knob.value for knob in KNOBS}, **own}
    return {name: value for name, value in wanted.items() if name not in planned and host.exists(path(name))}


def conflicts(own: Mapping[str, str], planned: Mapping[str, str]) -> list[str]:
    """Sentences about parameters that the plan sets to something else: it wins."""
    wanted = {**{knob.name: knob.value for knob in KNOBS}, **own}
    return [
        f"{name}: the plan sets {planned[name]}, hardening would set {value}; the plan wins"
        for name, value in wanted.items()
        if str(planned.get(name, value)) != value
    ]


def render_sysctl(wanted: Mapping[str, str]) -> str | None:
    """The sysctl.d file."""
    lines = [f"{name} = {value}" for name, value in wanted.items()]
    return "\n".join([f"# {MANAGED.format(role=ROLE)}", *lines]) + "\n" if lines else None


def render_modprobe(modules: tuple[str, ...] | list[str]) -> str | None:
    """The modprobe.d file: neither by alias nor by name (modprobe.d(5))."""
    lines = [line for name in modules for line in (f"blacklist {name}", f"install {name} /bin/false")]
    return "\n".join([f"# {MANAGED.format(role=ROLE)}", *lines]) + "\n" if lines else None


def settings(wanted: Mapping[str, str]) -> list[Setting]:
    """One setting a parameter."""
    return [_setting(name, value) for name, value in wanted.items()]


def restored(before: Mapping[str, str]) -> list[Setting]:
    """The parameters as they were."""
    found = ((_NAME.match(name), value) for name, value in before.items())
    return [_setting(match[1], value, restored=True) for match, value in found if match]


def _setting(name: str, value: str, restored: bool = False) -> Setting:
    knob = next((knob for knob in KNOBS if knob.name == name), Knob(name, value, "", "hardening_sysctl"))
    return Setting(
        name=f"{ROLE}.sysctl.{name}",
        role=ROLE,
        impact=LIVE,
        declared=value,
        running=lambda host: host.read(path(name)),
        persisted=lambda host: _persisted(host, name),
        write=lambda host, wanted: host.poke(path(name), wanted),
        restored=restored,
        remedy="the kernel refuses it, or it can only be changed by a boot",
        doc=knob.doc,
        source=knob.source,
    )


def _persisted(host: Host, name: str) -> str | None:
    """What systemd-sysctl will set: of all files of a name the first folder's, then the last file that has the name."""
    files: dict[str, str] = {}
    for folder in ("/usr/lib/sysctl.d", "/run/sysctl.d", "/etc/sysctl.d"):
        files.update({file: f"{folder}/{file}" for file in host.names(folder) if file.endswith(".conf")})
    found = None
    for file in sorted(files):
        for line in host.text(files[file]).splitlines():
            key, _equals, value = line.strip().lstrip("-").partition("=")
            if key.strip().replace("/", ".") == name:
                found = value.strip()
    return found
