"""The WebSocket port: who is let in by which path, and the conversation that begins then.

    /camera   sightline.camera.v1   Authorization: Bearer TOKEN of the camera
    /bridge   sightline.bridge.v1   Authorization: Bearer TOKEN of the bridge

Refused before the handshake: 404 another path, 401 no valid token, 400 another subprotocol, 503 nobody can say now.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import MultipleValuesError
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from sightline.ingest import protocol
from sightline.ingest.admitted import AdmittedConnection
from sightline.ingest.conversation import (
    COME_BACK_AFTER_S,
    BridgeConversation,
    CameraConversation,
    Conversation,
    Services,
)
from sightline.ingest.doors import BridgeIdentity, CameraIdentity, Doors, token_of
from sightline.ingest.errors import DatabaseAwayError
from sightline.ingest.fields import MAX_MESSAGE_BYTES
from sightline.ingest.settings import GatewaySettings

log = logging.getLogger(__name__)
library_log = logging.getLogger("sightline.ingest.sockets.library")
library_log.setLevel(logging.CRITICAL)  # it reports every scanner of ports with a traceback

SUBPROTOCOLS: Final = {
    "/camera": protocol.CAMERA_SUBPROTOCOL,
    "/bridge": protocol.BRIDGE_SUBPROTOCOL,
}
_QUEUED_MESSAGES: Final = 8
_PING_EVERY_S: Final = 30.0


class SocketDoor:
    """Admits cameras and bridges.

    Attributes:
        bridges: conversations of the bridges that are connected.
    """

    def __init__(self, doors: Doors, services: Services, *, most_connections: int) -> None:
        self._doors = doors
        self._services = services
        self._most_connections = most_connections
        self.bridges: set[BridgeConversation] = set()

    async def serve(self, settings: GatewaySettings) -> Server:
        """Begin to listen."""
        return await serve(
            self._converse,
            settings.host,
            settings.gateway_port,
            process_request=self._admit,
            select_subprotocol=_select_subprotocol,
            create_connection=AdmittedConnection,
            compression=None,  # costs more than it saves on messages this small
            max_size=MAX_MESSAGE_BYTES,
            max_queue=_QUEUED_MESSAGES,
            ping_interval=_PING_EVERY_S,
            ping_timeout=_PING_EVERY_S,
            close_timeout=2,
            server_header="Sightline",
            logger=library_log,
            backlog=8192,
            reuse_port=settings.gateway_share_port,
        )

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
        if self._services.draining:
            return _come_back(connection, "This gateway is ending.")
        try:
            identity = await self._identify(path, request)
        except DatabaseAwayError as error:
            log.info("nobody can be let in: %s", error)
            return _come_back(connection, "Tokens cannot be checked now.")
        if identity is None:
            response = connection.respond(
                HTTPStatus.UNAUTHORIZED, "A valid token is needed: Authorization: Bearer TOKEN\n"
            )
            response.headers["WWW-Authenticate"] = "Bearer"
            return response
        if wanted not in _offered(request):
            text = f"{path} speaks the subprotocol {wanted}: name it in Sec-WebSocket-Protocol.\n"
            return connection.respond(HTTPStatus.BAD_REQUEST, text)
        assert isinstance(connection, AdmittedConnection)
        connection.identity = identity
        return None

    async def _identify(
        self, path: str, request: Request
    ) -> CameraIdentity | BridgeIdentity | None:
        try:
            token = token_of(request.headers.get("Authorization"))
        except MultipleValuesError:
            return None
        if token is None:
            return None
        if path == "/bridge":
            return await self._doors.bridge(token)
        return await self._doors.camera(token)

    async def _converse(self, connection: ServerConnection) -> None:
        traffic = self._services.traffic
        if traffic.connections >= self._most_connections:
            await connection.close(protocol.CLOSE_OVERLOADED, str(COME_BACK_AFTER_S))
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


def _come_back(connection: ServerConnection, why: str) -> Response:
    response = connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, f"{why} Try again.\n")
    response.headers["Retry-After"] = "5"
    return response
