"""Live rows in the database: the short way for what is newer in every respect comes to the same as value by value."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from sightline.sql import query

T0 = datetime(2026, 9, 1, tzinfo=UTC)
CAMERAS = 400
MOTION = ("accuracy_m", "altitude_m", "speed_mps", "heading_deg")
RADIO = ("bearer", "operator_id", "cell_id", "rsrp_dbm", "rsrq_db", "sinr_db", "rssi_dbm", "uplink_kbps")  # fmt: skip


def some_row(choose, camera_id, *, gateway_id, batch):
    """A row as a flush may stage it: with fix, signal and charge, or without, some of them older than others."""

    def moment():
        return T0 + timedelta(seconds=choose.randrange(4) + 2 * (batch > 1))

    def maybe(value):
        return value if choose.random() < 0.8 else None

    row = {"camera_id": camera_id, "gateway_id": gateway_id, "batch": batch, "seen_time": moment()}
    row |= {"epoch": choose.randrange(3), "recording": choose.randrange(4), "flags": 0}
    row["recording_time"] = maybe(moment())
    row["recording_since"] = row["recording_time"]
    if choose.random() < 0.9:
        row |= {"fix_time": moment(), "fix_received_time": moment()}
        row |= {name: choose.randrange(3) for name in ("lat", "lon", *MOTION)}
    if choose.random() < 0.9:
        row["signal_time"] = moment()
        row |= {name: choose.randrange(3) for name in RADIO}
    if choose.random() < 0.9:
        row |= {"battery_time": moment(), "battery_pct": maybe(choose.randrange(3))}
    return row


async def put(connection, table, rows):
    names = sorted({name for row in rows for name in row})
    # The two that may not be null have a default that a COPY of nulls would not take.
    values = [[row.get(name, 0 if name == "bearer" else None) for name in names] for row in rows]
    await connection.copy_records_to_table(table, records=values, columns=names)


async def outcome(connection, before, staged, *, short):
    transaction = connection.transaction()
    await transaction.start()
    await put(connection, "live", before)
    await put(connection, "live_stage", staged)
    taken = await connection.fetchval(query("writer.take_newer_live")) if short else 0
    await connection.execute(query("writer.upsert_live"))
    rows = [dict(row) for row in await connection.fetch("select * from live order by camera_id")]
    await transaction.rollback()
    return rows, taken


def moved_on(second, batch, *, gateway_id):
    """All cameras, each with everything told at this second."""
    choose = random.Random(second)
    now = T0 + timedelta(seconds=second)
    times = ("seen_time", "recording_time", "recording_since", "fix_time", "fix_received_time",
             "signal_time", "battery_time")  # fmt: skip
    return [
        {"camera_id": one, "gateway_id": gateway_id, "batch": batch, "epoch": 1, "recording": 3, "flags": 0}
        | dict.fromkeys(times, now)
        | {name: choose.randrange(3) for name in ("lat", "lon", "battery_pct", *MOTION, *RADIO)}
        for one in range(1, CAMERAS + 1)
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
async def test_the_short_way_changes_nothing(database, seed):
    connection = await database.connect()
    await connection.execute(query("writer.stage_live"))
    choose = random.Random(seed)
    ids = range(1, CAMERAS + 1)
    before = [
        some_row(choose, one, gateway_id=choose.choice((1, 2, 2)), batch=1)
        for one in ids
        if choose.random() < 0.9
    ]
    staged = [some_row(choose, one, gateway_id=2, batch=7) for one in ids]
    choose.shuffle(staged)
    plainly, _ = await outcome(connection, before, staged, short=False)
    shortly, taken = await outcome(connection, before, staged, short=True)
    assert shortly == plainly
    assert 10 < taken < CAMERAS  # some go the short way, and some must not


async def test_what_another_gateway_wrote_last_does_not_go_the_short_way(database):
    connection = await database.connect()
    await connection.execute(query("writer.stage_live"))
    for gateway_id, wanted in ((1, 0), (2, CAMERAS)):
        before = moved_on(0, 1, gateway_id=gateway_id)
        _, taken = await outcome(connection, before, moved_on(1, 2, gateway_id=2), short=True)
        assert taken == wanted
