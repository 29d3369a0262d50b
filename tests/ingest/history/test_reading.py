"""The database reads segments as the gateway does: every digit, through the functions that all queries use."""

import struct
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from sightline.ingest.history.segments import COLUMNS
from tests.ingest.history.test_segments import there_and_back
from tests.ingest.history.varied import varied

NAMES = list(COLUMNS)


def bits(value):
    """A number so that two of them are equal only if every bit is."""
    return struct.pack("<d", value) if isinstance(value, float) else value


def as_rows(made):
    """What the database should say of these fixes."""
    rows = []
    for at in range(len(made["fix_time"])):
        row = []
        for name, kind in COLUMNS.items():
            value = made[name][at].item()
            if name in ("fix_time", "received_time"):
                value = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=value)
            elif kind != "whole":
                value = None if np.isnan(value) else value
            elif name in ("operator_id", "cell_id"):
                value = None if value == -1 else value
            row.append(bits(value))
        rows.append(tuple(row))
    return rows


async def unpacked(owner, packed, count):
    rows = await owner.fetch("select * from fix_unpacked($1, $2)", packed, count)
    return [tuple(bits(row[name]) for name in NAMES) for row in rows]


class TestUnpacking:
    async def test_every_digit(self, database):
        owner = await database.connect()
        for seed in range(80):
            made = varied(seed)
            packed, _ = there_and_back(made)
            assert await unpacked(owner, packed, len(made["fix_time"])) == as_rows(made)

    async def test_another_version_is_refused(self, database):
        owner = await database.connect()
        with pytest.raises(Exception, match="version 2"):
            await owner.fetch("select * from fix_unpacked($1, 1)", b"\2")
