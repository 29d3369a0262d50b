"""Housekeeping on the real PostGIS: every duty, that two keepers never collide, and coverage however fixes arrive."""

import asyncio
import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from sightline.ingest import keeper
from sightline.ingest.coverage import Sample, device_bins
from sightline.ingest.keeper import DUTIES, Duty, do
from sightline.ingest.merge import FLAG_HEARD
from sightline.ingest.rollup import roll_up, spans
from sightline.ingest.settings import KeeperSettings
from sightline.sql import query
from sightline.sql.accounts import add_camera
from sightline.sql.audit import verify
from tests.ingest.camera_client import until

BIN = timedelta(minutes=5)
BY_NAME = {duty.name: duty for duty in DUTIES}


@pytest.fixture
async def owner(database):
    return await database.connect()


@pytest.fixture
def settings(database):
    return KeeperSettings(data_dir=database.data_dir, keeper_interval_s=0.1)


@pytest.fixture
async def connection(database):
    return await database.connect("keeper")


class TestDeadlocks:
    async def rounds(self, settings, connection, in_a_row):
        """How often a duty was tried that meets so many deadlocks one after the other."""
        tried = 0

        async def work(_settings, _connection):
            nonlocal tried
            tried += 1
            if tried <= in_a_row:
                raise asyncpg.DeadlockDetectedError("deadlock detected")
            return 0

        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                await keeper._rounds(Duty("tried", work, 60), settings, connection)
        return tried

    async def test_a_few_are_tried_again_on_the_same_connection(
        self, settings, connection, monkeypatch
    ):
        monkeypatch.setattr(keeper, "_PAUSE_S", 0.01)
        assert await self.rounds(settings, connection, 3) == 4
        assert await connection.fetchval("select 1") == 1

    async def test_more_than_a_few_are_trouble(self, settings, connection, monkeypatch):
        monkeypatch.setattr(keeper, "_PAUSE_S", 0.01)
        with pytest.raises(asyncpg.DeadlockDetectedError):
            await self.rounds(settings, connection, 4)


class TestDuties:
    async def test_partitions_for_the_next_days(self, owner, settings, connection):
        for row in await owner.fetch("select name from fix_partition"):
            await owner.execute(f"drop table sightline.{row['name']}")
        assert await do(BY_NAME["partitions"], settings, connection) == 10
        days = await owner.fetch("select distinct day from fix_partition order by 1")
        today = datetime.now(UTC).date()
        assert [row[0] for row in days] == [today + timedelta(days=n) for n in range(-1, 4)]
        assert await do(BY_NAME["partitions"], settings, connection) == 0

    async def test_retention_drops_what_is_past_its_time(self, owner, settings, connection):
        today = datetime.now(UTC).date()
        old = today - timedelta(days=40)
        await do(BY_NAME["retention"], settings, connection)  # the day may have changed meanwhile
        await owner.execute(
            f"create table sightline.fix_other_{old:%Y%m%d} partition of sightline.fix_other"
            f" for values from ('{old}') to ('{old + timedelta(days=1)}')"
        )
        assert await do(BY_NAME["retention"], settings, connection) == 1
        oldest = dict(
            await owner.fetch(
                "select retention_class::text, min(day) from fix_partition group by 1"
            )
        )
        assert oldest["r"] >= today - timedelta(days=32)
        assert oldest["o"] >= today - timedelta(days=2)
        assert await owner.fetchval(
            "select count(*) from audit_entry where action = 'retention.drop'"
        )

    async def test_the_audit_is_sealed(self, database, owner, settings, connection):
        await add_camera(owner, "CAM-1")
        assert (await verify(database.settings)).unsealed > 0
        assert await do(BY_NAME["audit"], settings, connection) > 0
        report = await verify(database.settings)
        assert (report.holds, report.unsealed) == (True, 0)

    async def test_what_keeps_the_audit_from_being_signed_is_logged_once(
        self, database, owner, settings, connection, caplog
    ):
        caplog.set_level("WARNING")
        duty = keeper.Duty("audit", keeper.SealAudit())
        await add_camera(owner, "CAM-1")
        await do(duty, settings, connection)
        head = database.data_dir / "audit-head.json"
        before = head.read_text()
        head.write_text("")
        for _ in range(3):
            await do(duty, settings, connection)
        assert [str(head) in record.message for record in caplog.records] == [True]
        head.write_text(before)
        await do(duty, settings, connection)
        assert caplog.records[-1].message.endswith("signed and kept again.")

    async def test_commands_expire(self, owner, settings, connection):
        await add_camera(owner, "CAM-1")
        for seconds in (-7_200, -60, 60):
            await owner.execute("""select command_camera(1, '{"type":"talk_stop"}', $1)""", seconds)
        assert await do(BY_NAME["expiry"], settings, connection) == 1
        assert await owner.fetchval("select count(*) from camera_command") == 2

    async def test_streams_can_be_ended(self, settings, connection):
        assert await do(BY_NAME["streams"], settings, connection) == 0

    async def test_two_keepers_never_do_the_same(self, database, settings, connection):
        other = await database.connect("keeper")
        going, go_on = asyncio.Event(), asyncio.Event()

        async def slow(_settings, _connection):
            going.set()
            await go_on.wait()
            return 7

        duty = keeper.Duty("test", slow)
        first = asyncio.create_task(do(duty, settings, connection))
        await going.wait()
        assert await do(duty, settings, other) is None
        go_on.set()
        assert await first == 7
        assert await do(duty, settings, other) == 7

    async def test_a_keeper_that_dies_lets_go(self, database, settings, connection):
        dying = await database.connect("keeper")
        assert await dying.fetchval(
            "select pg_try_advisory_lock(hashtext('sightline.keeper'), hashtext('expiry'))"
        )
        assert await do(BY_NAME["expiry"], settings, connection) is None
        dying.terminate()

        async def free():
            return await do(BY_NAME["expiry"], settings, connection) is not None

        await until(free)

    async def test_the_process_does_them_all_and_ends_when_told(self, database, owner, settings):
        await add_camera(owner, "CAM-1")
        stop = asyncio.Event()
        running = asyncio.create_task(keeper.run(settings, stop))

        async def sealed():
            return (await verify(database.settings)).unsealed == 0

        await until(sealed, within_s=10)
        stop.set()
        await asyncio.wait_for(running, 5)

    async def test_it_comes_back_when_the_database_does(self, owner, database, settings):
        stop = asyncio.Event()
        running = asyncio.create_task(keeper.run(settings, stop))
        superuser = await database.superuser()
        await asyncio.sleep(0.3)
        await superuser.fetch(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where usename = 'sightline_keeper' and datname = current_database()"
        )
        await add_camera(owner, "CAM-1")

        async def sealed():
            return (await verify(database.settings)).unsealed == 0

        await until(sealed, within_s=10)
        assert not running.done()
        stop.set()
        await asyncio.wait_for(running, 5)


def test_spans_join_bins_in_a_row():
    start = datetime(2026, 11, 20, 14, tzinfo=UTC)
    found = list(spans(start + n * BIN for n in (0, 1, 2, 5, 7, 8)))
    assert [(s.start - start) // BIN for s in found] == [0, 5, 7]
    assert [(s.end - s.start) // BIN for s in found] == [3, 1, 2]


class History:
    """Fixes put into history as the writer would, and the coverage that comes of them."""

    def __init__(self, owner, connection):
        self.owner = owner
        self.connection = connection
        now = datetime.now(UTC)
        self.start = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)

    def fix(self, at_s, *, north=0.0, rsrp=-90.0, late_s=0.2, recording=3, flags=0):
        at = self.start + timedelta(seconds=at_s)
        return (at, at + timedelta(seconds=late_s), 51.27 + north, 0.52, recording, rsrp, flags)

    async def store(self, *fixes, camera_id=1):
        for at, received, lat, lon, recording, rsrp, flags in fixes:
            await self.owner.execute(
                "insert into fix (camera_id, retention_class, recording, bearer, fix_time,"
                " received_time, content_hash, lat, lon, rsrp_dbm, flags)"
                " values ($1, case $5::smallint when 3 then 'r'::\"char\" else 'o' end, $5, 1, $2, $3,"
                " $8, $4, $6, $7, $9) on conflict do nothing",
                camera_id,
                at,
                received,
                lat,
                recording,
                lon,
                rsrp,
                hash((at, lat)) >> 1,
                flags,
            )
            await self.owner.execute(
                "insert into coverage_todo values ($1, date_bin('5 minutes', $2, '2000-01-01Z'))",
                camera_id,
                at,
            )

    async def roll_up(self):
        return await roll_up(self.connection)

    async def bins(self):
        rows = await self.owner.fetch(
            "select bin_start, cell, operator_id, bearer, samples, rsrp_dbm, gap from coverage_bin"
            " order by 1, 2, 3, 4"
        )
        return [tuple(row) for row in rows]

    def expected(self, *fixes):
        """The same from the pure definition, over all fixes at once."""

        def us(moment):
            return round(moment.timestamp() * 1_000_000)

        made = device_bins(
            Sample(us(at), us(received), lat, lon, recording, 0, 1, rsrp, heard=flags == FLAG_HEARD)
            for at, received, lat, lon, recording, rsrp, flags in {
                fix[0]: fix for fix in fixes
            }.values()
        )
        return sorted(
            (
                datetime.fromtimestamp(key.start_us / 1e6, UTC),
                key.cell,
                key.operator_id,
                key.bearer,
                one.samples,
                one.rsrp_dbm,
                one.gap,
            )
            for key, one in made.items()
        )


@pytest.fixture
async def history(owner, connection):
    return History(owner, connection)


class TestCoverage:
    async def test_only_what_is_over_is_computed(self, history):
        now = datetime.now(UTC)
        history.start = now
        await history.store(history.fix(0))
        assert await history.roll_up() == 0
        assert await history.bins() == []

    async def test_a_walk(self, history):
        fixes = [history.fix(s, north=s / 20_000, rsrp=-80 - s // 20) for s in range(0, 900, 3)]
        await history.store(*fixes)
        assert await history.roll_up() == 3
        assert await history.bins() == history.expected(*fixes)
        assert await history.owner.fetchval("select count(*) from coverage_todo") == 0

    async def test_a_gateway_does_not_wait_for_what_is_being_computed(self, history):
        await history.store(history.fix(0))
        async with history.connection.transaction():
            (row,) = await history.connection.fetch(query("keeper.coverage_closed"), 20.0, 10)
            await history.connection.execute(
                query("keeper.coverage_taken"), *row, row["bin_start"] + BIN
            )
            await history.owner.execute("set lock_timeout = '500 ms'")
            await history.owner.execute(
                query("writer.coverage_todo"), [row["camera_id"]] * 2, [row["bin_start"]] * 2
            )
        assert await history.roll_up() == 1
        assert await history.roll_up() == 0

    async def test_an_officer_indoors_lies_in_no_gap(self, history):
        fixes = [history.fix(0), history.fix(1_000, flags=FLAG_HEARD), history.fix(1_001)]
        await history.store(*fixes)
        await history.roll_up()
        bins = await history.bins()
        assert bins == history.expected(*fixes)
        assert [gap for *_, gap in bins] == [False, False]

    async def test_again_changes_nothing(self, history):
        fixes = [history.fix(s) for s in range(0, 400, 3)]
        for _ in range(3):
            await history.store(*fixes)
            await history.roll_up()
            assert await history.bins() == history.expected(*fixes)

    async def test_a_gap_reaches_back_over_bins_that_were_computed(self, history):
        before, after = history.fix(100), history.fix(1_510, north=0.03)
        await history.store(before)
        await history.roll_up()
        assert [bin_[-1] for bin_ in await history.bins()] == [False]
        await history.store(after)
        await history.roll_up()
        assert await history.bins() == history.expected(before, after)
        assert all(bin_[-1] for bin_ in await history.bins())
        assert len(await history.bins()) > 30

    async def test_buffered_fixes_take_the_gap_away_again(self, history):
        ends = [history.fix(100), history.fix(1_500, north=0.03)]
        await history.store(*ends)
        await history.roll_up()
        assert any(bin_[-1] for bin_ in await history.bins())
        buffered = [
            history.fix(s, north=(s - 100) * 0.03 / 1_400, rsrp=-100, late_s=1_500 - s)
            for s in range(103, 1_500, 3)
        ]
        await history.store(*buffered)
        await history.roll_up()
        assert await history.bins() == history.expected(*ends, *buffered)
        assert not any(bin_[-1] for bin_ in await history.bins())

    async def test_a_late_fix_splits_a_gap(self, history):
        ends = [history.fix(100), history.fix(2_500, north=0.03)]
        await history.store(*ends)
        await history.roll_up()
        middle = history.fix(1_300, north=-0.02, late_s=2_000)
        await history.store(middle)
        await history.roll_up()
        assert await history.bins() == history.expected(*ends, middle)

    async def test_a_log_that_was_imported(self, history):
        await history.store(history.fix(0), history.fix(200))
        await history.owner.execute("insert into fix_archive select * from fix; delete from fix")
        await history.roll_up()
        assert [(bin_[4], bin_[-1]) for bin_ in await history.bins()] == [(2, False)]

    async def test_where_retention_has_dropped_fixes_bins_are_only_added(self, history):
        history.start -= timedelta(days=3)
        await history.store(*[history.fix(s) for s in range(0, 60, 3)])
        await history.roll_up()
        before = await history.bins()
        await history.owner.execute("delete from fix")
        late = history.fix(200, north=0.02, rsrp=-77, late_s=200_000)
        await history.store(late)
        await history.roll_up()
        after = await history.bins()
        assert set(before) <= set(after)
        assert len(after) == len(before) + 1

    async def test_cameras_apart(self, history):
        await history.store(history.fix(0))
        await history.store(history.fix(100), camera_id=2)
        assert await history.roll_up() == 2
        assert not any(bin_[-1] for bin_ in await history.bins())

    @pytest.mark.parametrize("seed", range(6))
    async def test_whatever_the_order_of_arrival_the_bins_are_those_of_the_definition(
        self, history, seed
    ):
        """Fixes with gaps, stored in a random order and in parts, with a roll-up after each part."""
        chance = random.Random(seed)
        fixes, second = [], 0.0
        for _ in range(60):
            second += chance.choice([1, 1, 1, 3, 4, 20, 200, 700])
            fixes.append(
                history.fix(
                    second,
                    north=chance.uniform(0, 0.01),
                    rsrp=chance.choice([None, -70.0, -90.0, -115.0]),
                    late_s=chance.choice([0.2, 0.2, 500]),
                )
            )
        fixes = [one for one in fixes if one[0] < datetime.now(UTC) - timedelta(minutes=6)]
        todo = fixes + chance.choices(fixes, k=10)
        chance.shuffle(todo)
        while todo:
            size = chance.randint(1, 20)
            part, todo = todo[:size], todo[size:]
            await history.store(*part)
            await history.roll_up()
        assert await history.bins() == history.expected(*fixes)
