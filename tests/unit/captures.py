# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Captured machines as folders: those of fixtures/topologies (hwloc) and the tuned virtual machine of fixtures/hosts.

They are unpacked once, below .cache of the folder pytest runs in, and are to be read, never written: copy one first.
"""

from __future__ import annotations

import contextlib
import hashlib
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import tuned_vm

FIXTURES = Path(__file__).parent / "fixtures"
TOPOLOGIES = sorted(path.name[: -len(".tar.bz2")] for path in (FIXTURES / "topologies").glob("*.tar.bz2"))
TUNED_VM = "tuned-rt-4cpu-2node"
ALL = [*TOPOLOGIES, TUNED_VM]


def capture(name: str) -> Path:
    """The root of a captured machine, for ``Host``."""
    if name == TUNED_VM:
        # the builder belongs to what is cached
        return _cached(FIXTURES / "hosts" / f"{name}.tar.bz2", Path(tuned_vm.__file__).read_bytes(), tuned_vm.build)
    return _cached(FIXTURES / "topologies" / f"{name}.tar.bz2", b"", Path.rename)


def _cached(archive: Path, salt: bytes, build: Callable[[Path, Path], object]) -> Path:
    digest = hashlib.sha256(archive.read_bytes() + salt).hexdigest()[:12]
    made = Path.cwd() / ".cache" / "captures" / f"{archive.name.split('.tar')[0]}-{digest}"
    if not made.exists():
        made.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=made.parent) as folder:
            with tarfile.open(archive) as packed:
                packed.extractall(folder, filter="data")
            (only,) = Path(folder).iterdir()
            fresh = Path(folder) / "root"
            build(only, fresh)
            # another process may have been faster: its folder is as good
            with contextlib.suppress(OSError):
                fresh.rename(made)
    return made
