# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the CPUs' clocks and idle states are to be: the profile's words, and the CPUs that must wake at once."""

from __future__ import annotations

from typing import Any

from ..partition import Partition
from ..profile import Profile


def power_slice(profile: Profile, parts: Partition) -> dict[str, Any]:
    """Parameters of the role cpu_power; empty where everything stays as it is.

    Isolated CPUs without the siblings that are to be idle must wake at once; where nothing is isolated, all of them.
    """
    if profile.power == profile.turbo == "keep":
        return {}
    waking = (parts.isolated - parts.idle) or parts.online
    return {"mode": profile.power, "turbo": profile.turbo, "cpus": str(waking) if profile.power == "latency" else ""}
