# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The sample of a tuned virtual machine as a tree: its files, its values, and PCI as its commands describe it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

BUS = "sys/bus/pci/devices"


def build(sample: Path, root: Path) -> None:
    """Make ``root`` of the sample: tree/ holds files and values.tsv, cmd/ what commands printed.

    Devices lie right in /sys/bus/pci/devices, as the sample does not tell the bridges above them.
    """
    shutil.copytree(sample / "tree", root, ignore=shutil.ignore_patterns("values.tsv"))
    for line in (sample / "cmd/pci-summary.txt").read_text().splitlines():
        _function(root, *line.split())
    for link in json.loads((sample / "cmd/ip-link.json").read_text()):
        if "parentdev" in link:
            _interface(root, link["ifname"], link["parentdev"], sample / f"cmd/ethtool-i-{link['ifname']}.txt")
    for line in (sample / "tree/values.tsv").read_text().splitlines():
        path, _tab, value = line.partition("\t")
        if not value.startswith("!"):  # an errno on reading
            _write(root / path.lstrip("/"), value.replace("\\n", "\n"))
    for function in (root / BUS).iterdir():
        node = root / f"sys/devices/system/node/node{(function / 'numa_node').read_text().strip()}"
        if node.is_dir():
            shutil.copy(node / "cpumap", function / "local_cpus")


def _function(root: Path, address: str, *fields: str) -> None:
    """A PCI function, from e.g. "driver=igb iommu_group=8 numa=1 class=0x020000 id=0x8086:0x10c9 physfn="."""
    values = dict(field.split("=", 1) for field in fields)
    vendor, device = values["id"].split(":")
    base = root / BUS / address
    for name, value in (
        ("class", values["class"]),
        ("numa_node", values["numa"]),
        ("vendor", vendor),
        ("device", device),
    ):
        _write(base / name, value)
    targets = (
        ("driver", "../../drivers/", values["driver"]),
        ("iommu_group", "../../../../kernel/iommu_groups/", values["iommu_group"]),
        ("physfn", "../", values["physfn"]),
    )
    for name, folder, target in targets:
        if target:
            (base / name).symlink_to(folder + target)


def _interface(root: Path, name: str, parent: str, ethtool: Path) -> None:
    address = re.search(r"^bus-info: (\S+)", ethtool.read_text(), re.MULTILINE)[1]
    device = f"{BUS}/{address}" if parent == address else f"{BUS}/{address}/{parent}"
    (root / device).mkdir(parents=True, exist_ok=True)
    folder = root / "sys/class/net" / name
    folder.mkdir(parents=True)
    (folder / "device").symlink_to(f"../../../../{device}")


def _write(path: Path, value: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value + "\n")
