"""Snapshots: one picture out of a stream, kept on purpose with the incident."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sightline.dashboard.errors import ConflictError, NotFoundError
from sightline.dashboard.operations.answers import refusal
from sightline.dashboard.services import Services
from sightline.sql import query


@dataclass(frozen=True)
class Snapshot:
    """A picture that was kept.

    Attributes:
        id: its id.
        incident: with which it is kept.
        camera: of which it is.
        taken_time: UTC, the server's clock.
    """

    id: UUID
    incident: int
    camera: str
    taken_time: datetime


async def take(services: Services, stream: UUID) -> Snapshot:
    """Keep the next picture of one's own stream, with its audit row and an entry in the command log.

    Raises:
        RefusalError: it may not be, and why (404, 409).
        RelayAwayError: the relay does not answer.
        RelayRefusedError: no whole picture came in time.
    """
    async with services.acting() as act:
        row = await act.connection.fetchrow(query("snapshots.may"), stream)
        if row["http"] != 200:
            raise refusal(row["http"], row["code"], row["message"], "stream")
    picture = await services.relay.snapshot(row["relay_url"], stream)
    async with services.acting() as act:
        kept = await act.connection.fetchrow(query("snapshots.keep"), stream, picture)
    if kept is None:
        raise ConflictError("The stream ended before the picture was kept.", "stream_ended")
    return Snapshot(kept["snapshot_id"], kept["incident_id"], kept["camera"], kept["taken_time"])


async def picture(services: Services, snapshot: UUID) -> bytes:
    """A kept picture (JPEG); that it was looked at is in the audit.

    Raises:
        NotFoundError: there is none, or it is not the user's to see.
    """
    async with services.acting() as act:
        kept: bytes | None = await act.connection.fetchval(query("snapshots.picture"), snapshot)
    if kept is None:
        raise NotFoundError(
            "There is no such snapshot, or it is not yours to see.", "snapshot_unknown"
        )
    return kept
