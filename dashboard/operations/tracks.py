"""Where a camera has been. Looking needs a purpose and an incident, and is audited before anything is shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sightline.dashboard.access.acting import Actor
from sightline.dashboard.camera_feature import BEARERS, RECORDING, rounded
from sightline.dashboard.errors import InvalidError
from sightline.dashboard.operations.answers import refusal
from sightline.sql import query

LONGEST = timedelta(hours=24)
"""One look spans at most this."""

MOST_FIXES = 100_000


@dataclass(frozen=True)
class TrackFix:
    """One fix of a track: WGS 84 degrees, metres, device's time."""

    fix_time: datetime
    lat: float
    lon: float
    accuracy_m: float | None
    speed_mps: float | None
    heading_deg: float | None
    recording: str
    bearer: str
    rsrp_dbm: float | None
    rsrq_db: float | None
    sinr_db: float | None
    uplink_kbps: float | None
    battery_pct: float | None
    stuck: bool


async def track(
    act: Actor,
    camera: str,
    *,
    start: datetime,
    end: datetime,
    purpose: str,
    incident: int,
    reason: str | None = None,
) -> list[TrackFix]:
    """Fixes from `start` (included) to `end`, oldest first.

    Fixes from a time at which the camera was at a restricted incident that the user is not named on, are left out.

    Raises:
        InvalidError: the time is empty or too long, or the purpose unknown.
        ForbiddenError: the role, or the purpose, does not allow it.
        NotFoundError: no such camera or incident, or not the user's to see.
    """
    if not start < end:
        raise InvalidError("to must be after from.", "to", "a time after from")
    if end - start > LONGEST:
        raise InvalidError("One look spans at most 24 hours.", "from", "at most 24 hours before to")
    row = await act.connection.fetchrow(
        query("api_cameras.open_track"), camera, start, end, purpose, incident, reason
    )
    if row["http"] != 200:
        field = "purpose" if row["code"] == "purpose_unknown" else None
        raise refusal(row["http"], row["code"], row["message"], field)
    rows = await act.connection.fetch(
        query("api_cameras.track"), row["camera_id"], start, end, row["hidden"], MOST_FIXES
    )
    return [
        TrackFix(
            **{
                **{name: rounded(value) for name, value in fix.items() if name != "flags"},
                "lat": fix["lat"],
                "lon": fix["lon"],
                "recording": RECORDING[fix["recording"]],
                "bearer": BEARERS[fix["bearer"]],
                "stuck": bool(fix["flags"] & 2),
            }
        )
        for fix in rows
    ]
