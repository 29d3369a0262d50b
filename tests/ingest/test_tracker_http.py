"""Trackers by HTTP: what they send is stored as any camera's report, and who sends badly harms nobody else."""

import asyncio
import base64
import gzip
import io
import json
import logging
import time
from datetime import UTC, datetime

import pytest

from sightline.ingest import http_port, tracker_http
from sightline.sql.accounts import add_bridge
from tests.ingest.camera_client import until
from tests.ingest.tracker_client import trackers

KNOT_MPS = 0.514444
PROBLEM = {"title", "status", "code", "detail"}


@pytest.fixture
async def phones(database):
    async with trackers(database) as phones:
        yield phones


@pytest.fixture
async def token(phones):
    """Of the camera PHONE-1."""
    return await phones.token("PHONE-1")


def close_to(**expected):
    return {name: pytest.approx(value, 1e-6, 1e-6) for name, value in expected.items()}


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


# Way in, request, where it is stored, and what. Times of long ago go to the archive of old imports.
OSMAND = [
    (
        {"path": "?id=9&lat=51.5&lon=-0.12&timestamp=1402222211&altitude=38.5&speed=12.5&bearing=271.5&accuracy=6&batt=64"},
        {"fix_time": utc(2014, 6, 8, 10, 10, 11), **close_to(
            lat=51.5, lon=-0.12, altitude_m=38.5, speed_mps=12.5 * KNOT_MPS, heading_deg=271.5, accuracy_m=6,
            battery_pct=64)},
    ),
    (
        {"path": "?timestamp=2016-02-03T10%3A20%3A30Z&location=-6.25,106.5&heading=12&hdop=1", "method": "GET"},
        {"fix_time": utc(2016, 2, 3, 10, 20, 30), **close_to(lat=-6.25, lon=106.5, heading_deg=12)},
    ),
    (
        {"path": "?timestamp=2016-02-03+10%3A20%3A31&lat=40&lon=-74&ignition=true", "method": "GET"},
        {"fix_time": utc(2016, 2, 3, 10, 20, 31), "lat": 40.0, "lon": -74.0},
    ),
    (
        {"data": {"lat": "49.5", "lon": "6.25", "timestamp": "1442068686579", "deviceid": "9", "speed": "0.0"}},
        {"fix_time": utc(2015, 9, 12, 14, 38, 6, 579000), "lat": 49.5, "lon": 6.25, "speed_mps": 0.0},
    ),
    (
        {"json": {"device_id": "9", "location": {
            "timestamp": "2021-07-21T08:06:34.444Z", "is_moving": True, "odometer": 3,
            "coords": {"latitude": -6.125, "longitude": 106.75, "accuracy": 3.5, "speed": 18.5, "heading": 63,
                       "altitude": 35.5},
            "battery": {"is_charging": False, "level": 0.79}, "extras": {"recording": "buffering"}}}},
        {"fix_time": utc(2021, 7, 21, 8, 6, 34, 444000), "recording": 2, **close_to(
            lat=-6.125, lon=106.75, accuracy_m=3.5, speed_mps=18.5, heading_deg=63, altitude_m=35.5, battery_pct=79)},
    ),
    (
        {"json": [{"id": "9", "lat": 1.5, "lon": 2.5, "timestamp": 1504763810, "speed": 40, "bearing": 7.25}]},
        {"fix_time": utc(2017, 9, 7, 5, 56, 50), **close_to(lat=1.5, lon=2.5, speed_mps=40 * KNOT_MPS, heading_deg=7.25)},
    ),
]  # fmt: skip
OWNTRACKS = [
    (
        {"json": {"_type": "location", "tid": "x", "tst": 1551874878, "lat": 46.0625, "lon": 11.125, "acc": 15,
                  "alt": 440, "batt": 46, "vel": 90, "cog": 113, "conn": "w", "t": "u", "vac": 2}},
        {"fix_time": utc(2019, 3, 6, 12, 21, 18), **close_to(
            lat=46.0625, lon=11.125, accuracy_m=15, altitude_m=440, battery_pct=46, speed_mps=25, heading_deg=113)},
    ),
    (
        {"data": json.dumps({"_type": "location", "topic": "owntracks/a/b", "tst": 1497476456, "lat": 48, "lon": -122})},
        {"fix_time": utc(2017, 6, 14, 21, 40, 56), "lat": 48.0, "lon": -122.0, "speed_mps": None},
    ),
]  # fmt: skip


class TestWhatIsStored:
    @pytest.mark.parametrize(
        ("base", "request_", "expected"),
        [("/osmand", *case) for case in OSMAND] + [("/owntracks", *case) for case in OWNTRACKS],
    )
    async def test_every_kind_of_position(self, phones, token, base, request_, expected):
        more = dict(request_)
        path = more.pop("path", "")
        status, _, text = await phones.send(f"{base}/{token}{path}", **more)
        assert (status, text) == (200, "" if base == "/osmand" else "[]")
        (row,) = await phones.stored("PHONE-1", "fix_archive")
        assert {name: row[name] for name in expected} == expected

    async def test_of_now_it_is_history_and_live(self, phones, token):
        await phones.osmand(token, "lat=51.2724&lon=0.5223&speed=2&batt=71")
        (row,) = await phones.stored("PHONE-1")
        live = await phones.live("PHONE-1")
        assert (live["lat"], live["lon"], live["battery_pct"]) == (51.2724, 0.5223, 71)
        assert live["fix_time"] == row["fix_time"]
        assert live["recording"] == 0
        assert abs((datetime.now(UTC) - row["fix_time"]).total_seconds()) < 10

    async def test_sent_twice_it_is_stored_once(self, phones, token):
        said = f"lat=51&lon=0&timestamp={int(time.time()) - 5}"
        for method in ("GET", "POST"):
            await phones.osmand(token, said, method)
        await asyncio.gather(*(phones.osmand(token, said) for _ in range(20)))
        assert len(await phones.stored("PHONE-1")) == 1

    async def test_what_is_kept_aside_is_answered_as_taken(self, phones, token):
        await phones.osmand(token, "lat=0&lon=0")
        await phones.osmand(token, f"lat=51&lon=0&timestamp={int(time.time()) + 3600}")
        reasons = await phones.owner.fetch("select reason from fix_quarantine order by id")
        assert [row["reason"] for row in reasons] == ["zero_position", "clock_ahead"]
        assert await phones.stored("PHONE-1") == []

    async def test_a_sign_of_life_is_a_status(self, phones, token):
        await phones.osmand(token, "id=1&batt=33&rsrp=-101&cell=234,30,16,77")
        live = await phones.live("PHONE-1")
        assert (live["fix_time"], live["battery_pct"], live["rsrp_dbm"]) == (None, 33, -101)
        cell = await phones.owner.fetchrow(
            "select plmn, cell from radio_cell r join network_operator o on o.id = r.operator_id"
        )
        assert tuple(cell) == ("234-30", "16-77")

    async def test_what_says_nothing_is_answered_and_not_stored(self, phones, token):
        await phones.osmand(token, "id=1&event=heartbeat")
        for kind in ("lwt", "steps", "waypoint", "cmd", "card", "transition"):
            await phones.owntracks(token, _type=kind, lat=51, lon=0)
        status, _, text = await phones.send(f"/owntracks/{token}", data=b"")
        assert (status, text) == (200, "[]")
        assert await phones.live("PHONE-1") is None

    async def test_the_good_beside_the_bad(self, phones, token):
        now = int(time.time())
        sent = [
            {"lat": lat, "lon": 0, "timestamp": now - at}
            for at, lat in enumerate((51, 95, 51.0001))
        ]
        status, _, _ = await phones.send(f"/osmand/{token}", json=sent)
        assert status == 200
        assert [row["lat"] for row in await phones.stored("PHONE-1")] == [51.0001, 51]


class TestWhoMayCome:
    async def test_every_way_to_show_a_token(self, phones, token):
        basic = base64.b64encode(f"anybody:{token}".encode()).decode()
        for path, headers in (
            (f"/osmand/{token}", {}),
            (f"/osmand/{token}/", {}),
            ("/osmand", {"Authorization": f"Bearer {token}"}),
            ("/osmand/", {"Authorization": f"bearer {token}"}),
            ("/osmand", {"Authorization": f"Basic {basic}"}),
            (f"/osmand/{token}", {"Authorization": "Basic cHJveHk6cHJveHk="}),
        ):
            status, _, _ = await phones.send(f"{path}?lat=51&lon=0&id=other", headers=headers)
            assert status == 200, (path, headers)
        assert len(await phones.stored("PHONE-1")) == 6

    @pytest.mark.parametrize(
        "path", ["/osmand", "/owntracks", "/osmand/wrong", "/owntracks/wrong", "/osmand/%ff%C3%A9"]
    )
    async def test_without_a_token(self, phones, path):
        for headers in (
            {},
            {"Authorization": "Bearer"},
            {"Authorization": "Bearer wrong"},
            {"Authorization": "Basic !!"},
            {"Authorization": "Basic " + base64.b64encode(b"\xff:\xff").decode()},
            {"Authorization": "Digest x"},
            {"Authorization": b"Bearer \xc3\xa9".decode()},
        ):
            status, answered, text = await phones.send(path, headers=headers, data=b'{"lat":1}')
            assert status == 401
            assert "Basic realm=" in answered["WWW-Authenticate"]
            assert "Bearer" in answered["WWW-Authenticate"]
            assert json.loads(text)["code"] == "token_invalid"

    async def test_a_disabled_camera_stays_out(self, phones, token):
        await phones.owner.execute("update camera set disabled_time = now()")
        assert (await phones.send(f"/osmand/{token}?lat=51&lon=0"))[0] == 401

    async def test_a_bridge_names_the_camera(self, phones, token):
        bridge = (await add_bridge(phones.owner, "vendor")).token
        assert bridge != token
        await phones.osmand(bridge, "lat=51&lon=0&id=PHONE-1")
        await phones.owntracks(bridge, lat=51, lon=0, topic="owntracks/vendor/PHONE-1")
        assert len(await phones.stored("PHONE-1")) == 2
        status, problem = await phones.problem(f"/osmand/{bridge}?lat=51&lon=0&id=NONE")
        assert (status, problem["code"], problem["value"]) == (404, "unknown_camera", "NONE")
        for query in ("", "&id=a%20b"):
            status, problem = await phones.problem(f"/osmand/{bridge}?lat=51&lon=0{query}")
            assert (status, problem["code"], problem["field"]) == (400, "bad_camera_id", "id")

    async def test_a_token_in_an_address_reaches_no_log(self, phones, token, caplog, monkeypatch):
        caplog.set_level(logging.DEBUG)
        port = phones.gateway.settings.gateway_http_port
        for line in (
            f"GET /osmand/{token} HTTP/9.9",
            f"G\x01T /osmand/{token} HTTP/1.1",
            f"/osmand/{token}",
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"{line}\r\nHost: x\r\n\r\n".encode())
            await asyncio.wait_for(reader.read(), 5)
            writer.close()
        monkeypatch.setattr(tracker_http.osmand, "read", lambda *_: 1 / 0)  # a fault of ours
        status, problem = await phones.problem(f"/osmand/{token}?lat=51&lon=0")
        assert (status, problem["code"]) == (500, "internal_error")
        assert "ZeroDivisionError" in caplog.text
        for path in (f"/osmand/{token}/more", f"/owntracks/{token}"):
            await phones.send(path, method="PUT")
        assert "/osmand/{token}" in caplog.text
        assert token not in caplog.text


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("path", "sent", "status", "code", "field", "value"),
        [
            ("/osmand", {"params": {"lat": "91", "lon": "0"}}, 400, "out_of_range", "lat", 91),
            ("/osmand", {"params": {"lat": "x", "lon": "0"}}, 400, "wrong_type", "lat", "x"),
            ("/osmand", {"params": {"lat": "51"}}, 400, "missing", "lon", None),
            ("/osmand", {"params": {"location": "51"}}, 400, "wrong_type", "location", "51"),
            ("/osmand", {"params": {"lat": "5", "lon": "0", "timestamp": "?"}}, 400, "bad_time", "timestamp", "?"),
            ("/osmand", {"params": {"lat": "5", "lon": "0", "recording": "yes"}}, 400, "unknown_value", "recording", "yes"),
            ("/osmand", {"params": {"recording": "yes"}}, 400, "unknown_value", "recording", "yes"),
            ("/osmand", {"json": {"location": {"coords": {"latitude": 99, "longitude": 1}}}}, 400, "out_of_range",
             "location.coords.latitude", 99),
            ("/osmand", {"data": b"<x/>", "headers": {"Content-Type": "text/xml"}}, 415, "unsupported_media_type",
             "Content-Type", "text/xml"),
            ("/owntracks", {"json": {"_type": "location", "tst": 1718452800, "lat": 95, "lon": 1}}, 400, "out_of_range",
             "lat", 95),
            ("/owntracks", {"json": {"_type": "location", "lat": 5, "lon": 1}}, 400, "missing", "tst", None),
            ("/owntracks", {"json": {"_type": "encrypted", "data": "x"}}, 400, "encrypted", "_type", "encrypted"),
            ("/owntracks", {"data": b"x", "headers": {"Content-Type": "image/png"}}, 415, "unsupported_media_type",
             "Content-Type", "image/png"),
        ],
    )  # fmt: skip
    async def test_a_bad_value_is_named(
        self, phones, token, path, sent, status, code, field, value
    ):
        answered, problem = await phones.problem(f"{path}/{token}", **sent)
        assert (answered, problem["code"], problem["field"]) == (status, code, field)
        assert problem.get("value") == value
        assert problem["allowed"]
        assert problem["allowed"] in problem["detail"] or code == "encrypted"
        assert await phones.live("PHONE-1") is None

    @pytest.mark.parametrize(
        "sent", [{"json": 5}, {"data": b"{", "headers": {"Content-Type": "application/json"}}, {}]
    )
    async def test_what_cannot_be_read(self, phones, token, sent):
        status, problem = await phones.problem(f"/osmand/{token}", **sent)
        assert status == 400
        assert problem.keys() >= PROBLEM

    @pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "foo", "gzip, gzip"])
    async def test_a_compressed_body_is_refused_since_a_part_of_one_looks_like_a_whole(
        self, phones, token, encoding
    ):
        headers = {
            "Content-Encoding": encoding,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        body = gzip.compress(b"lat=51.27245678901234&lon=1")
        for sent in (body, body[:-12]):
            status, problem = await phones.problem(f"/osmand/{token}", data=sent, headers=headers)
            assert (status, problem["code"]) == (415, "content_encoding")
        assert await phones.live("PHONE-1") is None
        headers["Content-Encoding"] = "identity"
        status, _, _ = await phones.send(
            f"/osmand/{token}", method="POST", data=b"lat=51&lon=1", headers=headers
        )
        assert status == 200

    async def test_methods(self, phones, token):
        for path, method, allowed in (
            ("/osmand", "PUT", "GET,POST"), ("/osmand", "HEAD", "GET,POST"), ("/owntracks", "GET", "POST"),
        ):  # fmt: skip
            status, headers, _ = await phones.send(f"{path}/{token}?lat=1&lon=2", method=method)
            assert (status, headers["Allow"]) == (405, allowed)
        assert (await phones.send(f"/osmand/{token}/more"))[0] == 404


async def raw(phones, text):
    """A connection on which only this was said."""
    port = phones.gateway.settings.gateway_http_port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(text.encode())
    await writer.drain()
    return reader, writer


def head(token, length, method="POST"):
    return (
        f"{method} /osmand/{token} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    )


class TestFairness:
    async def test_a_body_that_does_not_come(self, phones, token, monkeypatch):
        monkeypatch.setattr(http_port, "BODY_WITHIN_S", 2.0)
        other = await phones.token("PHONE-2")
        slow = [await raw(phones, head(token, 100) + "lat=51") for _ in range(10)]
        started = time.monotonic()
        await phones.osmand(other, "lat=51&lon=0")
        assert time.monotonic() - started < http_port.BODY_WITHIN_S
        for reader, writer in slow:
            answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
            assert b" 408 " in answer.splitlines()[0]
            assert b"Connection: close" in answer
            writer.close()
        await phones.osmand(token, "lat=51&lon=0")

    async def test_places_taken_by_slow_bodies_are_of_one_token_only(self, phones, token):
        other = await phones.token("PHONE-2")
        slow = [
            await raw(phones, head(token, 100) + "lat=51")
            for _ in range(tracker_http.MOST_WITH_A_TOKEN)
        ]

        async def full():
            return (await phones.figures())["trackers"] == len(slow)

        await until(full)
        status, headers, text = await phones.send(f"/osmand/{token}?lat=51&lon=0")
        assert (status, headers["Retry-After"], json.loads(text)["code"]) == (
            503,
            "1",
            "overloaded",
        )
        await phones.osmand(other, "lat=51&lon=0")
        for _, writer in slow:
            writer.close()

        async def free():
            return (await phones.figures())["trackers"] == 0

        await until(free)
        await phones.osmand(token, "lat=51&lon=0")

    async def test_a_head_that_does_not_come(self, database, monkeypatch):
        monkeypatch.setattr(http_port, "REQUEST_WITHIN_S", 0.5)
        async with trackers(database) as phones:
            for begun in ("", "POST /osmand/x HTTP/1.1\r\nHost: x\r\n"):
                reader, writer = await raw(phones, begun)
                assert await asyncio.wait_for(reader.read(), 5) == b""
                writer.close()

    async def test_ten_megabytes(self, phones, token):
        status, problem = await phones.problem(
            f"/osmand/{token}", data=io.BytesIO(bytes(10_000_000))
        )
        assert (status, problem["code"]) == (413, "too_large")

        async def pieces():
            for _ in range(160):
                yield b"x" * 65_536

        status, problem = await phones.problem(f"/owntracks/{token}", data=pieces())
        assert (status, problem["code"]) == (413, "too_large")
        assert (await phones.send("/osmand/wrong", data=io.BytesIO(bytes(10_000_000))))[0] == 401
        await phones.osmand(token, "lat=51&lon=0")

    async def test_much_at_once_is_read_beside_the_others(self, phones, token):
        other = await phones.token("PHONE-2")
        now = int(time.time())
        many = [{"lat": 51 + n / 1e6, "lon": 0, "timestamp": now - n} for n in range(3_600)]
        heavy = [asyncio.create_task(phones.send(f"/osmand/{token}", json=many)) for _ in range(4)]
        waits = []
        while not all(task.done() for task in heavy):
            started = time.monotonic()
            await phones.osmand(other, f"lat=51&lon=0&timestamp={now}")
            waits.append(time.monotonic() - started)
        assert [(await task)[0] for task in heavy] == [200] * 4
        assert sorted(waits)[len(waits) // 2] < 1
        assert len(await phones.stored("PHONE-1")) == 3_600

    async def test_a_flood_by_one_token(self, phones, token):
        other = await phones.token("PHONE-2")
        flooding = asyncio.Event()

        async def flood():
            answers = []
            while not flooding.is_set():
                answers.append((await phones.send(f"/osmand/{token}?lat=51&lon=0"))[0])
            return answers

        floods = [asyncio.create_task(flood()) for _ in range(60)]
        waits = []
        for _ in range(10):
            started = time.monotonic()
            await phones.osmand(other, "lat=51&lon=0")
            waits.append(time.monotonic() - started)
        flooding.set()
        answered = [status for answers in await asyncio.gather(*floods) for status in answers]
        assert set(answered) == {200, 503}
        assert sorted(waits)[5] < 1.5
        assert len(await phones.stored("PHONE-2")) == 10
        figures = await phones.figures()
        assert figures["tracker_delays_total"] == answered.count(503)

    async def test_who_goes_away_leaves_nothing_behind(self, phones, token):
        for _ in range(tracker_http.MOST_WITH_A_TOKEN + 5):
            _, writer = await raw(phones, head(token, 12) + "lat=51&lon=0")
            writer.transport.abort()

        async def free():
            return (await phones.figures())["trackers"] == 0

        await until(free)
        await phones.osmand(token, "lat=51&lon=0")

    async def test_figures(self, phones, token):
        await phones.osmand(token, "lat=51&lon=0")
        await phones.problem(f"/osmand/{token}?lat=99&lon=0")
        await phones.problem("/osmand?lat=51&lon=0")
        figures = await phones.figures()
        assert figures["trackers"] == 0
        assert figures["tracker_requests_total"] == 2
        assert figures["tracker_refusals_total"] == 2
        assert (figures["fixes_total"], figures["stored_total"]) == (2, 1)
