"""Positions that a TAK program reports → the writer's inbox, as any camera's.

A TAK program has no connection of the camera protocol and takes none over: it never claims the camera, so that the
camera's own connection stays, with all that goes with it (commands, streams). What it says is APART (see
`sightline.ingest.merge`): it neither sets the recording state of a camera nor keeps a known one fresh.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg

from sightline.ingest.adapters.cot import Element, position, shown
from sightline.ingest.adapters.errors import CotEventError
from sightline.ingest.conversation import Services
from sightline.ingest.cot.counts import CotCounts
from sightline.ingest.doors import BridgeIdentity, CameraIdentity
from sightline.ingest.errors import DatabaseAwayError
from sightline.ingest.explain import micros
from sightline.ingest.fields import CAMERA_ID_ALLOWED, CAMERA_ID_PATTERN
from sightline.ingest.gather import Gather
from sightline.ingest.merge import APART
from sightline.ingest.received import Received, acknowledgement
from sightline.ingest.tolerance import Tolerance
from sightline.sql import AWAY, query

log = logging.getLogger(__name__)

_CAMERA_ID: Final = re.compile(CAMERA_ID_PATTERN)
_STANDING_GOOD_FOR_S: Final = 1.0
_MOST_REMEMBERED: Final = 50_000
_MOST_UNWRITTEN: Final = 10_000
"""Messages and fixes of one connection that wait to be written, before it is read on."""
_UNKNOWN_FOR_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Standing:
    """How a camera stands.

    Attributes:
        disabled: whether nothing of it is taken.
        until_s: monotonic time until when this is not asked again.
    """

    disabled: bool
    until_s: float


class Standings:
    """Asks the database how cameras stand, once a second for each at most; for all connections together."""

    def __init__(self, pool: asyncpg.Pool, services: Services) -> None:
        self._pool = pool
        self._services = services
        self._known: dict[int, Standing] = {}
        self._asking: Gather[int, Standing] = Gather(self._ask)

    async def of(self, camera_id: int) -> Standing | None:
        """How a camera stands; None: there is no such camera.

        Raises:
            DatabaseAwayError: nobody can say now.
        """
        known = self._known.get(camera_id)
        if known is not None and time.monotonic() < known.until_s:
            return known
        return await self._asking.get(camera_id)

    async def _ask(self, camera_ids: list[int]) -> dict[int, Standing]:
        try:
            rows = await self._pool.fetch(query("cot.standing"), camera_ids)
        except AWAY as error:
            raise DatabaseAwayError(f"cot.standing: {error!r}") from error
        if len(self._known) > _MOST_REMEMBERED:
            self._known.clear()
        until_s = time.monotonic() + _STANDING_GOOD_FOR_S
        found = {}
        for row in rows:
            number, set_time = row["camera_id"], row["recording_time"]
            found[number] = self._known[number] = Standing(row["disabled"], until_s)
            recording_us = None if set_time is None else micros(set_time)
            self._services.writer.forget_other_than(number, recording_us)
        return found


class Sender:
    """What one connection reports, on the strength of a camera's or a bridge's token.

    Attributes:
        identity: whose token it is.
    """

    def __init__(
        self,
        identity: CameraIdentity | BridgeIdentity,
        own_uid: str,
        services: Services,
        standings: Standings,
        counts: CotCounts,
    ) -> None:
        """`own_uid`: the uid that the program signed in with; empty: that of its first position is its own."""
        self.identity = identity
        self._own_uid = own_uid
        self._services = services
        self._standings = standings
        self._counts = counts
        self._seq = 0
        self._unwritten = 0
        self._unknown_until: dict[str, float] = {}
        self._told = Tolerance(services.limits.errors)
        self._relief = asyncio.Event()

    @property
    def name(self) -> str:
        """Whom it speaks for, in logs."""
        who = self.identity
        return f"camera {who.ref}" if isinstance(who, CameraIdentity) else f"bridge {who.name}"

    async def room(self) -> None:
        """Wait until more may be taken."""
        await self._services.writer.inbox.room()
        while self._unwritten > _MOST_UNWRITTEN:
            self._relief.clear()
            await self._relief.wait()

    async def take(self, event: Element) -> None:
        """Take one event that tells a position, or refuse it and say why in the log.

        Raises:
            DatabaseAwayError: nobody can say whose it is now.
        """
        if self._is_somebody_elses(event):
            self._counts.ignored += 1
            return
        try:
            camera_id, ref = await self._camera(event)
            await self._check(camera_id, ref)
            self._seq += 1
            report = position(event, self._seq, ref)
        except CotEventError as error:
            self._refuse(event, error)
            return
        received = Received(camera_id, APART, time.time_ns() // 1000, report, self)
        self._unwritten += received.size
        self._counts.positions += 1
        self._services.traffic.fixes += 1
        self._services.writer.inbox.put(received)

    def _is_somebody_elses(self, event: Element) -> bool:
        """Whether a camera's program says where something else is: a marker, put on its map and shared."""
        if isinstance(self.identity, BridgeIdentity):
            return False  # there the uid names the camera
        self._own_uid = self._own_uid or event.uid
        return event.is_marker and event.uid != self._own_uid

    async def _camera(self, event: Element) -> tuple[int, str]:
        if isinstance(self.identity, CameraIdentity):
            return self.identity.camera_id, self.identity.ref
        names = [name for name in (event.uid, event.callsign) if _CAMERA_ID.fullmatch(name)]
        for name in names:
            found = await self._look_up(name)
            if found is not None:
                return found, name
        said = shown(event.uid)
        if not names:
            raise CotEventError("event uid", said, f"the id of a camera: {CAMERA_ID_ALLOWED}")
        raise CotEventError("event uid", said, "the id of a registered camera, or its call sign is")

    async def _check(self, camera_id: int, ref: str) -> None:
        """See that something of this camera may be taken."""
        standing = await self._standings.of(camera_id)
        if standing is None or standing.disabled:
            raise CotEventError("camera", ref, "a camera that is not disabled")

    async def _look_up(self, ref: str) -> int | None:
        """Number of a camera; that there is none is not asked again for a while."""
        if self._unknown_until.get(ref, 0.0) > time.monotonic():
            return None
        known = await self._services.register.camera(ref)
        if known is None:
            if len(self._unknown_until) > _MOST_UNWRITTEN:
                self._unknown_until.clear()
            self._unknown_until[ref] = time.monotonic() + _UNKNOWN_FOR_S
            return None
        return known.camera_id

    def _refuse(self, event: Element, error: CotEventError) -> None:
        self._counts.refused += 1
        self._tell(f"{shown(event.uid)}: {error}")

    def _tell(self, what: str) -> None:
        """Into the log, but not more often than anybody reads it."""
        if self._told.exceeded_for_s() == 0:
            self._told.count()
            log.info("cot, %s: an event is not taken as it is: %s", self.name, what)

    # --- as the channel of what it received

    def acknowledge(self, committed: Sequence[Received]) -> None:
        """What was received is committed, or refused for good. TAK programs are not told."""
        self._unwritten -= sum(received.size for received in committed)
        self._relief.set()
        acks = [acknowledgement(received) for received in committed]
        for entry in (entry for ack in acks for entry in ack.rejected):
            what = entry.field or "the position"
            self._tell(f"{what} is {entry.value!r}: {entry.code}; allowed: {entry.allowed}")
