"""The writer on the real PostGIS: what is in the tables after a flush, and what is acknowledged."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import asyncpg
import pytest

from sightline.ingest import store as store_module
from sightline.ingest.received import Received, acknowledgement
from sightline.ingest.writer import Writer
from sightline.sql import connect
from sightline.sql.accounts import add_camera
from sightline.sql.settings import DatabaseSettings
from tests.ingest.walk import SECOND, T0, T0_US, fix, plain, report, status, walk

TODAY = T0.date()


def partition(days):
    """Name of the partition of recorded fixes, so many days from today."""
    return f"fix_recording_{TODAY + timedelta(days=days):%Y%m%d}"


def at(seconds):
    return T0 + timedelta(seconds=seconds)


class Desk:
    """A writer at work on a database of the test's own, with cameras 1 to 3."""

    def __init__(self, database, owner, **settings):
        self.database = database
        self.owner = owner
        self.acks = {}
        self.arrived = asyncio.Event()
        self.writer = Writer(
            database.settings, self._deliver, **{"flush_s": 0.02, "name": "desk", **settings}
        )
        self._task = None

    def _deliver(self, committed):
        for received in committed:
            self.acks[received.channel] = acknowledgement(received)
        self.arrived.set()

    async def start(self):
        await self.writer.connect()
        self._task = asyncio.create_task(self.writer.run())

    async def start_again(self):
        """As after a restart: everything is learnt anew."""
        await self.stop()
        self.__init__(self.database, self.owner)
        await self.start()

    async def stop(self):
        self.writer.inbox.close()
        if self._task is not None:
            await asyncio.wait_for(self._task, 10)

    def put(self, message, at_s=0.0, *, camera_id=1, epoch=1, name=None):
        """Hand one message in; `name` finds its acknowledgement."""
        name = name if name is not None else object()
        received_us = round(T0_US + at_s * SECOND)
        self.writer.inbox.put(Received(camera_id, epoch, received_us, message, name))
        return name

    async def ack(self, name, within_s=10.0):
        async with asyncio.timeout(within_s):
            while name not in self.acks:
                self.arrived.clear()
                await self.arrived.wait()
        return self.acks[name]

    async def send(self, message, at_s=0.0, **more):
        """One message and its acknowledgement."""
        return await self.ack(self.put(message, at_s, **more))

    async def settle(self):
        """Wait until everything handed in is written."""
        async with asyncio.timeout(10):
            while self.writer.inbox.size:  # noqa: ASYNC110 - the inbox tells nobody
                await asyncio.sleep(0.01)

    async def count(self, table, where="true"):
        return await self.owner.fetchval(f"select count(*) from sightline.{table} where {where}")

    async def live(self, camera_id=1):
        return await self.owner.fetchrow("select * from live where camera_id = $1", camera_id)


async def make_ready(owner, cameras=3):
    """Cameras numbered from 1, and partitions around T0."""
    for number in range(1, cameras + 1):
        await add_camera(owner, f"CAM-{number}")
    await owner.fetchval(
        "select fix_partitions_ensure($1, $2)",
        TODAY - timedelta(days=1),
        TODAY + timedelta(days=2),
    )


@pytest.fixture
async def desk(database):
    owner = await database.connect()
    await make_ready(owner)
    desk = Desk(database, owner)
    await desk.start()
    yield desk
    await desk.stop()


def counts(ack):
    return ack.stored, ack.duplicate


async def test_a_report_is_stored_as_it_was_said(desk):
    said = fix(
        1,
        north_m=10,
        altitude_m=31,
        speed_mps=1.4,
        heading_deg=212,
        battery_pct=71,
        bearer="lte",
        operator="234-30",
        cell="5F2A1",
        rsrp_dbm=-92,
        rsrq_db=-11,
        sinr_db=9.5,
        uplink_kbps=6_100,
    )
    assert counts(await desk.send(report(said), 2)) == (1, 0)
    row = await desk.owner.fetchrow("select * from fix_readable")
    assert (row["camera"], row["fix_time"], row["received_time"]) == ("CAM-1", at(1), at(2))
    assert (row["lat"], row["lon"]) == (said["lat"], said["lon"])
    assert (row["recording"], row["bearer"], row["operator"]) == ("recording", "lte", "234-30")
    assert (row["cell"], row["rsrp_dbm"], row["rsrq_db"]) == ("5F2A1", -92, -11)
    assert (row["sinr_db"], row["rssi_dbm"], row["uplink_kbps"]) == (9.5, None, 6_100)
    assert (row["altitude_m"], row["heading_deg"], row["battery_pct"]) == (31, 212, 71)
    assert (row["flags"], row["retention_class"]) == (0, b"r")

    live = await desk.live()
    assert (live["fix_time"], live["fix_received_time"], live["lat"]) == (at(1), at(2), said["lat"])
    assert (live["recording"], live["recording_time"], live["recording_since"]) == (3, at(2), at(1))
    assert (live["seen_time"], live["signal_time"], live["rsrp_dbm"]) == (at(2), at(1), -92)
    assert live["gateway_id"] == desk.writer.run_id
    assert live["batch"] == await desk.owner.fetchval("select batch from gateway") == 1


async def test_unknown_stays_unknown(desk):
    await desk.send(report({"time": T0_US // 1000, "lat": 51, "lon": 0}), 0)
    row = await desk.owner.fetchrow("select * from fix")
    unknown = {name for name, value in row.items() if value is None}
    assert unknown == {
        "accuracy_m", "altitude_m", "speed_mps", "heading_deg", "battery_pct", "rsrp_dbm", "rsrq_db",
        "sinr_db", "rssi_dbm", "uplink_kbps", "operator_id", "cell_id",
    }  # fmt: skip
    assert (row["recording"], row["retention_class"], row["bearer"]) == (0, b"o", 0)


async def test_duplicates_are_stored_once_and_counted(desk):
    assert counts(await desk.send(report(*walk(5), seq=1), 5)) == (5, 0)
    assert counts(await desk.send(report(*walk(5), seq=1), 6)) == (5, 0)  # the same report
    assert counts(await desk.send(report(*walk(7), seq=2), 7)) == (2, 5)
    assert await desk.count("fix") == 7


async def test_late_fixes_enter_history_and_do_not_move_the_marker(desk):
    await desk.send(report(fix(100, north_m=100)), 100)
    assert counts(await desk.send(report(*walk(50), seq=2), 101)) == (50, 0)
    assert await desk.count("fix") == 51
    assert await desk.count("fix", "flags & 1 = 1") == 50
    assert (await desk.live())["fix_time"] == at(100)


async def test_what_is_older_than_the_retention_goes_to_the_archive(desk):
    old = [fix(-40 * 86_400 + s) for s in range(3)]
    for expected in ((3, 0), (0, 3)):
        desk.writer.memory.__init__()
        assert counts(await desk.send(report(*old), 0)) == expected
    assert (await desk.count("fix"), await desk.count("fix_archive")) == (0, 3)
    assert (await desk.live())["fix_time"] is None


async def test_a_day_without_a_partition_goes_to_the_archive_too(desk):
    await desk.owner.execute(f"drop table {partition(-10)}")
    await desk.start_again()
    assert counts(await desk.send(report(fix(-10 * 86_400), fix(0)), 0)) == (2, 0)
    assert (await desk.count("fix"), await desk.count("fix_archive")) == (1, 1)


async def test_a_partition_made_meanwhile_is_found(desk, monkeypatch):
    await desk.owner.execute(f"drop table {partition(-10)}")
    await desk.start_again()
    monkeypatch.setattr(store_module, "_LEARN_EVERY_S", 0.0)
    await desk.owner.fetchval("select fix_partitions_ensure($1, $1)", TODAY - timedelta(days=10))
    assert counts(await desk.send(report(fix(-10 * 86_400)), 0)) == (1, 0)
    assert await desk.count("fix_archive") == 0


async def test_a_partition_dropped_meanwhile_costs_nothing(desk):
    await desk.send(report(fix(0)), 0)
    await desk.owner.execute(f"drop table {partition(-1)}")
    assert counts(await desk.send(report(fix(-86_400, north_m=0), seq=2), 1)) == (1, 0)
    assert await desk.count("fix_archive") == 1


async def test_doubted_fixes_are_kept_with_the_reason(desk):
    bad = [{**fix(0), "lat": 0, "lon": 0}, fix(500), fix(1), fix(2, north_m=9_000)]
    ack = await desk.send(report(*bad), 2)
    assert counts(ack) == (4, 0)
    assert [(e.index, e.code, e.kept) for e in ack.rejected] == [
        (0, "zero_position", True),
        (1, "clock_ahead", True),
        (3, "implausible_jump", True),
    ]
    rows = await desk.owner.fetch("select * from fix_quarantine order by reason")
    assert [row["reason"] for row in rows] == ["clock_ahead", "implausible_jump", "zero_position"]
    assert rows[0]["fix_time"] == at(500)
    assert '"lat":51.0' in rows[0]["raw"].replace(" ", "")
    assert (await desk.live())["flags"] == 16
    desk.writer.memory.__init__()
    assert counts(await desk.send(report(*bad), 3)) == (0, 4)


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("early", [plain, report])
async def test_a_fix_that_came_too_early_and_comes_again_is_stored_once(desk, early, restarted):
    assert counts(await desk.send(early(fix(0), fix(40, north_m=1)), 2)) == (2, 0)
    assert await desk.count("fix_quarantine") == 1
    if restarted:
        await desk.start_again()
    else:
        desk.writer.memory.__init__()
    again = await desk.send(early(fix(0), fix(40, north_m=1), fix(41, north_m=2)), 30)
    assert counts(again) == (1, 2)
    assert await desk.count("fix_quarantine") == 0
    assert await desk.count("fix") == 3
    assert (await desk.live())["fix_time"] == at(41)


async def test_recording_state_in_the_database(desk):
    await desk.send(report(fix(0)), 0)
    await desk.send(status("off", at_s=-999), 1)
    live = await desk.live()
    assert (live["recording"], live["recording_time"], live["fix_time"]) == (1, at(1), at(0))
    await desk.send(report(fix(-500, recording="recording"), seq=3), 2)  # backlog
    live = await desk.live()
    assert (live["recording"], live["recording_time"], live["seen_time"]) == (1, at(1), at(2))


async def test_an_older_connection_cannot_set_the_recording_state_even_from_another_gateway(
    desk, database
):
    await desk.send(status("off"), 10, epoch=5)
    other = Desk(database, desk.owner, name="other")
    await other.start()
    try:
        await other.send(status("recording"), 11, epoch=4)
        assert (await desk.live())["recording"] == 1
        await other.send(status("recording"), 12, epoch=6)
        assert (await desk.live())["recording"] == 3
        # The first gateway still thinks that it is off, and says nothing of it: it must not be set back.
        await desk.send(report(fix(-100)), 13, epoch=5)
        assert (await desk.live())["recording"] == 3
    finally:
        await other.stop()


async def test_what_an_older_connection_says_does_not_keep_a_state_fresh(desk, database):
    await desk.send(status("recording"), 0, epoch=4)
    other = Desk(database, desk.owner, name="other")
    await other.start()
    try:
        await other.send(status("recording"), 10, epoch=5)
        # The first gateway stood still meanwhile; what lay in its socket may be of any age.
        await desk.send(report(fix(1), seq=2), 90, epoch=4)
        await desk.send(report(fix(2), fix(3), seq=3), 91, epoch=4)
        live = await desk.live()
        assert (live["seen_time"], live["fix_time"], live["recording"]) == (at(10), at(3), 3)
        await other.send(report(fix(92), seq=4), 92, epoch=5)
        assert (await desk.live())["seen_time"] == at(92)
    finally:
        await other.stop()


async def test_a_deadlock_with_another_writer_is_no_database_that_is_away(desk, database):
    for camera_id in (1, 2):
        await desk.send(report(fix(0)), 0, camera_id=camera_id)
    rival = await database.connect()
    transaction = rival.transaction()
    await transaction.start()
    await rival.execute("update live set flags = flags where camera_id = 2")
    names = [desk.put(report(fix(1), seq=2), 1, camera_id=camera_id) for camera_id in (1, 2)]
    async with asyncio.timeout(5):
        while not await desk.owner.fetchval("select count(*) from pg_locks where not granted"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await rival.execute("update live set flags = flags where camera_id = 1")
    await transaction.commit()
    assert [counts(await desk.ack(name)) for name in names] == [(1, 0), (1, 0)]
    assert desk.writer.counts.failures == 0


async def test_two_gateways_and_one_camera(desk, database):
    """What one gateway does not know of the other's is found by the database."""
    other = Desk(database, desk.owner, name="other")
    await other.start()
    try:
        await desk.send(report(fix(0)), 0)
        await other.send(report(*walk(10, start_s=1), seq=2), 11)
        ack = await desk.send(report(*walk(12, start_s=1), seq=3), 12)
        assert counts(ack) == (2, 10)
        assert await desk.count("fix") == 13
        await other.send(report(fix(5.5), seq=4), 13)
        assert (await desk.live())["fix_time"] == at(12)
    finally:
        await other.stop()


def away(*seconds):
    return [fix(s, north_m=40_000) for s in seconds]


OF_TWO_GATEWAYS = {
    "one moved on": [(1, [fix(0)], 0), (0, away(10, 11, 12), 13), (1, [fix(13)], 14)],
    "suspects": [(1, [fix(0)], 0), *((n % 2, away(10 + n), 11 + n) for n in range(3))],
    "stuck": [
        (0, [fix(0)], 0),
        (1, [fix(s, north_m=5, speed_mps=5) for s in range(1, 9)], 9),
        (0, [fix(9, north_m=5, speed_mps=5)], 10),
    ],
    "too early": [(1, [fix(0)], 0), (0, [fix(40)], 1), (1, [fix(40), fix(41)], 42)],
}


@pytest.mark.parametrize("sent", OF_TWO_GATEWAYS.values(), ids=OF_TWO_GATEWAYS)
async def test_what_comes_by_two_gateways_is_judged_as_by_one(desk, database, sent):
    """A camera on one, its officer's phone on the other: neither may go by what it knew before the other wrote."""
    other = Desk(database, desk.owner, name="other")
    await other.start()
    found = []
    try:
        for camera_id, desks in ((1, (desk, other)), (2, (desk, desk))):
            stored = 0
            for seq, (which, fixes, at_s) in enumerate(sent):
                message = report(*fixes, seq=seq)
                stored += (await desks[which].send(message, at_s, camera_id=camera_id)).stored
            rows = [
                await desk.owner.fetch(
                    f"select fix_time, lat from {table} where camera_id = $1 order by 1, 2",
                    camera_id,
                )
                for table in (
                    "fix",
                    "(select camera_id, fix_time, (raw ->> 'lat')::float8 as lat from fix_quarantine) q",
                )
            ]
            live = await desk.live(camera_id)
            found.append((stored, *rows, live["fix_time"], live["lat"], live["flags"]))
    finally:
        await other.stop()
    assert found[0] == found[1]


async def test_of_two_readings_of_one_instant_the_same_is_live_whatever_came_first(desk):
    for camera_id, order in ((1, (0, 3)), (2, (3, 0))):
        for seq, north in enumerate(order):
            await desk.send(report(fix(1, north_m=north), seq=seq), 1, camera_id=camera_id)
    assert (await desk.live(1))["lat"] == (await desk.live(2))["lat"]
    assert await desk.count("fix") == 4


async def test_signs_of_life_and_statuses_make_a_live_row(desk):
    desk.put(None, 3)
    await desk.settle()
    live = await desk.live()
    assert (live["seen_time"], live["fix_time"], live["recording_time"]) == (at(3), None, None)
    ack = await desk.send(status("buffering", signal={"bearer": "nr", "rsrp_dbm": -99}), 4)
    assert counts(ack) == (0, 0)
    live = await desk.live()
    assert (live["recording"], live["bearer"], live["rsrp_dbm"], live["lat"]) == (2, 2, -99, None)


async def test_a_cell_without_a_network_and_the_same_cell_of_two_networks(desk):
    await desk.send(
        report(
            fix(0, cell="A1"),
            fix(1, cell="A1", operator="234-10"),
            fix(2, cell="A1", operator="234-20"),
            fix(3, operator="234-20"),
        ),
        3,
    )
    rows = await desk.owner.fetch("select operator, cell from fix_readable order by fix_time")
    assert [tuple(row) for row in rows] == [
        (None, "A1"),
        ("234-10", "A1"),
        ("234-20", "A1"),
        ("234-20", None),
    ]
    assert await desk.count("radio_cell") == 3


async def test_nonsense_networks_cannot_fill_the_dictionary(desk, monkeypatch):
    monkeypatch.setattr("sightline.ingest.dictionary.MOST_OPERATORS", 5)
    fixes = [fix(s, operator=f"X{s}", rsrp_dbm=-90) for s in range(20)]
    assert counts(await desk.send(report(*fixes), 20)) == (20, 0)
    assert await desk.count("network_operator") == 5
    assert await desk.count("fix", "operator_id is null") == 15


async def test_coverage_to_do_names_camera_and_five_minutes(desk):
    await desk.send(report(*walk(700)), 700)
    starts = await desk.owner.fetch("select bin_start from coverage_todo order by 1")
    assert [row[0] for row in starts] == [
        T0.replace(minute=minute, second=0) for minute in (0, 5, 10)
    ]


async def test_one_notification_a_flush(desk, database):
    listener = await database.connect("dashboard")
    heard = []
    await listener.add_listener("sightline_live", lambda *args: heard.append(args[3]))
    for camera_id in (1, 2, 3):
        desk.put(report(*walk(20)), 20, camera_id=camera_id)
    await desk.settle()
    await desk.send(report(fix(30), seq=2), 30)
    await listener.fetchval("select 1")
    assert heard == [f"{desk.writer.run_id}:1", f"{desk.writer.run_id}:2"]


async def test_acknowledged_only_after_the_commit(desk, database):
    blocker = await database.connect()
    transaction = blocker.transaction()
    await transaction.start()
    await blocker.execute("lock table live in share mode")
    name = desk.put(report(fix(0)), 0)
    await asyncio.sleep(0.3)
    assert name not in desk.acks
    assert await desk.count("fix") == 0
    await transaction.rollback()
    assert counts(await desk.ack(name)) == (1, 0)


class TestRefusedByTheDatabase:
    """A row that the protocol let through and the database will not have."""

    @pytest.fixture(autouse=True)
    async def _stricter(self, desk):
        await desk.owner.execute(
            f"alter table {partition(0)} add constraint never check (battery_pct <> 66)"
        )

    async def test_it_blocks_nobody_else(self, desk):
        good = [desk.put(report(*walk(5)), 5, camera_id=c, name=f"good{c}") for c in (1, 3)]
        bad = desk.put(report(*walk(3), fix(3, battery_pct=66), fix(4)), 5, camera_id=2, name="bad")
        for name in good:
            assert counts(await desk.ack(name)) == (5, 0)
        ack = await desk.ack(bad)
        assert counts(ack) == (5, 0)
        assert [(e.index, e.code, e.kept) for e in ack.rejected] == [
            (3, "refused_by_database", True)
        ]
        row = await desk.owner.fetchrow("select * from fix_quarantine")
        assert (row["camera_id"], row["reason"]) == (2, "refused_by_database")
        assert "never" in row["detail"]
        assert await desk.count("fix") == 14
        assert (await desk.live(2))["fix_time"] == at(4)

    async def test_a_message_that_cannot_be_stored_at_all_is_told(self, desk, caplog):
        await desk.owner.execute("alter table live add constraint never check (battery_pct <> 67)")
        name = desk.put(status("off", battery_pct=67), 1, camera_id=2)
        fine = desk.put(report(fix(0)), 1, camera_id=1)
        ack = await desk.ack(name)
        assert [(e.code, e.kept) for e in ack.rejected] == [("refused_by_database", False)]
        assert counts(await desk.ack(fine)) == (1, 0)
        assert "camera number 2 refused" in caplog.text
        assert desk.writer.inbox.size == 0


class TestTheDatabaseGoesAway:
    async def test_the_buffer_is_kept_and_nothing_is_acknowledged(self, desk, database):
        name = await desk.owner.fetchval("select current_database()")
        urls = json.loads((database.data_dir / "database.json").read_text())
        superuser = await asyncpg.connect(urls["superuser"].replace(f"/{name}", "/postgres"))
        await desk.send(report(fix(0)), 0)
        await superuser.execute(f'alter database "{name}" allow_connections false')
        await superuser.fetch(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1",
            name,
        )
        names = [desk.put(report(fix(s), seq=s), s) for s in range(1, 20)]
        await asyncio.sleep(0.6)
        assert not any(name in desk.acks for name in names)
        assert desk.writer.away_since is not None
        assert desk.writer.inbox.size == 38
        await superuser.execute(f'alter database "{name}" allow_connections true')
        await superuser.close()
        for one in names:
            assert counts(await desk.ack(one)) == (1, 0)
        assert desk.writer.away_since is None
        owner = await database.connect()
        assert await owner.fetchval("select count(*) from fix") == 20

    async def test_a_commit_that_broke_off_but_happened_is_counted_once(self, desk, monkeypatch):
        """The answer to COMMIT is lost; the batch's number in the database tells what became of it."""
        real = store_module.Store.commit
        broken = []

        async def commit(self, rows, flush):
            stored = await real(self, rows, flush)
            if not broken:
                broken.append(flush.batch)
                raise store_module.UnsureError(flush.batch, stored, OSError("cut"))
            return stored

        monkeypatch.setattr(store_module.Store, "commit", commit)
        assert counts(await desk.send(report(*walk(5)), 5)) == (5, 0)
        assert broken == [1]
        assert await desk.count("fix") == 5
        assert counts(await desk.send(report(*walk(6), seq=2), 6)) == (1, 5)

    async def test_a_commit_that_broke_off_and_did_not_happen_is_made_again(
        self, desk, monkeypatch
    ):
        real = store_module.Store.commit
        broken = []

        async def commit(self, rows, flush):
            if not broken:
                broken.append(flush.batch)
                stored = await real(self, rows, replace(flush, trial=True))
                raise store_module.UnsureError(flush.batch, stored, OSError("cut"))
            return await real(self, rows, flush)

        monkeypatch.setattr(store_module.Store, "commit", commit)
        assert counts(await desk.send(report(*walk(5)), 5)) == (5, 0)
        assert await desk.count("fix") == 5

    async def test_a_run_that_vanished_begins_anew(self, desk):
        await desk.send(report(fix(0)), 0)
        first = desk.writer.run_id
        await desk.owner.execute("delete from gateway")
        assert counts(await desk.send(report(fix(1), seq=2), 1)) == (1, 0)
        assert desk.writer.run_id != first


async def test_memory_is_read_again_after_another_gateway_had_the_camera(desk):
    await desk.send(report(fix(0)), 0)
    await desk.owner.execute("update live set recording = 2, fix_time = fix_time + interval '9 s'")
    desk.writer.forget(1)
    await desk.send(report(fix(5), seq=2), 6)
    assert await desk.count("fix", "flags & 1 = 1") == 1


async def test_the_inbox_makes_receivers_wait(database):
    owner = await database.connect()
    await make_ready(owner)
    desk = Desk(database, owner, buffer_size=30)
    for s in range(20):
        desk.put(report(fix(s), seq=s), s)
    assert desk.writer.inbox.full
    waiting = asyncio.create_task(desk.writer.inbox.room())
    await asyncio.sleep(0.05)
    assert not waiting.done()
    await desk.start()
    await asyncio.wait_for(waiting, 5)
    await desk.stop()
    assert await desk.count("fix") == 20


async def test_a_name_that_the_database_does_not_take_holds_nobody_up(desk):
    bad = desk.put(plain(fix(0, operator="234-30", cell="A\u0000B")), 0, camera_id=1)
    good = desk.put(plain(fix(0, operator="234-30", cell="C")), 0, camera_id=2)
    (entry,) = (await desk.ack(bad)).rejected
    assert (entry.field, entry.kept) == ("signal.cell", True)
    assert counts(await desk.ack(good)) == (1, 0)
    assert await desk.count("fix") == 2
    assert await desk.owner.fetch("select cell from radio_cell") == [("C",)]


async def test_a_name_that_slips_through_is_refused_with_its_message_alone(desk, monkeypatch):
    monkeypatch.setattr("sightline.ingest.batch._is_clean", lambda _pair: True)
    bad = desk.put(plain(fix(0, operator="234-30", cell="A\u0000B")), 0, camera_id=1)
    good = desk.put(plain(fix(0, operator="234-30", cell="C")), 0, camera_id=2)
    assert counts(await desk.ack(good)) == (1, 0)
    await desk.settle()
    assert bad not in desk.acks or desk.acks[bad].rejected
    assert await desk.count("fix", "camera_id = 2") == 1


async def test_closing_writes_what_is_left(database):
    owner = await database.connect()
    await make_ready(owner)
    desk = Desk(database, owner, flush_s=30.0)
    await desk.start()
    name = desk.put(report(*walk(5)), 5)
    await asyncio.sleep(0.05)
    assert name not in desk.acks
    await desk.stop()
    assert counts(desk.acks[name]) == (5, 0)


async def test_a_large_inbox_goes_in_several_transactions(database):
    owner = await database.connect()
    await make_ready(owner)
    desk = Desk(database, owner, batch_size=100)
    for s in range(0, 900, 30):
        desk.put(report(*walk(30, start_s=s), seq=s), 900)
    await desk.start()
    await desk.settle()
    await desk.stop()
    assert desk.writer.counts.flushes == 10
    assert desk.writer.counts.stored == await desk.count("fix") == 900


async def test_live_state_is_updated_in_place(own_cluster):
    """HOT updates: no index is touched, and the table does not grow."""
    settings = DatabaseSettings(data_dir=own_cluster.data_dir)
    owner = await connect(settings, "owner")
    await make_ready(owner, cameras=300)
    desk = Desk(SimpleNamespace(settings=settings), owner)
    await desk.start()
    for second in range(20):
        for camera_id in range(1, 301):
            desk.put(report(fix(second, north_m=second), seq=second), second, camera_id=camera_id)
        await desk.settle()
    await desk.stop()
    assert await desk.count("fix") == 6_000
    updates, in_place, size = await owner.fetchrow(
        "select n_tup_upd, n_tup_hot_upd, pg_relation_size(relid) from pg_stat_user_tables"
        " where relname = (select 'live_' || house from live_house)"
    )
    await owner.close()
    assert updates == 19 * 300
    assert in_place == updates
    assert size <= 16 * 8_192
