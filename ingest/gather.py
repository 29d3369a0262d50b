"""Many askers, one question: what is asked for within a few milliseconds goes to the database together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterator
from itertools import islice
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")


class Gather(Generic[Key, Answer]):
    """Asks once for all keys that come within a window.

    The same key asked for twice gets two answers from two rounds, so that each asker has an answer of its own; unless
    answers are shared.
    """

    def __init__(
        self,
        ask: Callable[[list[Key]], Awaitable[dict[Key, Answer]]],
        *,
        window_s: float = 0.005,
        most: int = 4_000,
        shared: bool = False,
    ) -> None:
        """Args:
        ask: one question for several different keys; keys without an answer are left out.
        window_s: how long the first asker of a round waits for others.
        most: keys in one round.
        shared: whoever asks for the same key in a round gets the same answer: right where asking changes nothing.
        """
        self._ask = ask
        self._window_s = window_s
        self._most = most
        self._shared = shared
        self._waiting: dict[Key, list[asyncio.Future[Answer | None]]] = {}
        self._rounds: asyncio.Task[None] | None = None

    async def get(self, key: Key) -> Answer | None:
        """The answer for one key; None where there is none. Raises whatever asking raised."""
        future: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, []).append(future)
        if self._rounds is None:
            self._rounds = asyncio.create_task(self._go_round())
        return await future

    async def _go_round(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(self._window_s)
                await self._one_round()
        finally:
            self._rounds = None

    async def _one_round(self) -> None:
        chosen = self._choose()
        if not chosen:
            return
        try:
            answers = await self._ask(list(chosen))
        except Exception as error:  # noqa: BLE001 - every asker gets it
            for _, future in _undone(chosen):
                future.set_exception(error)
            return
        for key, future in _undone(chosen):
            future.set_result(answers.get(key))

    def _choose(self) -> dict[Key, list[asyncio.Future[Answer | None]]]:
        """Whose turn it is; the others wait for the next round."""
        chosen: dict[Key, list[asyncio.Future[Answer | None]]] = {}
        # Those behind are not even looked at: with a whole force waiting, that would be the longest part of a round.
        for key in list(islice(self._waiting, self._most)):
            askers = [future for future in self._waiting.pop(key) if not future.done()]
            if self._shared:
                now, later = askers, []
            else:
                now, later = askers[:1], askers[1:]
            if now:
                chosen[key] = now
            if later:
                self._waiting[key] = later
        return chosen


def _undone(
    chosen: dict[Key, list[asyncio.Future[Answer | None]]],
) -> Iterator[tuple[Key, asyncio.Future[Answer | None]]]:
    return (
        (key, future) for key, futures in chosen.items() for future in futures if not future.done()
    )
