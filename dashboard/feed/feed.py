"""The live feed of one dashboard process: reads the database once, serves every viewer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Final

from sightline.dashboard.feed.hub import FeedHub
from sightline.dashboard.feed.source import FeedSource
from sightline.dashboard.feed.viewer import Viewer
from sightline.sql.settings import DatabaseSettings

BEAT_EVERY_S: Final = 0.25
FIRST_READING_WITHIN_S: Final = 3.0


class Feed:
    """The hub, the task that keeps it up to date, and the beat.

    Args:
        settings: where the database is.
    """

    def __init__(self, settings: DatabaseSettings) -> None:
        self.hub = FeedHub()
        self._source = FeedSource(settings, self.hub)
        self._tasks: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Read and beat while inside."""
        self._tasks = [
            asyncio.create_task(self._source.run(), name="feed source"),
            asyncio.create_task(self._beat(), name="feed beat"),
        ]
        try:
            # An empty map would say that there are no cameras; a database that is away is said by the feed itself.
            with suppress(TimeoutError):
                async with asyncio.timeout(FIRST_READING_WITHIN_S):
                    await self._source.first_reading.wait()
            self.hub.beat()
            yield
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def broken(self) -> None:
        """Wait until reading or beating ends, which neither does by itself; `check` says why."""
        await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)

    def check(self) -> None:
        """Raise what broke the feed, if anything did."""
        for task in self._tasks:
            if task.done() and not task.cancelled():
                task.result()

    @contextmanager
    def viewing(self, viewer: Viewer) -> Iterator[None]:
        """Serve a viewer while inside."""
        self.hub.join(viewer)
        try:
            yield
        finally:
            self.hub.leave(viewer)

    async def _beat(self) -> None:
        while True:
            self.hub.beat()
            await asyncio.sleep(BEAT_EVERY_S)
