"""Who watched the reader's camera, in words. Pure but for the reading itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sightline.dashboard.access.acting import Actor
from sightline.dashboard.ages import age_words
from sightline.dashboard.operations import audit

PERIODS = {"1": "24 hours", "7": "7 days", "31": "31 days", "365": "Year"}
"""Days → how they are called."""


@dataclass(frozen=True)
class Watched:
    """One time that somebody looked.

    Attributes:
        at: when it began.
        what: a live picture, or where the reader had been.
        by: the watcher's role and name.
        why: purpose, in the force's words.
        camera: which camera.
        lasted: how long, for a live picture.
    """

    at: datetime
    what: str
    by: str
    why: str
    camera: str
    lasted: str


_WHAT = {
    "stream.open": "Live picture",
    "track.view": "Where you had been",
    "replay.view": "Where all had been in an area, you among them",
}


async def read(act: Actor, now: datetime, days: int) -> list[Watched]:
    """Who looked in the last days, newest first.

    Raises:
        ForbiddenError: the reader has no camera of their own to ask about.
    """
    rows = await audit.watched_me(act, now - timedelta(days=days), now)
    return [
        Watched(
            at=row["at"],
            what=_WHAT[row["action"]],
            by=f"{row['by_role']} {row['by_name']}" if row["by_name"] else row["by_role"],
            why=row["purpose"] or "",
            camera=row["camera"],
            lasted="" if row["seconds"] is None else age_words(max(1, row["seconds"])),
        )
        for row in rows
    ]
