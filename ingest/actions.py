"""What cameras say that is neither fix nor status: done one after the other, and again until the database took it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import asyncpg

from sightline.sql import AWAY, query

log = logging.getLogger(__name__)

_PAUSE_S: Final = 0.5
_INTRODUCED_AT_ONCE: Final = 1_000

_REFUSED: Final = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)

Then = Callable[[Any], object]
"""Is told the first value of what was done."""

Introduction = tuple[str | None, str | None, str | None]
"""Model, firmware and audio output, as the camera says."""


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
    them come back together, and is written down many at a time.
    """

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._awaited: dict[tuple[str, int], Action] = {}
        self._introductions: dict[int, Introduction] = {}
        self._wake = asyncio.Event()

    def __len__(self) -> int:
        return len(self._awaited) + len(self._introductions)

    def do(
        self, query_name: str, camera_id: int, *values: object, then: Then | None = None
    ) -> None:
        """Have a named query run as soon as possible: an officer waits for it.

        Args:
            query_name: it takes the camera's number and the values.
            camera_id: number of the camera that said it.
            values: what it said.
            then: told the first value once it is done.
        """
        self._awaited[query_name, camera_id] = Action(query_name, (camera_id, *values), then)
        self._wake.set()

    def introduce(self, camera_id: int, said: Introduction) -> None:
        """Have written down what a camera says of itself."""
        self._introductions[camera_id] = said
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self._wake.wait()
            while len(self):
                try:
                    if self._awaited:
                        await self._do_next()
                    else:
                        await self._introduce_some()
                except AWAY as error:
                    log.debug("what cameras say waits: %r", error)
                    await asyncio.sleep(_PAUSE_S)
            self._wake.clear()

    async def _do_next(self) -> None:
        key, action = next(iter(self._awaited.items()))
        try:
            value = await self._pool.fetchval(query(action.query_name), *action.values)
        except _REFUSED as error:
            log.error("%s was refused: %s", action.query_name, error)  # noqa: TRY400
            value = None
        if self._awaited[key] is action:  # it was not said again meanwhile
            del self._awaited[key]
        if action.then is not None and value is not None:
            action.then(value)

    async def _introduce_some(self) -> None:
        some = dict(islice(self._introductions.items(), _INTRODUCED_AT_ONCE))
        await self._write_down(some)
        for camera_id, said in some.items():
            if self._introductions[camera_id] is said:  # it was not said again meanwhile
                del self._introductions[camera_id]

    async def _write_down(self, some: dict[int, Introduction]) -> None:
        """Introductions; what the database refuses costs nobody else theirs."""
        models, firmwares, audio_outs = zip(*some.values(), strict=True)
        try:
            await self._pool.execute(
                query("gateway.introduce"), list(some), models, firmwares, audio_outs
            )
        except _REFUSED as error:
            if len(some) == 1:
                log.error("the introduction of camera number %d was refused: %s", *some, error)  # noqa: TRY400
                return
            said = list(some.items())
            await self._write_down(dict(said[: len(said) // 2]))
            await self._write_down(dict(said[len(said) // 2 :]))
