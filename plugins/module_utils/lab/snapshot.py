# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A machine that has booted once, kept: new machines continue from there in seconds instead of booting.

Kept are the disk (an overlay over the image) and the memory with the devices (QEMU's migration stream, in a file).
Machines share both, read-only.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from . import access
from .qmp import Qmp
from .state import Lab, read_json, remove_tree, run
from .vm import ADDRESS, Hardware, Vm, argv, host_accelerator


def folder_of(lab: Lab, image: Path, hardware: Hardware) -> Path:
    """Where the booted machine of an image and a hardware is kept. Another QEMU's state would not load."""
    command = argv(hardware, Path("/x"), port=1, fabric="x", accel=host_accelerator())
    version = run([command[0], "--version"]).splitlines()[0]
    parts = [str(image.resolve()), asdict(hardware), command, version]
    return lab.images / f"booted-{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]}"


def ensure(lab: Lab, image: Path, hardware: Hardware, timeout: float) -> Path:
    """The kept machine, booted now if there is none yet.

    Raises:
        UllError: it does not boot, or QEMU cannot keep this hardware's state.
    """
    folder = folder_of(lab, image, hardware)
    with lab.lock(folder.name):
        if (folder / "state").exists():
            return folder
        template = Vm(Lab(str(lab.folder), "image"), folder.name, hardware, fabric="230.0.0.1:4399")
        template.remove()
        try:
            template.start(image)
            template.wait(timeout)
            _settle(template)
            with Qmp(template.folder / "qmp.sock") as qmp:
                qmp.execute("stop")
                qmp.execute("migrate", uri=f"file:{template.folder / 'state'}")
                qmp.wait_migration(300)
            template.end()
            remove_tree(folder)
            template.folder.replace(folder)
        finally:
            template.remove()
            with contextlib.suppress(OSError):
                template.folder.parent.rmdir()
    return folder


def _settle(template: Vm) -> None:
    """Let the boot come to its end, so that no copy repeats the rest of it."""
    port = read_json(template.folder / "machine.json")["port"]
    access.ssh(template.lab, ADDRESS, port, "systemctl is-system-running --wait; sync")
