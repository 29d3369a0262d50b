"""``WS /api/streams/{stream}/frames``: a viewing's pictures and sounds, passed on from the relay as they are.

docs/frames.md describes what is said. A browser can send no header of ours with a socket, so the stream's one-time token
stands among the subprotocols, where no log of addresses has it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, Final
from uuid import UUID

import aiohttp
from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from sightline.dashboard.access.turning_away import refuse_socket
from sightline.dashboard.errors import (
    DashboardError,
    DatabaseAwayError,
    InvalidError,
    NotSignedInError,
    RelayAwayError,
    RelayRefusedError,
    status_of,
)
from sightline.dashboard.operations.frames import FrameWay, end_without_picture, frame_way
from sightline.dashboard.relay_client import RELAY_SILENT
from sightline.dashboard.services import Services

PATH: Final = "/api/streams/{stream}/frames"
PROTOCOL: Final = "sightline.frames.v1"
BEFORE_TOKEN: Final = "token."  # noqa: S105 - what stands before one
CLOSE_BASE: Final = 4000
"""A socket that is open is closed with this and the HTTP status that fits."""
LONGEST_CLOSE_REASON: Final = 123
"""Octets that a close frame has room for (RFC 6455, section 5.5)."""
LONGEST_WORD: Final = 16


def frame_routes(services: Services) -> APIRouter:
    """The route of the frames."""
    router = APIRouter()

    @router.websocket(PATH)
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
    try:
        await _until_one_is_done(_pass_on(websocket, services, way, heard), _hear(websocket, heard))
    except _Closing as closing:
        with contextlib.suppress(OSError, RuntimeError, WebSocketDisconnect):  # it has gone itself
            await websocket.close(closing.code, _fitting(str(closing)))


async def _until_one_is_done(*parts: Coroutine[Any, Any, None]) -> None:
    """Run all until one ends, however it does; raises what any of them raised."""
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
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
            waiting: asyncio.Queue[str | bytes] = asyncio.Queue()
            waiting.put_nowait(first)
            await _until_one_is_done(
                _take(line, waiting), _send(websocket, waiting), _tell(line, heard)
            )
    except (RelayAwayError, RelayRefusedError) as error:
        with contextlib.suppress(DatabaseAwayError):  # then the relay's gate ends it
            await end_without_picture(services, way, error.code)
        raise _Closing(CLOSE_BASE + int(status_of(error)), str(error)) from error


async def _send(websocket: WebSocket, waiting: asyncio.Queue[str | bytes]) -> None:
    with contextlib.suppress(OSError, WebSocketDisconnect):  # the browser has gone
        while True:
            payload = await waiting.get()
            if isinstance(payload, bytes):
                await websocket.send_bytes(payload)
            else:
                await websocket.send_text(payload)


async def _take(line: aiohttp.ClientWebSocketResponse, waiting: asyncio.Queue[str | bytes]) -> None:
    """Take all from the relay at once: it has no more on the way than it was told the browser can take."""
    while (message := await line.receive()).type is aiohttp.WSMsgType.BINARY:
        waiting.put_nowait(message.data)
    if message.type is aiohttp.WSMsgType.CLOSE and message.data > CLOSE_BASE:
        raise _Closing(message.data, message.extra or "")
    raise RelayAwayError(RELAY_SILENT)


async def _tell(line: aiohttp.ClientWebSocketResponse, heard: _Heard) -> None:
    try:
        while True:
            for word in await heard.next():
                await line.send_str(word)
    except OSError as error:
        raise RelayAwayError(RELAY_SILENT) from error


def _fitting(sentence: str) -> str:
    return sentence.encode()[:LONGEST_CLOSE_REASON].decode(errors="ignore")
