"""Binary COPY from columns: what arrives in the database is what was in the arrays."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.ingest.packed_copy import PackedCopy
from tests.conftest import Database

KINDS: dict[str, Any] = {
    "id": "int4", "yes": "bool", "letter": "char", "small": "int2", "large": "int8", "real4": "float4",
    "real8": "float8", "moment": "timestamptz",
}  # fmt: skip
MAKE = (
    'create temporary table packed (id int, yes boolean, letter "char", small smallint, large bigint, real4 real,'
    " real8 double precision, moment timestamptz)"
)


def stream(content: bytes) -> Any:
    async def once() -> Any:
        yield content

    return once()


async def test_every_type_and_every_null_arrives(database: Database) -> None:
    connection = await database.connect()
    await connection.execute(MAKE)
    draw = np.random.default_rng(7)
    count = 2_000
    values = {
        "id": np.arange(count),
        "yes": draw.integers(0, 2, count),
        "letter": draw.choice(np.frombuffer(b"ro", np.uint8), count),
        "small": draw.integers(-(2**15), 2**15, count),
        "large": draw.integers(-(2**63), 2**63 - 1, count),
        "real4": draw.normal(size=count).astype(np.float32),
        "real8": draw.normal(size=count),
        "moment": draw.integers(0, 4_000_000_000_000_000, count),
    }
    nulls = {name: draw.random(count) < 0.3 for name in KINDS if name != "id"}
    packed = PackedCopy(KINDS).encode(values, nulls)
    await connection.copy_to_table(
        "packed", source=stream(packed), columns=list(KINDS), format="binary"
    )
    rows = await connection.fetch("select * from packed order by id")
    assert len(rows) == count
    for at, row in enumerate(rows):
        for name in KINDS:
            expected: Any = None if name in nulls and nulls[name][at] else values[name][at].item()
            if expected is not None and name == "moment":
                expected = datetime.fromtimestamp(expected // 1_000_000, UTC).replace(
                    microsecond=expected % 1_000_000
                )
            elif expected is not None and name == "letter":
                expected = bytes([expected])
            assert row[name] == expected, (at, name)


@pytest.mark.parametrize("count", [0, 1])
async def test_few_rows(database: Database, count: int) -> None:
    connection = await database.connect()
    await connection.execute("create temporary table few (id int, n int)")
    columns = {"id": np.arange(count), "n": np.arange(count)}
    packed = PackedCopy({"id": "int4", "n": "int4"}).encode(columns, {"n": np.ones(count, bool)})
    await connection.copy_to_table("few", source=stream(packed), format="binary")
    assert [tuple(row) for row in await connection.fetch("select * from few")] == [
        (0, None)
    ] * count


@settings(deadline=None, max_examples=60)
@given(
    rows=st.lists(
        st.tuples(
            st.one_of(st.none(), st.integers(-5, 5)), st.one_of(st.none(), st.floats(width=32))
        ),
        max_size=40,
    )
)
def test_rows_are_neither_lost_nor_mixed(rows: list[tuple[int | None, float | None]]) -> None:
    """Read back by the description of the format, independently of how it was written."""
    values = {
        "n": np.array([0 if n is None else n for n, _ in rows], np.int64),
        "x": np.array([0 if x is None else x for _, x in rows], np.float32),
    }
    nulls = {
        "n": np.array([n is None for n, _ in rows], bool),
        "x": np.array([x is None for _, x in rows], bool),
    }
    packed = PackedCopy({"n": "int2", "x": "float4"}).encode(values, nulls)
    assert sorted(map(repr, read(packed))) == sorted(
        repr((n, None if x is None else float(np.float32(x)))) for n, x in rows
    )


def read(content: bytes) -> list[tuple[Any, ...]]:
    assert content[:19] == b"PGCOPY\n\xff\r\n\0" + bytes(8)
    at, rows = 19, []
    while content[at : at + 2] != b"\xff\xff":
        assert content[at : at + 2] == b"\0\2"
        at += 2
        row: list[Any] = []
        for dtype in (">i2", ">f4"):
            length = int.from_bytes(content[at : at + 4], "big", signed=True)
            at += 4
            if length == -1:
                row.append(None)
            else:
                row.append(np.frombuffer(content[at : at + length], dtype)[0].item())
                at += length
        rows.append(tuple(row))
    assert at + 2 == len(content)
    return rows
