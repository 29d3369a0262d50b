"""What was received and is not committed yet: bounded, handed out in batches, each camera's in order of arrival.

Of a camera that sends very much, a batch holds only its share: what all wait for is the batch as a whole.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import Sequence
from typing import Final

from sightline.ingest.columns import IN_CACHE
from sightline.ingest.received import Received, lay_out_loose
from sightline.ingest.wire import PlainReport

FAIR_SHARE: Final = 1_000
"""Fixes and messages of one camera in one batch, at most or a single message; some 50 ms of work."""

_LEAST_SIZE: Final = 2
"""Of a report with one fix."""


class Inbox:
    """The buffer between the sockets and the writer.

    Sizes count each message as one and each fix in it as one more.

    Attributes:
        size: how much waits here or is being written.
        full: whether receivers must wait.
    """

    def __init__(self, *, batch_size: int, most: int, share: int = FAIR_SHARE) -> None:
        """Args:
        batch_size: most that one batch holds, unless a single message is larger.
        most: size from which on receivers must wait.
        share: most of one camera that one batch holds, likewise.
        """
        self._share = share
        self._batch_size = batch_size
        self._most = most
        self._waiting: deque[Received] = deque()
        self._waiting_size = 0
        self._size_of: dict[int, int] = {}  # what waits, by camera
        self._is_fair = True  # nobody has more than a share
        self._loose: list[Received] = []  # plain reports that are not laid out
        self._loose_size = 0
        self._closed = False
        self._some = asyncio.Event()
        self._enough = asyncio.Event()
        # Those who wait for room: a heap by turn.
        self._askers: list[tuple[int, asyncio.Future[None]]] = []
        self._turns = itertools.count()
        self.full = False
        self.size = 0

    def put(self, received: Received) -> None:
        """Take one message. Never refuses: a receiver waits for `room` before it reads the next."""
        size, camera_id = received.size, received.camera_id
        if not self._waiting:
            self._some.set()
        self._waiting.append(received)
        self._waiting_size += size
        self.size += size
        of_camera = self._size_of.get(camera_id, 0) + size
        self._size_of[camera_id] = of_camera
        if of_camera > self._share:
            self._is_fair = False
        if type(received.message) is PlainReport:
            self._loose.append(received)
            self._loose_size += size
            if self._loose_size >= IN_CACHE:
                self._lay_out()
        if self._waiting_size >= self._batch_size:
            self._enough.set()
        if self.size >= self._most:
            self.full = True

    def _lay_out(self) -> None:
        loose, self._loose, self._loose_size = self._loose, [], 0
        lay_out_loose(loose)

    async def room(self) -> None:
        """Wait until there is room for more; whoever came first has it first."""
        turn = next(self._turns)
        while self.full:  # again, if others took what there was
            asker = asyncio.get_running_loop().create_future()
            heapq.heappush(self._askers, (turn, asker))
            await asker

    async def some(self, *, within_s: float) -> bool:
        """Whether anything waits, or the inbox is closed, within this time."""
        try:
            async with asyncio.timeout(within_s):
                await self._some.wait()
        except TimeoutError:
            return False
        return True

    async def next_batch(self, window_s: float) -> list[Received]:
        """Wait for the first message, then for more, but no longer than the window.

        An empty list says that the inbox is closed and empty.
        """
        await self._some.wait()
        if not self._closed:
            try:
                async with asyncio.timeout(window_s):
                    await self._enough.wait()
            except TimeoutError:
                pass
        self._lay_out()
        batch = self._take()
        if not self._waiting and not self._closed:
            self._some.clear()
        if self._waiting_size < self._batch_size and not self._closed:
            self._enough.clear()
        return batch

    def _take(self) -> list[Received]:
        if self._is_fair and self._waiting_size <= self._batch_size:
            everything = list(self._waiting)
            self._waiting.clear()
            self._size_of.clear()
            self._waiting_size = 0
            return everything
        return self._take_fairly()

    def _take_fairly(self) -> list[Received]:
        batch: list[Received] = []
        later: list[Received] = []
        taken: dict[int, int] = {}
        size = 0
        while self._waiting and (not batch or size + self._waiting[0].size <= self._batch_size):
            received = self._waiting.popleft()
            already = taken.get(received.camera_id, 0)
            if already and already + received.size > self._share and not self._closed:
                taken[received.camera_id] = self._share  # what comes after it must not go before it
                later.append(received)
                continue
            taken[received.camera_id] = already + received.size
            batch.append(received)
            size += received.size
        self._waiting.extendleft(reversed(later))
        self._waiting_size -= size
        self._note_taken(batch)
        return batch

    def _note_taken(self, batch: list[Received]) -> None:
        for received in batch:
            left = self._size_of[received.camera_id] - received.size
            if left:
                self._size_of[received.camera_id] = left
            else:
                del self._size_of[received.camera_id]
        self._is_fair = max(self._size_of.values(), default=0) <= self._share

    def done(self, batch: Sequence[Received]) -> None:
        """These messages of a batch have been committed, or given up."""
        self.size -= sum([received.size for received in batch])
        if self.size < self._most:
            self.full = False
            self._let_in()

    def _let_in(self) -> None:
        """Wake as many as there is room for: a whole force that waits would keep the gateway busy with waking up."""
        room = (self._most - self.size) // _LEAST_SIZE
        # One that is woken may have nothing to put after all; when nothing is left, nobody else would be let in later.
        while self._askers and (room > 0 or self.size == 0):
            _, asker = heapq.heappop(self._askers)
            if not asker.done():  # it did not go away meanwhile
                asker.set_result(None)
                room -= 1

    def close(self) -> None:
        """Nothing more comes: what waits is handed out without delay, then empty batches."""
        self._closed = True
        self._some.set()
        self._enough.set()
