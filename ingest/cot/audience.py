"""TAK programs that are shown the officers: what each still has to be told, and the audit of it.

A viewer has no queue of events but a set of cameras; what a camera's event is is asked when it is sent, so that the slow
get the newest of each, and what was hidden meanwhile is not sent. Between two rounds of one viewer is a second or more:
no camera is told more often than that.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
import msgspec

from sightline.ingest.adapters.cot import withdrawal
from sightline.ingest.cot.access import Recipient
from sightline.ingest.cot.counts import CotCounts
from sightline.ingest.cot.picture import Picture
from sightline.ingest.errors import DatabaseAwayError, IngestError
from sightline.sql import AWAY, query

log = logging.getLogger(__name__)

ROUND_EVERY_S: Final = 1.0
MUST_READ_WITHIN_S: Final = 10.0
"""A viewer to whom nothing could be handed for so long is dropped."""
TRUE_FOR_S: Final = 3.0
"""Nothing is shown when it is longer ago that the database said who is hidden."""
_LOOK_AGAIN_S: Final = 0.1
_CHUNK_BYTES: Final = 32 * 1024


class NotReadingError(IngestError):
    """A TAK program does not read what it is sent."""


class Viewer:
    """One TAK program that is shown the officers.

    Attributes:
        recipient: to whom the officers are disclosed.
        address: where to.
        pending: cameras that it has not been told the newest of, in the order of their news.
        gone: cameras to be taken off its map, and their ids.
        shown: cameras that are on its map as far as we know, and their ids.
        told: all cameras it has ever been told of, for the audit.
        events: number of events sent.
        why: why it ended; empty while it has not.
    """

    def __init__(self, recipient: Recipient, address: str, out: asyncio.StreamWriter) -> None:
        self.recipient = recipient
        self.address = address
        self.pending: dict[int, None] = {}
        self.gone: dict[int, str] = {}
        self.shown: dict[int, str] = {}
        self.told: set[int] = set()
        self.events = 0
        self.why = ""
        self.began_s = time.monotonic()
        self._out = out
        self.wake = asyncio.Event()

    async def send(self, data: bytes) -> None:
        """Hand over; waits until there is room again.

        Raises:
            NotReadingError: there was none for too long.
            ConnectionError: the other side is gone.
        """
        self._out.write(data)
        try:
            async with asyncio.timeout(MUST_READ_WITHIN_S):
                await self._out.drain()
        except TimeoutError:
            raise NotReadingError(
                f"it has not read what it was sent for {MUST_READ_WITHIN_S:.0f} s"
            ) from None

    def hang_up(self, why: str) -> None:
        """End the connection at once; whoever reads it sees that."""
        self.why = self.why or why
        self._out.transport.abort()


class Audience:
    """All viewers of a gateway, and what they are shown.

    Attributes:
        picture: what there is to see.
        someone: set while there is a viewer.
    """

    def __init__(self, pool: asyncpg.Pool, kind: str, counts: CotCounts) -> None:
        """`kind`: the CoT type of the officers."""
        self._pool = pool
        self._counts = counts
        self._viewers: set[Viewer] = set()
        self._ended: deque[tuple[Any, ...]] = deque()
        self._true_until_s = 0.0
        self.picture = Picture(kind)
        self.someone = asyncio.Event()

    @property
    def viewers(self) -> list[Viewer]:
        """Who is shown the officers now."""
        return list(self._viewers)

    @property
    def is_true(self) -> bool:
        """Whether the picture is what the database said a moment ago."""
        return time.monotonic() < self._true_until_s

    @asynccontextmanager
    async def joined(self, viewer: Viewer) -> AsyncIterator[None]:
        """Show a viewer the officers while inside; audited before the first of them.

        Raises:
            DatabaseAwayError: it cannot be audited, so nothing is shown.
        """
        recipient = viewer.recipient
        detail: dict[str, Any] = {"by": recipient.by}
        await self._audit(_row("begin", recipient.name, viewer.address, None, detail))
        self._counts.viewers += 1
        self._viewers.add(viewer)
        self.someone.set()
        viewer.pending = dict.fromkeys(self.picture.shown())
        viewer.wake.set()
        try:
            yield
        except (NotReadingError, OSError) as error:
            viewer.why = viewer.why or str(error)
            raise
        finally:
            self._counts.viewers -= 1
            self._viewers.discard(viewer)
            if not self._viewers:
                self.someone.clear()
            seconds = round(time.monotonic() - viewer.began_s)
            detail = {
                "by": recipient.by, "cameras": len(viewer.told), "events": viewer.events, "seconds": seconds,
            }  # fmt: skip
            self._ended.append(_row("end", recipient.name, viewer.address, viewer.why, detail))

    async def refused(self, recipient: Recipient, address: str, why: str) -> None:
        """Audit that somebody was not shown the officers.

        Raises:
            DatabaseAwayError: it cannot be audited now.
        """
        await self._audit(_row("refuse", recipient.name, address, why, {"by": recipient.by}))

    async def audit_ends(self) -> None:
        """Audit which disclosures have ended since the last time.

        Raises:
            DatabaseAwayError: it cannot be audited now; tried again the next time.
        """
        while self._ended:
            await self._audit(self._ended[0])
            self._ended.popleft()

    async def _audit(self, row: tuple[Any, ...]) -> None:
        try:
            await self._pool.execute(query("cot.disclosure"), *row)
        except AWAY as error:
            raise DatabaseAwayError(f"cot.disclosure: {error!r}") from error

    # --- what changes

    def confirm(self) -> None:
        """The picture is what the database says now."""
        self._true_until_s = time.monotonic() + TRUE_FOR_S

    def doubt(self) -> None:
        """The database is lost: nothing is shown until it is read again, and everything anew then."""
        self._true_until_s = 0.0
        self.picture.clear()

    def changed(self, numbers: Iterable[int]) -> None:
        """Cameras have other places, states or names, or are not hidden any more."""
        visible = [number for number in numbers if self.picture.shows(number)]
        if not visible:
            return
        for viewer in self._viewers:
            viewer.pending.update(dict.fromkeys(visible))
            viewer.wake.set()

    def withdraw_hidden(self) -> None:
        """Take off every map who may not be on it any more: hidden, or not in use."""
        shows = self.picture.shows
        for viewer in self._viewers:
            for number in [number for number in viewer.shown if not shows(number)]:
                viewer.pending.pop(number, None)
                viewer.gone[number] = viewer.shown.pop(number)
                viewer.wake.set()

    # --- telling

    async def show(self, viewer: Viewer) -> None:
        """Tell a viewer everything, round after round, until cancelled.

        Raises:
            NotReadingError: it does not read.
            ConnectionError: it is gone.
        """
        next_round_s = 0.0
        while True:
            await viewer.wake.wait()
            viewer.wake.clear()
            await self._tell_gone(viewer)
            wait_s = next_round_s - time.monotonic()
            if not viewer.pending:
                continue
            if wait_s > 0 or not self.is_true:
                await self._wait(viewer, max(wait_s, _LOOK_AGAIN_S))
                continue
            await self._tell_round(viewer)
            next_round_s = time.monotonic() + ROUND_EVERY_S

    async def _wait(self, viewer: Viewer, seconds: float) -> None:
        """Until the next round may begin, or somebody must be taken off the map."""
        deadline_s = time.monotonic() + seconds
        while not viewer.gone and (left_s := deadline_s - time.monotonic()) > 0:
            try:
                async with asyncio.timeout(left_s):
                    await viewer.wake.wait()
            except TimeoutError:
                break
            viewer.wake.clear()
        viewer.wake.set()

    async def _tell_gone(self, viewer: Viewer) -> None:
        while viewer.gone:
            number = next(iter(viewer.gone))
            ref = viewer.gone.pop(number)
            self._counts.withdrawn += 1
            await viewer.send(withdrawal(ref, time.time_ns() // 1_000_000))

    async def _tell_round(self, viewer: Viewer) -> None:
        """Everything that is pending now; what becomes so meanwhile is for the next round."""
        numbers = list(viewer.pending)
        chunk: list[bytes] = []
        size = 0
        for number in numbers:
            if not self.is_true:
                break
            viewer.pending.pop(number, None)
            if not self.picture.shows(number):
                continue
            event = self.picture.event(number)
            chunk.append(event)
            size += len(event)
            viewer.gone.pop(number, None)
            viewer.shown[number] = self.picture.ref(number)
            viewer.told.add(number)
            if size >= _CHUNK_BYTES:
                await self._hand_over(viewer, chunk)
                chunk, size = [], 0
                await self._tell_gone(viewer)
        await self._hand_over(viewer, chunk)

    async def _hand_over(self, viewer: Viewer, chunk: list[bytes]) -> None:
        if chunk:
            viewer.events += len(chunk)
            self._counts.sent += len(chunk)
            await viewer.send(b"".join(chunk))


def _row(
    step: str, recipient: str, address: str, reason: str | None, detail: dict[str, Any]
) -> tuple[Any, ...]:
    """Arguments of the audit's query."""
    return step, recipient, address, reason or None, msgspec.json.encode(detail).decode()
