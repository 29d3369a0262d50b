"""``WS /api/feed``: one viewer's socket."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from sightline.dashboard.access.acting import User
from sightline.dashboard.errors import DatabaseAwayError
from sightline.dashboard.feed.channel import Payload
from sightline.dashboard.feed.delivery import Delivery
from sightline.dashboard.feed.feed import Feed
from sightline.dashboard.feed.frames import Form
from sightline.dashboard.feed.source import viewing
from sightline.dashboard.feed.viewer import Viewer
from sightline.dashboard.services import Services
from sightline.sql import query

DRAIN_WITHIN_S: Final = 10.0
"""Whoever has not taken a message within this time is dropped."""
BAD_REQUEST: Final = 4400
TRY_AGAIN: Final = 1013
_LARGEST_SEQ: Final = 2**53


class _BadRequestError(ValueError):
    """A parameter of the address is wrong; the text says which and what is allowed."""


def feed_routes(services: Services, feed: Feed) -> APIRouter:
    """The route of the feed."""
    router = APIRouter()

    @router.websocket("/api/feed")
    async def open_feed(websocket: WebSocket) -> None:
        await websocket.accept()
        try:
            viewer = await _viewer(websocket, services)
        except _BadRequestError as error:
            await websocket.close(BAD_REQUEST, str(error))
            return
        except DatabaseAwayError as error:
            await websocket.close(TRY_AGAIN, str(error)[:100])
            return
        with feed.viewing(viewer):
            await serve_viewer(websocket, viewer)

    return router


async def serve_viewer(websocket: WebSocket, viewer: Viewer) -> None:
    """Send a viewer what it has to hear until it goes, or does not take it."""

    async def send(payload: Payload) -> None:
        async with asyncio.timeout(DRAIN_WITHIN_S):
            if isinstance(payload, bytes):
                await websocket.send_bytes(payload)
            else:
                await websocket.send_text(payload)

    asked = websocket.query_params
    delivery = Delivery(send, acknowledges="ack" in asked, unpacks="packed" in asked)
    sending = asyncio.create_task(_send(websocket, viewer, delivery), name="feed to browser")
    hearing = asyncio.create_task(_until_gone(websocket, delivery), name="feed from browser")
    try:
        await asyncio.wait({sending, hearing}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        sending.cancel()
        hearing.cancel()
        await asyncio.gather(sending, hearing, return_exceptions=True)
    if sending.done() and not sending.cancelled():
        sending.result()


def _is_seq(text: str) -> bool:
    short = text.isascii() and text.isdecimal() and len(text) <= len(str(_LARGEST_SEQ))
    return short and int(text) < _LARGEST_SEQ


async def _viewer(websocket: WebSocket, services: Services) -> Viewer:
    """The viewer that this request asks for.

    Raises:
        _BadRequestError: `format` or `since` is wrong.
        DatabaseAwayError: the database does not answer.
    """
    given = websocket.query_params.get("format", "json")
    if given not in ("json", "binary"):
        raise _BadRequestError(f"format is {given[:20]!r}, but must be json or binary")
    form: Form = "binary" if given == "binary" else "json"
    since = websocket.query_params.get("since")
    if since is not None and not _is_seq(since):
        raise _BadRequestError(f"since is {since[:20]!r}, but must be the seq of a message")
    user: User = websocket.scope["state"]["user"]
    async with services.transaction() as connection:
        row = await connection.fetchrow(query("feed.viewers"), [user.session_id])
    if row is None:
        raise _BadRequestError("the session has ended")
    return Viewer(user.session_id, viewing(row), form, None if since is None else int(since))


async def _send(websocket: WebSocket, viewer: Viewer, delivery: Delivery) -> None:
    """Send whatever there is; return when the browser has gone or does not take it."""
    try:
        while not viewer.dropped:
            for payload in await viewer.next_payloads():
                await delivery.deliver(payload)
                if delivery.is_slow and viewer.takes_parts and not viewer.is_slow:
                    viewer.go_slowly()
                    break
            if not delivery.is_slow:
                viewer.go_on()
    except TimeoutError:
        pass  # it takes nothing, and is told so all the same
    except (OSError, WebSocketDisconnect):
        return
    with contextlib.suppress(OSError, TimeoutError, WebSocketDisconnect):
        async with asyncio.timeout(1):
            await websocket.close(TRY_AGAIN, "the feed was not read")


async def _until_gone(websocket: WebSocket, delivery: Delivery) -> None:
    """Hear the browser until it goes."""
    while (message := await websocket.receive())["type"] != "websocket.disconnect":
        delivery.heard(message.get("text"))
