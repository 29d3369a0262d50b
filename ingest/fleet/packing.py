"""Columns → PostgreSQL's binary COPY format, packed by numpy.

A tuple for each row costs more than the database takes to store it; here a row costs a fraction of
a microsecond. Format: PostgreSQL documentation, COPY, "Binary Format".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"

_TO_POSTGRES_EPOCH_US = 946_684_800_000_000
"""Microseconds from 1970 to 2000, where PostgreSQL's timestamps begin."""


@dataclass(frozen=True)
class Column:
    """A column's type on the wire: big-endian, as `sent` by PostgreSQL."""

    kind: str

    @property
    def size(self) -> int:
        return np.dtype(self.kind).itemsize


SMALLINT, INTEGER, BIGINT = Column(">i2"), Column(">i4"), Column(">i8")
REAL, DOUBLE = Column(">f4"), Column(">f8")
BOOLEAN = Column("?")
CHAR = Column("S1")
"""The one-byte type "char"."""


def timestamps(time_us: NDArray[np.int64]) -> NDArray[np.int64]:
    """Microseconds since 1970 UTC as a timestamptz goes over the wire."""
    return time_us - _TO_POSTGRES_EPOCH_US


def pack(
    columns: Sequence[tuple[str, Column]],
    values: Mapping[str, NDArray[np.generic]],
    nulls: Sequence[str] = (),
) -> bytes:
    """Rows in COPY's format, without header and trailer.

    Args:
        columns: name and type of each column, in the order of the COPY.
        values: one array of equal length for each column that is not null.
        nulls: columns that are null in all of these rows.
    """
    fields: list[tuple[str, str]] = [("count", ">i2")]
    for name, column in columns:
        fields.append((f"{name} length", ">i4"))
        if name not in nulls:
            fields.append((name, column.kind))
    given = [name for name, _ in columns if name not in nulls]
    rows = np.empty(len(values[given[0]]), dtype=fields)
    rows["count"] = len(columns)
    for name, column in columns:
        rows[f"{name} length"] = -1 if name in nulls else column.size
        if name not in nulls:
            rows[name] = values[name]
    return rows.tobytes()
