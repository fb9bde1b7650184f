# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ull.metal.plugins.module_utils.errors import UllError
from ansible_collections.ull.metal.plugins.module_utils.units import human, parse_size, short


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("16 GiB", 16 << 30),
        ("16GB", 16 << 30),
        ("2M", 2 << 20),
        ("2048kB", 2 << 20),
        (" 1g ", 1 << 30),
        ("64K", 64 << 10),
        ("3 TiB", 3 << 40),
        ("512", 512),
        (512, 512),
        ("0", 0),
    ],
)
def test_sizes(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "G", "1.5 GiB", "-1M", "1 X", "1 GiB GiB", "16 Gib/s", "٣M", "None", "1\n2"])
def test_what_is_no_size(text):
    with pytest.raises(UllError, match=r"x.size = .*: this is not a size. Remedy: write e.g. 512 MiB or 16 GiB"):
        parse_size(text, "x.size")


@given(st.integers(0, 1 << 50))
def test_the_short_form_is_read_as_it_was_written(size):
    assert parse_size(short(size)) == size


@pytest.mark.parametrize(("size", "text"), [(2 << 20, "2M"), (1 << 30, "1G"), (16 << 30, "16G"), (1536 << 20, "1536M")])
def test_the_kernels_form(size, text):
    assert short(size) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (4061340 << 10, "3.873 GiB"), (384 << 30, "384 GiB")],
)
def test_for_people(size, text):
    assert human(size) == text
