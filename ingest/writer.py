"""Batches of what was received → one transaction each → acknowledgements.

Each batch is planned from committed state, stored in one transaction, and only then acknowledged; memory is never
ahead of the database. While the database is away the batch is kept and tried again, the inbox fills, and receivers
wait. A row that the database refuses is found and put into quarantine, so that it blocks nobody else.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from sightline.ingest.ack_memory import AckMemory
from sightline.ingest.answers import Stored, settle
from sightline.ingest.batch import Batch, lay_out, without_unclean
from sightline.ingest.columns import named
from sightline.ingest.errors import DatabaseAwayError, RowRefusedError, StaleError
from sightline.ingest.inbox import Inbox
from sightline.ingest.live_columns import LiveColumns
from sightline.ingest.merge import FLAG_LATE, MergeRules
from sightline.ingest.messages import Fix, Rejection, Report
from sightline.ingest.planning import Plan, plan
from sightline.ingest.protocol import acknowledge
from sightline.ingest.received import Received, valued
from sightline.ingest.rows import Rows, rows_of
from sightline.ingest.store import Flush, Store, UnsureError
from sightline.sql.settings import DatabaseSettings

log = logging.getLogger(__name__)

_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 2.0

Deliver = Callable[[list[Received]], None]
"""Takes what is committed, or given up, and must be answered; must not wait."""


@dataclass(slots=True)
class WriterCounts:
    """What happened since the start, for metrics. Fixes, except where named otherwise."""

    stored: int = 0
    duplicate: int = 0
    doubted: int = 0
    late: int = 0
    archived: int = 0
    refused: int = 0
    flushes: int = 0
    failures: int = 0
    flush_s: float = 0.0
    newest_flush_s: float = 0.0


class Writer:
    """The one writer of a gateway.

    Attributes:
        inbox: what is received goes here.
        memory: the newest acknowledgements.
        counts: what happened since the start.
        away_since: monotonic time since when the database is away; None: it answered last.
        why_away: what it said.
    """

    def __init__(
        self,
        settings: DatabaseSettings,
        deliver: Deliver,
        *,
        name: str = "gateway",
        rules: MergeRules | None = None,
        flush_s: float = 0.1,
        batch_size: int = 20_000,
        buffer_size: int = 100_000,
    ) -> None:
        """Args:
        settings: the database group.
        deliver: takes acknowledgements.
        name: of this gateway, for people.
        rules: the numbers of the merge.
        flush_s: longest wait for a batch to fill.
        batch_size: most fixes and messages in one transaction.
        buffer_size: fixes and messages in memory from which on receivers wait.
        """
        self._settings = settings
        self._deliver = deliver
        self._name = name
        self._rules = rules or MergeRules()
        self._flush_s = flush_s
        self._store: Store | None = None
        self._live = LiveColumns()
        self._run_id = 0
        self._batch = 0
        self._unsure: tuple[Plan, Rows, UnsureError] | None = None
        self._pause_s = _FIRST_PAUSE_S
        self.inbox = Inbox(batch_size=batch_size, most=buffer_size)
        self.memory = AckMemory()
        self.counts = WriterCounts()
        self.away_since: float | None = time.monotonic()
        self.why_away = "not connected yet"

    @property
    def run_id(self) -> int:
        """Number of this run in the database; 0 before the first connection."""
        return self._run_id

    @property
    def takes_today(self) -> bool:
        """Whether history has a place for the fixes of today."""
        return self._store is None or self._store.takes_today

    def forget(self, camera_id: int) -> None:
        """Another gateway had this camera: what is known of it is read again when needed."""
        self._live.forget(camera_id)

    def forget_other_than(self, camera_id: int, recording_us: int | None) -> None:
        """Another gateway may have changed this camera's recording state: if so, it is read again when needed.

        Args:
            camera_id: the camera.
            recording_us: when the state that the database has was set; None: never.
        """
        if camera_id in self._live and self._live.recording_us(camera_id) != recording_us:
            self._live.forget(camera_id)

    async def connect(self) -> int:
        """Wait for the database and begin the run; its number."""
        while True:
            try:
                await self._connected()
            except DatabaseAwayError as error:
                await self._pause(error)
            else:
                self._answers()
                return self._run_id

    async def run(self) -> None:
        """Write until the inbox is closed and empty."""
        try:
            while batch := await self._next_batch():
                await self._write(batch)
        finally:
            await self._disconnect()

    async def _next_batch(self) -> list[Received]:
        """The next batch; what flushes left to be judged is judged also when nothing comes."""
        while self._store is not None and self._store.has_rest:
            if await self.inbox.some(within_s=self._flush_s):
                break
            await self._write([])
        return await self.inbox.next_batch(self._flush_s)

    async def _write(self, batch: list[Received]) -> None:
        """Write a batch, in parts if it must be; returns when all of it is committed or given up."""
        parts = deque([batch])
        while parts:
            part = parts[0]
            try:
                await self._commit(part)
            except DatabaseAwayError as error:
                await self._pause(error)
                continue
            except RowRefusedError as error:
                parts.popleft()
                parts.extendleft(reversed(await self._smaller(part, error)))
                continue
            parts.popleft()
            self.inbox.done(part)

    async def _commit(self, part: list[Received]) -> None:
        store = await self._connected()
        if self._finished_after_all():
            return
        started = time.perf_counter()
        try:
            made, rows, stored = await self._store_part(store, part, may_be_stale=False)
        except StaleError as stale:
            for camera_id in stale.cameras:
                self._live.forget(camera_id)
            # Not a second time: two gateways that write of one camera all the time must not hold up the others.
            made, rows, stored = await self._store_part(store, part, may_be_stale=True)
        self._batch += 1
        self._finish(made, rows, stored)
        self.counts.newest_flush_s = time.perf_counter() - started
        self.counts.flush_s += self.counts.newest_flush_s

    async def _store_part(
        self, store: Store, part: list[Received], *, may_be_stale: bool
    ) -> tuple[Plan, Rows, Stored]:
        made = await self._plan(store, part, self.memory)
        rows = rows_of(made, self._live, store.names)
        try:
            flush = Flush(self._run_id, self._batch + 1, may_be_stale=may_be_stale)
            return made, rows, await store.commit(rows, flush)
        except UnsureError as unsure:
            self._unsure = (made, rows, unsure)
            raise

    async def _plan(self, store: Store, part: list[Received], memory: AckMemory) -> Plan:
        """What a part of a batch comes to; reads first what the plan depends on."""
        missing = self._live.missing(one.camera_id for one in part)
        if missing:
            await store.load(sorted(missing), self._live)
        batch = await self._named(store, lay_out(part))
        return plan(batch, self._live, memory, self._rules, store.names.cell_name)

    async def _named(self, store: Store, batch: Batch) -> Batch:
        """The batch with the numbers of all networks and cells that it names."""
        names = store.names
        new = names.new(batch.other_pairs)
        columns = None if batch.made is None else names.columns(batch.made.names)
        if new or (batch.made is not None and columns is None):
            batch = without_unclean(batch, names.new(batch.pairs))
            await store.learn(batch.pairs)
            columns = None if batch.made is None else names.columns(batch.made.names)
        if batch.made is not None and columns is not None:
            named(batch.made, *columns)
        return batch

    def _finished_after_all(self) -> bool:
        """Whether a commit that broke off turns out to have happened."""
        if self._unsure is None:
            return False
        (made, rows, unsure), self._unsure = self._unsure, None
        if unsure.batch != self._batch:
            return False
        log.info("flush %d was committed before the connection broke", unsure.batch)
        self._finish(made, rows, unsure.stored)
        return True

    def _finish(self, made: Plan, rows: Rows, stored: Stored) -> None:
        self._live.put(rows.cameras, rows.after)
        for camera_id, state in made.states.items():
            self._live.put_suspects(camera_id, state.suspects)
        for camera_id in stored.corrected:
            self._live.forget(camera_id)
        committed = settle(made, self.memory, stored)
        self._answers()
        self.counts.flushes += 1
        self.counts.doubted += len(stored.doubts)
        self.counts.archived += len(made.archived)
        self.counts.late += sum(bool(row.kept.flags & FLAG_LATE) for row in made.checked)
        acks = [one.ack for one in committed if one.ack is not None]
        whole = sum([one.size - 1 for one in committed if one.ack is None])
        self.counts.stored += whole + sum(ack.stored for ack in acks)
        self.counts.duplicate += sum(ack.duplicate for ack in acks)
        self._deliver(committed)

    def _answers(self) -> None:
        if self.away_since is not None and self.counts.failures:
            away_s = time.monotonic() - self.away_since
            log.info("the database answers again after %.1f s; nothing was lost", away_s)
        self.away_since = None
        self._pause_s = _FIRST_PAUSE_S

    # --- the connection

    async def _connected(self) -> Store:
        if self._store is None:
            store = await Store.open(self._settings, self._rules)
            try:
                await self._resume(store)
            except DatabaseAwayError:
                await store.close()
                raise
            self._store = store
        return self._store

    async def _resume(self, store: Store) -> None:
        """See where this run stands in the database, which is the truth."""
        self._live.forget()
        if self._run_id:
            committed = await store.committed_batch(self._run_id)
            if committed is not None:
                self._batch = committed
                return
            log.warning("run %d is not in the database any more; another begins", self._run_id)
        self._run_id = await store.register(self._name)
        self._batch = 0
        self._unsure = None

    async def _disconnect(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            await store.close()

    async def _pause(self, error: DatabaseAwayError) -> None:
        """Give the database time; whatever was known of it is read again."""
        self.counts.failures += 1
        why, self.why_away = self.why_away, str(error)
        if self.away_since is None:
            self.away_since = time.monotonic()
        if why != self.why_away:
            log.warning("the database is away, %d wait: %s", self.inbox.size, error)
        await self._disconnect()
        await asyncio.sleep(self._pause_s)
        self._pause_s = min(_LONGEST_PAUSE_S, 2 * self._pause_s)

    # --- rows that the database refuses

    async def _smaller(self, part: list[Received], error: RowRefusedError) -> list[list[Received]]:
        """What to try instead of a part that was refused: halves, or the message without its bad fixes."""
        if len(part) > 1:
            middle = len(part) // 2
            return [part[:middle], part[middle:]]
        (received,) = part
        message = valued(received.message)
        if isinstance(message, Report) and message.fixes and not received.refused:
            received = msgspec.structs.replace(received, message=message)
            refused = await self._refused_fixes(received, message.fixes, str(error))
            if refused:
                return [[msgspec.structs.replace(received, refused=refused)]]
        self._give_up(received, error)
        return []

    async def _refused_fixes(
        self, received: Received, fixes: list[Fix], reason: str
    ) -> dict[int, str]:
        """Index and reason of each fix that the database refuses, found by halving."""
        if len(fixes) == 1:
            return {fixes[0].index: reason}
        middle = len(fixes) // 2
        found: dict[int, str] = {}
        for half in (fixes[:middle], fixes[middle:]):
            refusal = await self._trial(received, half)
            if refusal is not None:
                found |= await self._refused_fixes(received, half, refusal)
        return found

    async def _trial(self, received: Received, fixes: list[Fix]) -> str | None:
        """Why the database would refuse these fixes; None: it would take them."""
        assert isinstance(received.message, Report)
        message = msgspec.structs.replace(received.message, fixes=fixes)
        alone = msgspec.structs.replace(received, message=message)
        while True:
            try:
                store = await self._connected()
                made = await self._plan(store, [alone], AckMemory())
                rows = rows_of(made, self._live, store.names)
                await store.commit(
                    rows, Flush(self._run_id, self._batch + 1, may_be_stale=True, trial=True)
                )
            except DatabaseAwayError as error:
                await self._pause(error)
            except RowRefusedError as error:
                return str(error)
            else:
                return None

    def _give_up(self, received: Received, error: RowRefusedError) -> None:
        """A message that cannot be stored even in part: said to its sender, and loudly here."""
        log.error("message of camera number %d refused: %s", received.camera_id, error)
        self.inbox.done([received])
        message = valued(received.message)
        if message is None:
            return
        indexes = [fix.index for fix in message.fixes] if isinstance(message, Report) else [0]
        self.counts.refused += len(indexes)
        rejected = [
            Rejection(index, None, None, "refused_by_database", "what the database takes")
            for index in indexes
        ]
        told = [*message.rejected, *rejected]
        received.ack = acknowledge(message.seq, 0, 0, told, camera=message.camera)
        self._deliver([received])
