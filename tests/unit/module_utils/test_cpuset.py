# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""CPU sets: both notations round trip, algebra is that of Python's sets, nonsense gets a clear error."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ull.metal.plugins.module_utils.cpuset import MAX_CPUS, CpuSet
from ansible_collections.ull.metal.plugins.module_utils.errors import UllError

CPUS = st.sets(st.integers(0, 300) | st.integers(0, MAX_CPUS - 1), max_size=60)


@given(CPUS)
def test_list_format_round_trips(cpus):
    assert set(CpuSet.parse(str(CpuSet(cpus)))) == cpus


@given(CPUS)
def test_mask_format_round_trips(cpus):
    assert set(CpuSet.parse_mask(CpuSet(cpus).mask)) == cpus


@given(CPUS)
def test_list_format_is_the_shortest(cpus):
    """Ranges ascend, and no two of them touch."""
    text = str(CpuSet(cpus))
    ends = [[int(end) for end in part.split("-")] for part in text.split(",") if part]
    assert all(left[-1] + 1 < right[0] for left, right in zip(ends, ends[1:]))
    assert all(len(part) == 1 or part[0] < part[1] for part in ends)


@given(CPUS)
def test_mask_words_are_the_kernels(cpus):
    first, *others = CpuSet(cpus).mask.split(",")
    assert first == "0" or not first.startswith("0")
    assert 1 <= len(first) <= 8
    assert all(len(word) == 8 for word in others)


@given(CPUS, CPUS)
def test_algebra_is_that_of_sets(left, right):
    a, b = CpuSet(left), CpuSet(right)
    assert set(a | b) == left | right
    assert set(a & b) == left & right
    assert set(a - b) == left - right
    assert set(a ^ b) == left ^ right
    assert (a <= b) == (left <= right)
    assert (a == b) == (left == right)


@given(CPUS)
def test_it_behaves_as_a_collection(cpus):
    made = CpuSet(cpus)
    assert list(made) == sorted(cpus)
    assert len(made) == len(cpus)
    assert bool(made) == bool(cpus)
    assert made.first == min(cpus, default=-1)
    assert hash(made) == hash(CpuSet(sorted(cpus)))
    assert all(cpu in made for cpu in cpus)
    assert -1 not in made
    assert "0" not in made


@given(CPUS, st.integers(-2, 70))
def test_take_gives_the_lowest(cpus, count):
    assert list(CpuSet(cpus).take(count)) == sorted(cpus)[: max(count, 0)]


@given(st.integers(0, 500), st.integers(0, 500), st.integers(1, 40), st.integers(1, 40))
def test_strides(first, length, used, group):
    if used > group:
        used, group = group, used
    expected = {cpu for cpu in range(first, first + length + 1) if (cpu - first) % group < used}
    assert set(CpuSet.parse(f"{first}-{first + length}:{used}/{group}")) == expected


@pytest.mark.parametrize(
    ("text", "cpus"),
    [
        ("", []),
        ("\n", []),
        ("0", [0]),
        (3, [3]),
        ("0-3,8\n", [0, 1, 2, 3, 8]),
        (" 1 , 3-4 ", [1, 3, 4]),
        ("2,0-1,1", [0, 1, 2]),
        ("0-7:1/2", [0, 2, 4, 6]),
        ("007", [7]),
        (f"{MAX_CPUS - 1}", [MAX_CPUS - 1]),
    ],
)
def test_lists_that_are_read(text, cpus):
    assert list(CpuSet.parse(text)) == cpus


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "-1",
        "3-1",
        "0-",
        "0--3",
        "0 1",
        "0x3",
        "1.5",
        "0-3:2",
        "0-3:0/2",
        "0-3:3/2",
        "0-3:1/0",
        f"{MAX_CPUS}",
        f"0-{MAX_CPUS}",
        "9" * 5000,
        "٣",
        None,
        ["0"],
    ],
)
def test_lists_that_are_refused(text):
    with pytest.raises(UllError) as wrong:
        CpuSet.parse(text)
    assert wrong.value.value == text
    assert wrong.value.remedy


@pytest.mark.parametrize(
    ("text", "cpus"),
    [
        ("0", []),
        ("3", [0, 1]),
        ("0x3", [0, 1]),
        ("FF\n", list(range(8))),
        ("1,00000000", [32]),
        ("0000,00000011", [0, 4]),
        ("1,1", [0, 32]),
        ("1" + "0" * 10, [40]),
    ],
)
def test_masks_that_are_read(text, cpus):
    assert list(CpuSet.parse_mask(text)) == cpus


@pytest.mark.parametrize("text", ["", "g", "0-3", ",1", "1,", "1,,1", "1,123456789", "-1", "f" * 5000, None])
def test_masks_that_are_refused(text):
    with pytest.raises(UllError) as wrong:
        CpuSet.parse_mask(text)
    assert wrong.value.value == text
    assert wrong.value.remedy


@pytest.mark.parametrize("cpu", [-1, MAX_CPUS])
def test_numbers_that_are_refused(cpu):
    with pytest.raises(UllError):
        CpuSet([cpu])


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text):
    for parse in (CpuSet.parse, CpuSet.parse_mask):
        with contextlib.suppress(UllError):
            assert all(0 <= cpu < MAX_CPUS for cpu in parse(text))


def test_it_shows_itself():
    assert repr(CpuSet([0, 1, 5])) == "CpuSet('0-1,5')"
    assert CpuSet([1]) != "1"
