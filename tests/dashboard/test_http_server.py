"""The HTTP server as it is set up: whose word it takes for where a request comes from, and how it closes a socket."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from sightline.dashboard import http_server
from sightline.dashboard.access.cookies import SESSION_COOKIE
from tests.conftest import Database
from tests.dashboard.dashboard_server import serving
from tests.force import Force

SPOKEN_FOR = {"X-Forwarded-For": "203.0.113.9"}


@pytest.fixture
async def force(database: Database) -> Force:
    return await Force.create(database)


async def wrong_sign_in(url: str, headers: dict[str, str]) -> httpx.Response:
    body = {"username": "nobody", "password": "wrong"}
    async with httpx.AsyncClient(base_url=url) as client:
        return await client.post("/api/session", json=body, headers=headers)


async def test_nobody_says_that_he_is_somewhere_else(force: Force) -> None:
    async with serving(force) as url:
        assert (await wrong_sign_in(url, SPOKEN_FOR)).status_code == 401
        (row,) = await force.audit("session.sign_in")
        assert row["address"] == "127.0.0.1"
        # nor that the request came by https, nor that it is this machine that asks
        headers = {"X-Forwarded-Proto": "https", "Origin": url.replace("http", "https")}
        assert (await wrong_sign_in(url, headers)).status_code == 403
        async with httpx.AsyncClient(base_url=url) as client:
            assert (await client.get("/readyz", headers=SPOKEN_FOR)).text == "yes\n"
            assert "reasons" in (await client.get("/readyz")).json()


async def test_a_trusted_proxy_says_for_whom_it_asks(force: Force) -> None:
    async with serving(force, trusted_proxies="10.0.0.0/8, 127.0.0.1") as url:
        # what the browser itself wrote there stands further left
        headers = {"X-Forwarded-For": "127.0.0.1, 203.0.113.9, 10.0.0.7"}
        assert (await wrong_sign_in(url, headers)).status_code == 401
        (row,) = await force.audit("session.sign_in")
        assert row["address"] == "203.0.113.9"
        by_https = {"X-Forwarded-Proto": "https", "Origin": url.replace("http", "https")}
        answer = await wrong_sign_in(url, SPOKEN_FOR | by_https)
        assert answer.status_code == 401
        assert "strict-transport-security" in answer.headers
        assert (await wrong_sign_in(url, by_https | {"Origin": url})).status_code == 403


async def say_and_listen(feed: ClientConnection, said: Any) -> None:
    await feed.send(said)
    while True:
        await feed.recv()


async def send_on(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x" * 10_000)
        await writer.drain()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("said", ["x" * 20_000_000, b"x" * 70_000], ids=["20 MB", "70 kB"])
async def test_who_says_too_much_is_told_so(force: Force, said: Any) -> None:
    fim = await force.user("fim")
    async with serving(force) as url:
        cookie = {"Cookie": f"{SESSION_COOKIE}={fim.token}"}
        address = url.replace("http", "ws") + "/api/feed"
        feed = await connect(address, additional_headers=cookie, max_size=None)
        async with asyncio.timeout(4):  # sooner than whoever goes on sending is cut off
            with pytest.raises(ConnectionClosed) as closed:
                await say_and_listen(feed, said)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


async def test_who_goes_on_sending_is_cut_off(
    force: Force, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_server, "READ_ON_FOR_S", 0.3)
    fim = await force.user("fim")
    async with serving(force) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rsplit(":", 1)[1]))
        writer.write(
            b"GET /api/feed HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            + f"Cookie: {SESSION_COOKIE}={fim.token}\r\n\r\n".encode()
        )
        assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
        writer.write(b"\x81\xff" + (2**40).to_bytes(8, "big") + bytes(4))
        async with asyncio.timeout(5):
            with pytest.raises(ConnectionError):
                await send_on(writer)
