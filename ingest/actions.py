"""What cameras say that is neither fix nor status: done one after the other, and again until the database took it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from sightline.ingest.store import AWAY
from sightline.sql import query

log = logging.getLogger(__name__)

_PAUSE_S: Final = 0.5

_REFUSED: Final = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)

Then = Callable[[Any], object]
"""Is told the first value of what was done."""


@dataclass(frozen=True, slots=True, eq=False)
class Action:
    """One named query about one camera, and who wants to know its first value."""

    query_name: str
    values: tuple[Any, ...]
    then: Then | None


class Actions:
    """A queue with one worker, so that no message needs a task of its own.

    What a camera says again while it waits is done once, the newest way: a camera that repeats itself takes no room from
    the others. What an officer waits for goes before what cameras say of themselves, which may be thousands when all of
    them come back together.
    """

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._awaited: dict[tuple[str, int], Action] = {}
        self._others: dict[tuple[str, int], Action] = {}
        self._wake = asyncio.Event()

    def __len__(self) -> int:
        return len(self._awaited) + len(self._others)

    def do(
        self,
        query_name: str,
        camera_id: int,
        *values: object,
        then: Then | None = None,
        awaited: bool = True,
    ) -> None:
        """Have a named query run as soon as possible.

        Args:
            query_name: it takes the camera's number and the values.
            camera_id: number of the camera that said it.
            values: what it said.
            then: told the first value once it is done.
            awaited: an officer waits for it.
        """
        waiting = self._awaited if awaited else self._others
        waiting[query_name, camera_id] = Action(query_name, (camera_id, *values), then)
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self._wake.wait()
            while waiting := self._awaited or self._others:
                key, action = next(iter(waiting.items()))
                try:
                    value = await self._pool.fetchval(query(action.query_name), *action.values)
                except _REFUSED as error:
                    log.error("%s was refused: %s", action.query_name, error)  # noqa: TRY400
                    value = None
                except AWAY as error:
                    log.debug("%s waits: %r", action.query_name, error)
                    await asyncio.sleep(_PAUSE_S)
                    continue
                if waiting[key] is action:  # it was not said again meanwhile
                    del waiting[key]
                if action.then is not None and value is not None:
                    action.then(value)
            self._wake.clear()
