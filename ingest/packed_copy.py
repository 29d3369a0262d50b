"""Columns ↔ the binary format of PostgreSQL's COPY, without a Python object per row. Pure.

A row of that format is a count of fields and, for each, a length and the value in network byte order; NULL has length
−1 and no value. Rows with the same NULLs have the same layout, so each such group is one structured array. Source:
PostgreSQL documentation, COPY, "Binary Format".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

Kind = Literal["bool", "char", "int2", "int4", "int8", "float4", "float8", "timestamptz"]
Array = npt.NDArray[Any]

_DTYPES: Final[Mapping[Kind, str]] = {
    "bool": "u1",
    "char": "u1",
    "int2": ">i2",
    "int4": ">i4",
    "int8": ">i8",
    "float4": ">f4",
    "float8": ">f8",
    "timestamptz": ">i8",
}
_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER: Final = b"\xff\xff"
_ROWS_OF_A_PIECE: Final = 1024
"""So many stay in the processor's cache while one column after the other is put in."""
_MOST_PATTERNS_KEPT: Final = 1024
POSTGRES_EPOCH_US: Final = 946_684_800_000_000
"""2000-01-01 UTC in microseconds since 1970, from which PostgreSQL counts."""
MINUS_INFINITY_US: Final = np.iinfo(np.int64).min + POSTGRES_EPOCH_US
"""The timestamp -infinity where columns of a COPY are read."""


class PackedCopy:
    """Encodes rows of one table.

    A column's values are an array of n numbers; `timestamptz` are microseconds since 1970 UTC.
    """

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        """`kinds`: type of each column, in the order of the COPY statement; at most 63 columns."""
        if len(kinds) > 63:
            raise ValueError(f"{len(kinds)} columns: at most 63 can be packed")
        self._kinds = dict(kinds)
        self._layout = lru_cache(_MOST_PATTERNS_KEPT)(self._make_layout)

    @property
    def columns(self) -> Sequence[str]:
        """Names of the columns, in order."""
        return tuple(self._kinds)

    def encode(self, values: Mapping[str, Array], nulls: Mapping[str, Array]) -> bytes:
        """All rows as one complete binary COPY; see `pieces`."""
        return b"".join(self.pieces(values, nulls))

    def pieces(self, values: Mapping[str, Array], nulls: Mapping[str, Array]) -> Iterator[bytes]:
        """All rows as the pieces of one complete binary COPY; their order may change.

        Args:
            values: column → array of n values.
            nulls: column → array of n booleans, True where the value is NULL; columns without NULLs may be left out.
        """
        count = len(values[next(iter(self._kinds))])
        always, pattern = 0, None
        for bit, name in enumerate(self._kinds):
            if name not in nulls or not nulls[name].any():
                continue
            if nulls[name].all():
                always |= 1 << bit
                continue
            if pattern is None:
                pattern = np.zeros(count, np.uint64)
            pattern |= nulls[name].astype(np.uint64) << np.uint64(bit)
        yield _HEADER
        if count and pattern is None:
            for start in range(0, count, _ROWS_OF_A_PIECE):
                yield self._rows(always, values, slice(start, start + _ROWS_OF_A_PIECE))
        elif count:
            assert pattern is not None
            pattern |= np.uint64(always)
            order = np.argsort(pattern, kind="stable")
            found, starts = np.unique(pattern[order], return_index=True)
            for one, begin, end in zip(found, starts, (*starts[1:], count), strict=True):
                for start in range(begin, end, _ROWS_OF_A_PIECE):
                    which = order[start : min(end, start + _ROWS_OF_A_PIECE)]
                    yield self._rows(int(one), values, which)
        yield _TRAILER

    def _rows(self, pattern: int, values: Mapping[str, Array], which: Array | slice) -> bytes:
        template, names = self._layout(pattern)
        rows = np.empty(len(values[next(iter(self._kinds))][which]), template.dtype)
        # As bytes: a tenth of the time that the same takes field by field.
        rows.view(np.uint8).reshape(len(rows), -1)[:] = template.reshape(1).view(np.uint8)
        for name in names:
            column = values[name][which]
            if self._kinds[name] == "timestamptz":
                column = column - POSTGRES_EPOCH_US
            rows[name] = column
        return rows.tobytes()

    def _make_layout(self, pattern: int) -> tuple[Array, tuple[str, ...]]:
        """A row with everything but the values in place, and the columns that have one."""
        fields: list[tuple[str, str]] = [("fields in the row", ">i2")]
        names = []
        for bit, (name, kind) in enumerate(self._kinds.items()):
            fields.append((f"length of {name}", ">i4"))
            if not pattern >> bit & 1:
                fields.append((name, _DTYPES[kind]))
                names.append(name)
        template = np.zeros((), fields)
        template["fields in the row"] = len(self._kinds)
        for name in self._kinds:
            known = name in names
            template[f"length of {name}"] = template.dtype[name].itemsize if known else -1
        return template, tuple(names)


class CopyError(ValueError):
    """What came is not a binary COPY of the columns expected."""


class CopiedRows:
    """Reads rows of one shape that have no NULLs.

    A column's values are an array of n numbers; `timestamptz` are microseconds since 1970 UTC.
    """

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        """`kinds`: type of each column, in the order of the statement."""
        self.kinds = dict(kinds)
        layout: list[tuple[str, str]] = [("fields in the row", ">i2")]
        for name, kind in kinds.items():
            layout += [(f"length of {name}", ">i4"), (name, _DTYPES[kind])]
        self._layout = np.dtype(layout)

    def columns(self, copied: bytes) -> dict[str, Array]:
        """The columns of one complete binary COPY.

        Raises:
            CopyError: truncated, a NULL, or a column of another width.
        """
        if not (copied.startswith(_HEADER) and copied.endswith(_TRAILER)):
            raise CopyError(f"{len(copied)} bytes that are no whole binary COPY")
        count, rest = divmod(len(copied) - len(_HEADER) - len(_TRAILER), self._layout.itemsize)
        if rest:
            raise CopyError(f"rows are not all {self._layout.itemsize} bytes wide")
        rows = np.frombuffer(copied, self._layout, count, len(_HEADER))
        if (rows["fields in the row"] != len(self.kinds)).any():
            raise CopyError(f"rows do not all have {len(self.kinds)} columns")
        found = {}
        for name, kind in self.kinds.items():
            dtype = self._layout[name]
            if (rows[f"length of {name}"] != dtype.itemsize).any():
                raise CopyError(f"column {name} is not always {dtype.itemsize} bytes wide")
            found[name] = np.ascontiguousarray(rows[name], dtype.newbyteorder("="))
            if kind == "timestamptz":
                found[name] += POSTGRES_EPOCH_US
        return found
