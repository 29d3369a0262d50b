"""Keeps the picture as the database has it, on a connection of its own that listens and reads, while anybody looks.

A notice says that something changed and is no more than a hint; what changed is asked by gateway and batch, and every
second in any case. Who is hidden is asked after the positions in every reading, so that no position is shown that a
newer restriction hides. When the database is lost, nothing is shown until it has been read again.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from contextlib import suppress
from typing import Final

import asyncpg

from sightline.ingest.cot.audience import Audience
from sightline.ingest.cot.picture import Caption, Where
from sightline.sql import AWAY, connect, query
from sightline.sql.settings import DatabaseSettings

log = logging.getLogger(__name__)

ANSWER_WITHIN_S: Final = 2.0
_ALL_WITHIN_S: Final = 10.0
_TRY_AGAIN_AFTER_S: Final = 0.5
_READ_EVERY_S: Final = 1.0
_GATHER_S: Final = 0.25
"""Notices of many flushes are answered by one reading."""
_DIRECTORY_EVERY_S: Final = 10.0
_PERMITTED_EVERY_S: Final = 2.0


class Source:
    """See the module.

    Attributes:
        lost_since: monotonic time since when the picture cannot be read though somebody looks; None: it can.
    """

    def __init__(self, settings: DatabaseSettings, audience: Audience) -> None:
        self._settings = settings
        self._audience = audience
        self._batches: dict[int, int] = {}
        self._due: dict[str, float] = {}
        self._news = asyncio.Event()
        self._urgent = asyncio.Event()
        self.lost_since: float | None = None

    async def run(self) -> None:
        """Read until cancelled, whenever there is a viewer."""
        while True:
            await self._audience.someone.wait()
            try:
                await self._run_connected()
            except AWAY as error:
                if self.lost_since is None:
                    self.lost_since = time.monotonic()
                    log.warning("cot: the officers cannot be read: %r", error)
            self._audience.doubt()
            await asyncio.sleep(_TRY_AGAIN_AFTER_S)

    async def _run_connected(self) -> None:
        connection = await connect(self._settings, "gateway", timeout=ANSWER_WITHIN_S)
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await connection.add_listener("sightline_live", self._heard_live)
                await connection.add_listener("sightline_event", self._heard_event)
            self._batches, self._due = {}, {}
            while self._audience.someone.is_set():
                await self._read(connection)
                self.lost_since = None
                await self._wait()
        finally:
            connection.terminate()

    async def _wait(self) -> None:
        """Until there is news; positions are gathered for a moment, whatever may hide somebody is not."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_READ_EVERY_S):
                await self._news.wait()
            async with asyncio.timeout(_GATHER_S):
                await self._urgent.wait()
        self._news.clear()
        self._urgent.clear()

    def _heard_live(self, *_notice: object) -> None:
        self._news.set()

    def _heard_event(self, _connection: object, _pid: int, _channel: str, text: str) -> None:
        if json.loads(text).get("event") == "camera_access":
            self._due.pop("directory", None)
        self._news.set()
        self._urgent.set()

    async def _read(self, connection: asyncpg.Connection) -> None:
        """Whatever is due. All is read before any of it is taken, restrictions last: nobody sees half of it."""
        audience, picture = self._audience, self._audience.picture
        directory = self._is_due("directory", _DIRECTORY_EVERY_S)
        captions = await self._directory(connection) if directory else None
        places = await self._places(connection)
        rows = await connection.fetch(query("cot.hidden"), timeout=ANSWER_WITHIN_S)
        hidden, changed = picture.put_hidden(frozenset(row["camera_id"] for row in rows))
        if captions is not None:
            changed |= picture.put_captions(captions)
        changed |= picture.put_places(places)
        audience.confirm()
        if hidden or directory:
            audience.withdraw_hidden()
        audience.changed(changed)
        if self._is_due("permitted", _PERMITTED_EVERY_S):
            await self._see_who_may_look(connection)

    def _is_due(self, what: str, every_s: float) -> bool:
        now_s = time.monotonic()
        if now_s < self._due.get(what, 0.0):
            return False
        self._due[what] = now_s + every_s
        return True

    async def _directory(self, connection: asyncpg.Connection) -> dict[int, Caption]:
        picture = self._audience.picture
        force = await connection.fetchrow(query("cot.force"), timeout=ANSWER_WITHIN_S)
        rows = await connection.fetch(query("gateway.report_intervals"), timeout=ANSWER_WITHIN_S)
        picture.stale_after_s = force["stale_after_s"]
        picture.intervals_s = {row["recording"]: row["interval_s"] for row in rows}
        rows = await connection.fetch(query("cot.directory"), timeout=_ALL_WITHIN_S)
        return {row["id"]: Caption(row["ref"], row["callsign"]) for row in rows}

    async def _places(self, connection: asyncpg.Connection) -> list[tuple[int, Where]]:
        """What changed since the last time."""
        known = self._batches
        rows = await connection.fetch(
            query("cot.changed_since"),
            list(known),
            list(known.values()),
            timeout=ANSWER_WITHIN_S if known else _ALL_WITHIN_S,
        )
        for row in rows:
            known[row["gateway_id"]] = max(row["batch"], known.get(row["gateway_id"], 0))
        return [(row["camera_id"], Where(round(row["fix_time_ms"]), *row[4:])) for row in rows]

    async def _see_who_may_look(self, connection: asyncpg.Connection) -> None:
        accounts = [v for v in self._audience.viewers if v.recipient.user_id is not None]
        if not accounts:
            return
        rows = await connection.fetch(
            query("cot.not_permitted"),
            [viewer.recipient.user_id for viewer in accounts],
            [viewer.recipient.session_id for viewer in accounts],
            timeout=ANSWER_WITHIN_S,
        )
        for row in rows:
            accounts[row["place"] - 1].hang_up("the account may not be shown officers any more")
