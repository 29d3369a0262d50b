"""The socket of frames at the dashboard: the same gate and token as WHEP, once, by the session that opened the stream."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
import uvicorn
from aiohttp import WSMsgType, web
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from sightline.dashboard.frames_socket import PROTOCOL
from tests.dashboard.api.test_streams import offer, open_stream
from tests.serving import serving

FRAME = b"\1\1\0\0" + b"x" * 40


class Relay:
    """A relay's internal API as far as the dashboard uses it for frames: what it was asked and told."""

    def __init__(self) -> None:
        self.asked: list[web.Request] = []
        self.heard: list[str] = []
        self.left = asyncio.Event()
        self.sockets: list[web.WebSocketResponse] = []
        self.first: dict[str, Any] = {"type": "start", "picture": "h264", "sound": "opus"}
        self.url = ""

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.get("/internal/viewings/{stream}/frames", self.frames),
                web.post("/internal/viewings/{stream}", self.view),
            ]
        )
        return app

    async def view(self, _request: web.Request) -> web.Response:
        return web.Response(status=201, text="answer", content_type="application/sdp")

    async def frames(self, request: web.Request) -> web.WebSocketResponse:
        self.asked.append(request)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        await socket.send_json(self.first)
        if self.first["type"] == "start":
            await socket.send_bytes(FRAME)
        async for message in socket:
            assert message.type is WSMsgType.TEXT
            self.heard.append(message.data)
        self.left.set()
        return socket


@pytest.fixture
async def relay(force: Any) -> AsyncIterator[Relay]:
    made = Relay()
    async with serving(made.app()) as made.url:
        await force.owner.execute("update relay set internal_url = $1", made.url)
        yield made


@pytest.fixture
async def url(force: Any) -> AsyncIterator[str]:
    config = uvicorn.Config(
        force.app, host="127.0.0.1", port=0, log_level="warning", lifespan="off", ws="websockets-sansio"
    )  # fmt: skip
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - nothing tells
        await asyncio.sleep(0.01)
    yield f"ws://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await task


class Browser:
    """One signed-in session that opens streams and their sockets."""

    def __init__(self, force: Any, url: str, client: Any) -> None:
        self.force, self.url, self.client = force, url, client

    async def open(self) -> dict[str, Any]:
        answer = await open_stream(self.client, self.force)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def socket(
        self, made: dict[str, Any], token: str | None = None, **other: Any
    ) -> connect:  # fmt: skip
        arguments = {
            "additional_headers": {"Cookie": f"sightline_session={self.client.cookies['sightline_session']}"},
            "subprotocols": [PROTOCOL, f"token.{token or made['token']}"],
            **other,
        }  # fmt: skip
        return connect(self.url + made["frames"], **arguments)

    async def refused(self, made: dict[str, Any], token: str | None = None, **other: Any) -> int:
        with pytest.raises(InvalidStatus) as refused:
            await self.socket(made, token, **other)
        document = json.loads(refused.value.response.body)
        assert document["status"] == refused.value.response.status_code
        return refused.value.response.status_code


@pytest.fixture
async def fim(force: Any, url: str) -> Browser:
    return Browser(force, url, await force.as_("fim"))


async def refusals(force: Any) -> list[tuple[str, str]]:
    return [
        (row["actor"], row["reason"])
        for row in await force.audit("stream.redeem")
        if row["outcome"] == "refused"
    ]


async def closed(socket: ClientConnection) -> tuple[int, str]:
    with pytest.raises(ConnectionClosed) as error:
        await asyncio.wait_for(_read_on(socket), 5)
    assert error.value.rcvd is not None, "it went without a word"
    return error.value.rcvd.code, error.value.rcvd.reason


async def _read_on(socket: ClientConnection) -> None:
    while True:
        await socket.recv()


async def begun(socket: ClientConnection) -> None:
    assert json.loads(await socket.recv())["type"] == "start"
    assert await socket.recv() == FRAME


async def test_a_viewing_that_begins_with_frames(force: Any, relay: Relay, fim: Browser) -> None:
    made = await fim.open()
    assert made["frames"] == f"/api/streams/{made['stream']}/frames"
    async with fim.socket(made) as socket:
        assert socket.subprotocol == PROTOCOL
        await begun(socket)
        await socket.send("1")
        await socket.send("key")
        async with asyncio.timeout(3):
            while len(relay.heard) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert relay.heard == ["1", "key"]
    async with asyncio.timeout(3):
        await relay.left.wait()
    (asked,) = relay.asked
    assert asked.match_info["stream"] == made["stream"]
    assert asked.query["publication"] == str(
        await force.owner.fetchval("select id from publication")
    )
    assert asked.headers["Authorization"] == f"Bearer {'s' * 40}"
    assert (await offer(fim.client, made)).status_code == 401, "the token is used up"


async def test_one_that_was_answered_by_whep_goes_on_over_the_socket_once(
    force: Any, relay: Relay, fim: Browser
) -> None:
    made = await fim.open()
    assert (await offer(fim.client, made)).status_code == 201
    await force.owner.execute("update stream_session set token_expires = now()")
    async with fim.socket(made) as socket:
        await begun(socket)
        assert await fim.refused(made) == 401
        (listed,) = (await fim.client.get("/api/streams")).json()["streams"]
        assert listed["stream"] == made["stream"], "the same viewing"
    assert await fim.refused(made) == 401, "nor after it"
    assert await refusals(force) == [("fim", "token")] * 2
    assert len(relay.asked) == 1
    opened = await force.audit("stream.open")
    assert len(opened) == 1


async def test_the_camera_is_told_once_that_it_is_watched_and_who_asked_for_eyes_hears_so(
    force: Any, relay: Relay, fim: Browser
) -> None:
    await force.owner.fetchval("select alert_eyes_on($1)", force.cameras["CAM-1"])
    made = await fim.open()
    async with fim.socket(made) as socket:
        await begun(socket)
        bodies = await force.owner.fetch("select body from camera_command order by id")
        said = [json.loads(row["body"]) for row in bodies]
        assert [m["roles"] for m in said if m["type"] == "watched"] == [["FIM"]]
        assert [m["state"] for m in said if m["type"] == "eyes_on_state"] == ["watching"]
    assert relay.asked


class TestTokens:
    """Whoever shows no token of this stream and session does not get in, and it is in the audit."""

    async def test_a_wrong_token(self, force: Any, relay: Relay, fim: Browser) -> None:
        assert await fim.refused(await fim.open(), "x" * 43) == 401
        assert await refusals(force) == [("fim", "token")]
        assert relay.asked == []

    async def test_a_token_of_another_stream(self, force: Any, relay: Relay, fim: Browser) -> None:
        first, second = await fim.open(), await fim.open()
        assert await fim.refused(first, second["token"]) == 401
        assert await fim.refused({**first, "frames": f"/api/streams/{uuid4()}/frames"}) == 401
        assert await refusals(force) == [("fim", "token")] * 2
        assert relay.asked == []

    async def test_one_that_is_too_old_to_begin_with(
        self, force: Any, relay: Relay, fim: Browser
    ) -> None:
        made = await fim.open()
        await force.owner.execute("update stream_session set token_expires = now()")
        assert await fim.refused(made) == 401
        assert await refusals(force) == [("fim", "token")]
        assert relay.asked == []

    @pytest.mark.parametrize("role", ["negco", "fim"])
    async def test_in_another_session_also_of_the_same_person(
        self, force: Any, relay: Relay, fim: Browser, url: str, role: str
    ) -> None:
        made = await fim.open()
        other = Browser(force, url, await force.as_(role))
        assert await other.refused(made) == 401
        assert await refusals(force) == [(role, "token")]
        assert relay.asked == []

    async def test_the_wrong_role_nobody_and_another_site(
        self, force: Any, relay: Relay, fim: Browser, url: str
    ) -> None:
        made = await fim.open()
        planner = Browser(force, url, await force.as_("planner"))
        assert await planner.refused(made) == 403
        assert await fim.refused(made, additional_headers={}) == 401
        assert await fim.refused(made, origin="http://evil.example") == 403
        rows = await force.audit("stream.redeem")
        assert [(r["actor"], r["outcome"], r["object_id"]) for r in rows] == [
            ("planner", "refused", made["stream"]), ("fim", "refused", made["stream"]),
        ]  # fmt: skip
        assert relay.asked == []

    async def test_none_at_all_or_another_protocol(self, relay: Relay, fim: Browser) -> None:
        made = await fim.open()
        assert await fim.refused(made, subprotocols=[PROTOCOL]) == 401
        assert await fim.refused(made, subprotocols=["other", f"token.{made['token']}"]) == 422
        assert relay.asked == []

    async def test_a_stream_that_has_ended(self, force: Any, relay: Relay, fim: Browser) -> None:
        made = await fim.open()
        assert (await fim.client.delete(f"/api/streams/{made['stream']}")).status_code == 204
        assert await fim.refused(made) == 401
        assert await refusals(force) == [("fim", "token")]
        assert relay.asked == []

    async def test_a_stream_that_may_not_go_on_ends_there(
        self, force: Any, relay: Relay, fim: Browser
    ) -> None:
        made = await fim.open()
        assert (await offer(fim.client, made)).status_code == 201
        await force.state("CAM-1", 1)
        assert await fim.refused(made) == 401
        assert await refusals(force) == [("fim", "the camera stopped recording")]
        assert (await force.audit("stream.end"))[0]["reason"] == "the camera stopped recording"
        assert relay.asked == []


class TestEnds:
    async def test_the_relays_end_with_its_reason(self, relay: Relay, fim: Browser) -> None:
        async with fim.socket(await fim.open()) as socket:
            await begun(socket)
            await relay.sockets[0].close(code=4410, message=b"the camera stopped recording")
            assert await closed(socket) == (4410, "the camera stopped recording")

    async def test_a_relay_that_refuses(self, force: Any, relay: Relay, fim: Browser) -> None:
        sentence = "The camera did not begin to send within 8 s."
        relay.first = {"type": "refused", "status": 504, "code": "camera_silent", "detail": sentence}  # fmt: skip
        async with fim.socket(await fim.open()) as socket:
            assert await closed(socket) == (4504, sentence)
        ended = await force.owner.fetchval("select end_reason from stream_session")
        assert ended == "no picture: camera_silent"

    async def test_a_relay_that_is_lost(self, relay: Relay, fim: Browser) -> None:
        async with fim.socket(await fim.open()) as socket:
            await begun(socket)
            transport = relay.asked[0].transport
            assert transport is not None
            transport.abort()
            code, reason = await closed(socket)
        assert (code, reason) == (
            4503, "The media relay does not answer; no picture comes until it does.",
        )  # fmt: skip
        assert (await fim.client.get("/api/streams")).json() == {"streams": []}

    async def test_a_relay_that_does_not_answer(self, fim: Browser) -> None:
        async with fim.socket(await fim.open()) as socket:
            assert (await closed(socket))[0] == 4503
        assert (await fim.client.get("/api/streams")).json() == {"streams": []}

    async def test_the_end_of_the_session(self, force: Any, relay: Relay, fim: Browser) -> None:
        async with fim.socket(await fim.open()) as socket:
            await begun(socket)
            await force.owner.execute("update app_user set role = 'planner' where username = 'fim'")
            async with asyncio.timeout(1):
                assert await closed(socket) == (4401, "role changed")
                await relay.left.wait()

    async def test_a_browser_that_leaves(self, relay: Relay, fim: Browser) -> None:
        async with fim.socket(await fim.open()) as socket:
            await begun(socket)
        async with asyncio.timeout(1):
            await relay.left.wait()
