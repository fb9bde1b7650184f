# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""ifupdown (/etc/network/interfaces): a script of ours in if-up.d, which sets the MTU whenever an interface is brought up.

Why a script: a stanza has no drop-ins, interfaces.d is read only where the main file says so, and what a stanza says of
the MTU itself comes before if-up.d and is thereby overruled. Source: interfaces(5), run-parts(8).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..host import MANAGED, Host
from ..setting import FileStore, Store

MAIN = "/etc/network/interfaces"
FOLDER = "/etc/network/interfaces.d"
# run-parts takes names without a dot only
SCRIPT = "/etc/network/if-up.d/ull-metal-mtu"

_HEAD = f"""#!/bin/sh
# {MANAGED.format(role="jumbo_frames")}
case "$IFACE" in
"""
_CASE = '{interface}) exec ip link set dev "$IFACE" mtu {mtu} ;;\n'
_READ = re.compile(r'^(\S+)\) exec ip link set dev "\$IFACE" mtu (\d+) ;;$', re.MULTILINE)


@dataclass(frozen=True)
class Script(FileStore):
    """A file that may be executed."""

    def write(self, host: Host) -> None:
        """Replace or remove it."""
        if self.content is None:
            host.put(self.path, None)
        else:
            host.replace(self.path, self.content, 0o755)


class Ifupdown:
    """ifupdown, the classic Debian one."""

    name = "ifupdown"

    def owns(self, host: Host, interface: str) -> bool:
        """Whether a stanza is for the interface, and there is an ifup to read it."""
        if not any(host.exists(path) for path in ("/usr/sbin/ifup", "/sbin/ifup")):
            return False
        files = [MAIN, *(f"{FOLDER}/{name}" for name in host.names(FOLDER))]
        lines = (line.split() for path in files for line in host.text(path).splitlines())
        return any(words[:2] == ["iface", interface] for words in lines)

    def persisted(self, host: Host, interface: str) -> str | None:
        """The MTU that the script sets."""
        return dict(_READ.findall(host.text(SCRIPT))).get(interface)

    def check(self, host: Host, interface: str, mtu: int) -> None:
        """Nothing to refuse: the script comes after what a stanza says."""

    def stores(self, host: Host, wanted: Mapping[str, int]) -> list[Store]:
        """One script for all interfaces."""
        cases = "".join(_CASE.format(interface=name, mtu=mtu) for name, mtu in sorted(wanted.items()))
        return [Script(SCRIPT, f"{_HEAD}{cases}esac\n" if wanted else None)]
