# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sets of CPUs in the kernel's two notations, with set algebra.

List format (``0-3,8``, strides ``0-31:2/4``): Documentation/admin-guide/kernel-parameters.rst, "cpu lists".
Mask format (``ff,ffffffff``): 32-bit words in hexadecimal, the highest first, as in /proc/irq/*/smp_affinity.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from .errors import UllError

# a-b:used/group; the kernel's own limit is NR_CPUS, at most 8192 on x86-64 and 4096 on Arm64
MAX_CPUS = 8192
# nine digits: Python refuses to convert some thousands of them, with an exception of its own
_RANGE = re.compile(r"(\d{1,9})(?:-(\d{1,9})(?::(\d{1,9})/(\d{1,9}))?)?\Z", re.ASCII)
_MASK = re.compile(r"(0x)?[0-9a-f]+(,[0-9a-f]{1,8})*\Z", re.IGNORECASE | re.ASCII)


class CpuSet:
    """An immutable set of CPU numbers, kept as the bits of one integer."""

    __slots__ = ("bits",)

    def __init__(self, cpus: Iterable[int] = ()) -> None:
        bits = 0
        for cpu in cpus:
            if not 0 <= cpu < MAX_CPUS:
                raise UllError(f"{cpu} is not a CPU number", value=cpu, remedy=f"use numbers from 0 to {MAX_CPUS - 1}")
            bits |= 1 << cpu
        self.bits = bits

    @classmethod
    def of_bits(cls, bits: int) -> CpuSet:
        """The set whose members are the one-bits of ``bits``."""
        made = cls.__new__(cls)
        made.bits = bits
        return made

    @classmethod
    def parse(cls, text: str) -> CpuSet:
        """Read the list format; an empty text is the empty set.

        Raises:
            UllError: the text is not a CPU list.
        """
        bits = 0
        for part in filter(None, (piece.strip() for piece in str(text).strip().split(","))):
            bits |= _range_bits(part, text)
        return cls.of_bits(bits)

    @classmethod
    def parse_mask(cls, text: str) -> CpuSet:
        """Read the mask format, e.g. ``3`` or ``ff,00000001``.

        Raises:
            UllError: the text is not a hexadecimal mask.
        """
        mask = str(text).strip()
        if not _MASK.match(mask):
            raise UllError("this is not a CPU mask", value=text, remedy="write hexadecimal words, e.g. ff,ffffffff")
        words = (mask[2:] if mask[:2] in ("0x", "0X") else mask).split(",")
        bits = 0
        for word in words:
            bits = bits << 32 | int(word, 16)
        if bits >> MAX_CPUS:
            raise UllError("this mask has too many CPUs", value=text, remedy=f"stay below CPU {MAX_CPUS}")
        return cls.of_bits(bits)

    @property
    def mask(self) -> str:
        """The mask format, without leading zeroes; words after the first have eight digits."""
        words = []
        bits = self.bits
        while bits > 0xFFFFFFFF:
            words.append(f"{bits & 0xFFFFFFFF:08x}")
            bits >>= 32
        return ",".join([f"{bits:x}", *reversed(words)])

    @property
    def first(self) -> int:
        """The lowest member; -1 when empty."""
        return (self.bits & -self.bits).bit_length() - 1

    def take(self, count: int) -> CpuSet:
        """The lowest ``count`` members."""
        taken = 0
        rest = self.bits
        for _step in range(min(count, len(self))):
            lowest = rest & -rest
            taken |= lowest
            rest ^= lowest
        return CpuSet.of_bits(taken)

    def __str__(self) -> str:
        ranges = []
        bits, base = self.bits, 0
        while bits:
            start = (bits & -bits).bit_length() - 1
            bits >>= start
            length = (~bits & (bits + 1)).bit_length() - 1
            first, last = base + start, base + start + length - 1
            ranges.append(f"{first}" if first == last else f"{first}-{last}")
            bits >>= length
            base += start + length
        return ",".join(ranges)

    def __repr__(self) -> str:
        return f"CpuSet({str(self)!r})"

    def __iter__(self) -> Iterator[int]:
        bits = self.bits
        while bits:
            lowest = bits & -bits
            yield lowest.bit_length() - 1
            bits ^= lowest

    def __len__(self) -> int:
        return bin(self.bits).count("1")

    def __bool__(self) -> bool:
        return self.bits != 0

    def __contains__(self, cpu: object) -> bool:
        return isinstance(cpu, int) and cpu >= 0 and bool(self.bits >> cpu & 1)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CpuSet) and self.bits == other.bits

    def __hash__(self) -> int:
        return hash(self.bits)

    def __or__(self, other: CpuSet) -> CpuSet:
        return CpuSet.of_bits(self.bits | other.bits)

    def __and__(self, other: CpuSet) -> CpuSet:
        return CpuSet.of_bits(self.bits & other.bits)

    def __sub__(self, other: CpuSet) -> CpuSet:
        return CpuSet.of_bits(self.bits & ~other.bits)

    def __xor__(self, other: CpuSet) -> CpuSet:
        return CpuSet.of_bits(self.bits ^ other.bits)

    def __le__(self, other: CpuSet) -> bool:
        return self.bits & ~other.bits == 0


def _range_bits(part: str, text: str) -> int:
    match = _RANGE.match(part)
    if not match:
        raise UllError(f"{part!r} is not a CPU list", value=text, remedy="write ranges and numbers, e.g. 0-3,8")
    first = int(match[1])
    last = int(match[2] or first)
    used, group = int(match[3] or 1), int(match[4] or 1)
    if last < first or last >= MAX_CPUS or not 0 < used <= group:
        raise UllError(
            f"{part!r} is not a range of CPUs", value=text, remedy=f"ascend, and stay below {MAX_CPUS}, e.g. 0-31:2/4"
        )
    if used == group:
        return (1 << (last + 1)) - (1 << first)
    return sum(1 << cpu for cpu in range(first, last + 1) if (cpu - first) % group < used)
