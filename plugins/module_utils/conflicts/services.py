# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Services that tune a host by themselves, and two managers of one network interface."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..host import Host
from .conflict import Conflict
from .owned import Owned

WANTS = "/etc/systemd/system"
# links of units that are enabled, and words of systemctl for that
_ENABLED = ("enabled", "enabled-runtime", "alias")
_BANNED = re.compile(r"^\s*IRQBALANCE_BANNED_CPU(?:LIST|S)=[\"']?([^\"'\n]*)", re.MULTILINE)


@dataclass(frozen=True)
class Unit:
    """A unit as systemd knows it."""

    installed: bool
    enabled: bool
    active: bool

    @property
    def works(self) -> bool:
        """Whether it sets something now, or will at the next boot."""
        return self.enabled or self.active

    @property
    def words(self) -> str:
        """``enabled and active``."""
        return " and ".join(word for word, so in (("enabled", self.enabled), ("active", self.active)) if so)


@dataclass(frozen=True)
class Tuner:
    """A service, what of a plan it sets, and what to say of it."""

    id: str
    what: str
    fights: Callable[[Owned], list[str]]
    details: Callable[[Host], str] = lambda _host: ""


def _tuned(host: Host) -> str:
    profile = host.read("/etc/tuned/active_profile")
    return f", profile {profile}" if profile else ", without a profile"


def _irqbalance(host: Host) -> str:
    texts = [host.text(path) for path in ("/etc/default/irqbalance", "/etc/sysconfig/irqbalance")]
    banned = [found for text in texts for found in _BANNED.findall(text) if found]
    return f", keeps off CPUs {banned[-1]}" if banned else ", keeps off no CPU"


def _clocks(owned: Owned) -> list[str]:
    return owned.clocks


def _ksm(owned: Owned) -> list[str]:
    return [path for path in owned.sysfs if path.startswith("/sys/kernel/mm/ksm/")]


def _numa(owned: Owned) -> list[str]:
    return [name for name in owned.sysctl if name == "kernel.numa_balancing"]


def _everything(owned: Owned) -> list[str]:
    return [*owned.kernel, *owned.clocks, *owned.interrupts]


TUNERS: dict[str, Tuner] = {
    "tuned.service": Tuner("tuned", "sets the kernel's parameters, clocks and interrupts", _everything, _tuned),
    "irqbalance.service": Tuner(
        "irqbalance", "moves interrupts every ten seconds", lambda owned: owned.interrupts, _irqbalance
    ),
    "cpupower.service": Tuner("cpupower", "sets the governor at boot", _clocks),
    "cpufrequtils.service": Tuner("cpufrequtils", "sets the governor at boot", _clocks),
    "ondemand.service": Tuner("ondemand", "sets the governor a minute after boot", _clocks),
    "power-profiles-daemon.service": Tuner("power-profiles-daemon", "sets energy hints and turbo", _clocks),
    "tlp.service": Tuner("tlp", "sets governor, energy hints and turbo", _clocks),
    "auto-cpufreq.service": Tuner("auto-cpufreq", "sets governor and turbo by the load", _clocks),
    "thermald.service": Tuner("thermald", "lowers clocks before the CPU itself would", _clocks),
    "ksmtuned.service": Tuner("ksmtuned", "starts the scan for equal pages", _ksm),
    "ksm.service": Tuner("ksm", "starts the scan for equal pages", _ksm),
    "numad.service": Tuner("numad", "moves processes and their memory between nodes", _numa),
    "rtirq.service": Tuner("rtirq", "sets priorities of interrupt threads", lambda owned: owned.interrupts),
    "rtctl.service": Tuner("rtctl", "sets priorities of kernel threads", lambda owned: owned.interrupts),
}
MANAGERS = ("NetworkManager.service", "systemd-networkd.service")


def units(host: Host) -> dict[str, Unit]:
    """The state of every unit that is looked at, in one call.

    Raises:
        UllError: systemd does not answer; to take that for no conflict would be wrong.
    """
    names = [*TUNERS, *MANAGERS]
    if host.runner is None:  # a captured tree: only what is enabled can be told
        return {name: _by_links(host, name) for name in names}
    said = host.run(["systemctl", "show", "--property=UnitFileState,ActiveState", *names])
    blocks = [block for block in said.split("\n\n") if block.strip()]
    return {name: _unit(block) for name, block in zip(names, blocks)}


def _unit(block: str) -> Unit:
    values = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
    state = values.get("UnitFileState", "")
    return Unit(bool(state), state in _ENABLED, values.get("ActiveState") in ("active", "activating", "reloading"))


def _by_links(host: Host, name: str) -> Unit:
    folders = [folder for folder in host.names(WANTS) if folder.endswith(".wants")]
    enabled = any(name in host.names(f"{WANTS}/{folder}") for folder in folders)
    return Unit(enabled, enabled, False)


def fighting(owned: Owned, known: Mapping[str, Unit]) -> list[str]:
    """Installed units that would fight for something of the plan if they ran."""
    return [name for name, tuner in TUNERS.items() if known[name].installed and tuner.fights(owned)]


def service_conflicts(host: Host, owned: Owned, known: Mapping[str, Unit]) -> list[Conflict]:
    """Services that tune by themselves; irqbalance is none where the collection tells it what to leave alone."""
    found = []
    for name in fighting(owned, known):
        unit, tuner = known[name], TUNERS[name]
        if not unit.works or _told(host, name):
            continue
        message = f"{name} is {unit.words}{tuner.details(host)}; it {tuner.what}"
        remedy = f"stop and disable it yourself, or say conflicts_policies: {{{tuner.id}: disable}}"
        found.append(Conflict(tuner.id, "conflict-service", message, name, tuner.fights(owned), remedy, name))
    return found


def _told(host: Host, name: str) -> bool:
    return any("ull-metal" in file for file in host.names(f"{WANTS}/{name}.d"))


def manager_conflicts(host: Host, owned: Owned, known: Mapping[str, Unit]) -> list[Conflict]:
    """NICs of the plan that NetworkManager and systemd-networkd both manage."""
    if not all(known[name].active for name in MANAGERS):
        return []
    found = []
    for nic in owned.nics:
        index = host.read(f"/sys/class/net/{nic['name']}/ifindex") if nic["name"] else None
        if index and _managed(host, index):
            message = f"NetworkManager and systemd-networkd both manage {nic['name']}"
            settings = [f"nics.{nic['pci'] or nic['name']}"]
            remedy = f"name {nic['name']} in unmanaged-devices of NetworkManager, or have no .network file match it"
            where = f"/run/NetworkManager/devices/{index}"
            found.append(Conflict("networkmanager", "conflict-network-owner", message, where, settings, remedy))
    return found


def _managed(host: Host, index: str) -> bool:
    networkd = _values(host, f"/run/systemd/netif/links/{index}").get("ADMIN_STATE", "unmanaged")
    manager = _values(host, f"/run/NetworkManager/devices/{index}").get("managed", "false")
    return networkd != "unmanaged" and manager == "true"


def _values(host: Host, path: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in host.text(path).splitlines() if "=" in line)
