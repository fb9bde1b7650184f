# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The timer that ends a trial which nobody confirms: a boot that came up, but cannot be reached, must not stay.

It is started before anything that can fail and survives the emergency target, which has no ssh either.
"""

from __future__ import annotations

from ..host import MANAGED, Host
from .loader import TRIAL

NAME = "ull-metal-trial"
_FOLDER = "/etc/systemd/system"
TIMER, SERVICE = f"{_FOLDER}/{NAME}.timer", f"{_FOLDER}/{NAME}.service"
WANTED = f"{_FOLDER}/sysinit.target.wants/{NAME}.timer"

_TIMER = f"""\
# {MANAGED.format(role="reboot")}
[Unit]
Description=Return to the previous boot unless the trial is confirmed within {{minutes}} minutes
ConditionKernelCommandLine={TRIAL}
DefaultDependencies=no
IgnoreOnIsolate=yes

[Timer]
OnBootSec={{minutes}}min
AccuracySec=1s
"""
_SERVICE = f"""\
# {MANAGED.format(role="reboot")}
[Unit]
Description=Return to the previous boot: nobody confirmed the trial
DefaultDependencies=no
IgnoreOnIsolate=yes

[Service]
Type=oneshot
ExecStart=/usr/bin/systemctl --force reboot
"""


def arm(host: Host, minutes: int) -> None:
    """Put the timer in place for the next boot, or with 0 minutes see that there is none."""
    if not minutes:
        disarm(host)
        return
    for path, content in ((SERVICE, _SERVICE), (TIMER, _TIMER.format(minutes=minutes))):
        if host.text(path) != content:
            host.put(path, content)
    if host.link(WANTED) is None:
        host.point(WANTED, f"../{NAME}.timer")


def disarm(host: Host) -> None:
    """Stop the timer and remove it."""
    if not present(host):
        return
    if host.exists(TIMER):
        host.run(["systemctl", "stop", f"{NAME}.timer"])
    host.point(WANTED, None)
    host.put(SERVICE, None)
    host.put(TIMER, None)
    host.run(["systemctl", "daemon-reload"])


def present(host: Host) -> bool:
    """Whether anything of it is there."""
    return host.link(WANTED) is not None or host.exists(TIMER) or host.exists(SERVICE)
