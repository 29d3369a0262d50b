"""Fixes of one camera in a row ↔ a segment: bytes that hold every digit of them. Pure.

The layout, which `sightline.fix_unpacked` of the database reads too; numbers have the highest byte first:

    1 byte     version: 1
    columns    in the order of `COLUMNS`, each as below
    contents   2 bytes: how many follow; of each its place (2 bytes) and the number (8 bytes). Those of
               `sightline.ingest.content` that cannot be worked out from the columns. Only the gateway needs them.

A column begins with a byte of bits:

    1, 2      0 nothing is known; 1 whole numbers, divided by 10 to the power of its scale; 2 likewise, by 2;
              3 written out as text
    4         not all are known: after this byte follows one bit for each fix, 1 where it is
    8, 16     how often differences were taken
    32        there are numbers written beside
    64        there is a step
    128       counted from the fix's time (only the time of receipt)

and continues, of numbers, with: the scale (one byte, only of columns of floating point), the width (one byte), what
the differences begin with (signed; one for each order, at least one), the step, the numbers written beside (one byte:
how many; of each its place, 2 bytes, and the number) and last the bits themselves (see `bits`). A number of any size is
one byte that says how many bytes follow, and those; signed ones are folded. Text is 4 bytes of length, and the shortest
digits that give each number back, with spaces between.

A scale is chosen so that every number comes back bit for bit, and `pack` checks that it does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from sightline.ingest.columns import MOTION, NO_ID, RADIO
from sightline.ingest.content import contents_of
from sightline.ingest.history import bits

Array = npt.NDArray[Any]
Fixes = Mapping[str, Array]
"""Columns of n fixes: times in microseconds since 1970 UTC, WGS 84 degrees, unknown numbers NaN and unknown ids `NO_ID`."""

VERSION: Final = 1
MOST_FIXES: Final = 1024

Kind = Literal["whole", "float4", "float8"]
COLUMNS: Final[Mapping[str, Kind]] = {
    "fix_time": "whole",
    "received_time": "whole",
    "lat": "float8",
    "lon": "float8",
    **dict.fromkeys((*MOTION, "battery_pct", *RADIO), "float4"),
    "recording": "whole",
    "bearer": "whole",
    "operator_id": "whole",
    "cell_id": "whole",
    "flags": "whole",
}

_NOTHING, _DECIMAL, _BINARY, _TEXT, _METHOD = 0, 1, 2, 3, 3
_SOME, _ORDER, _BESIDE, _STEP, _SINCE = 4, 8, 32, 64, 128
_MAY_BE_UNKNOWN: Final = ("operator_id", "cell_id")
_DECIMALS: Final = (1, 3, 7, 11, 15)
_MOST_HALVINGS: Final = 255
_EXACT: Final = 2.0**53
_DTYPES: Final[Mapping[Kind, Any]] = {"float4": np.float32, "float8": np.float64}


class SegmentError(ValueError):
    """Bytes that are no segment, or fixes that no segment can hold."""


def pack(fixes: Fixes, text: Array) -> bytes:
    """The segment of at most `MOST_FIXES` fixes in order of their time.

    Args:
        fixes: `COLUMNS` and `content`, n of each, n at least 1.
        text: (n,) `content.text_word` of each fix's network and cell.

    Raises:
        SegmentError: what comes back would not be what was put in.
    """
    count = len(fixes["fix_time"])
    if not 1 <= count <= MOST_FIXES:
        raise SegmentError(f"{count} fixes: a segment holds 1 to {MOST_FIXES}")
    parts = [bytes([VERSION])]
    for name, kind in COLUMNS.items():
        parts.append(_whole(name, fixes) if kind == "whole" else _floating(kind, fixes[name]))
    parts.append(_contents(fixes, text))
    packed = b"".join(parts)
    _check(fixes, unpack(packed, count), text)
    return packed


def _check(fixes: Fixes, again: Unpacked, text: Array) -> None:
    for name, column in {**again.fixes, "content": again.contents(text)}.items():
        if not _same(fixes[name].astype(column.dtype), column):
            raise SegmentError(f"{name} would not come back as it was")


# --- writing


def _whole(name: str, fixes: Fixes) -> bytes:
    values = fixes[name].astype(np.int64)
    if name in _MAY_BE_UNKNOWN:
        known = values != NO_ID
        return _column(_DECIMAL, values[known], known)
    plain = _column(_DECIMAL, values)
    if name != "received_time":
        return plain
    return min(plain, _column(_DECIMAL | _SINCE, values - fixes["fix_time"]), key=len)


def _floating(kind: Kind, values: Array) -> bytes:
    known = ~np.isnan(values)
    some = np.ascontiguousarray(values[known], _DTYPES[kind])
    if not len(some):
        return bytes([_NOTHING])
    for method, scaled in ((_DECIMAL, _decimal), (_BINARY, _binary)):
        found = scaled(some)
        if found is not None:
            scale, whole = found
            return _column(method, whole, known, scale)
    return _text(some, known)


def _decimal(values: Array) -> tuple[int, Array] | None:
    """As whole numbers of so many decimals that they give every value back.

    If there are more than it needs, the numbers have a step for it, which costs nothing.
    """
    wide = values.astype(np.float64)
    for scale in _DECIMALS:
        rounded = np.rint(wide * 10.0**scale)
        if np.abs(rounded).max() > _EXACT:
            return None
        whole = rounded.astype(np.int64)
        if _same((whole / 10.0**scale).astype(values.dtype), values):
            return scale, whole
    return None


def _binary(values: Array) -> tuple[int, Array] | None:
    """As whole multiples of a power of two, which all floating-point numbers are."""
    wide = values.astype(np.float64)
    fractions, exponents = np.frexp(wide)
    scale = max(0, 53 - int(exponents[fractions != 0].min(initial=53)))
    if scale > _MOST_HALVINGS or np.abs(wide).max() >= 2.0 ** (60 - scale):
        return None
    whole = np.ldexp(wide, scale).astype(np.int64)
    if not _same((whole / 2.0**scale).astype(values.dtype), values):
        return None  # a zero with a sign
    return scale, whole


def _same(one: Array, other: Array) -> bool:
    return one.tobytes() == other.tobytes()


def _column(
    method: int, values: Array, known: Array | None = None, scale: int | None = None
) -> bytes:
    if not len(values):
        return bytes([_NOTHING])
    made = bits.plan(values)
    head = method | made.order * _ORDER
    head |= _BESIDE if made.beside else 0
    head |= _STEP if made.step != 1 else 0
    parts = [_mask(head, known)]
    if scale is not None:
        parts.append(bytes([scale]))
    parts.append(bytes([made.width]))
    parts += [_number(bits.fold(number)) for number in made.first]
    if made.step != 1:
        parts.append(_number(made.step))
    if made.beside:
        parts.append(bytes([len(made.beside)]))
        parts += [place.to_bytes(2) + _number(number) for place, number in made.beside]
    parts.append(bits.to_bytes(made.numbers, made.width))
    return b"".join(parts)


def _mask(head: int, known: Array | None) -> bytes:
    if known is None or known.all():
        return bytes([head])
    return bytes([head | _SOME]) + np.packbits(known).tobytes()


def _number(number: int) -> bytes:
    size = (number.bit_length() + 7) // 8
    return bytes([size]) + number.to_bytes(size)


def _text(values: Array, known: Array) -> bytes:
    written = " ".join(np.format_float_scientific(value, trim="-") for value in values).encode()
    return _mask(_TEXT, known) + len(written).to_bytes(4) + written


def _contents(fixes: Fixes, text: Array) -> bytes:
    words = fixes["recording"] + 256 * fixes["bearer"].astype(np.int64)
    worked_out = contents_of(fixes["fix_time"], words, text, fixes)
    other = np.flatnonzero(worked_out != fixes["content"])
    written = (
        place.to_bytes(2) + int(fixes["content"][place]).to_bytes(8, signed=True)
        for place in other.tolist()
    )
    return len(other).to_bytes(2) + b"".join(written)


# --- reading


@dataclass(frozen=True, slots=True)
class Unpacked:
    """The n fixes of a segment.

    Attributes:
        fixes: `COLUMNS`.
    """

    fixes: dict[str, Array]
    _other: list[tuple[int, int]]

    def contents(self, text: Array) -> Array:
        """(n,) the number of each fix, where `text` is `content.text_word` of their networks and cells."""
        words = self.fixes["recording"] + 256 * self.fixes["bearer"]
        contents = contents_of(self.fixes["fix_time"], words, text, self.fixes)
        for place, content in self._other:
            contents[place] = content
        return contents


def unpack(packed: bytes, count: int) -> Unpacked:
    """The fixes of a segment.

    Args:
        packed: the segment.
        count: how many fixes it holds.

    Raises:
        SegmentError: it is none.
    """
    if packed[:1] != bytes([VERSION]):
        raise SegmentError(f"version {packed[:1].hex()} of a segment: {VERSION:02x} is known")
    reading = _Reading(packed, count)
    fixes: dict[str, Array] = {}
    try:
        for name, kind in COLUMNS.items():
            if kind == "whole":
                fixes[name] = reading.whole(fixes)
            else:
                fixes[name] = reading.floating(kind)
        other = reading.contents()
    except (IndexError, ValueError, OverflowError) as error:
        raise SegmentError(f"a segment of {count} fixes cannot be read: {error}") from error
    if not reading.at_end:
        raise SegmentError(f"a segment of {count} fixes is longer than it says")
    return Unpacked(fixes, other)


class _Reading:
    """Takes a segment apart, from front to back."""

    def __init__(self, packed: bytes, count: int) -> None:
        self._packed = memoryview(packed)
        self._count = count
        self._at = 1

    @property
    def at_end(self) -> bool:
        return self._at == len(self._packed)

    def _take(self, size: int) -> memoryview:
        if self._at + size > len(self._packed):
            raise SegmentError(f"a segment ends at {len(self._packed)} bytes, in the middle")
        part = self._packed[self._at : self._at + size]
        self._at += size
        return part

    def _byte(self) -> int:
        return self._take(1)[0]

    def _number(self) -> int:
        return int.from_bytes(self._take(self._byte()))

    def whole(self, fixes: Mapping[str, Array]) -> Array:
        head, known = self._head()
        values = np.full(self._count, NO_ID, np.int64)
        if head & _METHOD != _NOTHING:
            values[known] = self._numbers(head, known)
        if not head & _SINCE:
            return values
        if "fix_time" not in fixes:
            raise SegmentError("a segment's times are counted from themselves")
        return values + fixes["fix_time"]

    def floating(self, kind: Kind) -> Array:
        head, known = self._head()
        values = np.full(self._count, np.nan)
        method = head & _METHOD
        if method == _TEXT:
            written = bytes(self._take(int.from_bytes(self._take(4)))).decode()
            values[known] = np.array(written.split(), _DTYPES[kind])
        elif method != _NOTHING:
            scale = self._byte()
            base = 10.0 if method == _DECIMAL else 2.0
            values[known] = self._numbers(head, known) / base**scale
        return values.astype(_DTYPES[kind])

    def _head(self) -> tuple[int, Array]:
        head = self._byte()
        if not head & _SOME:
            return head, np.full(self._count, fill_value=True)
        mask = np.frombuffer(self._take((self._count + 7) // 8), np.uint8)
        return head, np.unpackbits(mask, count=self._count).astype(bool)

    def _numbers(self, head: int, known: Array) -> Array:
        width = self._byte()
        order = head // _ORDER & 3
        first = tuple(bits.unfold(self._number()) for _ in range(max(order, 1)))
        step = self._number() if head & _STEP else 1
        beside = self._beside() if head & _BESIDE else []
        count = int(known.sum()) - order
        numbers = bits.from_bytes(self._take((count * width + 7) // 8), count, width)
        return bits.restore(bits.Plan(order, first, step, width, numbers, tuple(beside)))

    def _beside(self) -> list[tuple[int, int]]:
        count, packed, at = self._byte(), bytes(self._packed), self._at
        found = []
        for _ in range(count):
            end = at + 3 + packed[at + 2]
            found.append((packed[at] << 8 | packed[at + 1], int.from_bytes(packed[at + 3 : end])))
            at = end
        self._at = at
        return found

    def contents(self) -> list[tuple[int, int]]:
        found = [
            (int.from_bytes(self._take(2)), int.from_bytes(self._take(8), signed=True))
            for _ in range(int.from_bytes(self._take(2)))
        ]
        if any(place >= self._count for place, _ in found):
            raise SegmentError("the content of a fix that is not there")
        return found
