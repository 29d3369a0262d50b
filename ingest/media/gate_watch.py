"""The stream gate's arm in the relay: ends what the database says must end.

Every 250 ms one SQL function is asked with all that the relay carries. It fails closed: when no
answer has come for longer than the limit, nobody can prove that anyone may watch, so every viewing
ends and none can be opened until the database answers again. Ends that the relay saw itself are
kept until they are recorded.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NoReturn
from uuid import UUID

import asyncpg

from sightline.ingest.media.relay import PeerKind, Relay
from sightline.ingest.media.turns import Turn, ogg_opus
from sightline.sql import AWAY, connect, query
from sightline.sql.settings import DatabaseSettings

ASK_INTERVAL_S = 0.25
HEARTBEAT_INTERVAL_S = 1.0
SILENCE_CHECK_S = 0.1
RECORDED_AT_ONCE = 100
LONGEST_REASON = 200

SILENT = "the database does not answer, so nobody can prove that anyone may watch"
NOT_YET = "the database has not been reached yet"

_REFUSED = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RelayIdentity:
    """Who this relay is, and where the other parts reach its internal API."""

    id: UUID
    internal_url: str


class EndRecord:
    """Ends that the database does not know of yet, oldest first; one for each peer."""

    def __init__(self) -> None:
        self._ends: dict[tuple[PeerKind, UUID], str] = {}

    def __len__(self) -> int:
        return len(self._ends)

    def add(self, kind: PeerKind, id_: UUID, reason: str) -> None:
        self._ends.setdefault((kind, id_), reason[:LONGEST_REASON])

    def oldest(self) -> list[tuple[PeerKind, UUID, str]]:
        """At most `RECORDED_AT_ONCE` of them."""
        items = list(self._ends.items())[:RECORDED_AT_ONCE]
        return [(kind, id_, reason) for (kind, id_), reason in items]

    def recorded(self, ends: list[tuple[PeerKind, UUID, str]]) -> None:
        for kind, id_, _ in ends:
            self._ends.pop((kind, id_), None)


class TalkRecord:
    """What was said in talks and the database does not know of yet, in the order of its being said."""

    def __init__(self) -> None:
        self._said: deque[tuple[UUID, Turn | None]] = deque()

    def __len__(self) -> int:
        return len(self._said)

    def add(self, talk: UUID, turn: Turn | None) -> None:
        """A turn of a talk; None: there are no more."""
        self._said.append((talk, turn))

    def oldest(self) -> tuple[UUID, Turn | None] | None:
        return self._said[0] if self._said else None

    def recorded(self) -> None:
        """The oldest is in the database."""
        self._said.popleft()


class GateWatch:
    """Asks the database on one connection and tells it on another, so that a write that waits (for
    a lock, for the disk) is not taken for silence; `run` goes on until it is cancelled.
    """

    def __init__(
        self,
        settings: DatabaseSettings,
        relay: Relay,
        identity: RelayIdentity,
        ends: EndRecord,
        said: TalkRecord,
        silence_limit_s: float,
    ) -> None:
        self._settings = settings
        self._relay = relay
        self._identity = identity
        self._ends = ends
        self._said = said
        self._limit_s = silence_limit_s
        self._answered_at: float | None = None
        self._heartbeat_at = float("-inf")
        self._heard: set[UUID] = set()  # talks of which the database knows that they are heard
        self._closed = True
        relay.close_all_viewings(NOT_YET)

    @property
    def open(self) -> bool:
        """Whether the database answers, so that viewings may go on."""
        return not self._closed

    @property
    def silence_s(self) -> float | None:
        """Seconds since the last answer; None before the first."""
        return None if self._answered_at is None else time.monotonic() - self._answered_at

    async def run(self) -> NoReturn:
        """Ask, record, and watch that answers come. Apart: a question may hang, a record wait."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._always(self._ask))
            tasks.create_task(self._always(self._tell))
            tasks.create_task(self._close_in_silence())
        raise AssertionError("no task returns")

    async def record_remaining(self, within_s: float) -> None:
        """Record what has not been recorded; what cannot be is named in the log."""
        try:
            async with asyncio.timeout(within_s):
                connection = await connect(self._settings, "media", timeout=within_s)
                try:
                    while len(self._ends) or len(self._said):
                        await self._record(connection)
                finally:
                    connection.terminate()
        except AWAY as error:
            for kind, id_, reason in self._ends.oldest():
                log.error(  # noqa: TRY400 - no traceback, the cause is named
                    "end not recorded %s=%s reason=%r error=%r", kind, id_, reason, _named(error)
                )
            if len(self._said):
                log.error("turns of talks not recorded: %d", len(self._said))  # noqa: TRY400

    async def _always(self, part: Callable[[asyncpg.Connection], Awaitable[None]]) -> NoReturn:
        """`part` every 250 ms on a connection of its own, which is made anew when it fails."""
        trouble = None
        while True:
            try:
                # The database gives up with us, so that nothing piles up there behind a lock.
                connection = await connect(
                    self._settings,
                    "media",
                    timeout=self._limit_s,
                    statement_timeout_s=self._limit_s,
                )
                try:
                    while True:
                        async with asyncio.timeout(self._limit_s):
                            await part(connection)
                        trouble = None
                        await asyncio.sleep(ASK_INTERVAL_S)
                finally:
                    # Not close(), which would wait for a server that may be gone.
                    connection.terminate()
            except AWAY as error:
                if (named := _named(error)) != trouble:
                    trouble = named
                    log.warning(
                        "the database does not answer part=%s error=%r",
                        part.__name__.lstrip("_"), named,
                    )  # fmt: skip
            await asyncio.sleep(ASK_INTERVAL_S)

    async def _ask(self, connection: asyncpg.Connection) -> None:
        rows = await connection.fetch(
            query("media.must_end"),
            list(self._relay.viewings),
            list(self._relay.publications),
            list(self._relay.talks.all),
        )
        self._answered()
        for row in rows:
            self._relay.end(row["kind"], row["id"], row["reason"])

    async def _tell(self, connection: asyncpg.Connection) -> None:
        if time.monotonic() - self._heartbeat_at >= HEARTBEAT_INTERVAL_S:
            await connection.execute(
                query("media.heartbeat"),
                self._identity.id,
                self._identity.internal_url,
                self._relay.with_media(2 * HEARTBEAT_INTERVAL_S),
            )
            await connection.execute(query("media.log_talks"))
            self._heartbeat_at = time.monotonic()
        await self._record(connection)

    async def _record(self, connection: asyncpg.Connection) -> None:
        if ends := self._ends.oldest():
            kinds, ids, reasons = zip(*ends, strict=True)
            await connection.execute(query("media.ended"), kinds, ids, reasons)
            self._ends.recorded(ends)
        while (oldest := self._said.oldest()) is not None:
            await self._record_said(connection, *oldest)
            self._said.recorded()
        if heard := [talk for talk in self._relay.talks.heard() if talk not in self._heard]:
            await connection.execute(query("media.heard"), heard)
            self._heard.update(heard)
        self._heard &= self._relay.talks.all.keys()

    async def _record_said(
        self, connection: asyncpg.Connection, talk: UUID, turn: Turn | None
    ) -> None:
        if turn is None:
            await connection.execute(query("media.ended"), ["talk_told"], [talk], [""])
            return
        sound = await asyncio.to_thread(ogg_opus, turn)
        try:
            await connection.execute(
                query("media.spoken"), talk, turn.number, turn.began_s, turn.ended_s, sound
            )
        except _REFUSED as error:  # it would be refused again, and hold up all that comes after it
            log.error("turn %d of talk=%s refused error=%r", turn.number, talk, _named(error))  # noqa: TRY400

    def _answered(self) -> None:
        self._answered_at = time.monotonic()
        if self._closed:
            self._closed = False
            self._relay.reopen()
            log.info("the database answers; streams may be opened")

    async def _close_in_silence(self) -> NoReturn:
        late = 0
        while True:
            await asyncio.sleep(SILENCE_CHECK_S)
            silence_s = self.silence_s
            # Twice in a row: after a pause of this process itself, the answer may be here, unread.
            late = late + 1 if silence_s is not None and silence_s > self._limit_s else 0
            if late >= 2 and not self._closed:
                self._closed = True
                log.error(
                    "no answer from the database: every viewing ends silence_s=%.2f viewings=%d",
                    silence_s,
                    len(self._relay.viewings),
                )
                self._relay.close_all_viewings(SILENT)


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")
