# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What hwloc says of a machine: the oracle of the topology reader. Needs lstopo-no-graphics (package hwloc-nox)."""

from __future__ import annotations

import shutil
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.ull.metal.plugins.module_utils.cpuset import CpuSet

_PCI, _NET = "PCIDev", "2"


@dataclass
class Hwloc:
    """hwloc's objects, by the kernel's numbers; what hwloc does not know is None."""

    pus: set[int] = field(default_factory=set)
    packages: dict[int, int | None] = field(default_factory=dict)
    cores: dict[int, int | None] = field(default_factory=dict)
    siblings: dict[int, CpuSet] = field(default_factory=dict)
    l3: dict[int, CpuSet] = field(default_factory=dict)
    nodes: dict[int, dict] = field(default_factory=dict)
    distances: dict[int, list[int]] = field(default_factory=dict)
    kinds: list[CpuSet] = field(default_factory=list)
    functions: dict[str, dict] = field(default_factory=dict)
    nics: dict[str, str] = field(default_factory=dict)


def read(root: Path, *options: str) -> Hwloc:
    """Run lstopo on a captured tree."""
    command = shutil.which("lstopo-no-graphics")
    assert command, "lstopo-no-graphics is missing: install the package hwloc-nox"
    argv = [command, "-i", str(root), "--disallowed", "--of", "xml", *options]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    found = Hwloc()
    document = ET.fromstring(done.stdout)  # noqa: S314 (written by the line above)
    _walk(document.find("object"), {}, found)
    _distances(document, found)
    found.kinds = [_cpus(kind) for kind in document.iter("cpukind")]
    return found


def _walk(element: ET.Element, above: dict[str, ET.Element], found: Hwloc) -> None:
    kind = element.get("type")
    above = {**above, kind: element}
    if element.get("cpuset"):
        above["place"] = element
    if kind == "PU":
        _pu(int(element.get("os_index")), above, found)
    elif kind == "NUMANode":
        found.nodes[int(element.get("os_index"))] = _node(element)
    elif kind == _PCI:
        found.functions[element.get("pci_busid")] = {
            "nodes": _set(above["place"].get("nodeset")),
            "class": int(element.get("pci_type")[:4], 16),
        }
    elif kind == "OSDev" and element.get("osdev_type") == _NET:
        found.nics[element.get("name")] = above[_PCI].get("pci_busid") if _PCI in above else ""
    for child in element.findall("object"):
        _walk(child, above, found)


def _pu(cpu: int, above: dict[str, ET.Element], found: Hwloc) -> None:
    found.pus.add(cpu)
    found.packages[cpu] = _index(above.get("Package"))
    found.cores[cpu] = _index(above.get("Core"))
    if "Core" in above:
        found.siblings[cpu] = _cpus(above["Core"])
    if "L3Cache" in above:
        found.l3[cpu] = _cpus(above["L3Cache"])


def _node(element: ET.Element) -> dict:
    # the smallest page type is the kernel's ordinary page, no hugepage
    pages = {int(page.get("size")) >> 10: int(page.get("count")) for page in element.findall("page_type")}
    pages.pop(min(pages, default=0), None)
    return {"cpus": _cpus(element), "memory": int(element.get("local_memory", "0")), "hugepages": pages}


def _distances(document: ET.Element, found: Hwloc) -> None:
    for table in document.iter("distances2"):
        if table.get("name") == "NUMALatency":
            nodes = [int(word) for part in table.iter("indexes") for word in part.text.split()]
            values = [int(word) for part in table.iter("u64values") for word in part.text.split()]
            found.distances = {node: values[i * len(nodes) : (i + 1) * len(nodes)] for i, node in enumerate(nodes)}


def _index(element: ET.Element | None) -> int | None:
    """(unsigned) -1, or no number at all, is an unknown one."""
    index = None if element is None else element.get("os_index")
    return None if index in (None, "4294967295") else int(index)


def _cpus(element: ET.Element) -> CpuSet:
    return CpuSet(_set(element.get("cpuset")))


def _set(mask: str) -> set[int]:
    """hwloc writes 0x0000000f,,0x00000001: 32-bit words, an empty one being zero."""
    words = [int(word or "0", 16) for word in mask.split(",")]
    bits = sum(word << 32 * place for place, word in enumerate(reversed(words)))
    return set(CpuSet.of_bits(bits))
