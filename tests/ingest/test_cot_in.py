"""Cursor-on-Target in: positions of TAK programs, over real sockets, into the real database."""

import asyncio
import logging

import pytest

from sightline.ingest.cot import connection
from sightline.sql.accounts import add_bridge, add_camera
from tests.ingest.camera_client import RunningGateway, camera, fix_now, free_port, until
from tests.ingest.cot_client import auth, cot_time, event, tak

REF = "AB4-000123"


@pytest.fixture
async def owner(database):
    return await database.connect()


@pytest.fixture
async def gateway(database):
    running = await RunningGateway(database, gateway_cot_port=free_port()).start()
    yield running
    await running.stop()


@pytest.fixture
async def token(owner):
    """Of the camera REF."""
    return (await add_camera(owner, REF)).token


@pytest.fixture
def short_patience(monkeypatch):
    monkeypatch.setattr(connection, "AUTH_WITHIN_S", 1.0)
    monkeypatch.setattr(connection, "ELEMENT_WITHIN_S", 1.0)


async def stored(owner, count, ref=REF, within_s=5.0):
    """The fixes of a camera, once there are so many."""

    async def are_there():
        return await owner.fetchval(NUMBER, ref) >= count

    await until(are_there, within_s)
    rows = await owner.fetch(
        "select f.* from fix_readable f where camera = $1 order by fix_time, lat", ref
    )
    assert len(rows) == count
    return rows


NUMBER = "select count(*) from fix f join camera c on c.id = f.camera_id where c.ref = $1"


async def test_a_phone_reports_as_its_camera(gateway, owner, token):
    async with tak(gateway, auth(token), event(lat="51.5", lon="-0.25")):
        (row,) = await stored(owner, 1)
    assert (row["lat"], row["lon"]) == (51.5, -0.25)
    assert row["accuracy_m"] == pytest.approx(4.8)
    assert (row["altitude_m"], row["heading_deg"], row["battery_pct"]) == (31, 212, 71)
    assert row["speed_mps"] == pytest.approx(1.4)
    assert row["recording"] == "unknown"


async def test_split_anywhere_with_or_without_a_declaration_between(gateway, owner, token):
    declaration = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    said = declaration + auth(token) + b"\n"
    for number in range(5):
        said += (
            (declaration if number % 2 else b"")
            + event(lat=f"51.000{number}")
            + b"\r\n"[: number % 3]
        )
    async with tak(gateway) as phone:
        for at in range(0, len(said), 97):
            phone.say(said[at : at + 97])
            await asyncio.sleep(0)
        rows = await stored(owner, 5)
    assert [row["lat"] for row in rows] == [51.0, 51.0001, 51.0002, 51.0003, 51.0004]


async def test_a_large_event_may_come_together_with_the_sign_in(gateway, owner, token):
    large = event().replace(b"<detail>", b"<detail><remarks>" + b"x" * 20_000 + b"</remarks>")
    async with tak(gateway, auth(token) + large):
        await stored(owner, 1)


async def test_unknown_stays_unknown(gateway, owner, token):
    unknown = event(ce="9999999.0", hae="9999999", speed=None, course=None, battery=None)
    async with tak(gateway, auth(token), unknown):
        (row,) = await stored(owner, 1)
    names = ("accuracy_m", "altitude_m", "speed_mps", "heading_deg", "battery_pct")
    assert [row[name] for name in names] == [None] * 5


async def test_a_bad_value_is_named_in_the_log_and_the_connection_stays(
    gateway, owner, token, caplog
):
    caplog.set_level(logging.INFO, "sightline.ingest.cot")
    bad = [
        event(lat="123.4"), event(lon="east"), event(time="yesterday"), event(lat=None), event(lat="NaN"),
        event(time=cot_time().replace("Z", "")),
    ]  # fmt: skip
    async with tak(gateway, auth(token), *bad, event()) as phone:
        await stored(owner, 1)
        assert phone.is_open
    for words in (
        "point lat is 123.4; allowed: -90 to 90",
        "point lon is 'east'; allowed: a number from -180 to 180",
        "event time is 'yesterday'; allowed: RFC 3339",
        "point lat is missing; allowed: -90 to 90",
        "point lat is 'NaN'",
    ):
        assert words in caplog.text, words


async def test_a_bad_value_beside_the_position_becomes_unknown(gateway, owner, token, caplog):
    caplog.set_level(logging.INFO, "sightline.ingest.cot")
    async with tak(gateway, auth(token), event(course="-1.0", speed="-1.0", ce="-3")):
        (row,) = await stored(owner, 1)
        assert (row["heading_deg"], row["speed_mps"], row["accuracy_m"]) == (None, None, None)

        async def is_told():
            return "track course is -1.0: out_of_range; allowed: 0 to 360" in caplog.text

        await until(is_told)


async def test_only_positions_become_fixes(gateway, owner, token):
    others = [
        event(kind=kind) for kind in ("b-t-f", "u-d-f", "t-x-m-c", "b-m-p-s-p-loc", "t-x-d-d", "")
    ]
    async with tak(gateway, auth(token), *others, b"<song/>", event()):
        await stored(owner, 1)


async def test_markers_that_the_phone_shares_do_not_move_its_officer(gateway, owner, token):
    async with tak(gateway, auth(token, "ANDROID-1")) as phone:
        phone.say(event("suspect", "a-h-G", how="h-g-i-g-o", lat="50"))
        phone.say(event("other", "a-f-G", how="h-g-i-g-o", lat="50"))
        phone.say(event("ANDROID-1", lat="51.5"))
        (row,) = await stored(owner, 1)
    assert row["lat"] == 51.5


async def test_without_a_uid_at_the_sign_in_the_first_position_is_the_program_s_own(
    gateway, owner, token
):
    async with tak(gateway, auth(token)) as phone:
        phone.say(event("script", how="h-g-i-g-o", lat="51.5"))
        phone.say(event("marker", how="h-g-i-g-o", lat="51.5001"))
        phone.say(event("script", how="h-g-i-g-o", lat="51.5002"))
        assert [row["lat"] for row in await stored(owner, 2)] == [51.5, 51.5002]


async def test_the_officers_that_we_show_do_not_come_back_as_new_fixes(gateway, owner, token):
    async with tak(gateway, auth(token), event(f"sightline.{REF}", lat="50"), event(lat="51.5")):
        (row,) = await stored(owner, 1)
    assert row["lat"] == 51.5


async def test_on_a_bridge_the_uid_or_the_call_sign_names_the_camera(gateway, owner, caplog):
    caplog.set_level(logging.INFO, "sightline.ingest.cot")
    for ref in ("C1", "C2"):
        await add_camera(owner, ref)
    bridge = (await add_bridge(owner, "tak-server")).token
    said = [
        event("C1", lat="51.1"),
        event("x y", callsign="C2", lat="51.2"),
        event("C3", callsign="?"),
    ]
    async with tak(gateway, auth(bridge), *said, event("C1", lat="51.1001")) as server:
        assert [row["lat"] for row in await stored(owner, 2, "C1")] == [51.1, 51.1001]
        assert [row["lat"] for row in await stored(owner, 1, "C2")] == [51.2]
        assert server.is_open
    assert "event uid is 'C3'; allowed: the id of a registered camera" in caplog.text


async def test_a_disabled_camera_of_a_bridge_is_refused(gateway, owner, caplog):
    caplog.set_level(logging.INFO, "sightline.ingest.cot")
    for ref in ("C1", "C2"):
        await add_camera(owner, ref)
    await owner.execute("update camera set disabled_time = now() where ref = 'C1'")
    bridge = (await add_bridge(owner, "tak-server")).token
    async with tak(gateway, auth(bridge), event("C1"), event("C2")):
        await stored(owner, 1, "C2")
    assert await owner.fetchval(NUMBER, "C1") == 0
    assert "camera is 'C1'; allowed: a camera that is not disabled" in caplog.text


# --- beside the camera's own connection


async def state(owner):
    return await owner.fetchrow(
        "select recording, lat from live l join camera c on c.id = l.camera_id where c.ref = $1",
        REF,
    )


async def test_a_phone_neither_throws_the_camera_off_nor_says_whether_it_records(
    gateway, owner, token
):
    async with camera(gateway, token, REF) as cam, tak(gateway, auth(token)) as phone:
        await cam.report(fix_now(lat=51.0))
        phone.say(event(lat="51.0001"))
        await stored(owner, 2)
        assert tuple(await state(owner)) == (3, 51.0001)
        assert (await cam.report(fix_now(lat=51.0002), seq=2))["stored"] == 1
        assert cam.heard == []
        assert phone.is_open


async def test_a_short_gap_of_the_camera_does_not_make_its_state_unknown(gateway, owner, token):
    async with tak(gateway, auth(token)) as phone:
        async with camera(gateway, token, REF) as cam:
            await cam.report(fix_now(lat=51.0))
        await asyncio.sleep(1.2)
        phone.say(event(lat="51.0001"))
        await stored(owner, 2)
        assert tuple(await state(owner)) == (3, 51.0001)


async def test_a_phone_does_not_keep_the_state_of_a_silent_camera_fresh(gateway, owner, token):
    async with camera(gateway, token, REF) as cam:
        await cam.report(fix_now(lat=51.0))
    seen = await owner.fetchval("select seen_time from live")
    async with tak(gateway, auth(token), event(lat="51.0001")):
        await stored(owner, 2)
        assert tuple(await state(owner)) == (3, 51.0001)
        assert await owner.fetchval("select seen_time from live") == seen
        async with camera(gateway, token, REF) as cam:  # back, and believed at once
            await cam.say({"type": "status", "seq": 1, "recording": "off"})
            await cam.expect("ack")
            assert (await state(owner))["recording"] == 1


async def test_a_camera_on_another_gateway_keeps_its_state_too(gateway, database, owner, token):
    other = await RunningGateway(database, gateway_name="other").start()
    try:
        async with camera(other, token, REF) as cam, tak(gateway, auth(token)) as phone:
            for seq in (1, 2):
                await cam.report(fix_now(lat=51 + seq / 1e4), seq=seq)
                phone.say(event(lat=f"{51 + seq / 1e4 + 5e-5}"))
                await stored(owner, 2 * seq)
                assert (await state(owner))["recording"] == 3
            assert cam.heard == []
    finally:
        await other.stop()


# --- who may come in


@pytest.mark.parametrize("first", [auth("wrong"), b"<auth/>", event(), b"<song/>"])
async def test_whoever_does_not_sign_in_is_turned_away(gateway, owner, first):
    async with tak(gateway, first) as phone:
        await phone.closed()
    assert await owner.fetchval("select count(*) from fix") == 0


@pytest.mark.parametrize("first", [b"", b"<auth><cot ", b" \n\n"])
async def test_whoever_says_nothing_is_turned_away(gateway, short_patience, first):
    async with tak(gateway, first) as phone:
        await phone.closed(3)


async def test_a_token_that_is_withdrawn_ends_the_connection(gateway, owner, token):
    async with tak(gateway, auth(token), event()) as phone:
        await stored(owner, 1)
        await owner.execute("update camera set token_hash = '\\x00' where ref = $1", REF)
        await phone.closed()


async def test_a_bridge_that_is_disabled_ends_the_connection(gateway, owner, token):
    bridge = (await add_bridge(owner, "tak-server")).token
    async with tak(gateway, auth(bridge), event(REF)) as server:
        await stored(owner, 1)
        await owner.execute("update bridge set disabled_time = now()")
        await server.closed()


# --- those who mean no good


BOMB = b"<!DOCTYPE e [<!ENTITY a 'ha'><!ENTITY b '&a;&a;'>]><event uid='&b;'/>"
OUTSIDE = b"<!DOCTYPE e [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><event uid='&a;'/>"


@pytest.mark.parametrize(
    "bad",
    [BOMB, OUTSIDE, b"GET / HTTP/1.1\r\n", b"\xbf\x01\xbf", b"<event <event", b"<event></other>",
     b"</event>", b"<event uid='&a;'/>", b"<event uid='\x01'/>", b"<event " + b"x" * 10_000_000,
     b"<event>" + b"<a>" * 1_000_000],
    ids=lambda bad: bad[:24].decode("latin1"),
)  # fmt: skip
async def test_what_is_no_xml_ends_the_connection_and_harms_nobody_else(gateway, owner, token, bad):
    async with tak(gateway, auth(token)) as phone, tak(gateway, auth(token), event()) as rogue:
        await stored(owner, 1)
        rogue.say(bad)
        await rogue.closed()
        phone.say(event())
        await stored(owner, 2)


async def test_an_element_that_drips_ends_the_connection(gateway, token, short_patience):
    async with tak(gateway, auth(token)) as phone:
        for byte in event()[:40]:
            if phone.is_open:
                phone.say(bytes([byte]))
                await asyncio.sleep(0.1)
        assert not phone.is_open


async def test_a_flood_is_taken_at_the_pace_of_the_database(database, owner, token):
    small = await RunningGateway(
        database, gateway_cot_port=free_port(), gateway_buffer_size=100
    ).start()
    other = (await add_camera(owner, "OTHER")).token
    try:
        async with tak(small, auth(token)) as flood, tak(small, auth(other)) as phone:
            for number in range(3000):
                flood.say(event(lat=f"51.{number:07d}"))
            phone.say(event())
            await stored(owner, 1, "OTHER")
            await flood.writer.drain()
            await stored(owner, 3000, within_s=30)
    finally:
        await small.stop()


async def test_no_more_are_let_in_than_the_settings_say(database, owner, token):
    small = await RunningGateway(
        database, gateway_cot_port=free_port(), gateway_cot_most_connections=1
    ).start()
    try:
        async with tak(small, auth(token), event()), tak(small, auth(token)) as second:
            await stored(owner, 1)
            await second.closed()
    finally:
        await small.stop()


async def test_what_was_received_when_the_gateway_ends_is_written(gateway, owner, token):
    async with tak(gateway, auth(token), event()) as phone:
        await stored(owner, 1)
        phone.say(event())
        await asyncio.sleep(0.05)
        await gateway.stop()
        await phone.closed()
    await stored(owner, 2)


# --- the small talk of the TAK protocol


async def test_a_ping_gets_a_pong_and_the_protobuf_form_is_declined(gateway, token):
    async with tak(gateway, auth(token), event(kind="t-x-c-t")) as phone:
        await phone.expect("t-x-c-t-r")
        phone.say(event(kind="t-x-takp-q"))
        answer = await phone.expect("t-x-takp-r")
        assert answer.find("detail/TakControl/TakResponse").get("status") == "false"
        assert phone.is_open
