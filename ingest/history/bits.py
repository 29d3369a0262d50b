"""Whole numbers ↔ as few bits as hold them. Pure.

A column of a segment is mostly a value that hardly changes, or changes by hardly more each time. It is therefore taken
as it is, as its differences, or as the differences of those, whichever needs least; each with the same number of bits,
apart from a few that need more and are written beside (patched frame of reference: Zukowski et al., Super-Scalar
RAM-CPU Cache Compression, ICDE 2006).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

_WIDTHS: Final = np.arange(65)
_BESIDE_BITS: Final = 24 + 8 * ((_WIDTHS + 7) // 8)
"""What a value of so many bits takes that is written beside: its place, a length, itself."""
_NEEDS_MORE: Final = (_WIDTHS[:, None] > _WIDTHS).astype(np.float64)
_MORE: Final = np.hstack([_NEEDS_MORE, _NEEDS_MORE * _BESIDE_BITS[:, None]])
MOST_BESIDE: Final = 255
_FEW: Final = 16


@dataclass(frozen=True, slots=True)
class Plan:
    """How a column is written.

    Attributes:
        order: how often differences were taken, 0 to 2.
        first: what the differences begin with: `order` numbers, or, of none, the least.
        step: what all differences are multiples of.
        width: bits of each number.
        numbers: (m,) unsigned, what is written; those written beside are 0.
        beside: place and value of those that need more bits than `width`.
    """

    order: int
    first: tuple[int, ...]
    step: int
    width: int
    numbers: Array
    beside: tuple[tuple[int, int], ...]


def plan(values: Array) -> Plan:
    """The shortest way to write m whole numbers.

    Args:
        values: (m,) signed 64-bit, m at least 1, none of them beyond ±2**61.
    """
    least = int(values.min())
    if least == int(values.max()):
        return Plan(0, (least,), 1, 0, np.zeros(len(values), np.uint64), ())
    apart = values - values[0]
    step = int(np.gcd.reduce(apart[: _FEW + 1]))
    if step != 1:
        step = int(np.gcd.reduce(apart))
    if step != 1:
        apart //= step
    best = _narrowest(0, (least,), step, (apart - apart.min()).view(np.uint64))
    differences = apart
    for order in (1, 2):
        if len(apart) <= order:
            break
        differences = differences[1:] - differences[:-1]
        first = (int(values[0]), int(apart[1]))[:order]
        found = _narrowest(order, first, step, _folded(differences))
        if found[0] >= best[0]:
            break
        best = found
    return best[1]


def _narrowest(order: int, first: tuple[int, ...], step: int, numbers: Array) -> tuple[int, Plan]:
    """How many bits it takes at least, and that way."""
    # The exponent of a number as floating point is how many bits it has.
    needed = np.maximum((numbers.astype(np.float64).view(np.int64) >> 52) - 1022, 0)
    counts = np.bincount(needed, minlength=65)
    more = (counts @ _MORE).astype(
        np.int64
    )  # how many need more than each width, and what they take
    cost = len(numbers) * _WIDTHS + more[65:]
    cost[more[:65] > MOST_BESIDE] = 1 << 60
    width = int(cost.argmin())
    kept: tuple[tuple[int, int], ...] = ()
    if more[width]:
        rare = np.flatnonzero(needed > width)
        kept = tuple(zip(rare.tolist(), numbers[rare].tolist(), strict=True))
        numbers = numbers.copy()
        numbers[rare] = 0
    return int(cost[width]) + 32 * order, Plan(order, first, step, width, numbers, kept)


def restore(made: Plan) -> Array:
    """The numbers of a plan again: (m + order,) signed 64-bit."""
    numbers = made.numbers.copy()
    for place, value in made.beside:
        numbers[place] = value
    if made.order == 0:
        return numbers.view(np.int64) * made.step + made.first[0]
    apart = _unfolded(numbers)
    if made.order == 2:
        apart = np.concatenate(([made.first[1]], apart)).cumsum()
    apart = np.concatenate(([0], apart)).cumsum()
    restored: Array = apart * made.step + made.first[0]
    return restored


def _folded(values: Array) -> Array:
    """Signed numbers as unsigned ones that are small when they are near 0: 0, −1, 1, −2, …"""
    folded: Array = ((values << 1) ^ (values >> 63)).view(np.uint64)
    return folded


def _unfolded(values: Array) -> Array:
    unfolded: Array = ((values >> np.uint64(1)) ^ -(values & np.uint64(1))).view(np.int64)
    return unfolded


def fold(value: int) -> int:
    """One signed number as `_folded` does."""
    return value << 1 if value >= 0 else (-value << 1) - 1


def unfold(value: int) -> int:
    """The signed number again."""
    return value >> 1 if value & 1 == 0 else -((value + 1) >> 1)


def to_bytes(numbers: Array, width: int) -> bytes:
    """Unsigned numbers, `width` bits of each, the highest bit first; the last byte is filled up with zeros."""
    if width == 0:
        return b""
    whole = numbers.astype(">u8").view(np.uint8).reshape(-1, 8)
    first = 8 - (width + 7) // 8
    bits = np.unpackbits(whole[:, first:], axis=1)
    return np.packbits(bits[:, -width:]).tobytes()


def from_bytes(packed: memoryview, count: int, width: int) -> Array:
    """`count` numbers of `to_bytes` again."""
    if width == 0:
        return np.zeros(count, np.uint64)
    bits = np.unpackbits(np.frombuffer(packed, np.uint8), count=count * width)
    size = (width + 7) // 8
    whole = np.zeros((count, 8), np.uint8)
    padded = np.zeros((count, 8 * size), np.uint8)
    padded[:, -width:] = bits.reshape(count, width)
    whole[:, 8 - size :] = np.packbits(padded, axis=1)
    numbers: Array = whole.reshape(-1).view(">u8").astype(np.uint64)
    return numbers
