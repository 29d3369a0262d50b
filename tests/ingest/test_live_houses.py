"""Live state moves house while somebody holds a snapshot: nothing is lost, nothing is twice, and it stays small."""

import asyncio
import contextlib
import time

import asyncpg
import pytest

from sightline.sql import query
from tests.ingest.test_live_rows import CAMERAS, moved_on, put

LEAST = 200_000
"""Bytes beyond which a house is too large for these few cameras."""


@contextlib.asynccontextmanager
async def snapshot(database, *, locking=()):
    """Somebody who looks at the database as it is now, and goes on to."""
    connection = await database.connect()
    transaction = connection.transaction(isolation="repeatable_read")
    await transaction.start()
    await connection.fetchval("select count(*) from camera")
    for table in locking:
        await connection.execute(f"lock table {table} in access share mode")
    try:
        yield connection
    finally:
        await transaction.rollback()


@pytest.fixture
async def gateway(database):
    """A gateway's connection, with live rows of all cameras at second 1."""
    owner = await database.connect()
    await owner.execute(
        "insert into camera (ref, kind) select 'C' || n, 'body_worn' from generate_series(1, $1) n",
        CAMERAS,
    )
    connection = await database.connect("gateway")
    await connection.execute(query("writer.stage_live"))
    await flush(connection, 1)
    return connection


async def flush(connection, second):
    """All cameras say where they are at this second."""
    async with connection.transaction():
        await put(connection, "live_stage", moved_on(second, second, gateway_id=1))
        if await connection.fetchval(query("writer.take_newer_live")) < CAMERAS:
            await connection.execute(query("writer.upsert_live"))


async def seconds(connection):
    """Which second live state is at, by number of cameras."""
    rows = await connection.fetch("select batch, count(*) from live group by batch")
    return {row[0]: row[1] for row in rows}


async def house(connection):
    return await connection.fetchval("select house from live_house")


async def size(connection):
    return await connection.fetchval("select sum(size)::bigint from live_houses()")


async def keep_house(keeper, *, left_s=0.0, known_s=0.0, most=16):
    """What the keeper does once; whether rows moved."""
    await keeper.fetchval(query("keeper.live_sweep"), left_s)
    await keeper.fetchval(query("keeper.live_take_down"), 2)
    await keeper.fetchval(query("keeper.live_prepare"), LEAST, most)
    moved = await keeper.fetchval(query("keeper.live_move"), LEAST, known_s, most)
    assert moved in (None, CAMERAS)
    return moved is not None


async def test_nobody_moves_without_need(database, gateway):
    keeper, owner = await database.connect("keeper"), await database.connect()
    for second in range(2, 60):
        await flush(gateway, second)
    assert not await keep_house(keeper)
    assert await keeper.fetchval(query("keeper.live_sweep"), 0.0) is False
    assert await house(owner) == 0
    assert await owner.fetchval("select count(*) from live_houses()") <= 2


async def test_under_a_snapshot_it_grows_where_nobody_moves_and_stays_small_where_they_do(
    database, gateway
):
    owner = await database.connect()
    keeper = await database.connect("keeper")
    grown, most, moves = 0, 0, 0
    async with snapshot(database):
        for second in range(2, 42):
            await flush(gateway, second)
        grown = await size(owner)
        for second in range(42, 162):
            await flush(gateway, second)
            moves += await keep_house(keeper)
            most = max(most, await size(owner))
    assert grown > 10 * LEAST, "without a snapshot in the way there is nothing to be seen"
    assert moves >= 3
    assert most < 2 * grown
    assert await size(owner) < grown
    assert await seconds(owner) == {161: CAMERAS}


@pytest.mark.parametrize("houses", [1, 3])
async def test_whoever_has_all_locked_has_not_locked_what_is_made_afterwards(
    database, gateway, houses
):
    owner = await database.connect()
    keeper = await database.connect("keeper")
    for number in range(1, houses):
        await owner.execute("select live_house_make($1::smallint)", number)
    moves, most = 0, 0
    async with snapshot(database, locking=["live"]) as dump:
        for second in range(2, 200):
            await flush(gateway, second)
            if second % 4 == 0:
                moves += await keep_house(keeper)
            most = max(most, await size(owner))
        assert await seconds(owner) == {199: CAMERAS}
        assert await seconds(dump) == {1: CAMERAS}, "it sees what was there when it began"
    assert moves >= 5
    assert most < 7 * 512 * CAMERAS * 4
    assert await owner.fetchval("select count(*) from live_houses()") <= houses + 2
    while await keeper.fetchval(query("keeper.live_sweep"), 0.0):
        pass
    here = await house(owner)
    left = await owner.fetch("select * from live_houses() where house <> $1 and size > 0", here)
    assert left == []


async def test_dump_after_dump_needs_no_more_houses_than_the_first(database, gateway):
    owner = await database.connect()
    keeper = await database.connect("keeper")
    second = 2
    for _dump in range(3):
        async with snapshot(database, locking=["live"]):
            for number in range(48):
                await flush(gateway, second)
                if number % 4 == 0:
                    await keep_house(keeper)
                second += 1
        for _flush in range(6):
            await flush(gateway, second)
            await keep_house(keeper)
            second += 1
    assert await owner.fetchval("select count(*) from live_houses()") <= 6
    assert await seconds(owner) == {second - 1: CAMERAS}


async def test_where_all_are_held_and_no_more_may_be_made_they_move_all_the_same(database, gateway):
    owner = await database.connect()
    keeper = await database.connect("keeper")
    await owner.execute("select live_house_make(1::smallint)")
    async with snapshot(database, locking=["live"]):
        for second in range(2, 42):
            await flush(gateway, second)
        assert await keep_house(keeper, most=2)
        assert await house(owner) == 1


async def test_rows_move_to_a_house_only_when_everybody_knows_of_it(database, gateway):
    owner = await database.connect()
    keeper = await database.connect("keeper")
    async with snapshot(database):
        for second in range(2, 42):
            await flush(gateway, second)
        assert not await keep_house(keeper, known_s=0.5)
        assert await owner.fetchval("select count(*) from live_houses()") == 2, "made ahead"
        assert not await keep_house(keeper, known_s=0.5)
        await asyncio.sleep(0.6)
        assert await keep_house(keeper, known_s=0.5)
    assert await seconds(owner) == {41: CAMERAS}


async def test_a_sweep_waits_for_nobody_and_nobody_is_shut_out(database, gateway):
    """Readers of many kinds at once, while house after house is emptied."""
    owner = await database.connect()
    keeper = await database.connect("keeper")
    readers = [await database.connect("dashboard") for _ in range(4)]
    for number in range(1, 6):
        await owner.execute("select live_house_make($1::smallint)", number)
    errors, waits = [], []
    done = asyncio.Event()

    async def read(connection):
        while not done.is_set():
            began = time.monotonic()
            try:
                await connection.fetchval(
                    "select count(*) from live l join camera c on c.id = l.camera_id"
                )
            except asyncpg.PostgresError as error:
                errors.append(error)
            waits.append(time.monotonic() - began)

    async def sweep():
        async with snapshot(database):
            for second in range(2, 100):
                await flush(gateway, second)
                if second % 4 == 0:
                    await keep_house(keeper)
        while await keeper.fetchval(query("keeper.live_sweep"), 0.0):
            pass
        done.set()

    async with asyncio.TaskGroup() as tasks:
        for connection in readers:
            tasks.create_task(read(connection))
        tasks.create_task(sweep())
    assert errors == []
    assert max(waits) < 0.5


async def test_every_snapshot_sees_each_camera_once_while_they_write_move_and_sweep(
    database, gateway
):
    keeper = await database.connect("keeper")
    reader, other = await database.connect("dashboard"), await database.connect()
    written = asyncio.Event()
    moves, seen = 0, []

    async def write():
        for second in range(2, 150):
            await flush(gateway, second)
        written.set()

    async def move():
        nonlocal moves
        async with snapshot(database):
            while not written.is_set():
                moves += await keep_house(keeper, left_s=0.5, known_s=0.2)

    async def read():
        while not written.is_set():
            seen.append(await seconds(reader))

    async with asyncio.TaskGroup() as tasks:
        for does in (write, move, read):
            tasks.create_task(does())
    assert moves >= 3
    assert [counts for counts in seen if sum(counts.values()) != CAMERAS] == []
    newest = [max(counts) for counts in seen]
    assert newest == sorted(newest)
    assert await seconds(other) == {149: CAMERAS}


async def test_a_flush_that_waited_for_a_move_writes_where_the_rows_are_now(database, gateway):
    owner = await database.connect()
    await owner.execute("select live_house_make(2::smallint)")
    async with owner.transaction():
        await owner.execute("select pg_advisory_xact_lock(hashtext('sightline.live'), 0)")
        waiting = asyncio.create_task(flush(gateway, 2))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        await owner.execute("update live set house = 2")
        await owner.execute("update live_house set house = 2")
    await waiting
    assert await seconds(owner) == {2: CAMERAS}
    assert await owner.fetchval("select count(*) from live_2") == CAMERAS


async def test_a_camera_that_is_new_lives_where_all_do(database, gateway):
    owner = await database.connect()
    await owner.execute("select live_house_make(1::smallint)")
    await owner.execute("update live set house = 1")
    await owner.execute("update live_house set house = 1")
    await owner.execute("delete from live where camera_id = 7")
    await flush(gateway, 2)
    await flush(gateway, 3)
    assert await owner.fetchval("select count(*) from live_1") == CAMERAS
    assert await seconds(owner) == {3: CAMERAS}


async def test_a_house_in_which_somebody_lives_is_not_emptied(database, gateway):
    owner = await database.connect()
    keeper = await database.connect("keeper")
    await owner.execute("select live_house_make(3::smallint)")
    await owner.execute("update live_house set house = 3, empty_since[1] = now() - interval '1 h'")
    assert await keeper.fetchval(query("keeper.live_sweep"), 0.0) is False
    assert await seconds(owner) == {1: CAMERAS}
