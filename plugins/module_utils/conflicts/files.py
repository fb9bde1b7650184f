# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files of others that set what the plan sets: at boot, when a device appears, or in a script."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from ..boot import cmdline
from ..dropins import Line, files, sysctl_lines, sysctl_path, text_lines, tmpfiles_lines
from ..errors import UllError
from ..host import MINE, Host
from ..settings.boot_args import foreign
from ..settings.kernel_runtime import SYSCTL, TMPFILES, KernelRuntime, canonical, file_of
from .conflict import Conflict
from .owned import Owned

_SCRIPTS = ("/etc/rc.local", "/etc/rc.d/rc.local", "/etc/crontab")
_UNITS = "/etc/systemd/system"
_TAKES_BACK = {False: ("sysctl", "conflict-sysctl"), True: ("tmpfiles", "conflict-tmpfiles")}
# of a .link file, what it sets of a NIC; systemd.link(5)
_LINK = {
    "MTUBytes": "mtu",
    "CombinedChannels": "queues",
    "RxBufferSize": "rings",
    "TxBufferSize": "rings",
    "RxCoalesceSec": "coalescing",
    "UseAdaptiveRxCoalesce": "coalescing",
    "SR-IOVVirtualFunctions": "numvfs",
}


def file_conflicts(host: Host, owned: Owned) -> list[Conflict]:
    """All of them, the ones that count at every boot first."""
    parts = (_kernel, _pools, _overruled, _arguments, _modules, _rules, _links, _cloud_init, _scripts)
    return [conflict for part in parts for conflict in part(host, owned)]


def _kernel(host: Host, owned: Owned) -> Iterator[Conflict]:
    """Files that take a parameter back at the next boot."""
    for name, line in KernelRuntime(owned.sysctl, owned.sysfs).overridden(host):
        who, kind = _TAKES_BACK[name.startswith("/")]
        message = f"{line.path} sets {name} to {line.value}, and counts at the next boot"
        remedy = f"remove the line{_mask(line)}"
        yield Conflict(who, kind, message, line.where, [name], remedy)


def _mask(line: Line) -> str:
    """What else can be done about a file that a package owns."""
    folder, name = line.path.rsplit("/", 1)
    if folder.startswith("/etc/"):
        return ""
    return f", or mask the file by a link to /dev/null: /etc/{folder.rsplit('/', 1)[-1]}/{name}"


def _pools(host: Host, owned: Owned) -> Iterator[Conflict]:
    """A number of pages for all nodes together, beside pools for each node."""
    path = sysctl_path("vm.nr_hugepages")
    for line in sysctl_lines(host) if owned.small_pages else []:
        if line.target == path and line.value is not None:
            message = f"{line.path} sets vm.nr_hugepages to {line.value}, spread over all nodes"
            remedy = "remove the line, and declare pools per node"
            yield Conflict("sysctl", "conflict-sysctl", message, line.where, ["hugepages"], remedy)


def _overruled(host: Host, owned: Owned) -> Iterator[Conflict]:
    """Files that say something else, and do not count: worth knowing, no more."""
    counting = {line.where for _name, line in KernelRuntime(owned.sysctl, owned.sysfs).overridden(host)}
    lines = [line for line in [*sysctl_lines(host), *tmpfiles_lines(host)] if line.path not in (SYSCTL, TMPFILES)]
    for name, value in {**owned.sysctl, **owned.sysfs}.items():
        for line in lines:
            other = line.target == file_of(name) and canonical(name, line.value or "") != canonical(name, str(value))
            if other and line.value is not None and line.where not in counting:
                message = f"{line.path} sets {name} to {line.value}, which the collection's own file overrules"
                yield Conflict("overruled", "conflict-overruled", message, line.where, [name], "nothing, or remove it")


def _arguments(host: Host, owned: Owned) -> Iterator[Conflict]:
    """Kernel arguments that somebody else sets to another value."""
    try:
        found = foreign(host, {role: tokens for role, tokens in owned.sections.items() if tokens})
    except UllError:
        return  # a boot loader that is not supported: the role boot_args says so
    for path, theirs, ours in found:
        message = f"{path} sets the kernel argument {theirs}, the plan {ours}"
        remedy = f"remove {theirs} from {path}, or do not declare {cmdline.key(ours)}"
        yield Conflict("boot_args", "conflict-boot-args", message, path, [f"boot_args.{cmdline.name(ours)}"], remedy)


def _modules(host: Host, owned: Owned) -> Iterator[Conflict]:
    """Options by which a driver makes its VFs itself, and drivers that are kept from loading."""
    drivers = {nic["driver"]: f"nics.{nic['pci'] or nic['name']}" for nic in owned.nics if nic.get("driver")}
    making = {nic["driver"] for nic in owned.nics if "numvfs" in nic}
    for path in files(host, "modprobe.d"):
        for number, said in text_lines(host, path, "#") if MINE not in path else []:
            word, driver, rest = (*said.split(None, 2), "", "")[:3]
            driver = driver.replace("-", "_")
            makes = word == "options" and driver in making and re.search(r"\b(max|num)_vfs=", rest)
            if makes or (word in ("blacklist", "install") and driver in drivers):
                message = f"{path} says `{said}` of the driver of a NIC of the plan"
                where, remedy = f"{path}:{number}", "remove the line, and run update-initramfs or dracut"
                yield Conflict("modprobe", "conflict-device-file", message, where, [drivers[driver]], remedy)


def _rules(host: Host, owned: Owned) -> Iterator[Conflict]:
    """udev rules that write what the plan writes."""
    for folder in ("/etc/udev/rules.d", "/run/udev/rules.d"):
        for name in host.names(folder):
            path = f"{folder}/{name}"
            for number, said in text_lines(host, path, "#") if name.endswith(".rules") and MINE not in name else []:
                settings = owned.mentions(said)
                if settings:
                    message = f"a udev rule in {path} writes {', '.join(settings)}"
                    where, remedy = f"{path}:{number}", "remove the rule, then udevadm control --reload"
                    yield Conflict("udev", "conflict-device-file", message, where, settings, remedy)


def _links(host: Host, owned: Owned) -> Iterator[Conflict]:
    """.link files that match a NIC of the plan; of all that match the first alone counts."""
    for nic in owned.nics:
        for folder in ("/etc", "/run", "/usr/local/lib", "/usr/lib"):
            for name in host.names(f"{folder}/systemd/network"):
                path = f"{folder}/systemd/network/{name}"
                if not name.endswith(".link") or MINE in name:
                    continue
                said = _ini(host, path)
                keys = {_LINK[key] for section, key, _value in said if section == "Link" and key in _LINK} & set(nic)
                if keys and _matches(host, said, nic["name"], nic["pci"], nic.get("driver", "")):
                    settings = [f"nics.{nic['pci'] or nic['name']}.{key}" for key in sorted(keys)]
                    message = f"{path} sets {', '.join(sorted(keys))} of {nic['name'] or nic['pci']}"
                    remedy = "remove the settings from the file, where the plan's values differ"
                    yield Conflict("link", "conflict-network-file", message, path, settings, remedy)


def _ini(host: Host, path: str) -> list[tuple[str, str, str]]:
    """Section, key and value of each line."""
    section, found = "", []
    for _number, said in text_lines(host, path):
        key, equals, value = said.partition("=")
        if said.startswith("["):
            section = said.strip("[]")
        elif equals:
            found.append((section, key.strip(), value.strip()))
    return found


def _matches(host: Host, said: list[tuple[str, str, str]], name: str, pci: str, driver: str) -> bool:
    """Whether each condition of [Match] that can be told from here holds."""
    mac = host.read(f"/sys/class/net/{name}/address") or ""
    known = {
        "OriginalName": name,
        "Driver": driver,
        "Path": f"pci-{pci}",
        "MACAddress": mac.lower(),
        "PermanentMACAddress": mac.lower(),
    }
    wanted = [(key, value.lower() if "MAC" in key else value) for section, key, value in said if section == "Match"]
    told = [(known[key], value.split()) for key, value in wanted if key in known]
    return bool(told) and all(any(fnmatchcase(mine, one) for one in patterns) for mine, patterns in told)


def _cloud_init(host: Host, owned: Owned) -> Iterator[Conflict]:
    """An MTU that cloud-init writes anew at every boot."""
    if any(
        re.search(r"^network:\s*\{?\s*(\n\s+)?config:\s*disabled", host.text(f"/etc/cloud/cloud.cfg.d/{name}"), re.M)
        for name in host.names("/etc/cloud/cloud.cfg.d")
    ):
        return
    folders = ("/etc/netplan", "/etc/network/interfaces.d", "/etc/systemd/network")
    paths = [f"{folder}/{name}" for folder in folders for name in host.names(folder) if "cloud-init" in name]
    for nic in owned.nics:
        for path in paths if "mtu" in nic and nic["name"] else []:
            number, mtu = _mtu(host.text(path), nic["name"])
            if number and mtu != nic["mtu"]:
                message = f"cloud-init writes an MTU of {mtu} for {nic['name']} into {path}"
                remedy = "say `network: {config: disabled}` in /etc/cloud/cloud.cfg.d/99-network.cfg"
                settings = [f"nics.{nic['pci'] or nic['name']}.mtu"]
                where = f"{path}:{number}"
                yield Conflict("cloud-init", "conflict-network-file", message, where, settings, remedy)


def _mtu(text: str, name: str) -> tuple[int, int]:
    """Line and value of the MTU that follows an interface's name; 0 for none."""
    depth = -1
    for number, line in enumerate(text.splitlines(), 1):
        indent = len(line) - len(line.lstrip())
        if re.search(rf"(^|[\s=]){re.escape(name)}(:?\s|:?$)", line):
            depth = indent
        elif depth >= 0 and line.strip() and indent < depth:
            depth = -1
        found = re.search(r"\bmtu:?\s+(\d+)|MTUBytes=(\d+)", line)
        if found and depth >= 0:
            return number, int(found[1] or found[2])
    return 0, 0


def _scripts(host: Host, owned: Owned) -> Iterator[Conflict]:
    """Lines of scripts and of units in /etc that seem to write what the plan writes. Whether they run is not told."""
    paths = [path for path in _SCRIPTS if os.access(host.path(path), os.X_OK) or path.endswith("tab")]
    paths += [f"/etc/cron.d/{name}" for name in host.names("/etc/cron.d")]
    paths += [
        f"{_UNITS}/{name}" for name in host.names(_UNITS) if name.endswith((".service", ".timer")) and MINE not in name
    ]
    for path in paths:
        for number, said in text_lines(host, path) if host.link(path) is None else []:
            settings = owned.mentions(said)
            if settings:
                message = f"{path} seems to write {', '.join(settings)}: `{said[:120]}`"
                where, remedy = f"{path}:{number}", "remove the line, and leave it to the plan"
                yield Conflict("script", "conflict-script", message, where, settings, remedy)
