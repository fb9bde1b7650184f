# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What runs on a host itself, at boot: one role's domain, by the code that a converge runs, its live part alone.

It is installed as a zip archive of this package's sources (archive.py), needs Python's standard library only, and is
started by a unit (store.py) before the network is up.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import UllError
from ..host import Host
from ..setting import Change, Domain
from . import links

# Seconds to wait for a device that the kernel has not found yet.
PATIENCE = 60


def main(domain: Callable[..., Domain], slice_path: str, arguments: list[str]) -> int:
    """Apply the role's slice; with the argument ``watch``, again whenever a link comes up or changes, without end."""
    host = Host("/", platform.node(), _run)
    stored = json.loads(Path(slice_path).read_text(encoding="utf-8"))
    if arguments == ["watch"]:
        for _event in links.events():
            apply(domain(**stored["slice"]), host, _say)
        return 0
    missing = wait(host, stored["devices"])
    for path in missing:
        _say(f"{path} is not there after {PATIENCE} s")
    return 1 if apply(domain(**stored["slice"]), host, _say) or missing else 0


def apply(domain: Domain, host: Host, say: Callable[[str], None]) -> list[UllError]:
    """Write live what does not run as declared; one setting that fails does not keep the others from it."""
    failed = []
    for setting in domain.settings(host):
        if setting.write is None or setting.declared is None:
            continue
        try:
            now = setting.running(host)
            if now == setting.declared:
                continue
            setting.write(host, setting.declared)
            got = setting.running(host)
            if got != setting.declared:
                raise UllError(f"the kernel granted {got!r}", variable=setting.name, value=setting.declared)
            change = Change(setting.name, str(now), setting.declared)
            say(f"{change.path}: {change.before} -> {change.after}")
        except UllError as error:
            failed.append(error)
            say(str(error))
    return failed


def wait(host: Host, devices: list[str], patience: float = PATIENCE, pause: float = 0.2) -> list[str]:
    """Wait until each path is there, and a folder not empty; which are still missing in the end."""
    end = time.monotonic() + patience
    while True:
        missing = [path for path in devices if not (host.names(path) or host.read(path))]
        if not missing or time.monotonic() > end:
            return missing
        time.sleep(pause)


def _run(argv: list[str]) -> tuple[int, str, str]:
    # pylint: disable-next=ansible-bad-function
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stdout, done.stderr


def _say(words: Any) -> None:
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()
