"""The keeper: housekeeping that must happen exactly once, however many keepers run.

    partitions   days of history ahead of time
    retention    drops days that are past their time
    coverage     computes the coverage of closed five minutes
    history      packs the rows of closed hours
    audit        seals what was appended to the audit
    streams      ends streams that may not go on, also when no relay asks
    alerts       passes calls for eyes on that nobody answers to the next post; raises and ends those of signal and cover
    expiry       forgets old commands and attempts to sign in

Each duty holds an advisory lock while it works; a second keeper finds it taken and comes back later.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, NoReturn

import asyncpg

from sightline.ingest.history.packing import PackHistory
from sightline.ingest.rollup import roll_up
from sightline.ingest.settings import KeeperSettings
from sightline.sql import AWAY, connect, query
from sightline.sql.audit import seal, signing_key
from sightline.sql.audit_head import HeadFile

log = logging.getLogger(__name__)

_DAYS_AHEAD: Final = 3
_HOUR_S: Final = 3_600.0
_MINUTE_S: Final = 60.0
_STREAMS_EVERY_S: Final = 2.0
_PAUSE_S: Final = 1.0
_MOST_DEADLOCKS: Final = 3
"""So many in a row are tried again without a word."""
_ALERTS_EVERY_S: Final = 1.0
_LIVE_EVERY_S: Final = 1.0
_LEFT_FOR_S: Final = 5.0
"""Longer than any statement takes that was under way when live state moved."""
_KNOWN_FOR_S: Final = 1.0
"""Longer than between the planning of a statement and its beginning."""
_LEAST_HOUSE_BYTES: Final = 24_000_000
_SPARE_HOUSES: Final = 2
_MOST_HOUSES: Final = 16
"""More than four dumps at once need."""

Work = Callable[[KeeperSettings, asyncpg.Connection], Awaitable[int]]
"""Does a duty once with a connection as the keeper; returns how much there was to do."""


@dataclass(frozen=True, slots=True)
class Duty:
    """One kind of housekeeping.

    Attributes:
        name: of its lock and in logs.
        work: what it does.
        every_s: pause between two rounds; None: the setting's.
    """

    name: str
    work: Work
    every_s: float | None = None


async def make_partitions(_settings: KeeperSettings, connection: asyncpg.Connection) -> int:
    """Partitions for today and the next days."""
    made: int = await connection.fetchval(query("keeper.partitions_ahead"), _DAYS_AHEAD)
    return made


async def retain(_settings: KeeperSettings, connection: asyncpg.Connection) -> int:
    """Drop what is past its time."""
    dropped = await connection.fetch(query("keeper.retention"))
    for row in dropped:
        log.info("%s is past its time and was dropped", row[0])
    return len(dropped)


async def cover(_settings: KeeperSettings, connection: asyncpg.Connection) -> int:
    """Compute coverage."""
    return await roll_up(connection)


async def house_live(_settings: KeeperSettings, connection: asyncpg.Connection) -> int:
    """Live state moves house where an open snapshot keeps its old versions; what it left is emptied."""
    least, most = _LEAST_HOUSE_BYTES, _MOST_HOUSES
    swept: bool = await connection.fetchval(query("keeper.live_sweep"), _LEFT_FOR_S)
    down: bool = await connection.fetchval(query("keeper.live_take_down"), _SPARE_HOUSES)
    made: bool = await connection.fetchval(query("keeper.live_prepare"), least, most)
    moved: int | None = await connection.fetchval(
        query("keeper.live_move"), least, _KNOWN_FOR_S, most
    )
    return int(swept) + int(down) + int(made) + (moved or 0)


class PackClosed:
    """Pack closed history."""

    def __init__(self) -> None:
        self._pack = PackHistory()

    async def __call__(self, settings: KeeperSettings, connection: asyncpg.Connection) -> int:
        """Pack what is there."""
        return await self._pack(connection, after_s=settings.keeper_pack_after_s)


class SealAudit:
    """Chain and sign new audit rows; the audit's own role may do that, the keeper may not.

    What stands in the way of signing is logged when it changes, not each round.
    """

    def __init__(self) -> None:
        self._told: str | None = None

    async def __call__(self, settings: KeeperSettings, _connection: asyncpg.Connection) -> int:
        """Seal what is there."""
        kept = HeadFile(settings)
        connection = await connect(settings, "audit")
        try:
            sealed = await seal(connection, signing_key(settings.data_dir), kept)
        finally:
            await connection.close(timeout=5)
        if kept.trouble != self._told:
            log.warning("%s", kept.trouble or "The audit's heads are signed and kept again.")
            self._told = kept.trouble
        return sealed


async def end_streams(_settings: KeeperSettings, connection: asyncpg.Connection) -> int:
    """End streams that may not go on."""
    ended: int = await connection.fetchval(query("keeper.end_streams"))
    return ended


async def look_after_alerts(_settings: KeeperSettings, connection: asyncpg.Connection) -> int:
    """Pass on what nobody answers; raise and end the alerts of signal and cover."""
    changed = 0
    for name in ("keeper.alerts_pass_on", "keeper.alerts_of_signal", "keeper.alerts_of_cover"):
        changed += await connection.fetchval(query(name))
    return changed


async def expire(_settings: KeeperSettings, connection: asyncpg.Connection) -> int:
    """Forget what nobody needs any more."""
    done = 0
    for name in ("keeper.expire_commands", "keeper.expire_login_attempts"):
        status = await connection.execute(query(name))
        done += int(status.rpartition(" ")[2])
    return done


DUTIES: Final = (
    Duty("partitions", make_partitions, _HOUR_S),
    Duty("retention", retain, _HOUR_S),
    Duty("coverage", cover),
    Duty("history", PackClosed(), _MINUTE_S),
    Duty("audit", SealAudit()),
    Duty("live", house_live, _LIVE_EVERY_S),
    Duty("streams", end_streams, _STREAMS_EVERY_S),
    Duty("alerts", look_after_alerts, _ALERTS_EVERY_S),
    Duty("expiry", expire, _HOUR_S),
)


async def run(settings: KeeperSettings, stop: asyncio.Event) -> None:
    """Do all duties again and again until `stop`. What is under way then is rolled back."""
    async with asyncio.TaskGroup() as tasks:
        working = [tasks.create_task(_again_and_again(duty, settings)) for duty in DUTIES]
        await stop.wait()
        for task in working:
            task.cancel()


async def _again_and_again(duty: Duty, settings: KeeperSettings) -> None:
    told: str | None = None
    while True:
        connection: asyncpg.Connection | None = None
        try:
            connection = await connect(settings, "keeper")
            told = None
            await _rounds(duty, settings, connection)
        except AWAY as error:
            if repr(error) != told:
                told = repr(error)
                log.warning("%s has to wait: %s", duty.name, told)
        finally:
            if connection is not None:
                connection.terminate()
        await asyncio.sleep(_PAUSE_S)


async def _rounds(duty: Duty, settings: KeeperSettings, connection: asyncpg.Connection) -> NoReturn:
    deadlocks = 0
    while True:
        try:
            done = await do(duty, settings, connection)
        except asyncpg.DeadlockDetectedError:
            # Live state moves house, and whoever read it in another order is asked to come again: that is no trouble yet.
            deadlocks += 1
            if deadlocks > _MOST_DEADLOCKS:
                raise
            await asyncio.sleep(_PAUSE_S)
            continue
        deadlocks = 0
        if done:
            log.debug("%s: %d done", duty.name, done)
        await asyncio.sleep(settings.keeper_interval_s if duty.every_s is None else duty.every_s)


async def do(duty: Duty, settings: KeeperSettings, connection: asyncpg.Connection) -> int | None:
    """Do one duty once. Returns how much there was to do; None: another keeper is at it."""
    async with _lock(connection, duty.name) as locked:
        return await duty.work(settings, connection) if locked else None


@asynccontextmanager
async def _lock(connection: asyncpg.Connection, name: str) -> AsyncIterator[bool]:
    # A lock of the session: a duty may have several transactions, and a keeper that dies lets go of it.
    locked: bool = await connection.fetchval(query("keeper.try_lock"), name)
    try:
        yield locked
    finally:
        if locked and not connection.is_closed():
            await connection.fetchval(query("keeper.unlock"), name)
