"""One connection that only listens: commands, claims of other gateways, access that changed.

A notification is a hint, never the truth: after every new connection, and every few seconds, everything is looked at.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import asyncpg

from sightline.ingest.errors import DatabaseAwayError
from sightline.sql import AWAY, connect, query
from sightline.sql.settings import DatabaseSettings

log = logging.getLogger(__name__)

_PAUSE_S: Final = 0.5
_CHECK_EVERY_S: Final = 10.0


class News:
    """Listens, and comes back when the connection breaks.

    Attributes:
        listening: whether the connection is there.
    """

    def __init__(
        self,
        settings: DatabaseSettings,
        channels: Mapping[str, Callable[[str], None]],
        catch_up: Callable[[], Awaitable[None]],
    ) -> None:
        """Args:
        settings: the database group.
        channels: what to call with the text of each notification; must not wait.
        catch_up: called after each new connection, since nobody knows what was missed.
        """
        self._settings = settings
        self._channels = channels
        self._catch_up = catch_up
        self.listening = False

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            try:
                await self._listen()
            except (*AWAY, DatabaseAwayError) as error:
                log.debug("not listening: %r", error)
            self.listening = False
            await asyncio.sleep(_PAUSE_S)

    async def _listen(self) -> None:
        connection = await connect(self._settings, "gateway", timeout=5)
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        try:
            for channel, hear in self._channels.items():
                await connection.add_listener(channel, _listener(hear))
            self.listening = True
            await self._catch_up()
            while not lost.is_set():
                try:
                    async with asyncio.timeout(_CHECK_EVERY_S):
                        await lost.wait()
                except TimeoutError:
                    await connection.fetchval(
                        query("gateway.still_there"), timeout=5
                    )  # finds a connection that died silently
        finally:
            connection.terminate()


def _listener(hear: Callable[[str], None]) -> Callable[[asyncpg.Connection, int, str, str], None]:
    def heard(_connection: asyncpg.Connection, _pid: int, channel: str, text: str) -> None:
        try:
            hear(text)
        except (ValueError, KeyError, TypeError):
            log.exception("a notification on %s is not understood: %.200s", channel, text)

    return heard
