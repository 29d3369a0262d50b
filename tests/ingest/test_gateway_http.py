"""The gateway's HTTP: WHIP towards a relay, and health that says nothing to strangers."""

import asyncio
import json
from pathlib import Path
from uuid import uuid4

import aiohttp
import pytest
from aiohttp import web

from sightline.ingest import http_port
from sightline.sql.accounts import add_camera, token_hash
from tests.ingest.asked_talk import asked_of_an_officer
from tests.ingest.camera_client import RunningGateway, camera, fix_now, free_port, until
from tests.ingest.openapi_check import held_to_document
from tests.serving import serving

OFFER = (Path(__file__).parent / "media" / "viewer_offer.sdp").read_bytes().decode()
ANSWER = "v=0\r\no=- 2 2 IN IP4 127.0.0.1\r\n"
SDP = {"Content-Type": "application/sdp"}


class Relay:
    """The relay's side of the internal API: remembers what it was asked, answers as told."""

    def __init__(self):
        self.port = free_port()
        self.asked = []
        self.answer = web.Response(status=201, text=ANSWER, content_type="application/sdp")

    async def handle(self, request):
        self.asked.append(
            (request.method, request.path, request.headers["Authorization"], await request.text())
        )
        return self.answer if request.method == "POST" else web.Response(status=204)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
async def relay():
    relay = Relay()
    app = web.Application()
    app.router.add_route("*", "/internal/publications/{id}", relay.handle)
    app.router.add_route("*", "/internal/talks/{id}/listener", relay.handle)
    async with serving(app, relay.port):
        yield relay


@pytest.fixture
async def gateway(database):
    running = await RunningGateway(database, metrics_token="m" * 40).start()
    yield running
    await running.stop()


@pytest.fixture
async def client():
    async with aiohttp.ClientSession(trace_configs=[held_to_document()]) as session:
        yield session


@pytest.fixture
async def publication(database, relay):
    """A publication that waits for its camera: (id, token)."""
    owner = await database.connect()
    await add_camera(owner, "CAM-1")
    return await publish_ready(owner, relay, "secret-token")


async def publish_ready(owner, relay, token):
    relay_id = uuid4()
    await owner.execute("select media_heartbeat($1, $2)", relay_id, relay.url)
    publication = await owner.fetchval(
        "insert into publication (camera_id, relay_id, token_hash, token_expires)"
        " values (1, $1, $2, now() + interval '30 s') returning id",
        relay_id,
        token_hash(token),
    )
    return publication, token


def bearer(token, **more):
    return {"Authorization": f"Bearer {token}", **SDP, **more}


class TestListening:
    async def test_a_camera_listens_with_its_token_once_and_ends_it_with_the_same(
        self, gateway, client, relay, database
    ):
        owner = await database.connect()
        await add_camera(owner, "CAM-1")
        talk = await asked_of_an_officer(owner, "CAM-1")
        await owner.execute("update relay set internal_url = $1", relay.url)
        accepted = "select talk_answer(1, $1, true, 'http://gateway')"
        assert await owner.fetchval(accepted, str(talk)) == "accepted"
        body = await owner.fetchval(
            "select body from camera_command where body ->> 'type' = 'talk_start'"
        )
        token = json.loads(body)["token"]
        url, offer = f"{gateway.http}/whep/{talk}", OFFER.replace("m=video", "m=audio")
        location = ""
        for sent, given, status in (
            ("v=0", token, 422), (offer, "another", 401), (offer, token, 201), (offer, token, 401),
        ):  # fmt: skip
            async with client.post(url, data=sent, headers=bearer(given)) as answer:
                assert answer.status == status, await answer.text()
                location = answer.headers.get("Location", location)
        path = f"/internal/talks/{talk}/listener"
        assert [asked[:2] for asked in relay.asked] == [("POST", path)]
        async with client.delete(gateway.http + location, headers=bearer("another")) as answer:
            assert answer.status == 401
        async with client.delete(gateway.http + location, headers=bearer(token)) as answer:
            assert answer.status == 200
        assert relay.asked[-1][:2] == ("DELETE", path)


class TestWhip:
    async def test_the_offer_goes_to_the_relay_and_the_answer_comes_back(
        self, gateway, client, relay, publication
    ):
        id_, token = publication
        url = f"{gateway.http}/whip/{id_}"
        async with client.post(url, data=OFFER, headers=bearer(token)) as answer:
            assert answer.status == 201
            assert answer.content_type == "application/sdp"
            assert await answer.text() == ANSWER
            assert answer.headers["ETag"] == f'"{id_}"'
            location = answer.headers["Location"]
        secret = gateway.settings.internal_secret.get_secret_value()
        path = f"/internal/publications/{id_}"
        assert relay.asked == [("POST", path, f"Bearer {secret}", OFFER)]
        assert location.startswith(f"/whip/{id_}/")

        async with client.patch(gateway.http + location, data="x") as answer:
            assert (answer.status, answer.headers["Allow"]) == (405, "DELETE")
        async with client.delete(gateway.http + location + "0") as answer:
            assert answer.status == 404
        async with client.delete(gateway.http + location, headers=bearer(token)) as answer:
            assert answer.status == 200
        assert relay.asked[1][:2] == ("DELETE", path)

    async def test_only_who_began_it_ends_it(self, gateway, client, relay, database, publication):
        id_, token = publication
        url = f"{gateway.http}/whip/{id_}"
        async with client.post(url, data=OFFER, headers=bearer(token)) as answer:
            location = gateway.http + answer.headers["Location"]
        owner = await database.connect()
        await owner.execute("insert into camera (ref) values ('CAM-2')")
        await owner.execute(
            "insert into publication (camera_id, relay_id, token_hash, token_expires, token_used_time)"
            " select 2, relay_id, $1, token_expires, now() from publication",
            token_hash("another"),
        )
        for headers in ({}, bearer("wrong"), bearer("another")):
            async with client.delete(location, headers=headers) as answer:
                assert answer.status == 401
                assert answer.headers["WWW-Authenticate"] == "Bearer"
                problem = await answer.json(content_type="application/problem+json")
                assert problem["code"] == "token_invalid"
        assert [method for method, *_ in relay.asked] == ["POST"]
        async with client.delete(location, headers=bearer(token)) as answer:
            assert answer.status == 200

    async def test_any_gateway_ends_it_at_its_relay(
        self, gateway, client, relay, database, publication
    ):
        id_, token = publication
        async with client.post(
            f"{gateway.http}/whip/{id_}", data=OFFER, headers=bearer(token)
        ) as answer:
            location = answer.headers["Location"]
        other = await RunningGateway(database, gateway_name="other").start()
        try:
            async with client.delete(other.http + location, headers=bearer(token)) as answer:
                assert answer.status == 200
        finally:
            await other.stop()
        assert relay.asked[-1][0] == "DELETE"

    async def test_the_token_works_once(self, gateway, client, relay, publication):
        id_, token = publication
        url = f"{gateway.http}/whip/{id_}"
        for expected in (201, 401):
            async with client.post(url, data=OFFER, headers=bearer(token)) as answer:
                assert answer.status == expected
        assert len(relay.asked) == 1

    async def test_no_token_a_wrong_one_or_one_of_another(
        self, gateway, client, relay, publication
    ):
        id_, token = publication
        for url, headers in (
            (f"/whip/{id_}", SDP),
            (f"/whip/{id_}", bearer("wrong")),
            (f"/whip/{uuid4()}", bearer(token)),
        ):
            async with client.post(gateway.http + url, data=OFFER, headers=headers) as answer:
                assert answer.status == 401
                assert answer.headers["WWW-Authenticate"] == "Bearer"
                problem = await answer.json(content_type="application/problem+json")
                assert problem["code"] == "token_invalid"
        assert relay.asked == []

    async def test_an_expired_token(self, gateway, client, database, publication):
        id_, token = publication
        owner = await database.connect()
        await owner.execute("update publication set token_expires = now() - interval '1 s'")
        url = f"{gateway.http}/whip/{id_}"
        async with client.post(url, data=OFFER, headers=bearer(token)) as answer:
            assert answer.status == 401

    @pytest.mark.parametrize(
        ("body", "headers", "status"),
        [
            (OFFER, {"Content-Type": "application/json"}, 415),
            (OFFER, {"Content-Type": "text/plain"}, 415),
            ("", {}, 400),
            ("offer", {}, 422),
            (OFFER.replace("m=video", "m=audio"), {}, 422),
            (OFFER + "a=x\r\n" * 20_000, {}, 422),
            ("x" * 300_000, {}, 413),
        ],
    )
    async def test_a_bad_offer_does_not_cost_the_token(
        self, gateway, client, publication, body, headers, status
    ):
        id_, token = publication
        url = f"{gateway.http}/whip/{id_}"
        async with client.post(url, data=body, headers=bearer(token) | headers) as answer:
            assert answer.status == status
            assert answer.content_type == "application/problem+json"
        async with client.post(url, data=OFFER, headers=bearer(token)) as answer:
            assert answer.status == 201

    async def test_an_offer_that_does_not_come(self, gateway, publication, monkeypatch):
        monkeypatch.setattr(http_port, "BODY_WITHIN_S", 0.3)
        id_, token = publication
        port = gateway.settings.gateway_http_port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            f"POST /whip/{id_} HTTP/1.1\r\nHost: x\r\nContent-Type: application/sdp\r\nContent-Length: 100\r\n"
            f"Authorization: Bearer {token}\r\n\r\nv=0".encode()
        )
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        assert b" 408 " in answer.splitlines()[0]
        writer.close()

    async def test_options_and_other_methods(self, gateway, client):
        url = f"{gateway.http}/whip/{uuid4()}"
        async with client.options(url) as answer:
            assert (answer.status, answer.headers["Accept-Post"]) == (204, "application/sdp")
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            async with client.request(method, url) as answer:
                assert answer.status == 405
        async with client.post(f"{gateway.http}/whip/not-a-uuid", headers=bearer("t")) as answer:
            assert answer.status == 404

    async def test_what_the_relay_says_is_passed_on(self, gateway, client, relay, publication):
        id_, token = publication
        relay.answer = web.json_response(
            {"code": "x", "detail": "No H.264 in the offer."},
            status=422,
            content_type="application/problem+json",
        )
        url = f"{gateway.http}/whip/{id_}"
        async with client.post(url, data=OFFER, headers=bearer(token)) as answer:
            assert answer.status == 422
            assert (await answer.json(content_type=None))["detail"] == "No H.264 in the offer."

    async def test_the_relays_refusal_of_the_gateway_is_not(
        self, gateway, client, relay, publication
    ):
        id_, token = publication
        relay.answer = web.Response(status=401, text="secret details")
        url = f"{gateway.http}/whip/{id_}"
        async with client.post(url, data=OFFER, headers=bearer(token)) as answer:
            assert answer.status == 502
            assert "secret details" not in await answer.text()

    async def test_a_relay_that_is_away(self, gateway, client, database, publication):
        id_, token = publication
        owner = await database.connect()
        await owner.execute("update relay set internal_url = $1", f"http://127.0.0.1:{free_port()}")
        url = f"{gateway.http}/whip/{id_}"
        async with client.post(url, data=OFFER, headers=bearer(token)) as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (503, "5")


class TestHealth:
    async def test_healthy(self, gateway, client):
        async with client.get(f"{gateway.http}/healthz") as answer:
            assert (answer.status, await answer.text()) == (200, "ok\n")

        async def ready():
            async with client.get(f"{gateway.http}/readyz") as answer:
                return answer.status == 200 and await answer.json() == {
                    "ready": True,
                    "reasons": [],
                }

        await until(ready)

    async def test_not_ready_without_partitions_for_today(self, database, client):
        owner = await database.connect()
        for name in await owner.fetch("select name from fix_partition"):
            await owner.execute(f"drop table sightline.{name[0]}")
        running = await RunningGateway(database).start()
        try:
            async with client.get(f"{running.http}/readyz") as answer:
                assert answer.status == 503
                assert any("partition" in why for why in (await answer.json())["reasons"])
            async with client.get(
                f"{running.http}/readyz", headers={"X-Forwarded-For": "192.0.2.1"}
            ) as answer:
                assert (answer.status, await answer.text()) == (503, "not ready\n")
        finally:
            await running.stop()

    async def test_metrics(self, gateway, client, database):
        owner = await database.connect()
        token = (await add_camera(owner, "CAM-9")).token
        async with camera(gateway, token, "CAM-9") as cam:
            await cam.report(fix_now(), fix_now(lat=99), seq=1)
            async with client.get(f"{gateway.http}/metrics") as answer:
                assert answer.status == 200
                text = await answer.text()
        figures = dict(
            line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")
        )
        assert float(figures["sightline_gateway_connections"]) == 1
        assert float(figures["sightline_gateway_fixes_total"]) == 2
        assert float(figures["sightline_gateway_stored_total"]) == 1
        assert float(figures["sightline_gateway_flushes_total"]) >= 1

    async def test_metrics_are_not_for_strangers(self, gateway, client):
        url = f"{gateway.http}/metrics"
        for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP"):
            async with client.get(url, headers={name: "192.0.2.1"}) as answer:
                assert answer.status == 401
        stranger = {"X-Forwarded-For": "192.0.2.1"}
        async with client.get(url, headers=stranger) as answer:
            assert answer.status == 401
        for token, status in (("wrong", 401), ("m" * 40, 200)):
            headers = stranger | {"Authorization": f"Bearer {token}"}
            async with client.get(url, headers=headers) as answer:
                assert answer.status == status

    async def test_unknown_paths(self, gateway, client):
        async with client.get(f"{gateway.http}/nothing") as answer:
            assert answer.status == 404
            problem = json.loads(await answer.text())
            assert (problem["status"], problem["code"]) == (404, "not_found")


STRANGE_REQUESTS = {
    "a token that is no ASCII": ("POST /whip/{publication}", "Authorization: Bearer \xff\xfe", 401),
    "a session that is no ASCII": ("DELETE /whip/{publication}/%C3%A9", "X: y", 404),
    "a method on such a session": ("PATCH /whip/{publication}/%C3%A9", "X: y", 404),
    "metrics with a token that is no ASCII": ("GET /metrics", "Authorization: Bearer \xff", 200),
    "an expectation that nobody knows": ("GET /healthz", "Expect: secret-words", 417),
    "an expectation of a body": ("POST /osmand/x", "Expect: secret-words", 417),
}


@pytest.mark.parametrize("name", STRANGE_REQUESTS)
async def test_what_strangers_send_is_no_failure_of_ours(gateway, name, caplog):
    line, header, status = STRANGE_REQUESTS[name]
    line = line.format(publication=uuid4())
    text = f"{line} HTTP/1.1\r\nHost: x\r\n{header}\r\nContent-Type: application/sdp\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.settings.gateway_http_port)
    writer.write(text.encode("latin-1"))
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    assert int(answer.split()[1]) == status, answer
    assert b"secret-words" not in answer
    if status >= 400:
        assert b"application/problem+json" in answer
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
