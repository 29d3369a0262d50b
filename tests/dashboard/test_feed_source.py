"""The feed against the real database: what is read, when it is lost, who hears of what."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from sightline.dashboard.feed import Feed
from sightline.dashboard.feed.copy_rows import LIVE_ROWS
from sightline.dashboard.feed.source import _copied
from sightline.dashboard.feed.viewer import Viewer
from sightline.dashboard.live_map.visibility import Viewing
from sightline.sql import query
from sightline.sql.accounts import token_hash
from tests.conftest import Database
from tests.dashboard.feed_reading import Frame, read_frame
from tests.force import Force, Person


class Watching:
    """A viewer whose frames and messages are kept."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.frames: list[Frame] = []
        self.texts: list[dict[str, Any]] = []
        self.cameras: dict[int, dict[str, Any]] = {}

    async def until(self, condition: Callable[[], bool], within_s: float = 4.0) -> None:
        async with asyncio.timeout(within_s):
            while not condition():
                for payload in await self.viewer.next_payloads():
                    if isinstance(payload, str):
                        self.texts.append(json.loads(payload))
                        continue
                    frame = read_frame(payload)
                    self.frames.append(frame)
                    if frame.kind == 1:
                        self.cameras.clear()
                    self.cameras.update(frame.cameras)
                    for number in frame.removed:
                        self.cameras.pop(number, None)

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [t for t in self.texts if t["type"] == "event" and t["event"] == kind]

    @property
    def health(self) -> dict[str, Any]:
        return [t for t in self.texts if t["type"] == "health"][-1]


@pytest.fixture
async def force(database: Database) -> Force:
    return await Force.create(database)


@pytest.fixture
async def feed(force: Force) -> AsyncIterator[Feed]:
    feed = Feed(force.database.settings)
    async with feed.running():
        async with asyncio.timeout(5):
            while feed.hub.health.database != "ok":  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        yield feed


async def watch(force: Force, feed: Feed, person: Person, viewing: Viewing) -> Watching:
    session = await force.owner.fetchval(
        "select id from session where token_hash = $1", token_hash(person.token)
    )
    viewer = Viewer(session, viewing, "binary")
    feed.hub.join(viewer)
    watching = Watching(viewer)
    await watching.until(lambda: bool(watching.frames))
    return watching


async def report(force: Force, camera_id: int, batch: int, **columns: float) -> None:
    """What a gateway's flush leaves behind: the row, its batch number, one notice."""
    assignments = "".join(f", {name} = {value}" for name, value in columns.items())
    await force.owner.execute(
        f"update live set seen_time = now(), batch = {batch}{assignments} where camera_id = {camera_id}"
    )
    await force.owner.execute("notify sightline_live")


async def test_live_rows_arrive_as_they_are(force: Force) -> None:
    camera = await force.camera("C1", "buffering")
    await force.owner.execute(
        "update live set accuracy_m = 4.5, rsrp_dbm = -92, flags = 2, bearer = 1 where camera_id = $1",
        camera,
    )
    dashboard = await force.database.connect("dashboard")
    (row,) = await _copied(dashboard, LIVE_ROWS, "feed.changed_since", [], [])
    assert (row["camera_id"], row["lat"], row["lon"], row["recording"]) == (camera, 57.0, 2.0, 2)
    assert (row["accuracy_m"], row["rsrp_dbm"], row["flags"], row["bearer"]) == (4.5, -92, 2, 1)
    assert row["uplink_kbps"] != row["uplink_kbps"]
    for name in ("seen_time", "fix_time"):
        ms = await force.owner.fetchval(f"select extract(epoch from {name}) * 1000 from live")
        assert row[f"{name}_ms"] == pytest.approx(float(ms), abs=0.001)
    await force.owner.execute("update live set signal_time = null, recording_since = null")
    (row,) = await _copied(dashboard, LIVE_ROWS, "feed.changed_since", [], [])
    assert math.isnan(row["signal_time_ms"])
    assert math.isnan(row["recording_since_ms"])
    assert len(await _copied(dashboard, LIVE_ROWS, "feed.changed_since", [1], [1])) == 0
    assert len(await _copied(dashboard, LIVE_ROWS, "feed.changed_since", [1], [0])) == 1
    assert len(await _copied(dashboard, LIVE_ROWS, "feed.changed_since", [2], [9])) == 1


async def test_a_report_reaches_the_viewer(force: Force, feed: Feed) -> None:
    camera = await force.camera()
    fim = await watch(force, feed, await force.user("fim"), Viewing(1, "all"))
    await fim.until(lambda: camera in fim.cameras, 6)
    await report(force, camera, 2, battery_pct=42, lat=57.5, lon=2.5)
    await fim.until(lambda: fim.cameras[camera]["battery"] == 42, 1)
    assert fim.cameras[camera]["lat_e7"] == 575000000
    assert fim.frames[-1].kind == 2
    await fim.until(lambda: fim.health["behind_s"] is not None)
    assert fim.health["behind_s"] < 1
    assert fim.health["cameras"] == 1


async def test_a_change_without_notice_or_batch_is_found_by_the_resync(
    force: Force, feed: Feed
) -> None:
    camera = await force.camera()
    fim = await watch(force, feed, await force.user("fim"), Viewing(1, "all"))
    await fim.until(lambda: camera in fim.cameras, 6)
    await force.owner.execute("update live set battery_pct = 13")
    await fim.until(lambda: fim.cameras[camera]["battery"] == 13, 6)


async def test_names_follow_the_sign_on(force: Force, feed: Feed) -> None:
    camera = await force.camera()
    officer = await force.owner.fetchval(
        "insert into officer (shoulder_number, name) values ('0417', 'Jane Doe') returning id"
    )
    await force.owner.execute(
        "insert into duty (camera_id, officer_id, call_sign, during) values ($1, $2, 'RB31', tstzrange(now(), null))",
        camera, officer,
    )  # fmt: skip
    fim = await watch(force, feed, await force.user("fim"), Viewing(1, "all"))
    await fim.until(lambda: any(t["type"] == "directory" for t in fim.texts), 6)
    (entry,) = [t for t in fim.texts if t["type"] == "directory"][-1]["cameras"]
    assert (entry["officer"], entry["name"], entry["call_sign"]) == ("0417", "PC Jane Doe", "RB31")
    await force.owner.execute("update camera set disabled_time = now()")
    await fim.until(lambda: camera not in fim.cameras, 3)


async def test_a_stream_and_its_end_are_marked_and_told(force: Force, feed: Feed) -> None:
    await force.relay()
    camera = await force.camera()
    fim, other = await force.user("fim"), await force.user("fim", "second")
    planner = await force.user("planner")
    incident = await force.incident(restricted=True)
    await force.assign(fim, incident)
    mine = await watch(force, feed, fim, Viewing(fim.user_id, "all"))
    theirs = await watch(force, feed, other, Viewing(other.user_id, "all"))
    nobody = await watch(force, feed, planner, Viewing(planner.user_id, None))
    await mine.until(lambda: camera in mine.cameras, 6)
    async with force.acting(fim) as connection:
        stream = await connection.fetchval(
            "select stream_id from stream_open('AB4-000001', 'negotiator_triage', 'see him', $1, $2)",
            incident, token_hash("viewer"),
        )  # fmt: skip
    await mine.until(
        lambda: mine.cameras[camera]["flags"] & 4 == 4 and bool(mine.events("stream")), 2
    )
    assert mine.events("stream") == [
        {
            "type": "event", "event": "stream", "stream": str(stream), "camera": "AB4-000001",
            "incident": incident,
        }
    ]  # fmt: skip
    async with force.acting(fim) as connection:
        await connection.fetchval("select stream_end($1, 'enough seen')", stream)
    await mine.until(lambda: bool(mine.events("stream_ended")), 2)
    assert mine.events("stream_ended")[0]["reason"] == "enough seen"
    await theirs.until(lambda: bool(theirs.events("stream_ended")), 2)
    assert not theirs.events("stream")  # the incident is not theirs to know of
    await nobody.until(lambda: len(nobody.frames) > 2)
    assert not [t for t in nobody.texts if t["type"] == "event"]


async def test_incidents_are_told_to_those_who_may_see_them(force: Force, feed: Feed) -> None:
    fim, named = await force.user("fim"), await force.user("fim", "named")
    alerts = Viewing(fim.user_id, "all")
    outside = await watch(force, feed, fim, alerts)
    inside = await watch(force, feed, named, Viewing(named.user_id, "all"))
    secret, plain = await force.incident("Kidnap", restricted=True), await force.incident()
    await force.assign(named, secret)
    await force.owner.execute(
        "select announce('incident', jsonb_build_object('incident', $1::int))", secret
    )
    await force.owner.execute(
        "select announce('incident', jsonb_build_object('incident', $1::int))", plain
    )
    for watching in (outside, inside):
        await watching.until(lambda watching=watching: plain in _incidents(watching), 2)
    assert _incidents(outside) == [plain]
    assert _incidents(inside) == [secret, plain]


def _incidents(watching: Watching) -> list[int]:
    return [event["incident"] for event in watching.events("incident")]


async def test_an_alert_is_told_to_those_who_answer(force: Force, feed: Feed) -> None:
    camera = await force.camera()
    fim, commander = await force.user("fim"), await force.user("commander")
    answering = await watch(force, feed, fim, Viewing(fim.user_id, "all"))
    other = await watch(force, feed, commander, Viewing(commander.user_id, "assigned"))
    await answering.until(
        lambda: answering.viewer.answers_alerts and camera in answering.cameras, 6
    )
    await force.owner.execute("select alert_eyes_on($1)", camera)
    await answering.until(
        lambda: bool(answering.events("alert")) and answering.cameras[camera]["flags"] & 8 == 8, 3
    )
    await other.until(lambda: len(other.frames) > 3)
    assert not other.events("alert")


async def test_who_goes_off_call_sees_no_camera_within_two_seconds(
    force: Force, feed: Feed
) -> None:
    camera = await force.camera()
    person = await force.user("negco")
    await force.negotiator("N1", "negco", person)
    negco = await watch(force, feed, person, Viewing(person.user_id, "on_call", on_call=True))
    await negco.until(lambda: camera in negco.cameras, 6)
    await force.owner.execute("delete from rota_shift")
    await negco.until(lambda: not negco.cameras, 2.5)


async def test_a_gateway_that_falls_silent_is_gone(force: Force, feed: Feed) -> None:
    fim = await watch(force, feed, await force.user("fim"), Viewing(1, "all"))
    await force.owner.execute("insert into gateway (name) values ('west')")
    await fim.until(lambda: bool(fim.health["gateways"]))
    assert fim.health["gateways"] == [{"name": "west", "state": "ok", "since": None}]
    await fim.until(lambda: fim.health["gateways"][0]["state"] == "gone", 3.2)


async def test_a_lost_database_is_said_and_found_again(force: Force, feed: Feed) -> None:
    camera = await force.camera()
    fim = await watch(force, feed, await force.user("fim"), Viewing(1, "all"))
    await fim.until(lambda: camera in fim.cameras, 6)
    superuser = await force.database.superuser()
    await superuser.execute("alter role sightline_dashboard nologin")
    await superuser.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'sightline-dashboard'"
        " and datname = current_database()"
    )
    await fim.until(lambda: fim.health["database"] == "lost", 3)
    frames = len(fim.frames)
    await fim.until(lambda: len(fim.frames) >= frames + 2, 3)  # the beat goes on
    await superuser.execute("alter role sightline_dashboard login")
    await fim.until(lambda: fim.health["database"] == "ok", 3)
    await report(force, camera, 3, battery_pct=77)
    await fim.until(lambda: fim.cameras[camera]["battery"] == 77, 2)


async def test_a_database_that_hangs_is_lost_too(force: Force, feed: Feed) -> None:
    fim = await watch(force, feed, await force.user("fim"), Viewing(1, "all"))
    async with force.owner.transaction():
        await force.owner.execute("lock table live in access exclusive mode")
        await fim.until(lambda: fim.health["database"] == "lost", 3)
    await fim.until(lambda: fim.health["database"] == "ok", 3)


async def test_the_audience_leaves_no_actor_behind(force: Force) -> None:
    fim = await force.user("fim")
    incident = await force.incident()
    dashboard = await force.database.connect("dashboard")
    async with dashboard.transaction():
        assert await dashboard.fetchval(query("feed.audience"), incident, [fim.user_id, 999]) == [
            fim.user_id
        ]
        assert await dashboard.fetchval("select actor_user_id()") is None
