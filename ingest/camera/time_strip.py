"""A clock that machines read: the time a picture was painted, as black and white cells at its edge.

30 cells of 16 × 16 pixels at the top left: two to recognise it by (white, black), 24 bits of
milliseconds since 1970 UTC modulo 2²⁴ (4.66 h), a checksum of 4 bits. Cells are as large as the
codec's blocks, so that they survive any bit rate; they are as large in pictures of any size, which
must be 480 pixels wide at least: a reader takes the picture's own pixels, never those of a display.
Pure functions over arrays of luma (uint8).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

CELL_PX = 16
TIME_BITS = 24
MODULUS = 1 << TIME_BITS

_SYNC = (1, 0)
_CHECK_BITS = 4
CELLS = len(_SYNC) + TIME_BITS + _CHECK_BITS
WIDTH_PX = CELLS * CELL_PX

_BLACK, _WHITE = 16, 235
_THRESHOLD = 126

Luma = npt.NDArray[np.uint8]


def _checksum(value: int) -> int:
    return sum(value >> shift & 0xF for shift in range(0, TIME_BITS, 4)) & 0xF


def paint(luma: Luma, time_ms: float) -> None:
    """Write a time into the top left corner of a picture (rows × columns)."""
    value = int(time_ms) % MODULUS
    word = value << _CHECK_BITS | _checksum(value)
    width = TIME_BITS + _CHECK_BITS
    bits = [*_SYNC, *(word >> (width - 1 - i) & 1 for i in range(width))]
    levels = np.where(bits, _WHITE, _BLACK).astype(np.uint8)
    luma[:CELL_PX, :WIDTH_PX] = levels.repeat(CELL_PX)


def read(luma: Luma) -> int | None:
    """The time in a picture, in milliseconds modulo `MODULUS`; None: there is no whole strip."""
    if luma.shape[0] < CELL_PX or luma.shape[1] < WIDTH_PX:
        return None
    half = CELL_PX // 2
    bits = (luma[half, half:WIDTH_PX:CELL_PX] > _THRESHOLD).astype(int).tolist()
    if tuple(bits[:2]) != _SYNC:
        return None
    word = int("".join(map(str, bits[2:])), 2)
    value, check = word >> _CHECK_BITS, word & 0xF
    return value if _checksum(value) == check else None


def age_ms(strip_ms: int, now_ms: float) -> int:
    """How old a picture is, from what its strip says and the time now."""
    return (int(now_ms) - strip_ms) % MODULUS
