"""The number by which two readings of one camera are the same or not; of one fix, or of columns of them. Pure.

It is stored, and a fix that arrives again much later must get the same one. Each part of a reading is a 64-bit word;
the words are folded, multiplied by odd constants of their own, added up, and the sum is mixed. Two readings of one
camera and one instant that differ get the same number once in 2**64.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final

import numpy as np
import numpy.typing as npt

PARTS: Final = (
    "lat",
    "lon",
    "accuracy_m",
    "altitude_m",
    "speed_mps",
    "heading_deg",
    "battery_pct",
    "rsrp_dbm",
    "rsrq_db",
    "sinr_db",
    "rssi_dbm",
    "uplink_kbps",
)
"""The numbers of a reading, unknown as NaN or None; its time, words and texts are further parts."""
_WIDE: Final = 2
"""So many of them count with 64 bits; the others with the 32 that history keeps, so that it can work the number out again."""

_MASK: Final = 2**64 - 1
_to_words = struct.Struct("<12Q").unpack
_from_numbers = struct.Struct("<12d").pack
_narrow = struct.Struct("<2d10f")
_NAN: Final = float("nan")


def _constants(count: int) -> tuple[int, ...]:
    """Odd 64-bit constants from SplitMix64 (Steele, Lea and Flood 2014), begun at 0."""
    made, state = [], 0
    for _ in range(count):
        state = (state + 0x9E37_79B9_7F4A_7C15) & _MASK
        mixed = ((state ^ state >> 30) * 0xBF58_476D_1CE4_E5B9) & _MASK
        mixed = ((mixed ^ mixed >> 27) * 0x94D0_49BB_1331_11EB) & _MASK
        made.append((mixed ^ mixed >> 31) | 1)
    return tuple(made)


_FACTORS: Final = _constants(len(PARTS) + 3)
_AT_ONCE: Final = 2_048
"""Readings of which all words stay in the processor's cache."""
_MIX: Final = 0xBF58_476D_1CE4_E5B9


def text_word(operator: str | None, cell: str | None) -> int:
    """Network and cell as a word; 0 where neither is known."""
    if operator is None and cell is None:
        return 0
    text = f"{operator or ''}\n{cell or ''}".encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "little")


def content_of(time_us: int, words: int, text: int, numbers: tuple[float | None, ...]) -> int:
    """Signed 64-bit number of one reading.

    Args:
        time_us: the device's time, microseconds since 1970 UTC.
        words: recording + 256 × bearer, as codes.
        text: see `text_word`.
        numbers: in the order of `PARTS`.
    """
    kept = _narrow.pack(*(_NAN if number is None else number + 0.0 for number in numbers))
    packed = _from_numbers(*_narrow.unpack(kept))
    total = 0
    for word, factor in zip((*_to_words(packed), time_us, words, text), _FACTORS, strict=True):
        total += (word ^ word >> 32) * factor
    total &= _MASK
    total = ((total ^ total >> 31) * _MIX) & _MASK
    total ^= total >> 29
    return total - 2**64 if total >> 63 else total


def contents_of(
    time_us: npt.NDArray[np.int64],
    words: npt.NDArray[np.int64],
    text: npt.NDArray[np.uint64],
    numbers: Mapping[str, npt.NDArray[Any]],
) -> npt.NDArray[np.int64]:
    """The same of n readings at once; unknown numbers are NaN, those after latitude and longitude of 32 bits or 64."""
    made = np.empty(len(time_us), np.int64)
    for start in range(0, len(made), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        numbers_of = {name: numbers[name][some] for name in PARTS}
        made[some] = _contents_of(time_us[some], words[some], text[some], numbers_of)
    return made


def _contents_of(
    time_us: npt.NDArray[np.int64],
    words: npt.NDArray[np.int64],
    text: npt.NDArray[np.uint64],
    numbers: Mapping[str, npt.NDArray[Any]],
) -> npt.NDArray[np.int64]:
    total = np.zeros(len(time_us), np.uint64)
    columns: list[npt.NDArray[Any]] = [
        (numbers[name] + 0.0).view(np.uint64) for name in PARTS[:_WIDE]
    ]
    for name in PARTS[_WIDE:]:
        kept = (numbers[name] + 0.0).astype(np.float32)
        columns.append(kept.astype(np.float64).view(np.uint64))
    columns += [time_us.view(np.uint64), words.astype(np.int64).view(np.uint64), text]
    folded = np.empty_like(total)
    for column, factor in zip(columns, _FACTORS, strict=True):
        np.right_shift(column, np.uint64(32), out=folded)
        folded ^= column
        folded *= np.uint64(factor)
        total += folded
    total = (total ^ (total >> np.uint64(31))) * np.uint64(_MIX)
    total ^= total >> np.uint64(29)
    return total.view(np.int64)
