"""Acknowledgements on their way to the connections, a few at a time: between two lots everybody else has a turn.

Most of that work falls into the time in which the database is at the next flush, where the writer could not use it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

from sightline.ingest.received import Received

_AT_ONCE: Final = 200
"""Acknowledgements in one lot, or connections: some 2 ms."""


class Deliveries:
    """What was committed and not told yet."""

    def __init__(self) -> None:
        self._waiting: deque[Sequence[Received]] = deque()
        self._some = asyncio.Event()
        self._none = asyncio.Event()
        self._none.set()

    def put(self, committed: Sequence[Received]) -> None:
        """Have these answered, each by its channel, in this order and after those before."""
        if committed:
            self._waiting.append(committed)
            self._none.clear()
            self._some.set()

    async def run(self) -> None:
        """Tell, until cancelled."""
        while True:
            await self._some.wait()
            while self._waiting:
                await self._tell(self._waiting[0])
                self._waiting.popleft()
            self._some.clear()
            self._none.set()

    async def _tell(self, committed: Sequence[Received]) -> None:
        by_channel: dict[Any, list[Received]] = {}
        for one in committed:
            by_channel.setdefault(one.channel, []).append(one)
        told = 0
        for channel, its in by_channel.items():
            for start in range(0, len(its), _AT_ONCE):
                some = its[start : start + _AT_ONCE]
                channel.acknowledge(some)
                told += len(some)
                if told >= _AT_ONCE:
                    told = 0
                    await asyncio.sleep(0)

    async def all_told(self) -> None:
        """Wait until nothing waits."""
        await self._none.wait()
