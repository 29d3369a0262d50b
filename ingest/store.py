"""The writer's one connection: a plan goes into the database in one transaction, or not at all.

Times travel as integer microseconds since 1970 UTC, without datetime objects on the way. Fixes that are surely new go
straight into history by binary COPY; the others are staged and inserted ON CONFLICT DO NOTHING, which also tells which
of them were new. Should a fix that was thought new be there already, the whole plan is checked in that way.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Self

import asyncpg
import numpy as np

from sightline.ingest.answers import Stored
from sightline.ingest.columns import Pair
from sightline.ingest.dictionary import SignalNames
from sightline.ingest.errors import DatabaseAwayError, RowRefusedError, StaleError
from sightline.ingest.history.late import PackedHistory
from sightline.ingest.live_columns import Array, Columns, LiveColumns, columns_of, unheard
from sightline.ingest.merge import MergeRules
from sightline.ingest.packed_copy import POSTGRES_EPOCH_US, PackedCopy
from sightline.ingest.plain import BIN_US
from sightline.ingest.planning import FixKey
from sightline.ingest.quarantine import Quarantine
from sightline.ingest.rows import (
    FIX_COPY,
    LIVE_COPY,
    STAGED_FIX_COPY,
    Rows,
    columns_of_key,
    fix_keys,
    joined,
    live_of,
    loaded_row,
    nulls_of,
    some,
)
from sightline.ingest.settling import Settling, Span
from sightline.sql import AWAY, connect, query
from sightline.sql.settings import DatabaseSettings

_ANSWER_MARGIN_S: Final = 5.0
"""After the time at which the server itself ends a statement: then nobody is at the other end any more."""
_CLOSE_WITHIN_S: Final = 2.0
_DAY_US: Final = 86_400_000_000
_LEARN_EVERY_S: Final = 10.0
_MOST_LISTED: Final = 100_000
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()

log = logging.getLogger(__name__)

_REFUSALS: Final = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.exceptions._base.DataError,  # noqa: SLF001 - the client's own refusal to encode a value has no other name
    OverflowError,
    ValueError,
    TypeError,
)
"""What a value of ours brings about, and would again."""


class UnsureError(DatabaseAwayError):
    """The connection broke while the commit was under way: it may have happened.

    Args:
        batch: number of the flush.
        stored: what it stored, if it happened.
    """

    def __init__(self, batch: int, stored: Stored, why: BaseException) -> None:
        super().__init__(f"The connection broke during a commit: {why!r}")
        self.batch = batch
        self.stored = stored


@dataclass(frozen=True, slots=True)
class Flush:
    """One transaction of a gateway.

    Attributes:
        gateway_id: the gateway's run.
        batch: number of the flush.
        may_be_stale: it is taken also where another gateway wrote of a camera since it was read.
        trial: only to see whether the database would take it; nothing is stored.
    """

    gateway_id: int
    batch: int
    may_be_stale: bool = False
    trial: bool = False


class Store:
    """One connection to the database, as the gateway."""

    def __init__(
        self, connection: asyncpg.Connection, names: SignalNames, rules: MergeRules
    ) -> None:
        """Use `open` instead."""
        self._connection = connection
        self._rules = rules
        self._settling = Settling(connection, rules)
        self._packed = PackedHistory(connection)
        self._quarantine = Quarantine(connection, self._packed)
        self.names = names
        self._partitions: dict[tuple[int, int], str] = {}  # by class and day since 1970
        self._listed: set[int] = set()
        # By camera, the run and the flush that had written it last when it was read.
        self._others: dict[int, tuple[int, int]] = {}
        self._learnt_s = 0.0

    @classmethod
    async def open(cls, settings: DatabaseSettings, rules: MergeRules) -> Self:
        """Connect and prepare the staging tables.

        Args:
            settings: the database group.
            rules: the numbers of the merge.

        Raises:
            DatabaseAwayError: there is no database, or it cannot be used now.
        """
        try:
            answer_within_s = settings.database_statement_timeout_s + _ANSWER_MARGIN_S
            connection = await connect(
                settings,
                "gateway",
                command_timeout=answer_within_s,
                idle_transaction_s=_STANDS_STILL_S,
            )
        except AWAY as error:
            raise DatabaseAwayError(f"Cannot connect: {error!r}") from error
        try:
            await connection.set_type_codec(
                "timestamptz",
                schema="pg_catalog",
                format="tuple",
                encoder=lambda us: (us - POSTGRES_EPOCH_US,),
                decoder=lambda parts: parts[0] + POSTGRES_EPOCH_US,
            )
            await connection.execute(query("writer.stage_fixes"))
            await connection.execute(query("writer.stage_live"))
            store = cls(connection, await SignalNames.load(connection), rules)
            await store.learn_days()
            await store._settling.learn_rest()
        except AWAY as error:
            connection.terminate()
            raise DatabaseAwayError(f"Cannot prepare: {error!r}") from error
        return store

    async def close(self) -> None:
        """Close the connection, however it is."""
        try:
            async with asyncio.timeout(_CLOSE_WITHIN_S):
                await self._connection.close()
        except AWAY:
            self._connection.terminate()

    async def register(self, name: str) -> int:
        """Begin a run of a gateway; its number."""
        number: int = await self._fetchval("gateway.register", name)
        return number

    async def committed_batch(self, gateway_id: int) -> int | None:
        """Number of the newest flush of a gateway that was committed; None: its run is not known."""
        number: int | None = await self._fetchval("writer.committed_batch", gateway_id)
        return number

    async def learn_days(self) -> None:
        """Learn for which days history has partitions."""
        self._partitions = {
            (ord(row["retention_class"]), row["day"].toordinal() - _EPOCH_DAY): row["name"]
            for row in await self._fetch("writer.partitions")
        }
        self._learnt_s = time.monotonic()

    @property
    def takes_today(self) -> bool:
        """Whether history has partitions for today; without them all fixes go to the archive."""
        today = time.time_ns() // 1000 // _DAY_US
        return all((kind, today) in self._partitions for kind in b"ro")

    @property
    def has_rest(self) -> bool:
        """Whether flushes left something to be judged by those after them."""
        return self._settling.has_rest

    async def load(self, camera_ids: Sequence[int], live: LiveColumns) -> None:
        """Read what is known of these cameras; nothing is known of those without a live row."""
        rows = await self._fetch("writer.stored_live", list(camera_ids))
        found = {row["camera_id"]: loaded_row(row, self._rules) for row in rows}
        self._others.update((row[0], (row["gateway_id"], row["batch"])) for row in rows)
        others = [camera_id for camera_id in camera_ids if camera_id not in found]
        if found:
            live.put(np.array(list(found)), columns_of(list(found.values())))
        if others:
            live.put(np.array(others), unheard(len(others)))
        passing = await self._fetch("writer.put_aside", list(camera_ids))
        self._quarantine.learn(camera_ids, (row["camera_id"] for row in passing))

    async def learn(self, pairs: Iterable[Pair]) -> None:
        """Give every network and cell its number; kept whatever becomes of the batch.

        Raises:
            RowRefusedError: the database will never take one of them.
            DatabaseAwayError: it cannot be done now.
        """
        try:
            await self.names.learn(self._connection, pairs)
        except _REFUSALS as error:
            raise RowRefusedError(_sentence(error)) from error
        except AWAY as error:
            raise DatabaseAwayError(f"names: {error!r}") from error

    async def _fetch(self, name: str, *values: Any) -> list[asyncpg.Record]:
        try:
            rows: list[asyncpg.Record] = await self._connection.fetch(query(name), *values)
        except AWAY as error:
            raise DatabaseAwayError(f"{name}: {error!r}") from error
        return rows

    async def _fetchval(self, name: str, *values: Any) -> Any:
        rows = await self._fetch(name, *values)
        return rows[0][0] if rows else None

    async def commit(self, rows: Rows, flush: Flush) -> Stored:
        """Store a plan in one transaction.

        Args:
            rows: what to store.
            flush: whose it is.

        Raises:
            StaleError: another gateway wrote of some cameras since they were read; nothing is stored.
            RowRefusedError: the database will never take it as it is.
            UnsureError: the connection broke while committing.
            DatabaseAwayError: anything else; nothing is stored.
        """
        checked = relearned = False
        while True:
            try:
                has_day = await self._see_days(rows, again=relearned)
                apart = np.ones(len(has_day), bool) if checked else ~has_day
                return await self._attempts(rows, apart, flush)
            except UnsureError:
                raise
            except asyncpg.UniqueViolationError as error:
                if checked:
                    raise RowRefusedError(_sentence(error)) from error
                checked = True  # a fix thought new was stored before, perhaps by another gateway
            except asyncpg.CheckViolationError as error:
                if relearned:
                    raise RowRefusedError(_sentence(error)) from error
                relearned = True  # a partition may have been dropped in this moment
            except _REFUSALS as error:
                raise RowRefusedError(_sentence(error)) from error
            except AWAY as error:
                raise DatabaseAwayError(_sentence(error)) from error

    async def _see_days(self, rows: Rows, *, again: bool) -> Array:
        """Whether each fresh fix has a partition; learns them anew if one has none here, but not all the time."""
        now_s = time.monotonic()
        has_day = self._has_day(rows.fresh)
        missing = not (has_day.all() and self._has_day(rows.checked).all())
        if again or (missing and now_s - self._learnt_s > _LEARN_EVERY_S):
            await self.learn_days()
            has_day = self._has_day(rows.fresh)
        return has_day

    async def _attempts(self, rows: Rows, apart: Array, flush: Flush) -> Stored:
        """Once, and again where another gateway wrote of the same cameras, which are between both, in another order."""
        for _ in range(_MOST_DEADLOCKS):
            try:
                return await self._attempt(rows, apart, flush)
            except asyncpg.DeadlockDetectedError as error:
                log.info("flush %d is tried again: %s", flush.batch, _sentence(error))
        return await self._attempt(rows, apart, flush)

    async def _attempt(self, rows: Rows, apart: Array, flush: Flush) -> Stored:
        transaction = self._connection.transaction()
        await transaction.start()
        try:
            stored = await self._store(rows, apart, flush)
        except BaseException as error:
            self._settling.has_rest = True  # what was taken of it is there again
            # Who did not answer in time would not answer this either; the connection is given up.
            if not (isinstance(error, TimeoutError) or self._connection.is_closed()):
                await transaction.rollback()
            raise
        if flush.trial:
            await transaction.rollback()
            self._settling.has_rest = True
            return stored
        try:
            await transaction.commit()
        except AWAY as error:
            raise UnsureError(flush.batch, stored, error) from error
        self._list(rows.coverage)
        return stored

    async def _store(self, rows: Rows, apart: Array, flush: Flush) -> Stored:
        """Store everything; fresh fixes that are set `apart` are checked like those that may be stored already."""
        to_settle: list[Span] = []
        if rows.unsettled or self._settling.has_rest:
            to_settle = await self._settling.begin(rows.unsettled)
        fresh, checked = rows.fresh, [rows.checked]
        apart = apart | await self._packed.holds(*columns_of_key(fresh))
        stored = Stored(all_fresh=not apart.any())
        if not stored.all_fresh:
            fresh, checked = some(fresh, ~apart), [some(fresh, apart), rows.checked]
            stored.fixes.update(fix_keys(fresh))
        await self._copy_history(fresh)
        await self._store_checked(checked, rows.archived, stored)
        await self._quarantine.take_after_all(fresh, stored, unchecked=True)
        for part in (*checked, rows.archived):
            await self._quarantine.take_after_all(part, stored, unchecked=False)
        await self._quarantine.put(rows.doubted, stored)
        await self._store_live(rows, flush)
        if to_settle:
            stored.settled = await self._settling.settle(to_settle)
            stored.corrected = await self._settling.settle_live(
                stored.settled, flush.gateway_id, flush.batch
            )
        cameras, starts = self._unlisted(_also(rows.coverage, stored.settled.coverage))
        if len(cameras):
            await self._connection.execute(
                query("writer.coverage_todo"), cameras.tolist(), starts.tolist()
            )
        if not await self._connection.fetch(query("writer.finish"), flush.gateway_id, flush.batch):
            raise DatabaseAwayError("This gateway's run is not in the database any more.")
        return stored

    async def _copy(
        self,
        table: str,
        packed: PackedCopy,
        values: Columns,
        nulls: Columns | None = None,
        *,
        schema: str | None = None,
    ) -> None:
        if not len(values["camera_id"]):
            return
        pieces = packed.pieces(values, nulls_of(values) if nulls is None else nulls)

        async def one_by_one() -> AsyncIterator[bytes]:
            for piece in pieces:
                yield piece

        await self._connection.copy_to_table(
            table, schema_name=schema, source=one_by_one(), columns=packed.columns, format="binary"
        )

    def _has_day(self, values: Columns) -> Array:
        """Whether history has a partition for each fix."""
        places = _places(values)
        known = [place * _DAYS + day for place, day in self._partitions]
        has: Array = np.isin(places, known)
        return has

    async def _copy_history(self, values: Columns) -> None:
        """Into the partition of each day, which spares the database to look for it row by row."""
        places = _places(values)
        if (np.diff(places) < 0).any():
            order = np.argsort(places, kind="stable")
            values, places = some(values, order), places[order]
        found, starts = np.unique(places, return_index=True)
        ends = np.append(starts, len(places))[1:]
        if len(found) > _MOST_PARTITIONS:
            await self._copy("fix", FIX_COPY, values, schema="sightline")
            return
        for place, start, end in zip(found.tolist(), starts.tolist(), ends.tolist(), strict=True):
            table = self._partitions[divmod(place, _DAYS)]
            await self._copy(table, FIX_COPY, some(values, slice(start, end)), schema="sightline")

    def _unlisted(self, coverage: tuple[Array, Array]) -> tuple[Array, Array]:
        """Five minutes that must go on the keeper's list, apart from those surely there.

        The keeper takes nothing off the list before it is over, so what was listed and is not over is there still.
        """
        cameras, starts = coverage
        over = starts + BIN_US <= time.time_ns() // 1000
        listed = np.array([mark in self._listed for mark in _marks(coverage).tolist()], bool)
        return cameras[over | ~listed], starts[over | ~listed]

    def _list(self, coverage: tuple[Array, Array]) -> None:
        if len(self._listed) > _MOST_LISTED:
            over = time.time_ns() // 1000 // BIN_US
            self._listed = {mark for mark in self._listed if mark % _BINS >= over}
        self._listed.update(_marks(coverage).tolist())

    async def _store_checked(
        self, parts: Sequence[Columns], archived: Columns, stored: Stored
    ) -> None:
        # A day that history has no partition for is one that retention has dropped, or that was never kept.
        staged = [part | {"archive": ~self._has_day(part)} for part in parts]
        staged.append(archived | {"archive": np.ones(len(archived["camera_id"]), bool)})
        whole = joined([part for part in staged if len(part["camera_id"])] or staged[:1])
        whole = some(whole, ~await self._packed.holds(*columns_of_key(whole)))
        if not len(whole["camera_id"]):
            return
        await self._copy("fix_stage", STAGED_FIX_COPY, whole)
        for name in ("writer.store_checked", "writer.store_archived"):
            for row in await self._connection.fetch(query(name)):
                stored.fixes.add(FixKey(*row))

    async def _store_live(self, rows: Rows, flush: Flush) -> None:
        values, nulls = live_of(
            rows.cameras, rows.after, rows.said, gateway_id=flush.gateway_id, batch=flush.batch
        )
        await self._copy("live_stage", LIVE_COPY, values, nulls)
        if await self._connection.fetchval(query("writer.take_newer_live")) == len(rows.cameras):
            return
        if not flush.may_be_stale:
            others = await self._connection.fetch(query("writer.live_of_others"))
            stale = [row[0] for row in others if self._others.get(row[0]) != tuple(row)[1:]]
            if stale:
                raise StaleError(stale)
        await self._connection.execute(query("writer.upsert_live"))


_DAYS: Final = 1 << 20
"""More than there will be days that are kept."""
_STANDS_STILL_S: Final = 3.0
"""After so long within a flush a gateway that stands still holds up no other."""
_MOST_DEADLOCKS: Final = 4
"""One after the other, before the database is given time."""
_MOST_PARTITIONS: Final = 8
"""Into more than these a flush is copied through the table as a whole: it is backlog, and small for each."""
_BINS: Final = 1 << 24
"""More than there will be five minutes before the year 2129."""


def _also(coverage: tuple[Array, Array], more: set[tuple[int, int]]) -> tuple[Array, Array]:
    if not more:
        return coverage
    cameras, starts = np.array(sorted(more), np.int64).T
    return np.concatenate([coverage[0], cameras]), np.concatenate([coverage[1], starts])


def _places(values: Columns) -> Array:
    """Retention class and day of each fix as one number."""
    places: Array = values["retention_class"] * np.int64(_DAYS) + values["fix_time"] // _DAY_US
    return places


def _marks(coverage: tuple[Array, Array]) -> Array:
    """Camera and five minutes as one number."""
    cameras, starts = coverage
    marks: Array = cameras * _BINS + starts // BIN_US
    return marks


def _sentence(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
