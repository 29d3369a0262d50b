"""Cameras with their latest state, as far as the acting user may see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import asyncpg

from sightline.dashboard.access.acting import Actor
from sightline.dashboard.errors import InvalidError, NotFoundError
from sightline.ingest.freshness import Freshness, freshness
from sightline.ingest.quality import Quality, quality
from sightline.sql import query

Recording = Literal["unknown", "off", "buffering", "recording"]
RECORDING: Final[tuple[Recording, ...]] = ("unknown", "off", "buffering", "recording")
"""Words by the code in the database."""

BEARERS: Final = ("unknown", "lte", "nr", "wifi", "other")
MOST = 50_000
"""Most cameras in one answer."""


@dataclass(frozen=True)
class CameraState:
    """One camera now. Positions are WGS 84 degrees; None is unknown.

    Attributes:
        camera: its id in messages.
        kind: ``body_worn`` or ``tracker``.
        officer: shoulder number of the wearer.
        officer_name: rank and name of the wearer.
        call_sign: of the present duty.
        unit: code of the wearer's unit.
        unit_name: its name.
        recording: latest state by arrival.
        recording_since: since when it is so.
        freshness: how old what we know is, in a word; ``never`` without any position.
        age_s: seconds since anything that proves the state was received.
        fix_time: device's time of the position.
        fix_age_s: seconds since then.
        lat, lon: degrees.
        accuracy_m: radius, metres.
        speed_mps, heading_deg: of the movement.
        quality: what a stream would be like now, from the signal.
        signal: bearer, operator, cell, rsrp_dbm, rsrq_db, sinr_db, rssi_dbm, uplink_kbps and their time.
        battery_pct: 0 to 100.
        stuck: reports one position while moving by other signs.
        fix_flagged: the newest fix was quarantined.
        audio_out: ``none``, ``earpiece`` or ``speaker``.
        distance_m: from the place that was asked for.
    """

    camera: str
    kind: str
    officer: str | None
    officer_name: str | None
    call_sign: str | None
    unit: str | None
    unit_name: str | None
    recording: Recording
    recording_since: datetime | None
    freshness: Freshness
    age_s: float | None
    fix_time: datetime | None
    fix_age_s: float | None
    lat: float | None
    lon: float | None
    accuracy_m: float | None
    speed_mps: float | None
    heading_deg: float | None
    quality: Quality
    signal: dict[str, Any]
    battery_pct: float | None
    stuck: bool
    fix_flagged: bool
    audio_out: str | None
    distance_m: float | None = None


async def find(
    act: Actor,
    *,
    bbox: tuple[float, float, float, float] | None = None,
    recording: str | None = None,
    near: tuple[float, float] | None = None,
    limit: int | None = None,
) -> list[CameraState]:
    """Cameras that the user may see.

    Args:
        act: who asks.
        bbox: west, south, east, north in degrees; cameras without a position are then left out.
        recording: only those in this state.
        near: latitude and longitude; nearest first, those without a position left out.
        limit: at most so many.

    Raises:
        InvalidError: `recording` is not one of `RECORDING`.
    """
    code = None
    if recording is not None:
        if recording not in RECORDING:
            raise InvalidError(
                f"recording is {recording[:40]!r}; it must be one of {', '.join(RECORDING)}.",
                "recording",
                RECORDING,
            )
        code = RECORDING.index(recording)
    lat, lon = near or (None, None)
    return await _read(act, *(bbox or (None,) * 4), code, lon, lat, None, limit or MOST)


async def get(act: Actor, camera: str) -> CameraState:
    """One camera.

    Raises:
        NotFoundError: there is none of this id, or it is not the user's to see.
    """
    found = await _read(act, *(None,) * 7, camera, 1)
    if not found:
        raise NotFoundError("There is no such camera, or it is not yours to see.", "camera_unknown")
    return found[0]


async def _read(act: Actor, *arguments: object) -> list[CameraState]:
    force = await act.connection.fetchrow(query("api_cameras.force"))
    rows = await act.connection.fetch(query("api_cameras.find"), *arguments)
    return [_state(row, force) for row in rows]


def _state(row: asyncpg.Record, force: asyncpg.Record) -> CameraState:
    seen_age_s = row["seen_age_s"]
    word = freshness(
        None if row["fix_time"] is None else seen_age_s,
        row["interval_s"] or 0,
        ageing_after_s=force["ageing_after_s"],
        stale_after_s=force["stale_after_s"],
    )
    names = ("cell", "operator", "rsrp_dbm", "rsrq_db", "sinr_db", "rssi_dbm", "uplink_kbps")
    signal: dict[str, Any] = {name: rounded(row[name]) for name in names}
    name = row["officer_name"]
    return CameraState(
        camera=row["camera"],
        kind=row["kind"],
        officer=row["officer"],
        officer_name=name and f"{row['rank']} {name}",
        call_sign=row["call_sign"],
        unit=row["unit"],
        unit_name=row["unit_name"],
        recording=RECORDING[row["recording"]],
        recording_since=row["recording_since"],
        freshness=word,
        age_s=_tenths(seen_age_s),
        fix_time=row["fix_time"],
        fix_age_s=_tenths(row["fix_age_s"]),
        lat=row["lat"],
        lon=row["lon"],
        accuracy_m=rounded(row["accuracy_m"]),
        speed_mps=rounded(row["speed_mps"]),
        heading_deg=rounded(row["heading_deg"]),
        quality=quality(row["rsrp_dbm"], row["rsrq_db"], row["sinr_db"], row["uplink_kbps"]),
        signal={"bearer": BEARERS[row["bearer"]], "time": row["signal_time"], **signal},
        battery_pct=rounded(row["battery_pct"]),
        stuck=bool(row["flags"] & 2),
        fix_flagged=bool(row["flags"] & 16),
        audio_out=row["audio_out"],
        distance_m=_tenths(row["distance_m"]),
    )


def _tenths(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def rounded(value: Any) -> Any:
    """A measured value as it was sent: the database keeps it in single precision, which adds digits."""
    return round(value, 2) if isinstance(value, float) else value
