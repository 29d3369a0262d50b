"""Cameras with their latest state, as far as the acting user may see them."""

from __future__ import annotations

import asyncio
from typing import Final

import asyncpg
from msgspec import UNSET

from sightline.dashboard.access.acting import Actor
from sightline.dashboard.camera_feature import (
    BEARERS,
    RECORDING,
    CameraProperties,
    CameraSignal,
    Feature,
    age,
    camera_feature,
    rounded,
    time_words,
)
from sightline.dashboard.errors import InvalidError, NotFoundError
from sightline.ingest.freshness import freshness
from sightline.ingest.quality import quality
from sightline.sql import query

MOST: Final = 50_000
"""Most cameras in one answer."""


async def find(
    act: Actor,
    *,
    bbox: tuple[float, float, float, float] | None = None,
    recording: str | None = None,
    near: tuple[float, float] | None = None,
    limit: int | None = None,
) -> list[Feature]:
    """Cameras that the user may see, as GeoJSON features.

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


async def get(act: Actor, camera: str) -> Feature:
    """One camera as a GeoJSON feature.

    Raises:
        NotFoundError: there is none of this id, or it is not the user's to see.
    """
    found = await _read(act, *(None,) * 7, camera, 1)
    if not found:
        raise NotFoundError("There is no such camera, or it is not yours to see.", "camera_unknown")
    return found[0]


async def _read(act: Actor, *arguments: object) -> list[Feature]:
    force = await act.connection.fetchrow(query("api_cameras.force"))
    rows = await act.connection.fetch(query("api_cameras.find"), *arguments)
    # Beside the event loop: a large force is a second's work, in which the live feed would stand still for everybody.
    return await asyncio.to_thread(lambda: [_feature(row, force) for row in rows])


def _feature(row: asyncpg.Record, force: asyncpg.Record) -> Feature:
    seen_age_s = row["seen_age_s"]
    name = row["officer_name"]
    signal = CameraSignal(
        BEARERS[row["bearer"]],
        time_words(row["signal_time"]),
        row["operator"],
        row["cell"],
        rounded(row["rsrp_dbm"]),
        rounded(row["rsrq_db"]),
        rounded(row["sinr_db"]),
        rounded(row["rssi_dbm"]),
        rounded(row["uplink_kbps"]),
    )
    properties = CameraProperties(
        camera=row["camera"],
        kind=row["kind"],
        officer=row["officer"],
        officer_name=name and f"{row['rank']} {name}",
        call_sign=row["call_sign"],
        unit=row["unit"],
        unit_name=row["unit_name"],
        recording=RECORDING[row["recording"]],
        recording_since=time_words(row["recording_since"]),
        freshness=freshness(
            None if row["fix_time"] is None else seen_age_s,
            row["interval_s"] or 0,
            ageing_after_s=force["ageing_after_s"],
            stale_after_s=force["stale_after_s"],
        ),
        seen_time=time_words(row["seen_time"]),
        age_s=age(seen_age_s),
        fix_time=time_words(row["fix_time"]),
        fix_age_s=age(row["fix_age_s"]),
        accuracy_m=rounded(row["accuracy_m"]),
        speed_mps=rounded(row["speed_mps"]),
        heading_deg=rounded(row["heading_deg"]),
        quality=quality(row["rsrp_dbm"], row["rsrq_db"], row["sinr_db"], row["uplink_kbps"]),
        signal=signal,
        battery_pct=rounded(row["battery_pct"]),
        stuck=bool(row["flags"] & 2),
        fix_flagged=bool(row["flags"] & 16),
        streamed=row["streamed"],
        eyes_on=row["eyes_on"],
        audio_out=row["audio_out"],
        distance_m=UNSET if row["distance_m"] is None else round(row["distance_m"], 1),
    )
    return camera_feature(row["lat"], row["lon"], properties)
