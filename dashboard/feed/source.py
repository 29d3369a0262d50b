"""Keeps the hub's live state as the database has it: one connection of its own, which listens and reads.

A notice says that something changed, and is no more than a hint: each read asks for what every gateway has written
after the newest batch known of it, and every few seconds everything is read again. Each statement has a second; when
one takes longer, or the connection breaks, the database is *lost*, which is said at once, and tried again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections import deque
from collections.abc import Collection
from typing import Any, Final

import asyncpg
import numpy as np

from sightline.dashboard.feed.copy_rows import DIRECTORY_MARKS, LIVE_ROWS, CopyReader
from sightline.dashboard.feed.events import said, viewers_of
from sightline.dashboard.feed.health import Health, gateway_health
from sightline.dashboard.feed.hub import FeedHub
from sightline.dashboard.live_map.visibility import NO_ID, Attachment, Viewing
from sightline.dashboard.live_state import EYES_ON, STREAMED, CameraEntry
from sightline.sql import AWAY, connect, query
from sightline.sql.settings import DatabaseSettings

ANSWER_WITHIN_S: Final = 1.0
LONGEST_READ_S: Final = 5.0
"""For the directory; the database itself gives up then, so that nothing piles up there behind a lock."""
TRY_AGAIN_AFTER_S: Final = 0.5
READ_EVERY_S: Final = 0.25
READ_AT_MOST_EVERY_S: Final = 0.2
TOGETHER_S: Final = 0.02
"""What is reported within this time after a notice is read with it."""
HEALTH_EVERY_S: Final = 0.5
MARKS_EVERY_S: Final = 1.0
RESYNC_EVERY_S: Final = 5.0
DIRECTORY_EVERY_S: Final = 10.0
BEHIND_OVER_S: Final = 3.0
"""The worst delay within this time is what the health pill shows."""

log = logging.getLogger(__name__)


class FeedSource:
    """See the module.

    Args:
        settings: where the database is.
        hub: what is kept up to date.

    Attributes:
        first_reading: set once everything has been read.
    """

    def __init__(self, settings: DatabaseSettings, hub: FeedHub) -> None:
        self._settings = settings
        self._hub = hub
        self._batches: dict[int, int] = {}
        self._marks: dict[int, int] = {}
        self._strangers: set[int] = set()
        self._intervals: dict[int, int] = {}
        self._news = asyncio.Event()
        self._events: deque[dict[str, Any]] = deque()
        self._delays: deque[tuple[float, float]] = deque()
        self._due: dict[str, float] = {}
        self.first_reading = asyncio.Event()

    async def run(self) -> None:
        """Read until cancelled, whatever happens to the database."""
        while True:
            try:
                await self._run_connected()
            except AWAY as error:
                if self._hub.health.database == "ok":
                    log.warning("feed: the database is lost: %s", error or type(error).__name__)
                self._hub.set_health(self._hub.health.lost(self._hub.now_ms()))
                await asyncio.sleep(TRY_AGAIN_AFTER_S)

    async def _run_connected(self) -> None:
        connection = await connect(
            self._settings, "dashboard", timeout=ANSWER_WITHIN_S, statement_timeout_s=LONGEST_READ_S
        )
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await connection.add_listener("sightline_live", self._heard_live)
                await connection.add_listener("sightline_event", self._heard_event)
            self._due.clear()
            while True:
                began_s = time.monotonic()
                await self._read(connection)
                self.first_reading.set()
                self._hub.beat()  # what was read waits for nothing
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(READ_EVERY_S):
                        await self._news.wait()
                self._news.clear()
                # Reports of many cameras are read together, so that a flood of notices costs no flood of reads and frames.
                since_s = time.monotonic() - began_s
                await asyncio.sleep(max(TOGETHER_S, READ_AT_MOST_EVERY_S - since_s))
        finally:
            connection.terminate()

    async def _read(self, connection: asyncpg.Connection) -> None:
        """Whatever is due."""
        if self._is_due("directory", DIRECTORY_EVERY_S):
            await self._read_directory(connection)
        strangers = await self._read_live(connection, resync=self._is_due("resync", RESYNC_EVERY_S))
        if not strangers <= self._strangers:
            self._strangers |= strangers  # a disabled camera's row stays; one look is enough
            await self._read_directory(connection)
            await self._read_live(connection, resync=True)
        if self._events or self._is_due("marks", MARKS_EVERY_S):
            await self._read_marks(connection)
        if self._is_due("health", HEALTH_EVERY_S):
            await self._read_health(connection)
        await self._pass_on_events(connection)

    def _is_due(self, what: str, every_s: float) -> bool:
        now = time.monotonic()
        if now < self._due.get(what, 0.0):
            return False
        self._due[what] = now + every_s
        return True

    async def _read_directory(self, connection: asyncpg.Connection) -> None:
        rows = await connection.fetch(query("feed.report_intervals"), timeout=ANSWER_WITHIN_S)
        self._intervals = {row["recording"]: row["interval_s"] for row in rows}
        force = await connection.fetchrow(query("api_cameras.force"), timeout=ANSWER_WITHIN_S)
        self._hub.state.ageing_after_s = force["ageing_after_s"]
        self._hub.state.stale_after_s = force["stale_after_s"]
        marks = await _copied(
            connection, DIRECTORY_MARKS, "feed.directory_marks", within_s=LONGEST_READ_S
        )
        found = dict(zip(marks["camera_id"].tolist(), marks["mark"].tolist(), strict=True))
        changed = [number for number, mark in found.items() if self._marks.get(number) != mark]
        entries = []
        if changed:
            rows = await connection.fetch(query("feed.directory"), changed, timeout=LONGEST_READ_S)
            entries = [_entry(row) for row in rows]
        state = self._hub.state
        gone = state.drop(set(self._marks) - set(found))
        places = state.put_entries(entries, self._intervals.get(0, 60))
        self._marks = found
        self._strangers -= set(found)
        self._hub.changed(columns=places, directory=places)
        self._hub.changed(directory=gone)

    async def _read_live(self, connection: asyncpg.Connection, *, resync: bool) -> set[int]:
        """Take what changed. Returns the cameras that reported and are not in the directory."""
        first = not self._batches
        known = {} if resync else self._batches
        rows = await _copied(
            connection, LIVE_ROWS, "feed.changed_since", list(known), list(known.values())
        )
        if resync:
            self._batches = {}  # a database that was put back to an older state has lower ones
        for gateway in np.unique(rows["gateway_id"]).tolist():
            self._batches[gateway] = int(rows["batch"][rows["gateway_id"] == gateway].max())
        state = self._hub.state
        await _name(connection, state.operators, "feed.operators", rows["operator_id"])
        await _name(connection, state.cells, "feed.cells", rows["cell_id"])
        changed = state.put_live(rows, self._intervals)
        self._hub.changed(columns=changed)
        now_ms = self._hub.now_ms()
        if len(rows) and not (first or resync):
            self._delays.append((now_ms, now_ms - float(rows["seen_time_ms"].min())))
        numbers = rows["camera_id"]
        return set(numbers[self._hub.state.places_of(numbers) == NO_ID].tolist())

    async def _read_marks(self, connection: asyncpg.Connection) -> None:
        """Who is watched or wants to be, which cameras are at incidents, and what viewers may see."""
        hub = self._hub
        row = await connection.fetchrow(query("feed.marks"), timeout=ANSWER_WITHIN_S)
        hub.changed(columns=hub.state.mark(STREAMED, row["streamed"]))
        hub.changed(columns=hub.state.mark(EYES_ON, row["eyes_on"]))
        rows = await connection.fetch(query("feed.attachments"), timeout=ANSWER_WITHIN_S)
        hub.attach(_attachment(row) for row in rows)
        sessions = list({viewer.session_id for viewer in hub.viewers})
        for row in await connection.fetch(query("feed.viewers"), sessions, timeout=ANSWER_WITHIN_S):
            hub.view(row["session_id"], viewing(row), answers_alerts=row["answers_alerts"])

    async def _read_health(self, connection: asyncpg.Connection) -> None:
        hub = self._hub
        before_ms = time.time() * 1000
        row = await connection.fetchrow(query("feed.health"), timeout=ANSWER_WITHIN_S)
        after_ms = time.time() * 1000
        hub.clock_offset_ms = row["now_ms"] - (before_ms + after_ms) / 2
        now_ms = hub.now_ms()
        while self._delays and self._delays[0][0] < now_ms - BEHIND_OVER_S * 1000:
            self._delays.popleft()
        behind_ms = max((delay for _, delay in self._delays), default=None)
        hub.set_health(
            Health(
                "ok",
                gateways=gateway_health(json.loads(row["gateways"]), now_ms),
                behind_s=None if behind_ms is None else max(0.0, behind_ms / 1000),
            )
        )

    async def _pass_on_events(self, connection: asyncpg.Connection) -> None:
        async def audience(incident_id: int, user_ids: Collection[int]) -> frozenset[int]:
            found = await connection.fetchval(
                query("feed.audience"), incident_id, list(user_ids), timeout=ANSWER_WITHIN_S
            )
            return frozenset(found)

        while self._events:
            event = self._events[0]
            told = await viewers_of(event, self._hub.viewers, audience)
            self._events.popleft()  # not before: the connection may be lost while it is asked
            if told:
                self._hub.say_event(said(event), told)

    def _heard_live(self, *_notice: object) -> None:
        self._news.set()

    def _heard_event(self, _connection: object, _pid: int, _channel: str, payload: str) -> None:
        event = json.loads(payload)
        if event.get("event") == "camera_access":
            self._due["directory"] = 0.0
        self._events.append(event)
        self._news.set()


async def _copied(
    connection: asyncpg.Connection,
    reader: CopyReader,
    name: str,
    *arguments: object,
    within_s: float = ANSWER_WITHIN_S,
) -> Any:
    """The rows of a query by binary COPY."""
    parts: list[bytes] = []

    async def keep(data: bytes) -> None:
        parts.append(data)

    async with asyncio.timeout(within_s):
        await connection.copy_from_query(query(name), *arguments, output=keep, format="binary")
    return reader.rows(b"".join(parts))


async def _name(
    connection: asyncpg.Connection, names: dict[int, str], name: str, numbers: Any
) -> None:
    """Read the names of numbers that have none yet; 0 stands for unknown."""
    unknown = set(np.unique(numbers).tolist()) - names.keys() - {0}
    if unknown:
        rows = await connection.fetch(query(name), list(unknown), timeout=ANSWER_WITHIN_S)
        names.update((row["id"], row["name"]) for row in rows)


def viewing(row: asyncpg.Record) -> Viewing:
    """A row of ``feed.viewers`` as a value."""
    return Viewing(
        row["user_id"],
        row["scope"],
        row["on_call"],
        frozenset(row["unit_ids"]),
        row["officer_id"],
    )


def _attachment(row: asyncpg.Record) -> Attachment:
    return Attachment(
        row["camera_id"], row["incident_id"], row["restricted"], frozenset(row["user_ids"])
    )


def _entry(row: asyncpg.Record) -> CameraEntry:
    return CameraEntry(
        number=row["id"],
        camera=row["ref"],
        kind=row["kind"],
        officer=row["shoulder_number"],
        name=row["officer_name"] or None,
        call_sign=row["call_sign"],
        unit=row["unit_code"],
        unit_name=row["unit_name"],
        unit_id=row["unit_id"],
        officer_id=row["officer_id"],
        audio_out=row["audio_out"],
    )
