"""What cameras say that is neither fix nor status: done one after the other, and again until the database took it."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg

from sightline.ingest.store import AWAY
from sightline.sql import query

log = logging.getLogger(__name__)

_MOST_WAITING: Final = 20_000
_PAUSE_S: Final = 0.5

_REFUSED: Final = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)


@dataclass(frozen=True, slots=True)
class Action:
    """One named query to be run, and who wants to know its first value."""

    query_name: str
    values: tuple[Any, ...]
    then: Callable[[Any], object] | None = field(default=None)


class Actions:
    """A queue with one worker, so that no message needs a task of its own."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._waiting: deque[Action] = deque()
        self._wake = asyncio.Event()

    def __len__(self) -> int:
        return len(self._waiting)

    def do(
        self, query_name: str, *values: object, then: Callable[[Any], object] | None = None
    ) -> bool:
        """Have a named query run as soon as possible. False: too much waits already."""
        if len(self._waiting) >= _MOST_WAITING:
            return False
        self._waiting.append(Action(query_name, values, then))
        self._wake.set()
        return True

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self._wake.wait()
            while self._waiting:
                action = self._waiting[0]
                try:
                    value = await self._pool.fetchval(query(action.query_name), *action.values)
                except _REFUSED as error:
                    log.error("%s was refused: %s", action.query_name, error)  # noqa: TRY400
                    value = None
                except AWAY as error:
                    log.debug("%s waits: %r", action.query_name, error)
                    await asyncio.sleep(_PAUSE_S)
                    continue
                self._waiting.popleft()
                if action.then is not None and value is not None:
                    action.then(value)
            self._wake.clear()
