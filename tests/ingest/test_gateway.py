"""The gateway over a real socket and on the real PostGIS, spoken to as the contract says."""

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from sightline.ingest.media.turn import sign
from sightline.sql.accounts import (
    add_bridge,
    add_camera,
    camera_token,
    disable_bridge,
    disable_camera,
)
from tests.ingest.asked_talk import asked_of_an_officer
from tests.ingest.camera_client import (
    RunningGateway,
    camera,
    fix_now,
    now_text,
    raw_socket,
    text_frame,
    until,
)


@pytest.fixture
async def owner(database):
    return await database.connect()


@pytest.fixture
async def gateway(database):
    running = await RunningGateway(database).start()
    yield running
    await running.stop()


@pytest.fixture
async def token(owner):
    """Of camera AB4-000123."""
    return (await add_camera(owner, "AB4-000123")).token


REF = "AB4-000123"


async def live(owner, ref=REF):
    return await owner.fetchrow(
        "select l.* from live l join camera c on c.id = l.camera_id where c.ref = $1", ref
    )


class TestTheMainPath:
    async def test_hello_report_acknowledgement_and_the_row(self, gateway, owner, token):
        async with camera(gateway, token) as cam:
            await cam.say(
                {
                    "type": "hello",
                    "camera": REF,
                    "model": "M1",
                    "firmware": "7.2",
                    "time": now_text(),
                    "audio_out": "earpiece",
                }
            )
            welcome = await cam.expect("welcome")
            assert welcome["camera"] == REF
            assert welcome["report_every_s"] == {"recording": 1, "buffering": 5, "off": 60}
            said = datetime.fromisoformat(welcome["time"])
            assert abs(said - datetime.now(UTC)) < timedelta(seconds=2)

            assert await cam.report(fix_now(battery_pct=71), seq=812) == {
                "type": "ack",
                "seq": 812,
                "stored": 1,
                "duplicate": 0,
                "rejected": [],
            }
        row = await live(owner)
        assert (row["lat"], row["recording"], row["battery_pct"]) == (51.2724, 3, 71)

        async def introduced():
            said = await owner.fetchrow("select model, firmware, audio_out from camera")
            return tuple(said) == ("M1", "7.2", "earpiece")

        await until(introduced)

    async def test_a_fix_is_live_within_half_a_second(self, gateway, owner, token):
        async with camera(gateway, token, REF) as cam:
            took = []
            for seq in range(10):
                started = time.monotonic()
                await cam.report(fix_now(lat=51 + seq / 1e4), seq=seq)
                row = await live(owner)
                assert row["lat"] == 51 + seq / 1e4
                took.append(time.monotonic() - started)
        assert sorted(took)[5] < 0.5

    async def test_messagepack_both_ways(self, gateway, token):
        async with camera(gateway, token, REF, packed=True) as cam:
            assert (await cam.report(fix_now(), seq=1))["stored"] == 1
            await cam.say({"type": "nothing"})
            assert (await cam.expect("error"))["code"] == "unknown_type"

    async def test_a_status_is_acknowledged_and_sets_the_state_at_once(self, gateway, owner, token):
        async with camera(gateway, token, REF) as cam:
            await cam.report(fix_now(), seq=1)
            await cam.say({"type": "status", "seq": 2, "time": now_text(), "recording": "off"})
            assert (await cam.expect("ack", seq=2))["rejected"] == []
            assert (await live(owner))["recording"] == 1

    async def test_a_clock_that_was_reset_hides_no_off(self, gateway, owner, token):
        async with camera(gateway, token, REF) as cam:
            for seq, reset in enumerate((0, 315_532_800_000, "1970-01-01T00:00:00Z", "garbage")):
                await cam.report(fix_now(lat=51 + seq / 1e4), seq=10 * seq)
                assert (await live(owner))["recording"] == 3
                status = {"type": "status", "seq": 10 * seq + 1, "time": reset, "recording": "off"}
                await cam.say(status)
                (entry,) = (await cam.expect("ack", seq=10 * seq + 1))["rejected"]
                assert (entry["field"], entry["kept"]) == ("time", True)
                row = await live(owner)
                assert row["recording"] == 1, reset
                assert datetime.now(UTC) - row["recording_since"] < timedelta(seconds=5)

    async def test_a_resent_seq_gets_the_same_counts_on_a_new_connection_too(
        self, gateway, owner, token
    ):
        fixes = [fix_now(), fix_now(lat=99), fix_now(lat=51.2725, battery_pct=300)]
        async with camera(gateway, token, REF) as cam:
            first = await cam.report(*fixes, seq=5)
            assert first == await cam.report(*fixes, seq=5)
        async with camera(gateway, token, REF) as cam:
            assert first == await cam.report(*fixes, seq=5)
        assert (first["stored"], first["duplicate"], len(first["rejected"])) == (2, 0, 2)
        assert await owner.fetchval("select count(*) from fix") == 2

    async def test_a_report_needs_no_hello(self, gateway, token):
        async with camera(gateway, token) as cam:
            assert (await cam.report(fix_now()))["stored"] == 1

    async def test_a_backlog_in_any_order_is_the_same_in_the_end(self, gateway, owner):
        tokens = [(await add_camera(owner, f"CAM-{n}")).token for n in range(3)]
        start = datetime.now(UTC) - timedelta(hours=1)
        fixes = [
            {
                "time": (start + timedelta(seconds=s)).isoformat(),
                "lat": 51 + s / 1e5,
                "lon": 0.5,
                "recording": "recording",
            }
            for s in range(60)
        ]
        orders = [fixes, fixes[::-1], fixes[30:] + fixes[:40]]
        for token, order in zip(tokens, orders, strict=True):
            async with camera(gateway, token) as cam:
                for seq in range(0, len(order), 7):
                    await cam.report(*order[seq : seq + 7], seq=seq)
        rows = await owner.fetch(
            "select c.ref, f.fix_time, f.lat from fix f join camera c on c.id = f.camera_id"
            " order by 1, 2"
        )
        tracks = [[tuple(r)[1:] for r in rows if r["ref"] == f"CAM-{n}"] for n in range(3)]
        assert tracks[0] == tracks[1] == tracks[2]
        assert len(tracks[0]) == 60
        states = await owner.fetch("select lat, lon, fix_time, recording from live")
        assert len({tuple(state) for state in states}) == 1


class TestWhoComesIn:
    async def refused(self, gateway, path="/camera", token="x", subprotocols=None):
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        with pytest.raises(InvalidStatus) as refusal:
            async with connect(
                gateway.url + path,
                subprotocols=subprotocols or ["sightline.camera.v1"],
                additional_headers=headers,
                proxy=None,
            ):
                pass
        return refusal.value.response

    async def test_a_wrong_or_missing_token_never_connects(self, gateway, token):
        for wrong in ("x", None, token[:-1], token + "a"):
            response = await self.refused(gateway, token=wrong)
            assert response.status_code == 401
            assert response.headers["WWW-Authenticate"] == "Bearer"

    async def test_another_scheme_is_no_token(self, gateway, token):
        with pytest.raises(InvalidStatus) as refusal:
            async with connect(
                gateway.url + "/camera",
                subprotocols=["sightline.camera.v1"],
                additional_headers={"Authorization": f"Basic {token}"},
                proxy=None,
            ):
                pass
        assert refusal.value.response.status_code == 401

    async def test_a_disabled_camera_does_not_connect(self, gateway, owner, token):
        await disable_camera(owner, REF)
        assert (await self.refused(gateway, token=token)).status_code == 401

    async def test_another_path(self, gateway, token):
        response = await self.refused(gateway, path="/cameras", token=token)
        assert response.status_code == 404

    async def test_another_subprotocol_is_told_which(self, gateway, token):
        response = await self.refused(gateway, token=token, subprotocols=["sightline.camera.v9"])
        assert response.status_code == 400
        assert b"sightline.camera.v1" in response.body

    async def test_a_cameras_token_is_no_bridges(self, gateway, owner, token):
        response = await self.refused(
            gateway, path="/bridge", token=token, subprotocols=["sightline.bridge.v1"]
        )
        assert response.status_code == 401
        bridge = await add_bridge(owner, "cloud")
        assert (await self.refused(gateway, token=bridge.token)).status_code == 401

    async def test_rubbish_on_the_port_harms_nobody(self, gateway, token):
        async with camera(gateway, token, REF) as cam:
            for rubbish in (
                b"\x16\x03\x01" + b"\x00" * 200,
                b"GET / HTTP/1.1\r\n\r\n",
                b"x" * 9_000,
            ):
                reader, writer = await asyncio.open_connection(
                    "127.0.0.1", gateway.settings.gateway_port
                )
                writer.write(rubbish)
                await writer.drain()
                writer.write_eof()
                await reader.read()
                writer.close()
            assert (await cam.report(fix_now()))["stored"] == 1


BAD_MESSAGES = [
    ("not JSON", "hello there", "not_json"),
    ("empty", "", "not_json"),
    ("an array", "[1]", "not_an_object"),
    ("unknown type", {"type": "song"}, "unknown_type"),
    ("no type", {}, "unknown_type"),
    ("a report without seq", {"type": "report", "fixes": []}, "missing_field"),
    ("fixes that are none", {"type": "report", "seq": 9, "fixes": "many"}, "wrong_type"),
    ("a negative seq", {"type": "report", "seq": -9, "fixes": []}, "out_of_range"),
    ("too many fixes", {"type": "report", "seq": 9, "fixes": [0] * 3601}, "too_many_fixes"),
    ("deep", "[" * 100_000, "too_deep"),
    ("binary rubbish", b"\x85\xc1\xc1", "not_messagepack"),
    ("invalid UTF-8 as binary", b"\xff\xfe", "not_messagepack"),
    ("empty binary", b"", "not_messagepack"),
    ("JSON as binary", b'{"type":"song"}', "unknown_type"),
    ("a MessagePack array", b"\x91\x80", "not_an_object"),
    ("NaN for seq", '{"type":"report","seq":NaN,"fixes":[]}', "wrong_type"),
    ("a hello of nobody", {"type": "hello"}, "missing_field"),
]


class TestBadMessages:
    async def test_each_gets_its_error_and_the_connection_stays(self, gateway, token):
        async with camera(gateway, token, REF) as cam:
            for seq, (name, message, code) in enumerate(BAD_MESSAGES, 100):
                await cam.say(message)
                error = await cam.expect("error")
                assert error["code"] == code, name
                assert len(error["message"]) > 10
                assert (await cam.report(fix_now(lat=51 + seq / 1e6), seq=seq))["stored"] == 1, name

    async def test_json_in_a_binary_message_is_taken_and_answered_as_text(self, gateway, token):
        async with camera(gateway, token, REF) as cam:
            text = json.dumps({"type": "report", "seq": 5, "fixes": [fix_now()]})
            await cam.say(text.encode())
            assert (await cam.expect("ack", seq=5))["stored"] == 1
            await cam.say(b"\xc1rubbish")
            assert (await cam.expect("error"))["code"] == "not_messagepack"

    async def test_valid_fixes_beside_invalid_ones_are_stored(self, gateway, owner, token):
        text = json.dumps(
            {
                "type": "report",
                "seq": 813,
                "fixes": [
                    fix_now(),
                    fix_now(lat=123.4),
                    fix_now(lon=float("nan")),
                    fix_now(lat=51.2725),
                ],
            }
        )
        assert "NaN" in text
        async with camera(gateway, token, REF) as cam:
            await cam.say(text)
            ack = await cam.expect("ack", seq=813)
        assert (ack["stored"], ack["duplicate"]) == (2, 0)
        assert ack["rejected"] == [
            {
                "index": 1,
                "field": "lat",
                "value": 123.4,
                "code": "out_of_range",
                "allowed": "-90 to 90",
            },
            {
                "index": 2,
                "field": "lon",
                "value": "NaN",
                "code": "not_a_number",
                "allowed": "-180 to 180",
            },
        ]
        assert await owner.fetchval("select count(*) from fix") == 2

    async def test_an_out_of_range_signal_keeps_the_fix(self, gateway, owner, token):
        async with camera(gateway, token, REF) as cam:
            ack = await cam.report(fix_now(signal={"bearer": "lte", "rsrp_dbm": -30}))
        assert ack["stored"] == 1
        assert ack["rejected"][0]["kept"] is True
        assert await owner.fetchval("select rsrp_dbm from fix") is None

    async def test_a_string_of_ten_megabytes(self, gateway, owner, token):
        other = await add_camera(owner, "OTHER")
        async with camera(gateway, other.token, "OTHER") as cam:
            reader, writer = await raw_socket(gateway, token)
            writer.write(text_frame(b'{"type":"hello","camera":"' + b"x" * 10_000_000 + b'"}'))
            head = await asyncio.wait_for(reader.readexactly(4), 5)
            assert head[0] == 0x88  # a close frame
            assert int.from_bytes(head[2:], "big") == 1009
            writer.close()
            assert (await cam.report(fix_now()))["stored"] == 1

    async def test_a_megabyte_is_still_a_message(self, gateway, token):
        async with camera(gateway, token, REF) as cam:
            await cam.say({"type": "report", "seq": 1, "fixes": [], "note": "x" * 1_040_000})
            await cam.expect("ack", seq=1)
            await cam.say({"type": "report", "seq": 2, "fixes": [fix_now(lat="9" * 1_040_000)]})
            (entry,) = (await cam.expect("ack", seq=2))["rejected"]
            assert len(entry["value"]) < 100

    async def test_a_seq_that_goes_back_is_told_and_its_fixes_are_taken(self, gateway, token):
        async with camera(gateway, token, REF) as cam:
            await cam.report(fix_now(), seq=812)
            assert (await cam.report(fix_now(), seq=5))["stored"] == 1
            error = await cam.expect("error")
            assert (error["code"], error["field"], error["seq"]) == ("seq_went_back", "seq", 5)

    async def test_twenty_in_a_minute_close(self, gateway, token):
        async with camera(gateway, token, REF) as cam:
            for _ in range(19):
                await cam.say("rubbish")
            for _ in range(19):
                await cam.expect("error")
            await cam.report(fix_now(lat=99), seq=1)  # does not count
            await cam.say("rubbish")
            assert await cam.closed() == 4008

    async def test_a_hello_of_another_camera(self, gateway, owner, token):
        await add_camera(owner, "OTHER")
        async with camera(gateway, token) as cam:
            await cam.say({"type": "hello", "camera": "OTHER"})
            error = await cam.expect("error")
            assert (error["code"], error["value"], error["allowed"]) == (
                "wrong_camera",
                "OTHER",
                REF,
            )
            await cam.say({"type": "report", "seq": 1, "fixes": [fix_now()]})
            assert (await cam.expect("error"))["code"] == "wrong_camera"
            await cam.say({"type": "hello", "camera": REF})
            await cam.expect("welcome")
            assert (await cam.report(fix_now(), seq=2))["stored"] == 1
        assert await owner.fetchval("select count(*) from fix") == 1


class TestConnections:
    async def test_the_newer_connection_wins_and_the_older_is_told(self, gateway, owner, token):
        async with camera(gateway, token, REF) as old:
            await old.report(fix_now(), seq=1)
            async with camera(gateway, token, REF) as new:
                assert (await old.expect("error"))["code"] == "replaced"
                assert await old.closed() == 4009
                assert (await new.report(fix_now(), seq=2))["stored"] == 1
        assert await owner.fetchval("select epoch from camera_link") == 2

    async def test_across_gateways_too(self, gateway, database, token):
        other = await RunningGateway(database, gateway_name="other").start()
        try:
            async with camera(gateway, token, REF) as old, camera(other, token, REF) as new:
                assert await old.closed(within_s=2) == 4009
                assert (await new.report(fix_now()))["stored"] == 1
        finally:
            await other.stop()

    async def test_a_new_token_cuts_the_old_one_off(self, gateway, owner, token):
        async with camera(gateway, token, REF) as cam:
            await cam.report(fix_now())
            started = time.monotonic()
            renewed = await camera_token(owner, REF)
            assert await cam.closed(within_s=2) == 4001
            assert time.monotonic() - started < 1
        async with camera(gateway, renewed.token, REF) as cam:
            assert (await cam.report(fix_now(), seq=2))["stored"] == 1

    async def test_a_disabled_camera_is_cut_off(self, gateway, owner, token):
        async with camera(gateway, token, REF) as cam:
            await disable_camera(owner, REF)
            assert await cam.closed(within_s=2) == 4001

    async def test_being_cut_off_does_not_need_the_notification(self, gateway, owner, token):
        async with camera(gateway, token, REF) as cam:
            await owner.execute("alter table camera disable trigger camera_changed")
            await disable_camera(owner, REF)
            assert await cam.closed(within_s=8) == 4001

    async def test_too_many_connections(self, database, owner, token):
        running = await RunningGateway(database, gateway_most_connections=1).start()
        other = await add_camera(owner, "OTHER")
        try:
            async with camera(running, token, REF) as first, camera(running, other.token) as second:
                assert await second.closed() == 1013
                assert 30 <= int(second.socket.close_reason) <= 38
                assert (await first.report(fix_now()))["stored"] == 1
        finally:
            await running.stop()

    async def test_when_nothing_can_be_written_cameras_wait_and_then_come_back_later(
        self, database, owner, token, monkeypatch
    ):
        monkeypatch.setattr("sightline.ingest.conversation.ROOM_WITHIN_S", 0.3)
        running = await RunningGateway(database, gateway_buffer_size=100).start()
        blocker = await database.connect()
        transaction = blocker.transaction()
        await transaction.start()
        await blocker.execute("lock table live in share mode")
        try:
            async with camera(running, token) as cam:
                for seq in range(60):
                    fix = fix_now(lat=51.2724 + seq / 1e6)
                    await cam.say({"type": "report", "seq": seq, "fixes": [fix]})
                assert await cam.closed() == 1013
                assert 30 <= int(cam.socket.close_reason) <= 38
                assert not cam.heard
            await transaction.rollback()

            async def written():
                return await owner.fetchval("select count(*) from fix") == 50

            await until(written)  # what was taken in is stored; the rest the camera still has
        finally:
            await running.stop()

    async def test_the_end_of_a_connection_is_written_down(self, gateway, owner, token):
        async with camera(gateway, token, REF):
            assert await owner.fetchval("select disconnected_time from camera_link") is None

        async def marked():
            return await owner.fetchval("select disconnected_time is not null from camera_link")

        await until(marked)

    async def test_an_orderly_end(self, database, owner, token):
        running = await RunningGateway(database, gateway_flush_ms=3_000).start()
        async with camera(running, token, REF) as cam:
            await cam.say({"type": "report", "seq": 7, "fixes": [fix_now()]})
            await asyncio.sleep(0.2)
            started = time.monotonic()
            await running.stop()
            assert time.monotonic() - started < 3
            assert (await cam.expect("ack", seq=7))["stored"] == 1
            assert await cam.closed() == 1001
        assert await owner.fetchval("select count(*) from fix") == 1
        assert await owner.fetchval("select ended_time is not null from gateway")


async def command(owner, body, ref=REF, seconds=30):
    return await owner.fetchval(
        "select command_camera(id, $2::jsonb, $3) from camera where ref = $1",
        ref,
        json.dumps(body),
        seconds,
    )


class TestCommands:
    async def test_it_reaches_the_camera_at_once_and_once(self, gateway, owner, token):
        async with camera(gateway, token, REF) as cam:
            await asyncio.sleep(0.1)
            started = time.monotonic()
            for number in range(5):
                await command(owner, {"type": "watched", "roles": ["FIM"], "n": number})
            heard = [await cam.expect("watched") for _ in range(5)]
            assert [message["n"] for message in heard] == [0, 1, 2, 3, 4]
            assert time.monotonic() - started < 0.5
            await asyncio.sleep(1.3)
            assert not cam.heard
        assert await owner.fetchval(
            "select bool_and(delivered_time is not null) from camera_command"
        )

    async def test_a_camera_that_is_to_send_is_told_of_the_turn_server(
        self, gateway, database, owner, token
    ):
        start = {"type": "stream_start", "stream": "p-1", "whip": "http://x/whip/p-1", "token": "t"}
        async with camera(gateway, token, REF) as cam:
            await command(owner, start)
            assert await cam.expect("stream_start") == start
        turn = {"media_turn_secret": "shared", "media_turn_url": "turn:turn.force.example:3478"}
        other = await RunningGateway(database, gateway_name="other", **turn).start()
        try:
            async with camera(other, token, REF) as cam:
                await command(owner, start)
                heard = await cam.expect("stream_start")
                (server,) = heard.pop("ice_servers")
                assert heard == start
                assert server["username"].endswith(":p-1")
                assert server["credential"] == sign("shared", server["username"])
                await command(owner, {"type": "talk_stop"})
                assert await cam.expect("talk_stop") == {"type": "talk_stop"}
        finally:
            await other.stop()
        kept = await owner.fetch("select body from camera_command")
        assert not any("ice_servers" in row["body"] for row in kept)

    async def test_it_waits_for_the_camera(self, gateway, owner, token):
        await command(owner, {"type": "stream_stop", "stream": "s"})
        async with camera(gateway, token, REF) as cam:
            assert (await cam.expect("stream_stop"))["stream"] == "s"

    async def test_it_expires(self, gateway, owner, token):
        await command(owner, {"type": "stream_stop", "stream": "old"}, seconds=-1)
        async with camera(gateway, token, REF) as cam:
            await command(owner, {"type": "stream_stop", "stream": "new"})
            assert (await cam.expect("stream_stop"))["stream"] == "new"

    async def test_without_the_notification(self, gateway, owner, token):
        async with camera(gateway, token, REF) as cam:
            await owner.execute(
                "insert into camera_command (camera_id, body, expires_time)"
                """ select id, '{"type":"talk_stop"}', now() + interval '9 s' from camera"""
            )
            await cam.expect("talk_stop", within_s=3)

    async def test_only_the_newest_connection_has_it(self, gateway, database, owner, token):
        other = await RunningGateway(database, gateway_name="other").start()
        try:
            async with camera(gateway, token, REF) as old, camera(other, token, REF) as new:
                await command(owner, {"type": "talk_stop"})
                await new.expect("talk_stop")
                await old.closed()
                assert all(message["type"] == "error" for message in old.heard)
        finally:
            await other.stop()

    async def test_eyes_on(self, gateway, owner, token):
        async with camera(gateway, token, REF) as cam:
            for _ in range(2):
                await cam.say({"type": "eyes_on"})
                assert (await cam.expect("eyes_on_state"))["state"] == "waiting"
            assert await owner.fetchval("select count(*) from alert") == 1

    async def test_an_officer_who_accepts_hears_where_to_listen(self, gateway, owner, token):
        async with camera(gateway, token, REF) as cam:
            talk = await asked_of_an_officer(owner, REF)
            await cam.say({"type": "talk_answer", "talk": "t-1", "accept": True})
            await cam.say({"type": "talk_answer", "talk": str(talk), "accept": True})
            start = await cam.expect("talk_start")
            assert start["talk"] == str(talk)
            assert start["whep"] == f"{gateway.http}/whep/{talk}"
            await cam.say({"type": "talk_answer", "talk": str(talk), "accept": False})
            assert await cam.expect("talk_stop") == {"type": "talk_stop", "talk": str(talk)}
        assert await owner.fetchval("select end_reason from talk") == "the officer ended it"


class TestBridge:
    @pytest.fixture
    async def bridge_token(self, owner):
        for ref in ("V-1", "V-2"):
            await add_camera(owner, ref)
        return (await add_bridge(owner, "cloud")).token

    async def test_many_cameras_on_one_connection(self, gateway, owner, bridge_token):
        async with camera(gateway, bridge_token, path="/bridge") as bridge:
            await bridge.say({"type": "hello", "camera": "V-1"})
            assert (await bridge.expect("welcome"))["camera"] == "V-1"
            one = await bridge.report(fix_now(), seq=1, camera="V-1")
            two = await bridge.report(fix_now(lat=52), seq=1, camera="V-2")
            assert (one["camera"], one["stored"]) == ("V-1", 1)
            assert (two["camera"], two["stored"]) == ("V-2", 1)
        assert (await live(owner, "V-1"))["lat"] == 51.2724
        assert (await live(owner, "V-2"))["lat"] == 52

    async def test_every_message_names_its_camera(self, gateway, bridge_token):
        async with camera(gateway, bridge_token, path="/bridge") as bridge:
            await bridge.say({"type": "report", "seq": 3, "fixes": []})
            error = await bridge.expect("error")
            assert (error["code"], error["field"], error["seq"]) == ("missing_field", "camera", 3)

    async def test_a_camera_that_is_not_registered(self, gateway, owner, bridge_token):
        async with camera(gateway, bridge_token, path="/bridge") as bridge:
            for _ in range(25):  # does not close: the other cameras must not suffer
                await bridge.say(
                    {"type": "report", "seq": 3, "camera": "V-9", "fixes": [fix_now()]}
                )
                error = await bridge.expect("error")
                assert (error["code"], error["camera"], error["value"]) == (
                    "unknown_camera",
                    "V-9",
                    "V-9",
                )
            assert (await bridge.report(fix_now(), camera="V-1"))["stored"] == 1
        assert await owner.fetchval("select count(*) from camera") == 2

    async def test_a_camera_that_says_what_is_no_message_harms_no_other(
        self, gateway, bridge_token
    ):
        async with camera(gateway, bridge_token, path="/bridge") as bridge:
            for _ in range(19):
                await bridge.say({"type": "report", "camera": "V-1", "seq": "x", "fixes": []})
                error = await bridge.expect("error")
                assert (error["code"], error["camera"]) == ("wrong_type", "V-1")
            assert (await bridge.report(fix_now(), seq=1, camera="V-1"))["stored"] == 1
            for _ in range(30):  # refused now; the connection stays
                await bridge.say({"type": "song", "camera": "V-1"})
            for _ in range(30):
                error = await bridge.expect("error", code="overloaded")
                assert error["camera"] == "V-1"
                assert "another" in error["message"]
            await bridge.say({"type": "report", "camera": "V-1", "seq": 2, "fixes": [fix_now()]})
            refused = await bridge.expect("error", seq=2)
            assert (refused["code"], refused["camera"]) == ("overloaded", "V-1")
            assert (await bridge.report(fix_now(), seq=2, camera="V-2"))["stored"] == 1

    async def test_a_camera_that_is_held_back_may_still_say_off_and_call_for_help(
        self, gateway, owner, bridge_token
    ):
        async with camera(gateway, bridge_token, path="/bridge") as bridge:
            await bridge.report(fix_now(), seq=1, camera="V-1")
            for _ in range(20):
                await bridge.say({"type": "song", "camera": "V-1"})
            await bridge.expect("error", code="overloaded")
            await bridge.say({"type": "status", "camera": "V-1", "seq": 2, "recording": "off"})
            await bridge.expect("ack", seq=2)
            assert (await live(owner, "V-1"))["recording"] == 1
            await bridge.say({"type": "eyes_on", "camera": "V-1"})
            assert (await bridge.expect("eyes_on_state"))["state"] == "waiting"

    async def test_after_the_minute_it_is_heard_again(self, gateway, bridge_token, monkeypatch):
        monkeypatch.setattr("sightline.ingest.protocol.ERROR_WINDOW_S", 1.0)
        async with camera(gateway, bridge_token, path="/bridge") as bridge:
            for _ in range(20):
                await bridge.say({"type": "song", "camera": "V-1"})
            await bridge.expect("error", code="overloaded")
            await asyncio.sleep(1.1)
            assert (await bridge.report(fix_now(), seq=1, camera="V-1"))["stored"] == 1

    @pytest.mark.parametrize(
        "message", ["rubbish", b"\xc1", {"type": "song"}, {"type": "song", "camera": "V-9"}]
    )
    async def test_what_names_no_camera_closes_the_bridge(self, gateway, bridge_token, message):
        async with camera(gateway, bridge_token, path="/bridge") as bridge:
            for _ in range(20):
                await bridge.say(message)
            assert await bridge.closed() == 4008

    async def test_cameras_may_be_registered_on_the_way(self, database, owner, bridge_token):
        running = await RunningGateway(database, gateway_register_cameras=True).start()
        try:
            async with camera(running, bridge_token, path="/bridge") as bridge:
                assert (await bridge.report(fix_now(), camera="NEW"))["stored"] == 1
        finally:
            await running.stop()
        assert await owner.fetchval("select token_hash is null from camera where ref = 'NEW'")

    async def test_commands_name_the_camera(self, gateway, owner, bridge_token):
        async with camera(gateway, bridge_token, path="/bridge") as bridge:
            await bridge.report(fix_now(), camera="V-2")
            await command(owner, {"type": "talk_stop"}, ref="V-2")
            assert (await bridge.expect("talk_stop"))["camera"] == "V-2"
            await bridge.say({"type": "eyes_on", "camera": "V-2"})
            assert (await bridge.expect("eyes_on_state"))["camera"] == "V-2"

    async def test_a_camera_that_connects_itself_takes_over(self, gateway, owner, bridge_token):
        own = (await camera_token(owner, "V-1")).token
        async with camera(gateway, bridge_token, path="/bridge") as bridge:
            await bridge.report(fix_now(recording="off"), camera="V-1")
            async with camera(gateway, own, "V-1") as cam:
                assert (await bridge.expect("error"))["camera"] == "V-1"
                await cam.report(fix_now(), seq=1)
                late = await bridge.report(fix_now(recording="off"), seq=2, camera="V-1")
                assert late["stored"] == 1
                assert (await live(owner, "V-1"))["recording"] == 3
                assert (await cam.report(fix_now(), seq=2))["stored"] == 1

    async def test_when_that_connection_has_ended_the_bridge_speaks_for_the_camera_again(
        self, gateway, owner, bridge_token
    ):
        own = (await camera_token(owner, "V-1")).token
        async with camera(gateway, bridge_token, path="/bridge") as bridge:
            await bridge.report(fix_now(), camera="V-1")
            async with camera(gateway, own, "V-1") as cam:
                await bridge.expect("error", code="replaced")
                await cam.report(fix_now(), seq=1)
                await self.says_off(bridge, seq=2)
                assert (await live(owner, "V-1"))["recording"] == 3
            await until(lambda: self.is_off(bridge, owner), within_s=1)
            await command(owner, {"type": "talk_stop"}, ref="V-1")
            assert (await bridge.expect("talk_stop"))["camera"] == "V-1"

    async def test_also_when_it_was_at_another_gateway(
        self, gateway, database, owner, bridge_token
    ):
        own = (await camera_token(owner, "V-1")).token
        other = await RunningGateway(database).start()
        try:
            async with camera(gateway, bridge_token, path="/bridge") as bridge:
                await bridge.report(fix_now(), camera="V-1")
                async with camera(other, own, "V-1") as cam:
                    await bridge.expect("error", code="replaced")
                    await cam.report(fix_now(), seq=1)
                    await self.says_off(bridge, seq=2)
                    assert (await live(owner, "V-1"))["recording"] == 3
                await until(lambda: self.is_off(bridge, owner), within_s=3)
        finally:
            await other.stop()

    async def says_off(self, bridge, seq):
        await bridge.say({"type": "status", "camera": "V-1", "seq": seq, "recording": "off"})
        await bridge.expect("ack", seq=seq)

    async def is_off(self, bridge, owner):
        await self.says_off(bridge, seq=3)
        return (await live(owner, "V-1"))["recording"] == 1

    async def test_a_disabled_camera(self, gateway, owner, bridge_token):
        async with camera(gateway, bridge_token, path="/bridge") as bridge:
            await bridge.report(fix_now(), camera="V-1")
            await disable_camera(owner, "V-1")

            async def told():
                await bridge.say({"type": "report", "seq": 9, "camera": "V-1", "fixes": []})
                await asyncio.sleep(0.1)
                return any(m.get("code") == "camera_disabled" for m in bridge.heard)

            await until(told, within_s=3)
            assert (await bridge.report(fix_now(), seq=10, camera="V-2"))["stored"] == 1

    async def test_a_disabled_bridge_is_cut_off(self, gateway, owner, bridge_token):
        async with camera(gateway, bridge_token, path="/bridge") as bridge:
            await bridge.report(fix_now(), camera="V-1")
            await disable_bridge(owner, "cloud")
            assert await bridge.closed(within_s=3) == 4001


async def test_a_fault_of_ours_is_logged_and_harms_only_that_connection(
    gateway, owner, token, monkeypatch, caplog
):
    other = await add_camera(owner, "OTHER")
    async with camera(gateway, token, REF) as faulty, camera(gateway, other.token, "OTHER") as cam:
        with monkeypatch.context() as patch:
            patch.setattr("sightline.ingest.protocol.receive", lambda _raw, **_kind: 1 / 0)
            await faulty.say({"type": "eyes_on"})
            assert await faulty.closed() == 1011
        assert "ZeroDivisionError" in caplog.text
        assert (await cam.report(fix_now()))["stored"] == 1


async def test_a_peer_that_pings_and_does_not_read_is_cut(gateway, token, monkeypatch):
    monkeypatch.setattr("sightline.ingest.admitted.LARGEST_BACKLOG_BYTES", 100_000)
    reader, writer = await raw_socket(gateway, token)
    reader._transport.pause_reading()
    pings = (b"\x89\xfd" + bytes(4) + b"p" * 125) * 1_000

    async def ping():
        while True:
            writer.write(pings)
            await writer.drain()

    with pytest.raises(ConnectionError):
        await asyncio.wait_for(ping(), 10)
    writer.close()


async def test_messages_that_come_together_are_taken_in_their_order(gateway, owner, token):
    def report(seq, lat):
        said = {"type": "report", "seq": seq, "fixes": [fix_now(lat=lat)]}
        return text_frame(json.dumps(said).encode())

    moved = [report(seq, 51.2724 + seq / 1e6) for seq in range(1, 400)]
    moved[50:50] = [b"\x89\x80" + bytes(4)]  # a ping
    moved[200:200] = [text_frame(b'{"type":"report"' + b" " * 200)]  # no message
    moved[300:300] = [text_frame(b'{"type":"hello","camera":"AB4-000123"}' + b" " * 200)]
    reader, writer = await raw_socket(gateway, token)
    writer.write(b"".join(moved))

    async def answers():
        while True:
            first, length = await reader.readexactly(2)
            length = int.from_bytes(await reader.readexactly(2)) if length == 126 else length
            body = await reader.readexactly(length)
            if first == 0x81:
                yield json.loads(body)

    kinds, seqs = [], []
    async with asyncio.timeout(10):
        async for answer in answers():
            kinds.append(answer["type"])
            if answer["type"] == "ack":
                seqs.append(answer["seq"])
                if answer["seq"] == 399:
                    break
    writer.close()
    assert seqs == list(range(1, 400))
    assert (kinds.count("error"), kinds.count("welcome")) == (1, 1)
    assert await owner.fetchval("select count(*) from fix_history") == 399


async def test_a_camera_that_repeats_itself_keeps_no_officer_waiting(gateway, owner, token):
    other = await add_camera(owner, "OTHER")
    async with camera(gateway, token, REF) as flood, camera(gateway, other.token, "OTHER") as cam:
        pack = text_frame(b'{"type":"hello","camera":"AB4-000123"}') * 1_000
        transport = flood.socket.transport

        async def repeat():
            while True:
                transport.write(pack)
                await asyncio.sleep(0.05)

        repeating = asyncio.create_task(repeat())
        try:
            await asyncio.sleep(2)
            await cam.say({"type": "eyes_on"})
            assert (await cam.expect("eyes_on_state", within_s=2))["state"] == "waiting"
            assert (await cam.report(fix_now()))["stored"] == 1
        finally:
            repeating.cancel()


async def test_a_peer_that_does_not_read_is_cut_and_nobody_else_suffers(
    gateway, owner, token, monkeypatch
):
    monkeypatch.setattr("sightline.ingest.conversation.LARGEST_BACKLOG_BYTES", 1_000)
    other = await add_camera(owner, "OTHER")
    reader, writer = await raw_socket(gateway, token)
    reader._transport.pause_reading()
    frame = text_frame(b'{"type":"report","seq":1,"fixes":[' + b",".join([b"7"] * 3_000) + b"]}")
    async with camera(gateway, other.token, "OTHER") as cam:
        cut = False
        for seq in range(2_000):
            try:
                writer.write(frame)
                await asyncio.wait_for(writer.drain(), 5)
            except (ConnectionError, TimeoutError):
                cut = True
                break
            if seq % 50 == 0:
                assert (await cam.report(fix_now(), seq=seq))["stored"] == 1
    assert cut
    writer.close()
