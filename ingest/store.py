"""The writer's one connection: a plan goes into the database in one transaction, or not at all.

Times travel as integer microseconds since 1970 UTC, without datetime objects on the way. Fixes that are surely new go
straight into history by binary COPY; the others are staged and inserted ON CONFLICT DO NOTHING, which also tells which
of them were new. Should a fix that was thought new be there already, the whole plan is checked in that way.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Self

import asyncpg
import msgspec

from sightline.ingest.batch import BIN_US, DoubtKey, FixKey, Plan, Row
from sightline.ingest.dictionary import SignalNames
from sightline.ingest.errors import DatabaseAwayError, RowRefusedError
from sightline.ingest.fields import RECORDING
from sightline.ingest.merge import CameraState
from sightline.ingest.messages import NOTHING_HEARD, Fix, Signal
from sightline.sql import connect, query
from sightline.sql.settings import DatabaseSettings

_POSTGRES_EPOCH_US: Final = 946_684_800_000_000
_DAY_US: Final = 86_400_000_000
_LEARN_EVERY_S: Final = 10.0
_MOST_LISTED: Final = 100_000
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_FIX_COLUMNS: Final = [
    "camera_id",
    "retention_class",
    "recording",
    "bearer",
    "fix_time",
    "received_time",
    "content_hash",
    "lat",
    "lon",
    "accuracy_m",
    "altitude_m",
    "speed_mps",
    "heading_deg",
    "battery_pct",
    "rsrp_dbm",
    "rsrq_db",
    "sinr_db",
    "rssi_dbm",
    "uplink_kbps",
    "operator_id",
    "cell_id",
    "flags",
]
_LIVE_COLUMNS: Final = [
    "camera_id",
    "gateway_id",
    "batch",
    "epoch",
    "seen_time",
    "recording",
    "recording_time",
    "recording_since",
    "fix_time",
    "fix_received_time",
    "lat",
    "lon",
    "accuracy_m",
    "altitude_m",
    "speed_mps",
    "heading_deg",
    "flags",
    "battery_pct",
    "signal_time",
    "bearer",
    "operator_id",
    "cell_id",
    "rsrp_dbm",
    "rsrq_db",
    "sinr_db",
    "rssi_dbm",
    "uplink_kbps",
]

_REFUSALS: Final = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.exceptions._base.DataError,  # noqa: SLF001 - the client's own refusal to encode a value has no other name
    OverflowError,
    ValueError,
    TypeError,
)
"""What a value of ours brings about, and would again."""

AWAY: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
"""Whatever else can come from the database: the batch is kept and tried again."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What a committed plan really stored; see `batch.settle`."""

    fixes: set[FixKey] = field(default_factory=set)
    doubts: set[DoubtKey] = field(default_factory=set)
    all_fresh: bool = True


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


class Store:
    """One connection to the database, as the gateway."""

    def __init__(self, connection: asyncpg.Connection, names: SignalNames) -> None:
        """Use `open` instead."""
        self._connection = connection
        self._names = names
        self._days: tuple[set[int], set[int]] = (set(), set())  # of other and of recorded fixes
        self._listed: set[tuple[int, int]] = set()
        self._learnt_s = 0.0

    @classmethod
    async def open(cls, settings: DatabaseSettings) -> Self:
        """Connect and prepare the staging tables.

        Raises:
            DatabaseAwayError: there is no database, or it cannot be used now.
        """
        try:
            connection = await connect(settings, "gateway")
        except AWAY as error:
            raise DatabaseAwayError(f"Cannot connect: {error!r}") from error
        try:
            await connection.set_type_codec(
                "timestamptz",
                schema="pg_catalog",
                format="tuple",
                encoder=lambda us: (us - _POSTGRES_EPOCH_US,),
                decoder=lambda parts: parts[0] + _POSTGRES_EPOCH_US,
            )
            await connection.execute(query("writer.stage_fixes"))
            await connection.execute(query("writer.stage_live"))
            store = cls(connection, await SignalNames.load(connection))
            await store.learn_days()
        except AWAY as error:
            connection.terminate()
            raise DatabaseAwayError(f"Cannot prepare: {error!r}") from error
        return store

    async def close(self) -> None:
        """Close the connection, however it is."""
        try:
            await self._connection.close(timeout=2)
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
        days: tuple[set[int], set[int]] = (set(), set())
        for row in await self._fetch("writer.partitions"):
            days[row["retention_class"] == "r"].add(row["day"].toordinal() - _EPOCH_DAY)
        self._days = days
        self._learnt_s = time.monotonic()

    @property
    def takes_today(self) -> bool:
        """Whether history has partitions for today; without them all fixes go to the archive."""
        today = time.time_ns() // 1000 // _DAY_US
        return all(today in days for days in self._days)

    async def states(self, camera_ids: Sequence[int]) -> dict[int, CameraState]:
        """Live state of these cameras; those without any are left out."""
        rows = await self._fetch("writer.stored_live", list(camera_ids))
        return {row["camera_id"]: _state(row) for row in rows}

    async def _fetch(self, name: str, *values: Any) -> list[asyncpg.Record]:
        try:
            rows: list[asyncpg.Record] = await self._connection.fetch(query(name), *values)
        except AWAY as error:
            raise DatabaseAwayError(f"{name}: {error!r}") from error
        return rows

    async def _fetchval(self, name: str, *values: Any) -> Any:
        rows = await self._fetch(name, *values)
        return rows[0][0] if rows else None

    async def commit(
        self,
        plan: Plan,
        before: dict[int, CameraState],
        gateway_id: int,
        batch: int,
        *,
        trial: bool = False,
    ) -> Stored:
        """Store a plan in one transaction.

        Args:
            plan: what to store.
            before: committed state of each camera, to see which messages set its recording state.
            gateway_id: this gateway's run.
            batch: number of the flush.
            trial: only see whether the database would take it; nothing is stored.

        Raises:
            RowRefusedError: the database will never take it as it is.
            UnsureError: the connection broke while committing.
            DatabaseAwayError: anything else; nothing is stored.
        """
        checked = relearned = False
        while True:
            try:
                await self._see_days(plan, again=relearned)
                return await self._attempt(
                    plan, before, gateway_id, batch, trial=trial, checked=checked
                )
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

    async def _see_days(self, plan: Plan, *, again: bool) -> None:
        """Learn the partitions anew if a fix has none here, but not all the time."""
        now_s = time.monotonic()
        missing = not all(self._has_day(row) for row in (*plan.fresh, *plan.checked))
        if again or (missing and now_s - self._learnt_s > _LEARN_EVERY_S):
            await self.learn_days()

    async def _attempt(
        self,
        plan: Plan,
        before: dict[int, CameraState],
        gateway_id: int,
        batch: int,
        *,
        trial: bool,
        checked: bool,
    ) -> Stored:
        # Names are kept outside the transaction: what is known of them must not be rolled back.
        await self._names.learn(self._connection, _signals(plan))
        transaction = self._connection.transaction()
        await transaction.start()
        try:
            stored = await self._store(plan, before, gateway_id, batch, checked=checked)
        except BaseException:
            if not self._connection.is_closed():
                await transaction.rollback()
            raise
        if trial:
            await transaction.rollback()
            return stored
        try:
            await transaction.commit()
        except AWAY as error:
            raise UnsureError(batch, stored, error) from error
        self._listed.update(plan.coverage)
        return stored

    async def _store(
        self,
        plan: Plan,
        before: dict[int, CameraState],
        gateway_id: int,
        batch: int,
        *,
        checked: bool,
    ) -> Stored:
        fresh = [] if checked else [row for row in plan.fresh if self._has_day(row)]
        apart = plan.fresh if checked else [row for row in plan.fresh if not self._has_day(row)]
        if fresh:
            await self._connection.copy_records_to_table(
                "fix",
                schema_name="sightline",
                records=map(self._fix_record, fresh),
                columns=_FIX_COLUMNS,
            )
        stored = Stored(all_fresh=not apart)
        if not stored.all_fresh:
            stored.fixes.update(row.key for row in fresh)
        await self._store_checked([*apart, *plan.checked], plan.archived, stored)
        await self._store_doubted(plan, stored)
        await self._store_live(plan, before, gateway_id, batch)
        unlisted = self._unlisted(plan)
        if unlisted:
            cameras, starts = zip(*unlisted, strict=True)
            await self._connection.execute(query("writer.coverage_todo"), cameras, starts)
        if not await self._connection.fetch(query("writer.finish"), gateway_id, batch):
            raise DatabaseAwayError("This gateway's run is not in the database any more.")
        return stored

    def _has_day(self, row: Row) -> bool:
        fix = row.kept.fix
        return fix.time_us // _DAY_US in self._days[fix.recording == RECORDING]

    def _unlisted(self, plan: Plan) -> list[tuple[int, int]]:
        """Five minutes that must go on the keeper's list, apart from those surely there.

        The keeper takes nothing off the list before it is over, so what was listed and is not over is there still.
        """
        now_us = time.time_ns() // 1000
        if len(self._listed) > _MOST_LISTED:
            self._listed = {key for key in self._listed if key[1] + BIN_US > now_us}
        return [
            key for key in plan.coverage if key[1] + BIN_US <= now_us or key not in self._listed
        ]

    async def _store_checked(
        self, rows: Iterable[Row], archived: Iterable[Row], stored: Stored
    ) -> None:
        # A day that history has no partition for is one that retention has dropped, or that was never kept.
        staged = [(*self._fix_record(row), not self._has_day(row)) for row in rows]
        staged += [(*self._fix_record(row), True) for row in archived]
        if not staged:
            return
        await self._connection.copy_records_to_table(
            "fix_stage", records=staged, columns=[*_FIX_COLUMNS, "archive"]
        )
        for name in ("writer.store_checked", "writer.store_archived"):
            for row in await self._connection.fetch(query(name)):
                stored.fixes.add(FixKey(*row))

    async def _store_doubted(self, plan: Plan, stored: Stored) -> None:
        if not plan.doubted:
            return
        columns = zip(
            *(
                (
                    row.key.camera_id,
                    row.received_us,
                    row.doubted.fix.time_us,
                    row.doubted.reason,
                    row.doubted.detail[:500],
                    row.key.content,
                    msgspec.json.encode(row.doubted.fix).decode(),
                )
                for row in plan.doubted
            ),
            strict=True,
        )
        for row in await self._connection.fetch(query("writer.store_doubted"), *columns):
            stored.doubts.add(DoubtKey(*row))

    async def _store_live(
        self, plan: Plan, before: dict[int, CameraState], gateway_id: int, batch: int
    ) -> None:
        await self._connection.copy_records_to_table(
            "live_stage",
            records=(
                self._live_record(camera_id, state, before.get(camera_id), gateway_id, batch)
                for camera_id, state in plan.states.items()
            ),
            columns=_LIVE_COLUMNS,
        )
        await self._connection.execute(query("writer.upsert_live"))

    def _fix_record(self, row: Row) -> tuple[Any, ...]:
        fix = row.kept.fix
        heard = fix.signal or NOTHING_HEARD
        operator_id, cell_id = self._names.numbers(heard)
        return (
            row.key.camera_id,
            b"r" if fix.recording == RECORDING else b"o",
            fix.recording,
            heard.bearer,
            fix.time_us,
            row.received_us,
            fix.content,
            fix.lat,
            fix.lon,
            fix.accuracy_m,
            fix.altitude_m,
            fix.speed_mps,
            fix.heading_deg,
            fix.battery_pct,
            heard.rsrp_dbm,
            heard.rsrq_db,
            heard.sinr_db,
            heard.rssi_dbm,
            heard.uplink_kbps,
            operator_id,
            cell_id,
            row.kept.flags,
        )

    def _live_record(
        self,
        camera_id: int,
        state: CameraState,
        before: CameraState | None,
        gateway_id: int,
        batch: int,
    ) -> tuple[Any, ...]:
        known_us = None if before is None else before.recording_us
        said = state.recording_us is not None and state.recording_us != known_us
        fix, heard = state.fix, state.signal or NOTHING_HEARD
        operator_id, cell_id = self._names.numbers(heard)
        return (
            camera_id,
            gateway_id,
            batch,
            state.epoch,
            state.seen_us,
            state.recording,
            state.recording_us if said else None,
            state.recording_since_us if said else None,
            *(_NOWHERE if fix is None else _position(fix, state.fix_received_us)),
            state.flags,
            state.battery_pct,
            state.signal_us,
            heard.bearer,
            operator_id,
            cell_id,
            heard.rsrp_dbm,
            heard.rsrq_db,
            heard.sinr_db,
            heard.rssi_dbm,
            heard.uplink_kbps,
        )


_NOWHERE: Final = (None,) * 8


def _position(fix: Fix, received_us: int | None) -> tuple[Any, ...]:
    return (
        fix.time_us,
        received_us,
        fix.lat,
        fix.lon,
        fix.accuracy_m,
        fix.altitude_m,
        fix.speed_mps,
        fix.heading_deg,
    )


def _signals(plan: Plan) -> Iterable[Signal]:
    for row in (*plan.fresh, *plan.checked, *plan.archived):
        if row.kept.fix.signal is not None:
            yield row.kept.fix.signal
    for state in plan.states.values():
        if state.signal is not None:
            yield state.signal


def _sentence(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _state(row: asyncpg.Record) -> CameraState:
    """A live row as what is known of the camera. The fix has no content: it cannot be told from others."""
    fix = None
    if row["fix_time"] is not None:
        fix = Fix(
            index=0,
            time_us=row["fix_time"],
            lat=row["lat"],
            lon=row["lon"],
            content=0,
            accuracy_m=row["accuracy_m"],
            altitude_m=row["altitude_m"],
            speed_mps=row["speed_mps"],
            heading_deg=row["heading_deg"],
        )
    heard = Signal(
        row["bearer"],
        row["plmn"],
        row["cell"],
        row["rsrp_dbm"],
        row["rsrq_db"],
        row["sinr_db"],
        row["rssi_dbm"],
        row["uplink_kbps"],
    )
    return CameraState(
        seen_us=row["seen_time"],
        fix=fix,
        fix_received_us=row["fix_received_time"],
        recording=row["recording"],
        recording_us=row["recording_time"],
        recording_since_us=row["recording_since"],
        epoch=row["epoch"],
        battery_pct=row["battery_pct"],
        signal=None if row["signal_time"] is None else heard,
        signal_us=row["signal_time"],
        flags=row["flags"],
    )
