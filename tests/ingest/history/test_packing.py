"""Closed history on the real PostGIS: packed, read back, met by late fixes, interrupted, dropped."""

import asyncio
import os
import random
import signal
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from sightline.ingest.history.locks import LOCKS
from sightline.ingest.history.packing import PackHistory
from sightline.ingest.keeper import DUTIES, do
from sightline.ingest.settings import KeeperSettings
from sightline.sql import query
from tests.ingest.history.test_reading import bits
from tests.ingest.test_writer import Desk, counts, make_ready
from tests.ingest.walk import T0_US, fix, report

HOUR_S = 3600.0
AFTER_S = 900.0


@pytest.fixture
async def owner(database):
    return await database.connect()


@pytest.fixture
async def desk(database, owner):
    await make_ready(owner, cameras=LOCKS + 6)
    desk = Desk(database, owner)
    await desk.start()
    yield desk
    await desk.stop()


@pytest.fixture
async def keeper(database):
    return await database.connect("keeper")


def hour_ago(hours):
    """Seconds from T0 to the beginning of the full hour that began so many hours ago."""
    now_us = time.time_ns() // 1000
    return (now_us // 3_600_000_000 - hours) * 3600 - T0_US / 1e6


def moment(at_s):
    return datetime.fromtimestamp(T0_US / 1e6 + at_s, UTC)


def walked(start_s, seconds, *, every_s=1, **more):
    """Fixes of a walk with everything that a camera may say."""
    rng = random.Random(start_s)
    return [
        fix(
            start_s + s,
            north_m=1.4 * s + rng.random(),
            east_m=rng.random() * 3,
            altitude_m=round(31 + rng.random(), 1),
            speed_mps=round(rng.random() * 2, 2),
            heading_deg=rng.randrange(360),
            battery_pct=90 - s // 100,
            rsrp_dbm=rng.randrange(-110, -80),
            uplink_kbps=rng.randrange(10, 900) * 10,
            operator="234-30",
            cell=f"5F2A{s // 200}",
            bearer="lte",
            **more,
        )
        for s in range(0, seconds, every_s)
    ]


async def history(owner, camera_id=1):
    """All of history of a camera, to the last bit, in an order of its own."""
    rows = await owner.fetch("select * from fix_history where camera_id = $1", camera_id)
    return sorted((tuple(map(bits, row)) for row in rows), key=repr)


async def pack(keeper):
    return await PackHistory(rest=0)(keeper, after_s=AFTER_S)


class TestPacking:
    async def test_what_is_packed_reads_as_before(self, desk, owner, keeper):
        start_s = hour_ago(3)
        for camera_id in (1, 1 + LOCKS, 2):
            fixes = walked(start_s + camera_id, 1500) + walked(
                start_s + 2000, 60, every_s=20, recording="off"
            )
            assert counts(await desk.send(report(*fixes), start_s + 2100, camera_id=camera_id)) == (
                1503,
                0,
            )
        before = [await history(owner, camera_id) for camera_id in (1, 1 + LOCKS, 2)]
        assert await pack(keeper) == 3 * 1503
        assert await owner.fetchval("select count(*) from fix") == 0
        assert [await history(owner, camera_id) for camera_id in (1, 1 + LOCKS, 2)] == before
        assert await owner.fetchval("select max(fixes) from fix_segment") == 1024
        assert await pack(keeper) == 0

    async def test_an_hour_that_is_not_over_stays_rows(self, desk, owner, keeper):
        await desk.send(report(*walked(hour_ago(0), 3)), hour_ago(0) + 3)
        await desk.send(report(*walked(hour_ago(0) - 1, 1)), hour_ago(0) + 3)
        await pack(keeper)
        assert await owner.fetchval("select count(*) from fix") >= 3

    async def test_the_segment_says_where_and_when(self, desk, owner, keeper):
        start_s = hour_ago(3)
        await desk.send(report(*walked(start_s, 100)), start_s + 100)
        places = await owner.fetch("select lat, lon, fix_time from fix order by fix_time")
        await pack(keeper)
        segment = await owner.fetchrow("select * from fix_segment")
        assert (segment["start_time"], segment["end_time"]) == (
            moment(start_s),
            moment(start_s + 99),
        )
        for place in places:
            assert segment["south"] <= place["lat"] <= segment["north"]
            assert segment["west"] <= place["lon"] <= segment["east"]

    async def test_people_read_it_with_words(self, desk, owner, keeper):
        start_s = hour_ago(3)
        await desk.send(report(*walked(start_s, 50)), start_s + 50)
        readable = "select * from fix_readable order by fix_time"
        before = await owner.fetch(readable)
        await pack(keeper)
        assert await owner.fetch(readable) == before
        assert {row["operator"] for row in before} == {"234-30"}

    async def test_the_keeper_may_not_take_rows_for_segments_that_are_not_theirs(
        self, desk, owner, keeper
    ):
        start_s = hour_ago(3)
        await desk.send(report(*walked(start_s, 10)), start_s + 10)
        name = await owner.fetchval("select tableoid::regclass::text from fix limit 1")
        call = (
            name,
            "r",
            [1],
            [moment(start_s)],
            [moment(start_s + 8)],
            [10],
            *[[0.0]] * 4,
            [b"\1"],
        )
        with pytest.raises(asyncpg.SerializationError, match="9 rows of .* where 10"):
            await keeper.fetch(query("history.pack"), *call)
        with pytest.raises(asyncpg.UndefinedTableError):
            await keeper.fetch(query("history.pack"), "live", *call[1:])
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await keeper.execute("delete from fix")
        assert await owner.fetchval("select count(*) from fix") == 10


class TestLateFixes:
    async def test_a_fix_that_is_packed_is_a_duplicate(self, desk, owner, keeper):
        start_s = hour_ago(3)
        fixes = walked(start_s, 600)
        await desk.send(report(*fixes), start_s + 600)
        await pack(keeper)
        before = await history(owner)
        await desk.start_again()
        assert counts(await desk.send(report(*fixes[100:300], seq=2), start_s + 700)) == (0, 200)
        await desk.start_again()
        late = [fix(start_s + 100.5, north_m=141)]
        assert counts(await desk.send(report(*fixes[:5], *late, seq=3), start_s + 700)) == (1, 5)
        assert len(await history(owner)) == len(before) + 1

    async def test_what_came_late_is_read_at_once_and_packed_the_next_time(
        self, desk, owner, keeper
    ):
        start_s = hour_ago(3)
        await desk.send(report(*walked(start_s, 60)), start_s + 60)
        await pack(keeper)
        assert counts(await desk.send(report(*walked(start_s + 10.5, 20)), start_s + 90)) == (20, 0)
        before = await history(owner)
        assert len(before) == 80
        assert await pack(keeper) == 20
        assert await history(owner) == before
        assert await owner.fetchval("select count(*) from fix_segment") == 2

    async def test_the_same_backlog_again_and_again_while_it_is_being_packed(
        self, desk, owner, keeper
    ):
        start_s = hour_ago(3)
        cameras = range(1, 40)
        fixes = {camera_id: walked(start_s + camera_id, 200) for camera_id in cameras}
        for camera_id in cameras:
            desk.put(report(*fixes[camera_id]), start_s + 300, camera_id=camera_id)
        await desk.settle()

        async def send_again():
            for round_ in range(1, 6):
                for camera_id in cameras:
                    part = fixes[camera_id][round_ * 20 : round_ * 20 + 60]
                    desk.put(report(*part, seq=round_), start_s + 400, camera_id=camera_id)
                await desk.settle()

        await asyncio.gather(send_again(), pack(keeper))
        await pack(keeper)
        assert len({key for c in cameras for key in await history(owner, c)}) == 200 * len(cameras)
        assert await owner.fetchval("select count(*) from fix_history") == 200 * len(cameras)


class TestReaders:
    async def test_ranges_and_neighbours_are_those_of_the_rows(self, desk, owner, keeper):
        """Segments that overlap, and rows among them: read as if all were rows."""
        start_s = hour_ago(4)
        rng = random.Random(7)
        said = []
        for seq in range(1, 5):
            times = sorted(rng.sample(range(7000), 25))
            said += times
            fixes = [fix(start_s + s, recording=rng.choice(("recording", "off"))) for s in times]
            await desk.send(report(*fixes, seq=seq), start_s + 7001)
            if seq < 4:
                await pack(keeper)
        times = sorted(moment(start_s + s) for s in {*said})
        for _ in range(60):
            start, end = sorted(moment(start_s + rng.randrange(-50, 7100)) for _ in range(2))
            within = [time for time in times if start <= time < end]
            rows = await owner.fetch("select fix_time from fixes(1, $1, $2)", start, end)
            assert sorted({row[0] for row in rows}) == within
            for name, wanted in (("fix_before", within[-1:]), ("fix_after", within[:1])):
                rows = await owner.fetch(f"select fix_time from {name}(1, $1, $2)", start, end)
                assert [row[0] for row in rows] == wanted, name


PACKER = """
import asyncio, sys
from pathlib import Path
from sightline.ingest.history.packing import PackHistory
from sightline.sql import connect
from sightline.sql.settings import DatabaseSettings
async def main():
    connection = await connect(DatabaseSettings(data_dir=Path(sys.argv[1])), "keeper")
    print("packing", flush=True)
    await PackHistory(rest=0)(connection, after_s=900.0)
asyncio.run(main())
"""


class TestKilled:
    async def test_at_any_moment_nothing_is_lost_nor_twice(self, database, desk, owner, keeper):
        start_s = hour_ago(3)
        cameras = range(1, LOCKS + 7)
        for camera_id in cameras:
            desk.put(report(*walked(start_s, 600, every_s=3)), start_s + 600, camera_id=camera_id)
        await desk.settle()
        before = [await history(owner, camera_id) for camera_id in cameras]
        rng, states = random.Random(3), set()
        for _ in range(8):
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", PACKER, str(database.data_dir), stdout=asyncio.subprocess.PIPE
            )
            await process.stdout.readline()
            await asyncio.sleep(rng.uniform(0, 0.5))
            if process.returncode is None:
                with suppress(ProcessLookupError):  # it may have come to its end this very moment
                    os.kill(process.pid, signal.SIGKILL)
            await process.wait()
            states.add(await owner.fetchval("select count(*) from fix"))
            assert [await history(owner, camera_id) for camera_id in cameras] == before
        assert len(states) > 1, "it was never killed in the middle"
        await pack(keeper)
        assert await owner.fetchval("select count(*) from fix") == 0
        assert [await history(owner, camera_id) for camera_id in cameras] == before


class TestKeeping:
    async def test_the_room_of_a_packed_day_is_given_back(self, desk, owner, keeper):
        start_s = hour_ago(30)
        await owner.fetchval("select fix_partitions_ensure($1, $1)", moment(start_s).date())
        await desk.writer._store.learn_days()
        await desk.send(report(*walked(start_s, 2000)), start_s + 2000)
        name = f"fix_recording_{moment(start_s):%Y%m%d}"
        assert await owner.fetchval(f"select count(*) from {name}") == 2000
        await pack(keeper)
        assert await owner.fetchval(f"select pg_relation_size('{name}')") == 0

    async def test_segments_go_with_the_day(self, owner, database, keeper):
        old = datetime.now(UTC).date() - timedelta(days=40)
        for kind in ("fix", "fix_segment"):
            await owner.execute(
                f"create table sightline.{kind}_recording_{old:%Y%m%d} partition of sightline.{kind}_recording"
                f" for values from ('{old}') to ('{old + timedelta(days=1)}')"
            )
        duty = next(duty for duty in DUTIES if duty.name == "retention")
        assert await do(duty, KeeperSettings(data_dir=database.data_dir), keeper) >= 1
        assert (
            await owner.fetchval(
                f"select to_regclass('sightline.fix_segment_recording_{old:%Y%m%d}')"
            )
            is None
        )

    async def test_a_day_in_use_is_dropped_later_and_nobody_waits_for_long(
        self, desk, owner, database, keeper
    ):
        old = datetime.now(UTC).date() - timedelta(days=40)
        reader = await database.connect("dashboard")
        duty = next(duty for duty in DUTIES if duty.name == "retention")
        settings = KeeperSettings(data_dir=database.data_dir)
        await do(duty, settings, keeper)
        exists = f"select to_regclass('sightline.fix_recording_{old:%Y%m%d}') is not null"
        await owner.execute(
            f"create table sightline.fix_recording_{old:%Y%m%d}"
            f" partition of sightline.fix_recording for values from ('{old}') to ('{old + timedelta(days=1)}')"
        )
        async with reader.transaction():
            await reader.fetch("select count(*) from fix")
            dropping = asyncio.create_task(do(duty, settings, keeper))
            await asyncio.sleep(0.05)
            started = time.monotonic()
            await desk.send(report(fix(hour_ago(0))), hour_ago(0))
            assert time.monotonic() - started < 2
            assert await dropping == 0
            assert await owner.fetchval(exists)
        assert await do(duty, settings, keeper) == 1
        assert not await owner.fetchval(exists)
