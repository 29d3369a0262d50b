"""From a tracker's messages to their acknowledgements: the way of every report, for one who has no connection.

A tracker claims no camera and throws none off. It says a recording state only where it names one, of now, and no
connection of that camera is open; otherwise what it says is APART (see `sightline.ingest.merge`).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from sightline.ingest.conversation import COME_BACK_AFTER_S, Services
from sightline.ingest.errors import DatabaseAwayError, NotNowError
from sightline.ingest.fields import MAX_FIXES, UNKNOWN
from sightline.ingest.merge import APART, MergeRules
from sightline.ingest.messages import Ack, Report, Status
from sightline.ingest.received import Received, acknowledgement

MOST_UNWRITTEN: Final = 3 * MAX_FIXES
"""Fixes and messages of one camera that wait for their commit, as for its connection."""

_ROOM_WITHIN_S: Final = 5.0
_COMMIT_WITHIN_S: Final = 10.0
_BACKLOG_US: Final = MergeRules().backlog_us


class TrackerInbox:
    """Hands messages of trackers to the writer, and waits for the commit."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._unwritten: Counter[int] = Counter()
        self._relief = asyncio.Event()

    def check_open(self) -> None:
        """See that anything can be taken at all.

        Raises:
            NotNowError: the gateway is ending.
        """
        if self._services.draining:
            raise NotNowError("ending", "This gateway is ending.")

    async def store(
        self, camera_id: int, messages: Sequence[Report | Status], received_us: int
    ) -> list[Ack]:
        """Store messages of one camera; their acknowledgements, after the commit.

        Args:
            camera_id: the camera's number in the database.
            messages: what was said, checked; at least one.
            received_us: the server's clock at receipt, microseconds since 1970 UTC.

        Raises:
            NotNowError: there is no room for them.
            DatabaseAwayError: they are not committed yet. They may be later: sent again, they are stored once.
        """
        writer, links = self._services.writer, self._services.links
        standing = await links.standing(camera_id)
        await self._room(camera_id, sum(1 + _fixes(message) for message in messages))
        # From here on nothing waits, so that no connection of the camera can open in between.
        epoch = APART
        if links.of(camera_id) is None:
            writer.forget_other_than(camera_id, standing.recording_us)
            epoch = APART if standing.epoch is None else standing.epoch
        answers = []
        for message in messages:
            answer = _Answer(self._written)
            said_epoch = epoch if says_state(message, received_us) else APART
            received = Received(camera_id, said_epoch, received_us, message, answer)
            self._unwritten[camera_id] += received.size
            writer.inbox.put(received)
            answers.append(answer.ack)
        try:
            async with asyncio.timeout(_COMMIT_WITHIN_S):
                return await asyncio.gather(*answers)
        except TimeoutError:
            raise DatabaseAwayError(f"no commit within {_COMMIT_WITHIN_S:.0f} s") from None

    async def _room(self, camera_id: int, size: int) -> None:
        """Wait for room in the inbox, but not for a database that is away."""
        writer = self._services.writer
        if writer.away_since is not None:
            raise DatabaseAwayError(writer.why_away)
        try:
            async with asyncio.timeout(_ROOM_WITHIN_S):
                while writer.inbox.full or self._has_too_much(camera_id, size):
                    await writer.inbox.room()
                    if self._has_too_much(camera_id, size):
                        self._relief.clear()
                        await self._relief.wait()
        except TimeoutError:
            message = (
                "More waits to be written than the gateway can hold, of this camera or of all."
            )
            raise NotNowError("overloaded", message, retry_after_s=COME_BACK_AFTER_S) from None
        self.check_open()

    def _has_too_much(self, camera_id: int, size: int) -> bool:
        unwritten = self._unwritten[camera_id]
        return unwritten > 0 and unwritten + size > MOST_UNWRITTEN

    def _written(self, received: Received) -> None:
        self._unwritten[received.camera_id] -= received.size
        if not self._unwritten[received.camera_id]:
            del self._unwritten[received.camera_id]
        self._relief.set()


class _Answer:
    """Where the acknowledgement of one message goes."""

    def __init__(self, written: Callable[[Received], None]) -> None:
        self._written = written
        self.ack: asyncio.Future[Ack] = asyncio.get_running_loop().create_future()

    def acknowledge(self, committed: Sequence[Received]) -> None:
        """It is committed, or refused for good."""
        for received in committed:
            self._written(received)
            if not self.ack.done():  # whoever waited may have given up
                self.ack.set_result(acknowledgement(received))


def _fixes(message: Report | Status) -> int:
    return message.total if isinstance(message, Report) else 0


def says_state(message: Report | Status, received_us: int) -> bool:
    """Whether it names a recording state, of now: what a phone kept while it was offline is no word about now.

    Args:
        message: a status, or a report with at least one fix.
        received_us: the server's clock at receipt, microseconds since 1970 UTC.
    """
    newest = (
        max(message.fixes, key=lambda fix: fix.time_us) if isinstance(message, Report) else message
    )
    if newest.recording == UNKNOWN:
        return False
    return newest.time_us is None or received_us - newest.time_us <= _BACKLOG_US
