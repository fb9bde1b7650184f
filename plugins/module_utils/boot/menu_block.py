# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The two menu entries of a trial, as a block of GRUB's custom.cfg.

grub.cfg sources that file last, so the block needs no new grub.cfg, and no boot loader's tool ever rewrites it. As long
as it is there, the default is the previous boot; the trial is booted once, by ``next_entry``, which GRUB clears before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..host import MANAGED
from .image import Image, image

PREVIOUS_ID, TRIAL_ID = "ull-metal-previous", "ull-metal-trial"
# GRUB notes here which trial it has begun, so that one that was never begun is not taken for one that failed.
TRIED = "ull_metal_tried"

_BEGIN, _END = "# BEGIN ull-metal", "# END ull-metal"
_BLOCK = re.compile(rf"^{_BEGIN}\n.*?^{_END}\n", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Record:
    """What a trial is about; kept in the block itself, so that neither is without the other.

    Args:
        serial: tells this trial from every other.
        trial: what is tried.
        previous: the way back.
        words: arguments that the trial has beside its own.
        stamps: the trial's files, as ``Image.stamps``.
        panic: the kernel's ``kernel.panic`` before.
    """

    serial: str
    trial: Image
    previous: Image
    words: tuple[str, ...]
    stamps: tuple[str, ...]
    panic: str

    def render(self) -> str:
        """The block."""
        data = {**vars(self), "trial": self.trial.as_dict(), "previous": self.previous.as_dict()}
        tried = [f"set {TRIED}={self.serial}", f"save_env {TRIED}"]
        lines = [
            _BEGIN,
            f"# {MANAGED.format(role='reboot')}",
            f"# {json.dumps(data, sort_keys=True)}",
            *_entry("previous boot", PREVIOUS_ID, self.previous.script()),
            *_entry("trial boot", TRIAL_ID, [*tried, *self.trial.script(self.words)]),
            'if [ "${boot_once}" != "true" ]; then',
            f'\tset default="{PREVIOUS_ID}"',
            "fi",
            f'set fallback="{PREVIOUS_ID}"',
            _END,
        ]
        return "\n".join(lines) + "\n"


def read(text: str) -> Record | None:
    """The record in a custom.cfg; None without one."""
    block = _BLOCK.search(text)
    if not block:
        return None
    data: Mapping[str, Any] = json.loads(block[0].splitlines()[2][2:])
    return Record(
        serial=data["serial"],
        trial=image(data["trial"]),
        previous=image(data["previous"]),
        words=tuple(data["words"]),
        stamps=tuple(data["stamps"]),
        panic=data["panic"],
    )


def with_record(text: str, record: Record | None) -> str | None:
    """A custom.cfg with that record in place of any other, behind what others wrote; None when nothing is left."""
    theirs = _BLOCK.sub("", text)
    if record is None:
        return theirs or None
    gap = "\n" if theirs and not theirs.endswith("\n") else ""
    return theirs + gap + record.render()


def _entry(title: str, label: str, lines: list[str]) -> list[str]:
    # Bootable without GRUB's password, as the default entry is; to edit it still takes one.
    head = f"menuentry 'ull.metal: {title}' --unrestricted --id '{label}' {{"
    return [head, *(f"\t{line}" for line in lines), "}"]
