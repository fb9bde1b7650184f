# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reboots that come back: what has never booted is booted once, and kept only when it has proven itself.

* ``normal``: the boot loader is as its own configuration says.
* ``armed``: the next boot is the trial; any boot behind that is the previous one again.
* ``trial``: the trial runs and is not confirmed yet.
* ``fallback``: the trial was begun, and the host runs the previous boot again.

The block in custom.cfg is written first and removed last, so whatever an interrupted run leaves is seen by the next.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from ..errors import UllError
from ..host import Host
from . import cmdline, deadman, proven
from .image import Image
from .loader import TRIAL, loader, on_trial, running_image
from .menu import environment
from .menu_block import TRIAL_ID, TRIED, Record, read, with_record

NORMAL, ARMED, ON_TRIAL, FALLBACK = "normal", "armed", "trial", "fallback"
PANIC = "/proc/sys/kernel/panic"
BOOT_ID = "/proc/sys/kernel/random/boot_id"

# File systems that GRUB only reads: it could not clear next_entry, and would begin the trial again and again.
READ_ONLY = ("btrfs", "cpiofs", "newc", "odc", "romfs", "squash4", "tarfs", "zfs")


@dataclass(frozen=True)
class Options:
    """How a trial ends by itself.

    Args:
        once: whether to boot on trial at all.
        minutes: after which a trial that nobody confirms is ended; 0 for never.
        panic: seconds after which a kernel that panics, or finds no root file system, reboots.
    """

    once: bool = True
    minutes: int = 15
    panic: int = 10


def record(host: Host) -> Record | None:
    """What is on trial, was, or is to be; None when nothing is."""
    return read(host.text(_custom(host)))


def state(host: Host) -> str:
    """Where the host stands; see above."""
    found = record(host)
    if found is None:
        return NORMAL
    if _environment(host).get(TRIED) != found.serial:
        return ARMED
    return ON_TRIAL if on_trial(host) else FALLBACK


def tried(host: Host) -> bool:
    """Whether the next boot is what a trial, as yet unconfirmed, was about: it is not to be begun twice unasked."""
    found = record(host)
    if found is None or state(host) not in (ON_TRIAL, FALLBACK):
        return False
    coming = loader(host).next_image()
    return found.trial.same(coming) and list(found.stamps) == coming.stamps(host)


def why_not(host: Host) -> str:
    """Why this host cannot boot on trial; empty when it can."""
    boot = loader(host)
    config = host.text(boot.config)
    for word, what in (("custom.cfg", "sources no custom.cfg"), ("next_entry", "knows no next_entry")):
        if word not in config:
            return f"{boot.config} {what}"
    folder = _custom(host).rpartition("/")[0]
    kind = host.ask([boot.probe, "--target=fs", folder]).strip()
    if not kind or kind in READ_ONLY:
        return f"GRUB cannot write to {folder} ({kind or 'unknown file system'})"
    layers = host.ask([boot.probe, "--target=abstraction", folder]).strip()
    if layers:
        return f"GRUB cannot write to {folder} (on {layers})"
    if _previous(host) is None:
        return "the running kernel has no entry in the boot menu any more, so there is no way back"
    return ""


def wanted(host: Host, options: Options) -> bool:
    """Whether the next boot is to be a trial: nothing like it has booted yet.

    Raises:
        UllError: it should be one, and the host cannot.
    """
    if not options.once or proven.known(host, loader(host).next_image()):
        return False
    reason = why_not(host)
    if reason:
        raise UllError(
            f"the next boot cannot be tried once: {reason}",
            host=host.name,
            variable="reboot_once",
            value=True,
            remedy="put right what is named, or set reboot_once: false to reboot without an automatic way back",
        )
    return True


def arm(host: Host, options: Options) -> bool:
    """Make the next boot a trial; False when it needs none, and is an ordinary one.

    Raises:
        UllError: it should be one, and the host cannot; nothing was written.
    """
    previous = _previous(host)
    if not wanted(host, options) or previous is None:
        settle(host)
        return False
    coming = loader(host).next_image()
    if record(host) is None or not on_trial(host):
        proven.add_running(host)
    _put(host, _record(host, coming, previous, options))
    deadman.arm(host, options.minutes)
    if _environment(host).get("next_entry") != TRIAL_ID:
        _editenv(host, "set", f"next_entry={TRIAL_ID}")
    return True


def confirm(host: Host) -> bool:
    """Keep what runs: the trial has proven itself.

    Returns:
        Whether there was anything to do.
    """
    found = record(host)
    if found and state(host) == ON_TRIAL:
        proven.add(host, found.trial, list(found.stamps))
    return settle(host)


def settle(host: Host) -> bool:
    """Let the boot loader be as its own configuration says, with no trace of a trial.

    Returns:
        Whether there was anything to do.
    """
    found = record(host)
    if found is None:
        return False
    deadman.disarm(host)
    panic = next((word.partition("=")[2] for word in found.words if word.startswith("panic=")), "")
    if on_trial(host) and host.read(PANIC) == panic != found.panic:
        host.poke(PANIC, found.panic)
    env = _environment(host)
    ours = [name for name in ("next_entry", TRIED) if name in env and (name == TRIED or env[name] in ("", TRIAL_ID))]
    if ours:
        _editenv(host, "unset", *ours)
    _put(host, None)
    return True


def story(host: Host) -> str:
    """What was tried and what runs now, in words; empty when nothing was."""
    found = record(host)
    if found is None or state(host) not in (ON_TRIAL, FALLBACK):
        return ""
    new, old = list(found.trial.arguments), list(found.previous.arguments)
    parts = [("with", cmdline.subtract(new, old)), ("without", cmdline.subtract(old, new))]
    words = " and ".join(f"{what} {' '.join(tokens)}" for what, tokens in parts if tokens)
    trial = f"{found.trial.release} {words}".strip()
    if state(host) == ON_TRIAL:
        return f"it runs on trial: {trial}"
    return (
        f"{trial} was tried and did not prove itself; the host is back on its previous boot ({found.previous.release})"
    )


def _record(host: Host, coming: Image, previous: Image, options: Options) -> Record:
    old = record(host)
    words = [f"panic={options.panic}"]
    if any(host.exists(f"{folder}/dracut") for folder in ("/usr/bin", "/usr/sbin")):
        words += ["rd.shell=0", "rd.emergency=reboot"]
    panic = old.panic if old else host.read(PANIC) or "0"
    stamps = tuple(coming.stamps(host))
    parts = [host.read(BOOT_ID) or "", *coming.arguments, *stamps]
    serial = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return Record(serial, coming, previous, (*words, TRIAL), stamps, panic)


def _previous(host: Host) -> Image | None:
    """The way back: the running boot, unless that is on trial itself, or a fallback whose way back is on record."""
    found = record(host)
    if found and not found.previous.missing(host):
        return found.previous
    return None if found and on_trial(host) else running_image(host)


def _custom(host: Host) -> str:
    return loader(host).config.rpartition("/")[0] + "/custom.cfg"


def _put(host: Host, found: Record | None) -> None:
    path = _custom(host)
    before = host.text(path)
    after = with_record(before, found)
    if after == (before or None):
        return
    if after is None or not before:
        host.put(path, after)
    else:
        # somebody else's, which may hold a password's hash
        host.replace(path, after, host.path(path).stat().st_mode & 0o777)


def _environment(host: Host) -> dict[str, str]:
    return environment(host.text(loader(host).environment_file()))


def _editenv(host: Host, *words: str) -> None:
    boot = loader(host)
    host.run([boot.editenv, boot.environment_file(), *words])
