"""A tracker beside its camera's own connection, gateways that end, and a database that is away."""

import asyncio
import json
import time

import pytest

from sightline.ingest import tracker_inbox
from sightline.ingest.tracker_inbox import says_state
from sightline.sql.settings import DatabaseSettings
from tests.conftest import Database
from tests.ingest.camera_client import camera, fix_now, until
from tests.ingest.tracker_client import trackers
from tests.ingest.walk import SECOND, T0_US, fix, report, status

OFF, BUFFERING, RECORDING = 1, 2, 3


class TestWhoSaysTheState:
    @pytest.mark.parametrize(
        ("message", "said"),
        [
            (report(fix(0, recording="off")), True),
            (report(fix(0, recording="unknown")), False),
            (report(fix(-61)), False),
            (report(fix(-100, recording="off"), fix(-5, recording="unknown")), False),
            (report(fix(-5, recording="off"), fix(-100, recording="unknown")), True),
            (status("off"), True),
            (status("recording", at_s=-59), True),
            (status("recording", at_s=-61), False),
            (status("unknown"), False),
        ],
    )
    def test_only_who_names_one_of_now(self, message, said):
        assert says_state(message, T0_US) is said
        assert says_state(message, T0_US + 3600 * SECOND) is (said and not _has_time(message))


def _has_time(message):
    return getattr(message, "time_us", 0) is not None


@pytest.fixture
async def phones(database):
    async with trackers(database) as phones:
        yield phones


@pytest.fixture
async def token(phones):
    """Of the camera PHONE-1."""
    return await phones.token("PHONE-1")


class TestBesideACamera:
    async def test_it_sets_a_state_that_it_names(self, phones, token):
        for word, code in (("recording", RECORDING), ("off", OFF), ("buffering", BUFFERING)):
            await phones.osmand(token, f"lat=51&lon=0&recording={word}")
            assert (await phones.live("PHONE-1"))["recording"] == code
        await phones.owntracks(token, lat=51, lon=0, recording="off")
        await phones.osmand(token, "recording=recording")
        assert (await phones.live("PHONE-1"))["recording"] == RECORDING

    async def test_it_leaves_a_state_that_it_does_not_name(self, phones, token):
        await phones.osmand(token, "lat=51&lon=0&recording=recording")
        before = await phones.live("PHONE-1")
        await phones.osmand(token, "lat=51.0001&lon=0&batt=5")
        await phones.osmand(token, "batt=4")
        after = await phones.live("PHONE-1")
        for name in ("recording", "recording_time", "seen_time", "battery_pct"):
            assert after[name] == before[name]  # it neither changes the state nor proves it again
        assert after["lat"] == 51.0001

    async def test_a_phone_alone_is_seen_and_its_state_is_unknown(self, phones, token):
        await phones.osmand(token, "lat=51&lon=0&batt=5")
        before = await phones.live("PHONE-1")
        await phones.osmand(token, "lat=51.0001&lon=0&batt=4")
        after = await phones.live("PHONE-1")
        assert after["seen_time"] > before["seen_time"]
        assert (after["recording"], after["recording_time"], after["battery_pct"]) == (0, None, 4)

    async def test_it_throws_no_camera_off_and_speaks_for_none(self, phones, token):
        async with camera(phones.gateway, token, "PHONE-1") as cam:
            await cam.report(fix_now(recording="recording", battery_pct=80), seq=1)
            for said in ("recording=off&batt=7", "batt=6", "lat=51.27241&lon=0.5223&recording=off"):
                await phones.osmand(token, said)
            live = await phones.live("PHONE-1")
            assert (live["recording"], live["battery_pct"]) == (RECORDING, 80)
            assert live["lat"] == 51.27241  # where it is may be known from any device
            assert len(await phones.stored("PHONE-1")) == 2
            assert (await cam.report(fix_now(recording="recording"), seq=2))["stored"] == 1
            assert not [message for message in cam.heard if message["type"] == "error"]

    async def test_a_dead_cameras_state_is_not_kept_fresh(self, phones, token):
        async with camera(phones.gateway, token, "PHONE-1") as cam:
            await cam.report(fix_now(recording="recording"), seq=1)
        seen = (await phones.live("PHONE-1"))["seen_time"]
        await phones.osmand(token, "lat=51.2724&lon=0.5223")
        assert (await phones.live("PHONE-1"))["seen_time"] == seen

    async def test_after_the_connection_the_phone_may_speak_again(self, phones, token):
        async with camera(phones.gateway, token, "PHONE-1") as cam:
            await cam.report(fix_now(recording="recording"), seq=1)
        await phones.osmand(token, "recording=off")
        assert (await phones.live("PHONE-1"))["recording"] == OFF
        async with camera(phones.gateway, token, "PHONE-1") as cam:
            await cam.report(fix_now(recording="recording"), seq=1)
        assert (await phones.live("PHONE-1"))["recording"] == RECORDING

    async def test_what_was_kept_while_offline_is_no_word_about_now(self, phones, token):
        await phones.osmand(token, "recording=off")
        seen = (await phones.live("PHONE-1"))["seen_time"]
        ago = int(time.time()) - 300
        await phones.osmand(token, f"lat=51&lon=0&recording=recording&timestamp={ago}")
        await phones.osmand(token, f"recording=recording&timestamp={ago}")
        live = await phones.live("PHONE-1")
        assert (live["recording"], live["seen_time"]) == (OFF, seen)
        assert len(await phones.stored("PHONE-1")) == 1


class TestSeveralGateways:
    async def test_a_camera_at_another_gateway_is_left_alone(self, database, phones, token):
        async with trackers(database, gateway_name="other") as others:
            async with camera(others.gateway, token, "PHONE-1") as cam:
                await cam.report(fix_now(recording="recording"), seq=1)
                await phones.osmand(token, "recording=off")
                await phones.osmand(token, "lat=51.27241&lon=0.5223&recording=off")
                assert (await phones.live("PHONE-1"))["recording"] == RECORDING
            await until(lambda: _is_free(phones))
            await phones.osmand(token, "recording=off")
            assert (await phones.live("PHONE-1"))["recording"] == OFF

    async def test_what_another_gateway_wrote_is_read_again(self, database, phones, token):
        async with trackers(database, gateway_name="other") as others:
            await phones.osmand(token, "lat=51&lon=0")  # nothing is known of its state here
            await others.osmand(token, "lat=51&lon=0&recording=recording")
            seen = (await phones.live("PHONE-1"))["seen_time"]
            await phones.osmand(token, "lat=51&lon=0")
            assert (await phones.live("PHONE-1"))["seen_time"] == seen
            await phones.osmand(token, "recording=off")
            assert (await others.live("PHONE-1"))["recording"] == OFF


async def _is_free(phones):
    return await phones.owner.fetchval("select disconnected_time is not null from camera_link")


class TestComeAgain:
    async def test_the_database_is_away(self, own_cluster):
        database = Database(
            "", DatabaseSettings(data_dir=own_cluster.data_dir), own_cluster.data_dir
        )
        async with trackers(database) as phones:
            token = await phones.token("PHONE-1")
            await phones.osmand(token, "lat=51&lon=0")
            await database.close()
            own_cluster.stop(mode="immediate")
            for path in (f"/osmand/{token}?lat=51&lon=0.0001", f"/osmand/{token}?lat=99&lon=0"):
                status, headers, text = await phones.send(path)
                assert (status, json.loads(text)["code"]) == (503, "away")
                assert int(headers["Retry-After"]) > 0
            await asyncio.to_thread(own_cluster.start)

            async def taken():
                return (await phones.send(f"/osmand/{token}?lat=51&lon=0.0001"))[0] == 200

            await until(taken, within_s=15, every_s=0.2)

    async def test_a_commit_that_does_not_come(self, phones, token, monkeypatch):
        monkeypatch.setattr(tracker_inbox, "_COMMIT_WITHIN_S", 0.5)
        at = int(time.time())
        path = f"/osmand/{token}?lat=51&lon=0&timestamp={at}"
        async with phones.owner.transaction():
            await phones.owner.execute("lock table live in exclusive mode")
            status, headers, _ = await phones.send(path)
            assert (status, "Retry-After" in headers) == (503, True)
        assert (await phones.send(path))[0] == 200
        assert len(await phones.stored("PHONE-1")) == 1

    async def test_too_much_of_one_camera(self, phones, token, monkeypatch):
        other = await phones.token("PHONE-2")
        now = int(time.time())
        many = [{"lat": 51, "lon": 0, "timestamp": now - n} for n in range(3_600)]
        with monkeypatch.context() as patch:
            patch.setattr(tracker_inbox, "_COMMIT_WITHIN_S", 0.5)
            patch.setattr(tracker_inbox, "_ROOM_WITHIN_S", 0.5)
            async with phones.owner.transaction():
                await phones.owner.execute("lock table live in exclusive mode")
                codes = []
                for _ in range(4):
                    _, _, text = await phones.send(f"/osmand/{token}", json=many)
                    codes.append(json.loads(text)["code"])
                assert codes == ["away", "away", "overloaded", "overloaded"]
                _, _, text = await phones.send(f"/osmand/{other}?lat=51&lon=0")
                assert json.loads(text)["code"] == "away"  # taken in, and not committed yet

        async def written():
            return len(await phones.stored("PHONE-1")) == 3_600 and await phones.stored("PHONE-2")

        await until(written, within_s=10)
        assert (await phones.send(f"/osmand/{token}", json=many[:1]))[0] == 200

    async def test_a_gateway_that_ends_writes_what_it_took(self, database):
        async with trackers(database, gateway_flush_ms=3000) as phones:
            token = await phones.token("PHONE-1")
            sending = asyncio.create_task(phones.osmand(token, "lat=51&lon=0"))
            while "\nsightline_gateway_inbox 0.0\n" in await phones.metrics():  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.02)
            phones.gateway.stopping.set()
            await sending
            assert len(await phones.stored("PHONE-1")) == 1
