"""``WS /api/streams/{stream}/frames``: a viewing's pictures and sounds, passed on from the relay as they are.

docs/frames.md describes what is said. A browser can send no header of ours with a socket, so the stream's one-time token
stands among the subprotocols, where no log of addresses has it.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final
from uuid import UUID

import aiohttp
from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from sightline.dashboard.access.turning_away import refuse_socket
from sightline.dashboard.errors import (
    DashboardError,
    InvalidError,
    NotSignedInError,
    RelayAwayError,
    RelayRefusedError,
    status_of,
)
from sightline.dashboard.operations.frames import FrameWay, end_without_picture, frame_way
from sightline.dashboard.relay_client import RELAY_SILENT
from sightline.dashboard.services import Services

PROTOCOL: Final = "sightline.frames.v1"
BEFORE_TOKEN: Final = "token."
CLOSE_BASE: Final = 4000
"""A socket that is open is closed with this and the HTTP status that fits."""
LONGEST_CLOSE_REASON: Final = 123
"""Octets that a close frame has room for (RFC 6455, section 5.5)."""
LONGEST_WORD: Final = 16


def frame_routes(services: Services) -> APIRouter:
    """The route of the frames."""
    router = APIRouter()

    @router.websocket("/api/streams/{stream}/frames")
    async def open_frames(websocket: WebSocket, stream: UUID) -> None:
        try:
            way = await frame_way(services, stream, _token(websocket))
        except DashboardError as error:
            await refuse_socket(websocket.scope, websocket.send, error)
            return
        await websocket.accept(PROTOCOL)
        await _carry(websocket, services, way)

    return router


def _token(websocket: WebSocket) -> str:
    offered = [
        word.strip() for word in websocket.headers.get("sec-websocket-protocol", "").split(",")
    ]
    if PROTOCOL not in offered:
        raise InvalidError(
            f"The subprotocol must be {PROTOCOL}.", "Sec-WebSocket-Protocol", [PROTOCOL]
        )
    tokens = [word.removeprefix(BEFORE_TOKEN) for word in offered if word.startswith(BEFORE_TOKEN)]
    if len(tokens) != 1:
        raise NotSignedInError(
            f"The stream's one-time token is missing: a second subprotocol {BEFORE_TOKEN}TOKEN."
        )
    return tokens[0]


class _Closing(Exception):  # noqa: N818 - how a socket ends, not a fault
    """The browser's socket is to be closed."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class _Heard:
    """What the browser said and the relay has not heard; of each kind only the newest, which says it all."""

    def __init__(self) -> None:
        self._words: dict[bool, str] = {}
        self._news = asyncio.Event()

    def say(self, word: str) -> None:
        self._words[word.isdecimal()] = word[:LONGEST_WORD]
        self._news.set()

    async def next(self) -> list[str]:
        await self._news.wait()
        self._news.clear()
        words = list(self._words.values())
        self._words.clear()
        return words


async def _carry(websocket: WebSocket, services: Services, way: FrameWay) -> None:
    """Pass on until the relay or the browser has done."""
    heard = _Heard()
    passing = asyncio.create_task(_pass_on(websocket, services, way, heard), name="frames")
    hearing = asyncio.create_task(_hear(websocket, heard), name="frames heard")
    try:
        await asyncio.wait({passing, hearing}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        passing.cancel()
        hearing.cancel()
        results = await asyncio.gather(passing, hearing, return_exceptions=True)
    for result in results:
        if isinstance(result, _Closing):
            with contextlib.suppress(OSError, RuntimeError, WebSocketDisconnect):
                await websocket.close(result.code, _fitting(str(result)))
        elif isinstance(result, Exception):
            raise result


async def _hear(websocket: WebSocket, heard: _Heard) -> None:
    """Hear the browser until it goes, or its session has ended."""
    while (message := await websocket.receive())["type"] != "websocket.disconnect":
        heard.say(message.get("text") or "")


async def _pass_on(websocket: WebSocket, services: Services, way: FrameWay, heard: _Heard) -> None:
    """Frames to the browser, and to the relay what the browser says of them.

    Raises:
        _Closing: when the relay has closed, or does not carry it.
    """
    try:
        async with services.relay.frames(way.relay_url, way.stream, way.publication) as (
            first,
            line,
        ):
            telling = asyncio.create_task(_tell(line, heard), name="frames read")
            try:
                await websocket.send_text(first)
                while True:
                    await websocket.send_bytes(await _next_frame(line))
            finally:
                telling.cancel()
    except (RelayAwayError, RelayRefusedError) as error:
        await end_without_picture(services, way, error.code)
        raise _Closing(CLOSE_BASE + int(status_of(error)), str(error)) from error
    except (OSError, WebSocketDisconnect):
        return  # the browser has gone


async def _next_frame(line: aiohttp.ClientWebSocketResponse) -> bytes:
    message = await line.receive()
    if message.type is aiohttp.WSMsgType.BINARY:
        data: bytes = message.data
        return data
    if message.type is aiohttp.WSMsgType.CLOSE and message.data > CLOSE_BASE:
        raise _Closing(message.data, message.extra or "")
    raise RelayAwayError(RELAY_SILENT)


async def _tell(line: aiohttp.ClientWebSocketResponse, heard: _Heard) -> None:
    with contextlib.suppress(OSError):  # the relay has gone; who reads from it says so
        while True:
            for word in await heard.next():
                await line.send_str(word)


def _fitting(sentence: str) -> str:
    return sentence.encode()[:LONGEST_CLOSE_REASON].decode(errors="ignore")
