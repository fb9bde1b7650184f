# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fake host whose systemd keeps its units' states, and whose other commands are answered by a table.

host = serving(tmp_path, {"/proc/net/tcp": "..."}, units={"chrony.service": (False, False)})
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from fake_tree import tree
from machines import FakeHost

UNITS = "/usr/lib/systemd/system"


class ServingHost(FakeHost):
    """Units by name: enabled and active. ``answers`` by the command's words give code and output."""

    def __init__(self, root: Path, units: Mapping[str, tuple[bool, bool]]) -> None:
        super().__init__(root)
        self.units = {name: list(state) for name, state in units.items()}
        self.answers: dict[str, tuple[int, str]] = {}
        self.rules = ""
        self.audited = "0"
        self.refusing: set[str] = set()  # units with RefuseManualStop=yes
        self.runner = self._answer

    def obey(self, argv: list[str]) -> None:
        words = [word for word in argv[1:] if not word.startswith("--")]
        if argv[0] == "systemctl" and words[0] != "daemon-reload":
            self._systemctl(words[0], words[1], "--now" in argv)
        elif argv[:2] == ["nft", "--file"]:
            self.rules = self.text(argv[2])
        elif argv[:2] == ["nft", "delete"]:
            self.rules = ""
        elif argv[:2] == ["auditctl", "-e"]:
            self.audited = argv[2]

    def run(self, argv: list[str]) -> str:
        self._write()
        self.commands.append(argv)
        self.obey(argv)
        return ""

    def reboot(self) -> None:
        """What is enabled runs, and /run is empty."""
        shutil.rmtree(self.path("/run/ull-metal"), ignore_errors=True)
        for state in self.units.values():
            state[1] = state[0]

    def _systemctl(self, verb: str, unit: str, now: bool) -> None:
        state = self.units.setdefault(unit, [False, False])
        assert not (unit in self.refusing and verb in ("stop", "restart")), f"Operation refused: {verb} {unit}"
        if verb in ("enable", "disable"):
            state[0] = verb == "enable"
        if verb in ("start", "stop", "kill") or now:
            state[1] = verb in ("start", "enable")

    def _answer(self, argv: list[str]) -> tuple[int, str, str]:
        for words, (code, out) in self.answers.items():
            if " ".join(argv).startswith(words):
                return code, out, out if code else ""
        if argv[:2] == ["systemctl", "show"]:
            enabled, active = self.units.get(argv[-1], (False, False))
            words = ("enabled" if enabled else "disabled", "active" if active else "inactive")
            refuses = "yes" if argv[-1] in self.refusing else "no"
            return 0, "UnitFileState={}\nActiveState={}\nRefuseManualStop={}\n".format(*words, refuses), ""
        if argv[:2] == ["nft", "--stateless"]:
            return (0, self.rules, "") if self.rules else (1, "", "No such file or directory")
        if argv == ["auditctl", "-s"]:
            return 0, f"enabled {self.audited}\n", ""
        if argv == ["auditctl", "-l"]:
            return 0, self.text("/etc/audit/rules.d/50-ull-metal.rules"), ""
        return 127, "", "not there"


def serving(root: Path, entries: Mapping[str, str], units: Mapping[str, tuple[bool, bool]]) -> ServingHost:
    """A Debian host with these files and units."""
    vendor = {f"{UNITS}/{name}": f"[Service]\nExecStart=/usr/sbin/{name.split('.')[0]}" for name in units}
    tree(root, {"/etc/os-release": "ID=debian", "/sys/devices/system/cpu/online": "0-3", **vendor, **entries})
    return ServingHost(root, units)
