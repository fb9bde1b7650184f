# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a host is to be rebooted, and whether that may be done: what one look at it says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..boot import trial
from ..host import Host
from . import rt_kernel
from .boot_args import BootArgs, BootStore

# A boot that was tried is begun again only by this explicit word.
RETRY = "reboot_retry: true"


def look(host: Host, sections: Mapping[str, list[str]] | None, replace: bool = False) -> dict[str, Any]:
    """Compare the next boot with the running one.

    Args:
        host: the host.
        sections: kernel arguments that are about to come, by role; None for those that are there.
        replace: whether they are all there will be.

    Returns:
        ``required, differences, boot_id, trial`` (see boot/trial.py), ``story`` of a trial in words, and ``blocked``:
        why the host must not be rebooted as it is, or empty.
    """
    wanted = BootArgs(dict(sections or {}), replace).after(host)
    differences = BootStore(wanted).differences(host) + rt_kernel.differences(host)
    story = trial.story(host)
    # What is only about to come (check mode) is not in the boot loader yet, and not what was tried.
    coming = sections is not None and bool(BootStore(wanted).changes(host))
    blocked = bool(differences) and not coming and trial.tried(host)
    return {
        "required": bool(differences),
        "differences": differences,
        "boot_id": host.read(trial.BOOT_ID),
        "trial": trial.state(host),
        "story": story,
        "blocked": _blocked(host, story) if blocked else "",
    }


def _blocked(host: Host, story: str) -> str:
    return (
        f"host {host.name}: {story}. It is not rebooted into the same again. Remedy: see why it failed (console, BMC, "
        "journalctl -b -1), correct what the profile or the role declares, and run again; if the cause was elsewhere, "
        f"try the same once more with {RETRY}"
    )
