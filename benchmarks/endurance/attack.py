"""Peers that a gateway has to bear, each in a process of its own: they flood, stop in the middle, or come again and again."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

_TROUBLE: Final = (OSError, TimeoutError, ConnectionClosed, InvalidHandshake, EOFError)
_FIXES: Final = 100
_HALF_OPEN: Final = 3_000
_OPENED_AT_ONCE: Final = 100

Attack = Callable[[str, Sequence[str]], Awaitable[None]]
"""What one does with the gateway's address and some tokens, until it is cancelled."""


def run(name: str, url: str, tokens: Sequence[str]) -> None:
    """Attack until the process is killed."""
    asyncio.run(_again_and_again(ATTACKS[name], url, tokens))


async def _again_and_again(attack: Attack, url: str, tokens: Sequence[str]) -> None:
    while True:
        try:
            await attack(url, tokens)
        except Exception:  # noqa: BLE001 - whatever is done to it, it comes again
            await asyncio.sleep(0.01)


def _camera(url: str, token: str) -> connect:
    return connect(
        f"{url}/camera",
        subprotocols=[Subprotocol("sightline.camera.v1")],
        additional_headers={"Authorization": f"Bearer {token}"},
        compression=None,
        max_queue=None,
        close_timeout=0.1,
    )


async def flood(url: str, tokens: Sequence[str]) -> None:
    """Reports of new fixes, as fast as the gateway takes them."""
    async with _camera(url, tokens[0]) as socket:
        reading = asyncio.create_task(_swallow(socket))
        try:
            now_ms = int(time.time() * 1000) - 3_000_000
            for seq in itertools.count():
                fixes = [
                    {"time": now_ms + seq * _FIXES + place, "lat": 56.4, "lon": 1.08}
                    for place in range(_FIXES)
                ]
                await socket.send(json.dumps({"type": "report", "seq": seq, "fixes": fixes}))
        finally:
            reading.cancel()


async def _swallow(socket: ClientConnection) -> None:
    with contextlib.suppress(ConnectionClosed):
        async for _ in socket:
            pass


async def nonsense(url: str, tokens: Sequence[str]) -> None:
    """Messages that are none, and a new connection whenever that is too much."""
    async with _camera(url, tokens[0]) as socket:
        while True:
            await socket.send("{" * 50_000)


async def ten_megabytes(url: str, tokens: Sequence[str]) -> None:
    """A message of ten megabytes, again and again."""
    async with _camera(url, tokens[0]) as socket:
        while True:
            await socket.send("x" * 10_000_000)


async def half_messages(url: str, tokens: Sequence[str]) -> None:
    """Half a message on many connections, and then nothing."""
    async with contextlib.AsyncExitStack() as stack:
        for token in tokens:
            socket = await stack.enter_async_context(_camera(url, token))
            socket.transport.write(
                b"\x81\xff" + (900_000).to_bytes(8, "big") + bytes(4) + b" " * 450_000
            )
        await asyncio.sleep(3_600)


async def half_handshakes(url: str, _tokens: Sequence[str]) -> None:
    """Half a request on very many connections, and another one for each that is cut."""
    await _hold_open(url, b"GET /camera HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n")


async def half_open(url: str, _tokens: Sequence[str]) -> None:
    """Very many connections that say nothing, and another one for each that is cut."""
    await _hold_open(url, b"")


async def _hold_open(url: str, begin: bytes) -> None:
    address = urlsplit(url)
    opening = asyncio.Semaphore(_OPENED_AT_ONCE)

    async def hold() -> None:
        while True:
            try:
                async with opening:
                    reader, writer = await asyncio.open_connection(address.hostname, address.port)
                    writer.write(begin)
                await reader.read()
                writer.close()
            except OSError:
                await asyncio.sleep(0.1)

    await asyncio.gather(*(hold() for _ in range(_HALF_OPEN)))


async def reconnect(url: str, tokens: Sequence[str]) -> None:
    """Come, say hello, go; as fast as it is possible."""

    async def loop() -> None:
        while True:
            try:
                async with _camera(url, tokens[0]) as socket:
                    await socket.send('{"type":"eyes_on"}')
            except _TROUBLE:
                pass

    await asyncio.gather(*(loop() for _ in range(8)))


async def deaf(url: str, tokens: Sequence[str]) -> None:
    """Ask all the time, and never read an answer."""
    async with _camera(url, tokens[0]) as socket:
        socket.transport.pause_reading()
        for seq in itertools.count():
            await socket.send(json.dumps({"type": "status", "seq": seq, "recording": "off"}))


ATTACKS: Final[dict[str, Attack]] = {
    "floods with reports": flood,
    "floods with what is no message": nonsense,
    "sends 10 MB": ten_megabytes,
    "sends half a message and waits": half_messages,
    "sends half a handshake and waits, 3,000 times": half_handshakes,
    "holds 3,000 connections half open": half_open,
    "reconnects in a loop": reconnect,
    "never reads its answers": deaf,
}
