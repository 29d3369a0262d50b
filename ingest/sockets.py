"""The WebSocket port: who is let in by which path, and the conversation that begins then.

    /camera   sightline.camera.v1   Authorization: Bearer TOKEN of the camera
    /bridge   sightline.bridge.v1   Authorization: Bearer TOKEN of the bridge

Refused before the handshake: 404 another path, 401 no valid token, 400 another subprotocol, 503 come back later, since
nobody can say now, too many come at once, or this one comes too often.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from typing import Final, cast
from urllib.parse import urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import MultipleValuesError
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from sightline.ingest import protocol
from sightline.ingest.admission import LONGEST_WAIT_S, Reconnects, advice
from sightline.ingest.admitted import AdmittedConnection
from sightline.ingest.bridge import BridgeConversation
from sightline.ingest.conversation import (
    COME_BACK_AFTER_S,
    CameraConversation,
    Conversation,
    Services,
)
from sightline.ingest.doors import BridgeIdentity, CameraIdentity, Doors, token_of
from sightline.ingest.errors import DatabaseAwayError, NotNowError
from sightline.ingest.fields import MAX_MESSAGE_BYTES
from sightline.ingest.half_open import HalfOpen
from sightline.ingest.settings import GatewaySettings
from sightline.sql.accounts import token_hash

log = logging.getLogger(__name__)
library_log = logging.getLogger("sightline.ingest.sockets.library")
library_log.setLevel(logging.CRITICAL)  # it reports every scanner of ports with a traceback

SUBPROTOCOLS: Final = {
    "/camera": protocol.CAMERA_SUBPROTOCOL,
    "/bridge": protocol.BRIDGE_SUBPROTOCOL,
}
_PING_EVERY_S: Final = 30.0
_ACCEPTED_AT_ONCE: Final = 1024
"""Connections taken over from the kernel before those that are there have their turn; its queue is as long."""
_AWAY_S: Final = 4.0
_TOO_OFTEN_ANSWERED_AFTER_S: Final = 1.0
"""One who comes too often gets even its refusal no more often than that, on each connection that it opens."""
_CLOSED_EVERY_S: Final = 0.05


class SocketDoor:
    """Admits cameras and bridges.

    Attributes:
        bridges: conversations of the bridges that are connected.
    """

    def __init__(self, doors: Doors, services: Services, settings: GatewaySettings) -> None:
        self._doors = doors
        self._services = services
        self._settings = settings
        self._half_open = HalfOpen(settings.gateway_half_open_connections)
        self._reconnects = Reconnects(settings.gateway_connections_a_minute)
        self._at_the_door = 0
        self.bridges: set[BridgeConversation] = set()

    async def serve(self) -> Server:
        """Begin to listen."""
        settings = self._settings
        return await serve(
            self._converse,
            settings.host,
            settings.gateway_port,
            process_request=self._admit,
            select_subprotocol=_select_subprotocol,
            # Whatever makes connections will do, whichever type the library names.
            create_connection=cast(
                "type[AdmittedConnection]", partial(AdmittedConnection, half_open=self._half_open)
            ),
            compression=None,  # costs more than it saves on messages this small
            max_size=MAX_MESSAGE_BYTES,
            open_timeout=settings.gateway_handshake_s,
            ping_interval=_PING_EVERY_S,
            ping_timeout=_PING_EVERY_S,
            close_timeout=2,
            server_header="Sightline",
            logger=library_log,
            backlog=_ACCEPTED_AT_ONCE,
            reuse_port=settings.gateway_share_port,
        )

    async def dismiss(self, server: Server, within_s: float) -> None:
        """Close all connections one after the other, each with its own advice when to come back.

        Args:
            server: what `serve` returned.
            within_s: seconds that it may take.
        """
        everybody = list(server.connections)
        # As long as it will take to let all of them in again, so that they do not come as one.
        spread_s = self._services.pace.spread_s(len(everybody))
        began_s, done = time.monotonic(), 0
        takes_s = min(within_s, spread_s)
        closing: set[asyncio.Task[None]] = set()
        while done < len(everybody):
            share = 1.0 if takes_s <= 0 else (time.monotonic() - began_s) / takes_s
            until = min(len(everybody), max(done + 1, round(share * len(everybody))))
            for place in range(done, until):
                wait_s = spread_s * place / len(everybody)
                closing.add(
                    asyncio.create_task(
                        everybody[place].close(protocol.CLOSE_GOING_AWAY, advice(wait_s))
                    )
                )
            done = until
            await asyncio.sleep(min(_CLOSED_EVERY_S, takes_s))

    async def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        """What to answer instead of a handshake; None: come in."""
        try:
            return await self._look_at(connection, request)
        except Exception:
            log.exception("a handshake from %s failed", connection.remote_address)
            return connection.respond(HTTPStatus.INTERNAL_SERVER_ERROR, "The gateway failed.\n")

    async def _look_at(self, connection: ServerConnection, request: Request) -> Response | None:
        path = urlsplit(request.path).path
        wanted = SUBPROTOCOLS.get(path)
        if wanted is None:
            paths = " and ".join(SUBPROTOCOLS)
            return connection.respond(HTTPStatus.NOT_FOUND, f"Only {paths} are here.\n")
        token = _token(request)
        try:
            identity = await self._identify(path, token)
            if identity is None:
                return _unauthorized(connection)
            if wanted not in _offered(request):
                text = (
                    f"{path} speaks the subprotocol {wanted}: name it in Sec-WebSocket-Protocol.\n"
                )
                return connection.respond(HTTPStatus.BAD_REQUEST, text)
            self._let_in(identity)
        except NotNowError as error:
            self._services.traffic.put_off += 1
            return _come_back(connection, error)
        assert isinstance(connection, AdmittedConnection)
        connection.identity = identity
        return None

    async def _identify(
        self, path: str, token: str | None
    ) -> CameraIdentity | BridgeIdentity | None:
        """Who has this token; None: nobody.

        Raises:
            NotNowError: nobody can say now, or whoever it is comes too often.
        """
        if self._services.draining:
            raise NotNowError("ending", "This gateway is ending.", retry_after_s=_AWAY_S)
        if token is None:
            return None
        wait_s = self._reconnects.wait_s(token_hash(token), time.monotonic())
        if wait_s > 0:
            await asyncio.sleep(_TOO_OFTEN_ANSWERED_AFTER_S)
            most = self._settings.gateway_connections_a_minute
            raise NotNowError(
                "overloaded",
                f"More than {most} connections within a minute.",
                retry_after_s=min(wait_s, LONGEST_WAIT_S),
            )
        if self._at_the_door >= self._settings.gateway_admissions_a_second:
            raise self._too_many()
        self._at_the_door += 1
        try:
            return await (
                self._doors.bridge(token) if path == "/bridge" else self._doors.camera(token)
            )
        except DatabaseAwayError as error:
            log.info("nobody can be let in: %s", error)
            message = "Tokens cannot be checked now."
            raise NotNowError("overloaded", message, retry_after_s=_AWAY_S) from error
        finally:
            self._at_the_door -= 1

    def _let_in(self, identity: CameraIdentity | BridgeIdentity) -> None:
        now_s = time.monotonic()
        if not self._services.pace.take(now_s):
            raise self._too_many()
        self._reconnects.note(identity.token_hash, now_s)

    def _too_many(self) -> NotNowError:
        turn_s = self._services.pace.turn_s(time.monotonic())
        return NotNowError("overloaded", "Too many come at once.", retry_after_s=turn_s)

    async def _converse(self, connection: ServerConnection) -> None:
        traffic = self._services.traffic
        if traffic.connections >= self._settings.gateway_most_connections:
            await connection.close(protocol.CLOSE_OVERLOADED, advice(COME_BACK_AFTER_S))
            return
        traffic.connections += 1
        try:
            await self._conversation(connection).run()
        except Exception:  # a fault of ours must not stay silent, nor harm the other connections
            log.exception("the conversation with %s failed", connection.remote_address)
            await connection.close(protocol.CLOSE_INTERNAL_ERROR, "the gateway failed at this")
        finally:
            traffic.connections -= 1

    def _conversation(self, connection: ServerConnection) -> Conversation:
        assert isinstance(connection, AdmittedConnection)
        identity = connection.identity
        if isinstance(identity, CameraIdentity):
            return CameraConversation(connection, self._services, identity)
        assert isinstance(identity, BridgeIdentity)
        return BridgeConversation(connection, self._services, identity, self.bridges)


def _select_subprotocol(
    connection: ServerConnection, _offered_ones: Sequence[Subprotocol]
) -> Subprotocol | None:
    assert connection.request is not None  # _admit has seen that it is offered
    return Subprotocol(SUBPROTOCOLS[urlsplit(connection.request.path).path])


def _offered(request: Request) -> list[str]:
    headers = request.headers.get_all("Sec-WebSocket-Protocol")
    return [name.strip() for header in headers for name in header.split(",")]


def _token(request: Request) -> str | None:
    try:
        return token_of(request.headers.get("Authorization"))
    except MultipleValuesError:
        return None


def _unauthorized(connection: ServerConnection) -> Response:
    response = connection.respond(
        HTTPStatus.UNAUTHORIZED, "A valid token is needed: Authorization: Bearer TOKEN\n"
    )
    response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _come_back(connection: ServerConnection, error: NotNowError) -> Response:
    response = connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, f"{error} Try again.\n")
    response.headers["Retry-After"] = advice(error.retry_after_s)
    return response
