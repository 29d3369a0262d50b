"""The camera client over real sockets, against a gateway that does what the contract says."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from sightline.ingest.camera.client import CameraClient
from sightline.ingest.camera.messages import Ack, Fix, Identity, Incoming, Watched

TOKEN = "a camera's token"


class Gateway:
    """Welcomes, acknowledges, and keeps what it heard."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.sockets: list[ServerConnection] = []
        self.silent = False
        self.server: Server | None = None

    @asynccontextmanager
    async def listening(self, port: int = 0) -> AsyncIterator[str]:
        async with serve(
            self._converse,
            "127.0.0.1",
            port,
            subprotocols=["sightline.camera.v1"],
            process_request=self._admit,
            compression=None,
        ) as server:
            yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/camera"

    def fixes(self) -> list[int]:
        return [f["time"] for m in self.heard if m["type"] == "report" for f in m["fixes"]]

    async def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return connection.respond(401, "wrong token\n")
        return None

    async def _converse(self, socket: ServerConnection) -> None:
        self.sockets.append(socket)
        async for text in socket:
            assert isinstance(text, str), "JSON travels in text messages"
            message = json.loads(text)
            self.heard.append(message)
            if self.silent:
                continue
            if message["type"] == "hello":
                every = {"recording": 1, "buffering": 5, "off": 60}
                await self._say(
                    socket,
                    {"type": "welcome", "camera": message["camera"], "report_every_s": every},
                )
            if message["type"] in ("report", "status"):
                stored = len(message.get("fixes", []))
                await self._say(
                    socket,
                    {
                        "type": "ack",
                        "seq": message["seq"],
                        "stored": stored,
                        "duplicate": 0,
                        "rejected": [],
                    },
                )

    async def say(self, message: dict[str, Any]) -> None:
        await self._say(self.sockets[-1], message)

    async def _say(self, socket: ServerConnection, message: dict[str, Any]) -> None:
        await socket.send(json.dumps(message))


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@asynccontextmanager
async def running(
    url: str, on_message: Callable[[Incoming], None] = lambda _m: None, token: str = TOKEN
) -> AsyncIterator[CameraClient]:
    identity = Identity("AB4-000123", "Reference", "1.0")
    client = CameraClient(url, token, identity, on_message, jitter=lambda: 0.05)
    task = asyncio.create_task(client.run())
    try:
        yield client
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def fix(n: int) -> Fix:
    return Fix(time=1_795_176_131_000 + n, lat=57.1, lon=2.2, recording="recording")


async def until(condition: Callable[[], bool], timeout: float = 4) -> None:
    async with asyncio.timeout(timeout):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_it_connects_reports_and_is_acknowledged(gateway: Gateway) -> None:
    heard: list[Incoming] = []
    async with gateway.listening() as url, running(url, heard.append) as client:
        client.set_status("recording", 71.0)
        client.add_fix(fix(0))
        await until(lambda: client.core.idle and client.connected)
        assert [m["type"] for m in gateway.heard] == ["hello", "status", "report"]
        assert client.interval_s("recording") == 1
        await gateway.say({"type": "watched", "roles": ["FIM"], "silent": False})
        await until(lambda: Watched(["FIM"]) in heard)
        assert sum(isinstance(message, Ack) for message in heard) == 2


async def test_what_was_not_acknowledged_is_sent_again_after_a_break(gateway: Gateway) -> None:
    async with gateway.listening() as url, running(url) as client:
        await until(lambda: client.connected)
        gateway.silent = True
        client.add_fix(fix(0))
        await until(lambda: gateway.fixes() == [fix(0).time])
        gateway.silent = False
        gateway.sockets[-1].transport.abort()
        client.add_fix(fix(1))
        await until(lambda: client.core.idle and client.connected)
        assert sorted(set(gateway.fixes())) == [fix(0).time, fix(1).time]
        assert gateway.fixes().count(fix(0).time) == 2


async def test_without_signal_fixes_are_kept_and_come_later(gateway: Gateway) -> None:
    async with gateway.listening() as url, running(url) as client:
        await until(lambda: client.connected)
        client.lose_signal()
        await until(lambda: not client.connected)
        for n in range(3):
            client.add_fix(fix(n))
        await asyncio.sleep(0.3)
        assert gateway.fixes() == []
        assert len(gateway.sockets) == 1
        client.regain_signal()
        await until(lambda: gateway.fixes() == [fix(n).time for n in range(3)])


async def test_a_gateway_that_is_not_there_yet_is_tried_again(
    gateway: Gateway, unused_tcp_port: int
) -> None:
    async with running(f"ws://127.0.0.1:{unused_tcp_port}/camera") as client:
        client.add_fix(fix(0))
        await asyncio.sleep(0.2)
        async with gateway.listening(unused_tcp_port):
            await until(lambda: gateway.fixes() == [fix(0).time])


async def test_a_wrong_token_does_not_hammer_the_gateway(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    async with gateway.listening() as url, running(url, token="wrong") as client:
        await asyncio.sleep(0.4)
        assert not client.connected
    assert caplog.messages.count("the gateway refuses camera=AB4-000123 status=401") == 1
    assert "wrong" not in caplog.text


async def test_a_connection_that_was_replaced_stays_away(gateway: Gateway) -> None:
    async with gateway.listening() as url, running(url) as client:
        await until(lambda: client.connected)
        await gateway.sockets[-1].close(4009, "a newer connection took over")
        await asyncio.sleep(0.4)
        assert len(gateway.sockets) == 1


async def test_nonsense_from_the_gateway_is_survived(gateway: Gateway) -> None:
    async with gateway.listening() as url, running(url) as client:
        await until(lambda: client.connected)
        for text in (
            "nonsense",
            "[]",
            '{"type":"from the future"}',
            '{"type":"error","code":"x","message":"y"}',
        ):
            await gateway.sockets[-1].send(text)
        await gateway.sockets[-1].send(b"\xff\xfe")
        client.add_fix(fix(0))
        await until(lambda: gateway.fixes() == [fix(0).time])
        assert len(gateway.sockets) == 1


@pytest.mark.slow
async def test_hundreds_of_cameras_cost_a_fraction_of_a_core(gateway: Gateway) -> None:
    """100 cameras at 1 Hz and 300 at 0.2 Hz, with the gateway of this test in the same process."""
    async with gateway.listening() as url:
        identities = [Identity(f"AB4-{n:06}", "Reference", "1.0") for n in range(400)]
        clients = [CameraClient(url, TOKEN, identity) for identity in identities]
        tasks = [asyncio.create_task(client.run()) for client in clients]
        try:
            await until(lambda: sum(client.connected for client in clients) == 400, 20)
            assert len(asyncio.all_tasks()) < 400 * 6
            began, cpu = time.monotonic(), time.process_time()
            while time.monotonic() - began < 4:
                second = int(time.monotonic() - began)
                for n, client in enumerate(clients):
                    if n < 100 or n % 5 == second % 5:
                        client.add_fix(fix(second))
                await asyncio.sleep(1)
            share = (time.process_time() - cpu) / (time.monotonic() - began)
            await until(lambda: all(client.core.idle for client in clients))
            assert share < 0.5
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
