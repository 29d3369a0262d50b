"""Trackers: phones and boxes that report by HTTP, in protocols of their own.

    GET, POST  /osmand[/TOKEN]      200, empty     Traccar Client and every tracker that speaks OsmAnd's protocol
    POST       /owntracks[/TOKEN]   200, `[]`      OwnTracks in HTTP mode

A request takes the way of every report: checked by the camera protocol, into the writer's inbox, and answered only after
the commit. 400, 401, 404, 413, 415: sending the same again would not help; 408, 503: it would. Whose token it is decides
which camera it is; a bridge's token leaves that to the name that the tracker gives itself.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final

from aiohttp import web

from sightline.ingest.adapters import osmand, owntracks
from sightline.ingest.adapters.moment import Spoken
from sightline.ingest.conversation import Services
from sightline.ingest.doors import BridgeIdentity, CameraIdentity, Doors, password_of, token_of
from sightline.ingest.errors import DatabaseAwayError, NotNowError, ProtocolError
from sightline.ingest.fields import (
    CAMERA_ID_ALLOWED,
    CAMERA_ID_PATTERN,
    MAX_MESSAGE_BYTES,
    echo,
)
from sightline.ingest.http_port import Problem, away, read_body
from sightline.ingest.messages import Rejection, Report, Status
from sightline.ingest.tracker_inbox import TrackerInbox

MOST_AT_ONCE: Final = 1_000
"""Requests that are read or wait for their commit, of all trackers together."""
MOST_WITH_A_TOKEN: Final = 32
"""The same with one token; no tracker sends as many in the time of a commit."""

_CAMERA_ID: Final = re.compile(CAMERA_ID_PATTERN)
_CHALLENGE: Final = {"WWW-Authenticate": 'Basic realm="Sightline", charset="UTF-8", Bearer'}

HEAVY_BYTES: Final = 16 * 1024
"""What is larger may take a third of a second to read, in which the loop would stand still."""

Identity = CameraIdentity | BridgeIdentity
Reader = Callable[[bytes, int], Spoken]
"""Body, and the server's clock in microseconds since 1970 UTC → what was said."""


class TrackerDoor:
    """Takes what trackers report."""

    def __init__(self, doors: Doors, services: Services) -> None:
        self._doors = doors
        self._services = services
        self._inbox = TrackerInbox(services)
        self._at_once: Counter[str] = Counter()
        self._admitted = 0
        self._heavy: dict[str, asyncio.Lock] = {}
        self._heavy_turn = asyncio.Lock()

    def routes(self) -> list[web.RouteDef]:
        """What to add to the application."""
        return [
            *(web.get(path, self.osmand, allow_head=False) for path in _paths("/osmand")),
            *(web.post(path, self.osmand) for path in _paths("/osmand")),
            *(web.post(path, self.owntracks) for path in _paths("/owntracks")),
        ]

    async def osmand(self, request: web.Request) -> web.Response:
        """`GET` or `POST /osmand[/TOKEN]`."""
        query, media_type = request.rel_url.raw_query_string, request.content_type

        def read(body: bytes, received_us: int) -> Spoken:
            if not query and not osmand.is_json(query, media_type, body):
                _check_media_type(media_type, osmand.TAKES, body)
            return osmand.read(query, media_type, body, received_us)

        await self._take(request, read)
        return web.Response()

    async def owntracks(self, request: web.Request) -> web.Response:
        """`POST /owntracks[/TOKEN]`."""

        def read(body: bytes, _received_us: int) -> Spoken:
            _check_media_type(request.content_type, owntracks.TAKES, body)
            return owntracks.read(body)

        await self._take(request, read)
        return web.json_response([])

    async def _take(self, request: web.Request, read: Reader) -> None:
        with self._counted(), _in_words_of_http():
            self._inbox.check_open()
            token = _token(request)
            with self._place_of(token):
                who = await self._identify(token)
                with self._place():
                    body = await read_body(request, MAX_MESSAGE_BYTES)
                    received_us = time.time_ns() // 1000
                    said = await self._read(read, body, received_us, token)
                    if said.messages:
                        await self._store(await self._camera_of(who, said), said, received_us)

    async def _read(self, read: Reader, body: bytes, received_us: int, token: str) -> Spoken:
        """What was said; much of it is read beside the loop, one body at a time, and tokens take turns."""
        if len(body) <= HEAVY_BYTES:
            return read(body, received_us)
        async with self._heavy.setdefault(token, asyncio.Lock()), self._heavy_turn:
            return await asyncio.to_thread(read, body, received_us)

    async def _store(self, camera_id: int, said: Spoken, received_us: int) -> None:
        """Store what can be stored; a fault is told only where that is nothing, since an app keeps what is refused."""
        traffic = self._services.traffic
        traffic.messages += len(said.messages)
        for message in said.messages:
            traffic.fixes += message.total if isinstance(message, Report) else 0
        usable = [message for message in said.messages if _is_usable(message)]
        if usable:
            acks = await self._inbox.store(camera_id, usable, received_us)
            rejected = [
                entry for ack in acks if not ack.stored + ack.duplicate for entry in ack.rejected
            ]
        else:
            rejected = [entry for message in said.messages for entry in message.rejected]
        if lost := [entry for entry in rejected if not entry.kept]:
            raise _refused(lost[0], said)

    async def _identify(self, token: str) -> Identity:
        known: Identity | None = None
        if token:
            known = await self._doors.camera(token) or await self._doors.bridge(token)
        if known is None:
            raise Problem(
                HTTPStatus.UNAUTHORIZED,
                "token_invalid",
                "A camera's token is needed: as the last part of the address, as the password of HTTP Basic with any"
                " user, or as Authorization: Bearer TOKEN.",
                _CHALLENGE,
            )
        self._services.traffic.tracker_requests += 1
        return known

    async def _camera_of(self, who: Identity, said: Spoken) -> int:
        """The camera's number: a camera's token says which it is, for a bridge's the tracker's own name does."""
        if isinstance(who, CameraIdentity):
            return who.camera_id
        ref = said.device
        if ref is None or not _CAMERA_ID.fullmatch(ref):
            raise ProtocolError(
                "bad_camera_id",
                "With a bridge's token the tracker names its camera: by id, deviceid or device_id, or by the last part"
                " of an OwnTracks topic (without one: by tid).",
                field="id",
                value=echo(ref),
                allowed=CAMERA_ID_ALLOWED,
            )
        known = await self._services.register.camera(ref)
        if known is None or known.disabled:
            code = "unknown_camera" if known is None else "camera_disabled"
            detail = f"There is no camera {ref}." if known is None else f"Camera {ref} is disabled."
            fault = {"field": "id", "value": ref, "allowed": "a registered camera"}
            raise Problem(HTTPStatus.NOT_FOUND, code, detail, fault=fault)
        return known.camera_id

    @contextmanager
    def _place_of(self, token: str) -> Iterator[None]:
        """One of the places that a token has, valid or not: each holds a request in memory."""
        if self._at_once[token] >= MOST_WITH_A_TOKEN:
            detail = f"{MOST_WITH_A_TOKEN} requests with this token are waiting already."
            raise NotNowError("overloaded", detail, retry_after_s=1)
        self._at_once[token] += 1
        try:
            yield
        finally:
            self._at_once[token] -= 1
            if not self._at_once[token]:
                del self._at_once[token]
                self._heavy.pop(token, None)

    @contextmanager
    def _place(self) -> Iterator[None]:
        """One of the places that there are for those with a valid token."""
        if self._admitted >= MOST_AT_ONCE:
            raise NotNowError("overloaded", f"{MOST_AT_ONCE} requests are waiting already.")
        self._admitted += 1
        try:
            yield
        finally:
            self._admitted -= 1

    @contextmanager
    def _counted(self) -> Iterator[None]:
        traffic = self._services.traffic
        traffic.trackers += 1
        try:
            yield
        except Problem as problem:
            if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
                traffic.tracker_delays += 1
            else:
                traffic.tracker_refusals += 1
            raise
        finally:
            traffic.trackers -= 1


@contextmanager
def _in_words_of_http() -> Iterator[None]:
    try:
        yield
    except ProtocolError as error:
        fault = {"field": error.field, "value": error.value, "allowed": error.allowed}
        known = {name: value for name, value in fault.items() if value is not None}
        raise Problem(HTTPStatus.BAD_REQUEST, error.code, error.message, fault=known) from None
    except NotNowError as error:
        raise away(str(error), code=error.code, retry_after_s=error.retry_after_s) from None
    except DatabaseAwayError:
        raise away("The database does not answer, or not yet.") from None


def _paths(path: str) -> tuple[str, ...]:
    """A path with and without a token, and with the slash that some apps add."""
    return path, path + "/", path + "/{token}", path + "/{token}/"


def _token(request: web.Request) -> str:
    """What was shown; empty: nothing was. The address goes before the header, which a proxy in front may want for itself."""
    header = request.headers.get("Authorization")
    token = request.match_info.get("token") or token_of(header) or password_of(header)
    return token if token is not None and token.isascii() else ""


def _check_media_type(media_type: str, takes: frozenset[str], body: bytes) -> None:
    if body.strip() and media_type not in takes:
        allowed = ", ".join(sorted(takes))
        fault = {"field": "Content-Type", "value": echo(media_type), "allowed": allowed}
        detail = f"The body is {echo(media_type)}; it must be one of {allowed}."
        status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
        raise Problem(status, "unsupported_media_type", detail, fault=fault)


def _is_usable(message: Report | Status) -> bool:
    return bool(message.fixes) if isinstance(message, Report) else message.accepted


def _refused(entry: Rejection, said: Spoken) -> Problem:
    """What was wrong, under the sender's own name for it."""
    field = said.names.get(entry.field or "", entry.field)
    allowed = said.time_allowed if entry.field == "time" else entry.allowed
    shown = "is missing" if entry.code == "missing" else f"is {entry.value!r}"
    fault = {"field": field, "value": entry.value, "allowed": allowed}
    detail = f"{field or 'What was sent'} {shown}; it must be {allowed}."
    return Problem(HTTPStatus.BAD_REQUEST, entry.code, detail, fault=fault)
