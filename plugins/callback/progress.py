# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
name: progress
type: notification
short_description: Says that long tasks go on, and how long they took
version_added: "0.1.0"
author: The ull.metal maintainers (@ull-metal)
description:
  - Prints a line every O(interval) seconds while a task runs, and the time of each task that took longer than O(slow).
  - At the end it prints the whole time.
requirements:
  - enable it in C(callbacks_enabled)
options:
  interval:
    description: Seconds between two signs of life.
    type: float
    default: 20
    env: [{name: ULL_PROGRESS_INTERVAL}]
    ini: [{section: callback_ull_progress, key: interval}]
  slow:
    description: Tasks that took longer than this many seconds are named with their time.
    type: float
    default: 5
    env: [{name: ULL_PROGRESS_SLOW}]
    ini: [{section: callback_ull_progress, key: slow}]
"""

import threading
import time

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    """The callback ull.metal.progress."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "ull.metal.progress"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, display=None, options=None):
        super().__init__(display=display, options=options)
        self._begun = time.monotonic()
        self._task = ""
        self._since = self._begun
        self._done = None

    def v2_playbook_on_task_start(self, task, is_conditional):
        self._finish()
        self._task, self._since = task.get_name().strip(), time.monotonic()
        self._done = threading.Event()
        threading.Thread(target=self._beat, args=(self._done, self._task, self._since), daemon=True).start()

    def v2_playbook_on_play_start(self, play):
        self._finish()

    def v2_playbook_on_stats(self, stats):
        self._finish()
        self._display.display(f"Finished after {_words(time.monotonic() - self._begun)}", color="bright gray")

    def _beat(self, done, task, since):
        while not done.wait(float(self.get_option("interval"))):
            self._display.display(f"  ... {task}: {_words(time.monotonic() - since)}", color="bright gray")

    def _finish(self):
        if self._done is None:
            return
        self._done.set()
        self._done = None
        took = time.monotonic() - self._since
        if took >= float(self.get_option("slow")):
            self._display.display(f"  {self._task}: took {_words(took)}", color="bright gray")


def _words(seconds):
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
