"""PostgreSQL's binary COPY, against its documentation."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

import numpy as np

from sightline.ingest.fleet import packing as p


def test_a_row_is_counted_fields_with_their_lengths():
    columns = [("number", p.INTEGER), ("kind", p.CHAR), ("level", p.REAL), ("sure", p.BOOLEAN)]
    values = {
        "number": np.array([7, -1]),
        "kind": np.array([b"r", b"o"]),
        "level": np.array([-92.0, 1.5]),
        "sure": np.array([True, False]),
    }
    expected = struct.pack(">hiiicifi?", 4, 4, 7, 1, b"r", 4, -92.0, 1, True)
    expected += struct.pack(">hiiicifi?", 4, 4, -1, 1, b"o", 4, 1.5, 1, False)
    assert p.pack(columns, values) == expected


def test_a_null_has_no_bytes():
    columns = [("number", p.BIGINT), ("level", p.REAL)]
    packed = p.pack(columns, {"number": np.array([5])}, nulls=["level"])
    assert packed == struct.pack(">hiqi", 2, 8, 5, -1)


def test_times_count_from_the_year_2000():
    time = datetime(2026, 11, 20, 14, 2, 11, 250_000, tzinfo=UTC)
    micros = np.array([int(time.timestamp() * 1e6)])
    since = time - datetime(2000, 1, 1, tzinfo=UTC)
    assert p.timestamps(micros)[0] == since.total_seconds() * 1e6
