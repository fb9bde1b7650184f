# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A bootable disk from a folder: partition table, GRUB for BIOS, one ext4. No loop device, no running kernel."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

from ..errors import UllError
from .state import run

SECTOR = 512
FIRST_SECTOR = 2048
# Compatible with GRUB's ext2 driver, and with e2fsprogs of the oldest controller
FEATURES = "^metadata_csum_seed,^orphan_file"


def boot_sectors(boot: bytes, core: bytes, sectors: int, label: str) -> bytes:
    """What stands before the partition: GRUB's boot.img with a partition table of one, then its core.img.

    The three changes are those of grub-bios-setup: where the core image lies, no floppy probe, and where the rest of
    the core image lies and is loaded to.

    Args:
        boot: GRUB's boot.img.
        core: GRUB's core.img.
        sectors: size of the disk.
        label: names the disk, for its signature.
    """
    record, image = bytearray(boot), bytearray(core)
    image += b"\0" * (-len(image) % SECTOR)
    length = len(image) // SECTOR
    if len(record) != SECTOR or length >= FIRST_SECTOR - 1:
        raise UllError(f"GRUB's core image of {length} sectors does not fit before the first partition")
    record[0x5C:0x64] = struct.pack("<Q", 1)
    record[0x66:0x68] = b"\x90\x90"
    image[0x1F4:0x200] = struct.pack("<QHH", 2, length - 1, 0x820)
    record[440:512] = bytes(72)
    record[440:444] = struct.pack("<I", zlib.crc32(label.encode()) or 1)
    partition = struct.pack(
        "<B3sB3sII", 0x80, b"\xfe\xff\xff", 0x83, b"\xfe\xff\xff", FIRST_SECTOR, sectors - FIRST_SECTOR
    )
    record[446:462] = partition
    record[510:512] = b"\x55\xaa"
    return bytes(record + image)


def write_disk(root: Path, raw: Path, *, size_gib: int, uuid: str, label: str, log: Path) -> None:
    """Write the folder ``root`` as a bootable raw disk.

    Args:
        root: the root file system, with GRUB's images in /boot/grub/i386-pc.
        raw: the file to write; sparse.
        size_gib: size of the disk.
        uuid: of the file system.
        label: names the disk.
        log: takes what mke2fs prints.
    """
    with raw.open("wb") as stream:
        stream.truncate(size_gib << 30)
    sectors = (size_gib << 30) // SECTOR
    blocks = (sectors - FIRST_SECTOR) // 8
    options = ["-q", "-F", "-t", "ext4", "-b", "4096", "-U", uuid, "-L", "root", "-O", FEATURES]
    content = ["-d", str(root), "-E", f"offset={FIRST_SECTOR * SECTOR}"]
    run(["mke2fs", *options, *content, str(raw), str(blocks)], log=log)
    grub = root / "boot/grub/i386-pc"
    with raw.open("r+b") as stream:
        stream.write(boot_sectors((grub / "boot.img").read_bytes(), (grub / "core.img").read_bytes(), sectors, label))
