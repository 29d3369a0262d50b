"""What one dashboard process works with: settings, the database, the media relay, and the watch over sessions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

import asyncpg

from sightline.dashboard.access.acting import Actor, Credentials, acting, transaction
from sightline.dashboard.access.session_watch import SessionWatch
from sightline.dashboard.map_server.client import MapServer
from sightline.dashboard.metrics import Metrics
from sightline.dashboard.relay_client import RelayClient
from sightline.dashboard.settings import Settings
from sightline.sql import open_pool

CLOSE_WITHIN_S = 0.5


class Services:
    """Made before the application; `running` opens what needs closing.

    Attributes:
        settings: all settings.
        sessions: closes the sockets of sessions that end.
        relay: the client of the media relays' internal API.
        map_server: the client of the force's tile server; None: the map is the one that was imported.
        metrics: what this process counts about itself.
        signing_in: who signs in uses no more than half of the pool; the others wait without a connection.
        hashing: two passwords are checked at a time: each takes 64 MiB and a core for some 50 ms.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.sessions = SessionWatch(settings)
        self.relay = RelayClient(settings.internal_secret)
        self.map_server = None if settings.basemap_url is None else MapServer(settings)
        self.metrics = Metrics()
        self.signing_in = asyncio.Semaphore(max(1, settings.database_pool_size // 2))
        self.hashing = asyncio.Semaphore(2)
        self._pool: asyncpg.Pool | None = None

    @property
    def pool(self) -> asyncpg.Pool:
        """The pool of connections as the role ``dashboard``.

        Raises:
            RuntimeError: outside `running`.
        """
        if self._pool is None:
            raise RuntimeError("the services do not run")
        return self._pool

    def acting(self, credentials: Credentials | None = None) -> AbstractAsyncContextManager[Actor]:
        """A transaction as the user of the request being served; see `sightline.dashboard.access.acting`."""
        return acting(self.pool, credentials)

    def transaction(self) -> AbstractAsyncContextManager[asyncpg.Connection]:
        """A transaction in which nobody acts; for signing in and for the machine's own questions."""
        return transaction(self.pool)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Services]:
        """Open the pool and the relay's client, and watch over sessions; for the application's lifespan."""
        self._pool = await open_pool(self.settings, "dashboard", command_timeout=20)
        try:
            async with AsyncExitStack() as running:
                if self.map_server is not None:
                    await running.enter_async_context(self.map_server)
                await running.enter_async_context(self.relay)
                await running.enter_async_context(self.sessions.running())
                yield self
        finally:
            pool, self._pool = self._pool, None
            await _closed(pool)


async def _closed(pool: asyncpg.Pool) -> None:
    """Close a pool; what still works after `CLOSE_WITHIN_S` is cut off."""
    try:
        async with asyncio.timeout(CLOSE_WITHIN_S):
            await pool.close()
    except TimeoutError:
        pool.terminate()
