"""Recorded tracks as live cameras: names, times, and the way through a real gateway."""

from __future__ import annotations

import asyncio
import io
import time
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.ingest.adapters.errors import TrackFormatError
from sightline.ingest.adapters.tracks import Track, Unread
from sightline.ingest.camera.core import CameraCore
from sightline.ingest.camera.messages import Fix, Identity
from sightline.ingest.fields import CAMERA_ID_PATTERN
from sightline.ingest.fleet import replay
from sightline.ingest.fleet.errors import CameraTakenError, GatewayUnreachableError
from sightline.ingest.fleet.replay import camera_names, shifted
from sightline.ingest.fleet.simulate import run as simulate
from sightline.ingest.gateway import run as run_gateway
from sightline.ingest.settings import GatewaySettings
from sightline.sql import accounts
from sightline.sql.errors import AccountError
from tests.conftest import Database
from tests.ports import free_port

HEADER = "Timestamp,Longitude,Latitude,Speed,Operatorname,CellID,NetworkMode,RSRP,RSRQ,SNR,RSSI,RAWCELLID\n"
LOG = HEADER + (
    "2019.12.14_10.16.30,-8.388186,51.935604,0,B,12,5G,-99,-15,6.0,-90,11016972\n"
    "2019.12.14_10.16.31,-8.38847,51.935739,1,B,12,LTE,-101,-15,6.0,-90,11016972\n"
    "2019.12.14_10.16.31,-8.38847,51.935739,1,B,12,LTE,-102,-14,6.0,-,11016972\n"
    "2019.12.14_10.16.31,-8.38847,51.935739,1,B,12,LTE,-102,-14,6.0,-,11016972\n"
    "2019.12.14_10.16.32,-8.38847,51.935739,1,B,12,HSPA+,-71,-2,-,-,10505\n"
    "2019.12.14_10.16.33,-8.3885,bad,1,B,12,LTE,-102,-14,6.0,-,11016972\n"
    "2019.12.14_10.16.34,-8.3886,51.9358,2,-,12,LTE,-,-14,6.0,-,-\n"
)


def track(name: str, *times_ms: int) -> Track:
    return Track(name, [Fix(t, 51.9, -8.4 + k / 1e5, "unknown") for k, t in enumerate(times_ms)])


@given(st.lists(st.text(min_size=1, max_size=80), min_size=1, max_size=5))
def test_every_track_gets_a_camera_of_its_own(names):
    import re

    tracks = [track(name, 1_000 * k, 2_000 * k) for k, name in enumerate(names)]
    made = camera_names(tracks)
    assert len(set(made)) == len(made)
    assert all(re.fullmatch(CAMERA_ID_PATTERN, name) for name in made)


def test_the_same_file_is_the_same_camera_alone_or_among_others():
    alone = camera_names([track("B_2019.12.14_10.16.30", 0)])
    among = camera_names([track("other", 0), track("B_2019.12.14_10.16.30", 0)])
    assert alone == ["replay:B_2019.12.14_10.16.30"]
    assert among[1] == alone[0]


@given(
    st.lists(st.integers(0, 10_000_000), min_size=1, max_size=40).map(sorted),
    st.sampled_from([0.5, 1.0, 2.0, 7.5]),
)
def test_shifting_keeps_distances_and_content_and_never_runs_ahead(times, speed):
    original = track("x", *times)
    moved = shifted(original, 50_000_000, speed)
    assert moved[0][0] == 50_000_000
    for before, (due_ms, after) in zip(original.fixes, moved, strict=True):
        assert due_ms == 50_000_000 + int((before.time - times[0]) / speed)
        assert after.time - moved[0][1].time == before.time - times[0]
        assert after.time <= due_ms + 1
        assert (after.lat, after.lon, after.signal) == (before.lat, before.lon, before.signal)
    assert moved[-1][1].time >= moved[-1][0] - 1 or speed < 1


def test_other_formats_are_named(tmp_path: Path):
    (tmp_path / "track.kml").write_text("<kml/>")
    with pytest.raises(TrackFormatError, match=r"ends in '.kml', but must be .csv, .zip or .gpx"):
        replay.read_tracks([tmp_path / "track.kml"], replay.ZoneInfo("UTC"))


@pytest.fixture
async def gateway(database: Database) -> AsyncIterator[str]:
    """The address of a real gateway on a database of its own."""
    port, http_port = free_port(), free_port()
    settings = GatewaySettings(
        data_dir=database.data_dir, gateway_port=port, gateway_http_port=http_port, gateway_cot_port=0,
        internal_secret="x" * 40, gateway_flush_ms=20,
    )  # fmt: skip
    stop = asyncio.Event()
    running = asyncio.create_task(run_gateway(settings, stop))
    async with asyncio.timeout(20):
        while True:
            assert not running.done(), running
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            break
    yield f"ws://127.0.0.1:{port}/camera"
    stop.set()
    await asyncio.wait_for(running, 10)


async def _stored(database: Database) -> list[tuple]:
    owner = await database.connect()
    rows = await owner.fetch(
        "select lat, lon, rsrp_dbm, rsrq_db, sinr_db, rssi_dbm, uplink_kbps, operator, cell, bearer,"
        " recording, speed_mps from fix_readable order by fix_time"
    )
    return [tuple(row) for row in rows]


EXPECTED = [
    (51.935604, -8.388186, -99, -15, 6, -90, None, "B", "11016972", "nr", "unknown", 0),
    (51.935739, -8.38847, -101, -15, 6, -90, None, "B", "11016972", "lte", "unknown", 1 / 3.6),
    (51.935739, -8.38847, -102, -14, 6, None, None, "B", "11016972", "lte", "unknown", 1 / 3.6),
    (51.935739, -8.38847, None, None, None, None, None, "B", "10505", "other", "unknown", 1 / 3.6),
    (51.9358, -8.3886, None, -14, 6, None, None, None, "12", "lte", "unknown", 2 / 3.6),
]


def _approximately(rows: list[tuple]) -> list[tuple]:
    """Speeds are stored in single precision."""
    return [(*row[:-1], pytest.approx(row[-1], abs=1e-6)) for row in rows]


async def test_original_times_go_to_the_archive_once(
    database: Database, gateway: str, tmp_path: Path
):
    log, out = tmp_path / "B_2019.12.14.csv", io.StringIO()
    log.write_text(LOG)
    arguments = {"gateway_url": gateway, "original_times": True, "zone": "Europe/Dublin"}
    first = await replay.run(database.settings, [log], output=out, **arguments)
    assert (first.sent, first.stored, first.duplicate, first.rejected) == (5, 5, 0, [])
    assert "line 7: Latitude is 'bad'" in out.getvalue()
    assert "5 fixes sent, 5 stored" in out.getvalue()
    assert await _stored(database) == _approximately(EXPECTED)
    owner = await database.connect()
    oldest = await owner.fetchval("select min(fix_time) from fix_archive")
    assert oldest.isoformat() == "2019-12-14T10:16:30+00:00"
    await asyncio.sleep(1.1)  # a client numbers its messages from the second it starts in
    again = await replay.run(database.settings, [log], output=io.StringIO(), **arguments)
    assert (again.stored, again.duplicate) == (0, 5)
    assert len(await _stored(database)) == 5
    assert await owner.fetchval("select count(*) from camera where kind = 'tracker'") == 1


async def test_live_it_ends_now_and_never_runs_ahead(
    database: Database, gateway: str, tmp_path: Path
):
    log = tmp_path / "drive.csv"
    log.write_text(LOG)
    began = time.time()
    done = await replay.run(
        database.settings, [log], gateway_url=gateway, speed=4.0, output=io.StringIO()
    )
    took = time.time() - began
    assert (done.sent, done.stored, done.rejected) == (5, 5, [])
    assert 1.0 <= took < 10
    assert await _stored(database) == _approximately(EXPECTED)
    owner = await database.connect()
    row = await owner.fetchrow(
        "select extract(epoch from min(fix_time))::float8 as first, extract(epoch from max(fix_time))::float8"
        " as last, bool_and(received_time >= fix_time) as behind, count(*) as n from fix"
    )
    assert began <= row["last"] <= began + took
    assert row["last"] - row["first"] == pytest.approx(4.0, abs=0.01)
    assert row["behind"]
    assert row["n"] == 5
    live = await owner.fetchrow(
        "select l.recording, l.lat from live l join camera c on c.id = l.camera_id"
    )
    assert (live["recording"], live["lat"]) == (0, 51.9358)


async def test_nobody_at_the_gateway_is_said(database: Database, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(replay, "CONNECT_WITHIN_S", 0.3)
    log = tmp_path / "drive.csv"
    log.write_text(LOG)
    with pytest.raises(GatewayUnreachableError, match="1 of 1 cameras could not connect"):
        await replay.run(
            database.settings, [log], gateway_url="ws://127.0.0.1:9/camera", output=io.StringIO()
        )


async def test_more_fixes_than_a_camera_holds_all_arrive(
    database: Database, gateway: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    held: list[int] = []
    add_fix = CameraCore.add_fix

    def small(self: CameraCore, identity: Identity, first_seq: int) -> None:
        start(self, identity, first_seq, buffered_fixes=3_000)

    def counting(self: CameraCore, fix: Fix) -> None:
        add_fix(self, fix)
        held.append(self.buffered)

    start = CameraCore.__init__
    monkeypatch.setattr(CameraCore, "__init__", small)
    monkeypatch.setattr(CameraCore, "add_fix", counting)
    log = tmp_path / "long.csv"
    rows = (
        f"2019.12.14_{10 + k // 3600}.{k // 60 % 60:02}.{k % 60:02},-8.{400_000 - k},51.9,1,B,12,LTE,-99,-15,6,-90,1\n"
        for k in range(7_000)
    )
    log.write_text(HEADER + "".join(rows))
    done = await replay.run(
        database.settings, [log], gateway_url=gateway, original_times=True, output=io.StringIO()
    )
    assert (done.sent, done.stored, done.lost, done.is_whole) == (7_000, 7_000, 0, True)
    assert max(held) <= replay.MOST_BUFFERED
    assert len(await _stored(database)) == 7_000


def test_what_was_sent_and_not_stored_is_said():
    outcome = replay.Outcome(tracks=1, sent=25_000, stored=19_000, duplicate=1_000)
    assert (outcome.lost, outcome.is_whole) == (5_000, False)
    assert outcome.sentence().endswith(" 5,000 of those sent are not stored.")
    assert "not stored" not in replay.Outcome(tracks=1, sent=2, stored=2).sentence()
    assert replay.Outcome(unread=[Unread("notes.csv", "No log.", is_log=False)]).is_whole
    assert not replay.Outcome(unread=[Unread("log.csv", "Damaged.", is_log=True)]).is_whole


async def test_a_second_replay_of_a_file_ends_the_first_with_a_sentence(
    database: Database, gateway: str, tmp_path: Path
):
    log = tmp_path / "drive.csv"
    # its last row comes an hour later: the first replay waits for it when the second begins
    log.write_text(LOG + "2019.12.14_11.16.34,-8.3886,51.9358,2,-,12,LTE,-,-14,6.0,-,-\n")
    first = asyncio.create_task(
        replay.run(database.settings, [log], gateway_url=gateway, output=io.StringIO())
    )
    owner = await database.connect()
    async with asyncio.timeout(20):
        while not await owner.fetchval("select count(*) from fix"):  # noqa: ASYNC110 - polls a table
            await asyncio.sleep(0.05)
    await accounts.camera_token(owner, "replay:drive")  # as the second does
    with pytest.raises(CameraTakenError, match="camera replay:drive: this replay ends"):
        await asyncio.wait_for(first, 10)


async def test_a_disabled_camera_is_not_replayed(database: Database, gateway: str, tmp_path: Path):
    log = tmp_path / "drive.csv"
    log.write_text(LOG)
    owner = await database.connect()
    await accounts.add_camera(owner, "replay:drive", kind="tracker")
    await accounts.disable_camera(owner, "replay:drive")
    with pytest.raises(AccountError, match="'replay:drive' is disabled"):
        await replay.run(database.settings, [log], gateway_url=gateway, output=io.StringIO())


async def test_a_bad_file_of_a_zip_is_said_and_the_rest_replayed(
    database: Database, gateway: str, tmp_path: Path
):
    file, out = tmp_path / "logs.zip", io.StringIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("drive.csv", LOG)
        archive.writestr("__MACOSX/._drive.csv", b"\0\5\xff")
        archive.writestr("broken.csv", HEADER)
    done = await replay.run(
        database.settings, [file], gateway_url=gateway, original_times=True, output=out
    )
    assert (done.stored, done.is_whole) == (5, False)
    assert (
        "._drive.csv is what macOS notes about a file, and no log. It was left out."
        in out.getvalue()
    )
    assert "broken: no line of it is a fix. It was left out." in out.getvalue()


async def test_many_remarks_of_the_gateway_are_counted(
    database: Database, gateway: str, tmp_path: Path
):
    log, out = tmp_path / "drive.csv", io.StringIO()
    rows = (
        f"2019.12.14_10.16.{k:02},{-8.3 - k % 2},51.9,1,B,12,LTE,-99,-15,6,-90,1\n"
        for k in range(60)
    )
    log.write_text(HEADER + "".join(rows))
    done = await replay.run(database.settings, [log], gateway_url=gateway, speed=30, output=out)
    assert len(done.rejected) > 20
    assert f"… and {len(done.rejected) - 20} more." in out.getvalue()


async def test_a_load_is_sent_at_its_rate_and_acknowledged(database: Database, gateway: str):
    out = io.StringIO()
    load = await simulate(
        database.settings, cameras=5, rate_hz=4.0, gateway_url=gateway, duration_s=2.0, output=out
    )
    assert load.sent == 40
    assert (load.acked, load.rejected, load.errors) == (40, 0, 0)
    assert 0 < load.to_ack.percentile_ms(50) <= load.to_ack.percentile_ms(99) < 5_000
    assert load.due == 40
    assert "40 sent" in out.getvalue()
    owner = await database.connect()
    assert await owner.fetchval("select count(*) from fix") == 40
