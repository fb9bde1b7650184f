"""The boot sectors against what GRUB's own installer writes."""

import struct

import pytest

from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.lab.disk import boot_sectors


def test_layout():
    sectors = 6 << 21
    written = boot_sectors(b"\xeb" * 512, b"\xcc" * 1000, sectors, "key")
    assert len(written) == 3 * 512
    assert written[510:512] == b"\x55\xaa"
    assert struct.unpack("<Q", written[0x5C:0x64]) == (1,)
    assert written[0x66:0x68] == b"\x90\x90"
    flag, _begin, kind, _end, first, size = struct.unpack("<B3sB3sII", written[446:462])
    assert (flag, kind, first, size) == (0x80, 0x83, 2048, sectors - 2048)
    assert written[462:510] == bytes(48)
    assert struct.unpack("<QHH", written[512 + 0x1F4 : 1024]) == (2, 1, 0x820)


def test_signature_depends_on_the_label():
    one, other = (boot_sectors(bytes(512), bytes(512), 1 << 21, label)[440:444] for label in ("a", "b"))
    assert one != other != bytes(4)


def test_core_image_too_large():
    with pytest.raises(UllError, match="does not fit"):
        boot_sectors(bytes(512), bytes(2048 * 512), 1 << 21, "x")
