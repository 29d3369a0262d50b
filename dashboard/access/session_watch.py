"""Closes what a session has open when the session ends: its feed, and every other socket.

A notice of the database (``session_ended``) is a hint that makes it happen at once; asking the database which
sessions still live, every `CHECK_EVERY_S`, is what makes it certain. The same round ends the sessions that are past
their time or were not used, so that no page stays open on a sign-in that is over.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any
from uuid import UUID

import asyncpg

from sightline.sql import AWAY, connect, query
from sightline.sql.settings import DatabaseSettings

CHECK_EVERY_S = 2.0
AGAIN_AFTER_S = 1.0
"""Pause before the database is tried again, once it was lost."""

Close = Callable[[str], None]
"""Ends one open thing; takes the reason, a few words."""

log = logging.getLogger(__name__)


class SessionWatch:
    """The open sockets of this process by session, and the task that closes them."""

    def __init__(self, settings: DatabaseSettings) -> None:
        self._settings = settings
        self._open: defaultdict[UUID, set[Close]] = defaultdict(set)
        self._away = False

    def __len__(self) -> int:
        """How many things are open."""
        return sum(map(len, self._open.values()))

    @contextmanager
    def holding(self, session_id: UUID, close: Close) -> Iterator[None]:
        """While inside, `close` is called when the session ends."""
        self._open[session_id].add(close)
        try:
            yield
        finally:
            self._open[session_id].discard(close)
            if not self._open[session_id]:
                del self._open[session_id]

    def end(self, session_id: UUID, reason: str) -> None:
        """Close everything that the session has open."""
        for close in tuple(self._open.get(session_id, ())):
            close(reason)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Watch while inside."""
        task = asyncio.create_task(self._watch(), name="session watch")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _watch(self) -> None:
        while True:
            try:
                await self._watch_connected()
            except AWAY as error:
                if not self._away:
                    log.warning("session watch: the database is away: %s", error)
                self._away = True
                await asyncio.sleep(AGAIN_AFTER_S)

    async def _watch_connected(self) -> None:
        connection = await connect(self._settings, "dashboard")
        try:
            await connection.add_listener("sightline_event", self._heard)
            if self._away:
                log.info("session watch: the database is back")
            self._away = False
            while True:
                await self._check(connection)
                await asyncio.sleep(CHECK_EVERY_S)
        finally:
            connection.terminate()

    async def _check(self, connection: asyncpg.Connection) -> None:
        """One round: end the sessions that have lapsed, close what ended sessions have open."""
        lapsed = await connection.fetch(query("access.end_lapsed_sessions"), timeout=10)
        ended = await connection.fetch(query("access.ended_sessions"), list(self._open), timeout=10)
        for row in (*lapsed, *ended):
            self.end(row["session"], row["reason"])

    def _heard(self, _connection: Any, _pid: int, _channel: str, payload: str) -> None:
        event = json.loads(payload)
        if event.get("event") == "session_ended":
            self.end(UUID(event["session"]), event["reason"])
