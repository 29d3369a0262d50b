"""The Cursor-on-Target port: listens, keeps the connections, and sees that nobody stays who may not."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

import asyncpg

from sightline.ingest.conversation import Services
from sightline.ingest.cot.access import Access
from sightline.ingest.cot.audience import Audience
from sightline.ingest.cot.connection import CotConnection, Desk
from sightline.ingest.cot.counts import CotCounts
from sightline.ingest.cot.sender import Standings
from sightline.ingest.cot.source import Source
from sightline.ingest.cot.tls import server_context
from sightline.ingest.doors import CameraIdentity, Doors
from sightline.ingest.errors import DatabaseAwayError
from sightline.ingest.listening import stop_listening
from sightline.ingest.settings import GatewaySettings
from sightline.ingest.tolerance import Tolerance
from sightline.sql import AWAY, query

log = logging.getLogger(__name__)

_LOOK_EVERY_S: Final = 1.0
_LOST_FOR_S: Final = 5.0
_HANDSHAKE_WITHIN_S: Final = 10.0
_LAST_AUDIT_WITHIN_S: Final = 1.5
_FAILED_PAUSE_S: Final = 5.0
_KEEPALIVE: Final = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 15),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4),
)
"""A phone that lost its network says nothing: it is noticed after two minutes."""


class CotServer:
    """See the module.

    Attributes:
        counts: what happened, for metrics.
    """

    def __init__(
        self, settings: GatewaySettings, pool: asyncpg.Pool, services: Services, doors: Doors
    ) -> None:
        """Raises `CotTlsError` where the certificates of the settings cannot be used."""
        self._settings = settings
        self._pool = pool
        self._tls = server_context(settings)
        self._connections: dict[asyncio.Task[None], CotConnection] = {}
        self._crowded = Tolerance(services.limits.errors)
        self.counts = CotCounts()
        access = Access(pool, doors, out=settings.shows_cot, demo=settings.demo)
        self._audience = Audience(pool, settings.gateway_cot_type, self.counts)
        self._source = Source(settings, self._audience)
        self._desk = Desk(access, self._audience, services, Standings(pool, services), self.counts)

    def reasons(self) -> list[str]:
        """Why it cannot do its work now; empty when it can."""
        since_s = self._source.lost_since
        if since_s is None or not self._audience.viewers:
            return []
        if time.monotonic() - since_s < _LOST_FOR_S:
            return []
        return ["TAK programs are shown nothing: the officers cannot be read from the database."]

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Listen while inside, if there is a port for it."""
        settings = self._settings
        if not settings.gateway_cot_port:
            yield
            return
        server = await asyncio.start_server(
            self._meet,
            settings.host,
            settings.gateway_cot_port,
            ssl=self._tls,
            ssl_handshake_timeout=_HANDSHAKE_WITHIN_S if self._tls else None,
            reuse_port=settings.gateway_share_port,
        )
        log.info("listening on port %d for Cursor-on-Target", settings.gateway_cot_port)
        works = [asyncio.create_task(_again_and_again(self._look_after))]
        if settings.shows_cot:
            works.append(asyncio.create_task(_again_and_again(self._source.run)))
        try:
            yield
        finally:
            await stop_listening(server)
            tasks = [*works, *self._connections]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._audit_the_last()

    async def _audit_the_last(self) -> None:
        try:
            async with asyncio.timeout(_LAST_AUDIT_WITHIN_S):
                await self._audience.audit_ends()
        except (DatabaseAwayError, TimeoutError) as error:
            log.error("cot: it is not audited that disclosures have ended: %r", error)  # noqa: TRY400

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = CotConnection(reader, writer, self._desk)
        if len(self._connections) >= self._settings.gateway_cot_most_connections:
            self.counts.turned_away += 1
            if self._crowded.exceeded_for_s() == 0:
                self._crowded.count()
                log.warning("cot: %s is turned away: too many are connected", connection.address)
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = connection
        self.counts.connections += 1
        transport_socket = writer.get_extra_info("socket")
        for option in _KEEPALIVE:
            with suppress(OSError):  # it has gone already, which is seen at the first reading
                transport_socket.setsockopt(*option)
        try:
            await connection.run()
        except Exception:  # a fault of ours must not stay silent, nor harm the other connections
            log.exception("cot: the conversation with %s failed", connection.address)
        finally:
            self.counts.connections -= 1
            del self._connections[task]

    async def _look_after(self) -> None:
        """Audit what has ended, and end what may not go on, until cancelled."""
        away = False
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            try:
                await self._audience.audit_ends()
                await self._cut_off()
            except (DatabaseAwayError, *AWAY) as error:
                if not away:
                    log.warning("cot: nobody can be looked after: %r", error)
                away = True
            else:
                away = False

    async def _cut_off(self) -> None:
        """End connections that report for whom they may not report any more."""
        reporting = [(c, c.sender.identity) for c in self._connections.values() if c.sender]
        cameras = [(c, who) for c, who in reporting if isinstance(who, CameraIdentity)]
        bridges = [(c, who) for c, who in reporting if not isinstance(who, CameraIdentity)]
        for name, held, numbers in (
            ("gateway.cameras_cut_off", cameras, [who.camera_id for _, who in cameras]),
            ("gateway.bridges_cut_off", bridges, [who.bridge_id for _, who in bridges]),
        ):
            if not held:
                continue
            hashes = [who.token_hash for _, who in held]
            rows = await self._pool.fetch(query(name), numbers, hashes)
            barred = {row["id"] for row in rows}
            for (connection, _), number in zip(held, numbers, strict=True):
                if number in barred:
                    connection.hang_up("its token is not valid any more")


async def _again_and_again(work: Callable[[], Awaitable[None]]) -> None:
    """Work that never ends by itself; a fault of ours in it is said, and does not end the gateway."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("cot: %s failed", work.__qualname__)
        await asyncio.sleep(_FAILED_PAUSE_S)
