# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report's two files on the controller: plan.html and plan.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from ..errors import UllError
from ..host import Host
from .document import document
from .page import page


def write(
    folder: Path,
    plans: Sequence[Mapping[str, Any]],
    topologies: Mapping[str, Mapping[str, Any]],
    region: str,
    created: datetime,
) -> tuple[Path, Path]:
    """Write both files, each as a whole: a reader finds the old one or the new one.

    Args:
        folder: where to; made when missing.
        plans: plans as the action ``ull.metal.plan`` returns them.
        topologies: the fact ``ull_topology`` by host; hosts may be missing.
        region: name of the inventory.
        created: now, with its time zone.

    Returns:
        The paths of plan.html and plan.json.

    Raises:
        UllError: they cannot be written.
    """
    known = {host: topology for host, topology in topologies.items() if topology}
    texts = {
        "plan.html": page(plans, known, region, f"{created:%Y-%m-%d %H:%M} UTC"),
        "plan.json": document(plans, region, created.isoformat()),
    }
    for name, text in texts.items():
        try:
            Host().replace(str(folder.absolute() / name), text)
        except OSError as refused:
            raise UllError(
                f"the report cannot be written: {refused.strerror}",
                variable="plan_report_dir",
                value=str(folder),
                remedy="name a folder that you may write, or '' for no report: -e plan_report_dir=/tmp/report",
            ) from refused
    return folder / "plan.html", folder / "plan.json"


def region_of(sources: Sequence[str] | None) -> str:
    """The name of the inventory's folder: ``inventories/lab`` and ``inventories/lab/hosts.yml`` are ``lab``."""
    for source in sources or []:
        path = Path(source)
        # a list of hosts ("a,b,") is no file
        if path.exists():
            return (path if path.is_dir() else path.absolute().parent).resolve().name or "inventory"
    return "inventory"
