"""Cameras and their tracks, as GeoJSON (RFC 7946)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime

from sightline.dashboard.api.parameters import WithServices, bbox, place
from sightline.dashboard.operations import cameras, tracks
from sightline.dashboard.operations.cameras import CameraState
from sightline.dashboard.operations.tracks import TrackFix

router = APIRouter(prefix="/api/cameras", tags=["cameras"])
_GEOJSON = "application/geo+json"

Camera = Annotated[str, Path(max_length=64, pattern=r"^[A-Za-z0-9._:-]+$")]


@router.get("")
async def find(
    services: WithServices,
    box: Annotated[str | None, Query(alias="bbox", description="west,south,east,north")] = None,
    recording: Annotated[
        str | None, Query(description="off, buffering, recording, unknown")
    ] = None,
    near: Annotated[str | None, Query(description="lat,lon: nearest first")] = None,
    limit: Annotated[int | None, Query(ge=1, le=cameras.MOST)] = None,
) -> JSONResponse:
    """The live state of the cameras that the user may see."""
    async with services.acting() as act:
        found = await cameras.find(
            act, bbox=bbox(box), recording=recording, near=place(near), limit=limit
        )
    return _collection([feature(state) for state in found])


@router.get("/{camera}")
async def get(services: WithServices, camera: Camera) -> JSONResponse:
    """One camera."""
    async with services.acting() as act:
        state = await cameras.get(act, camera)
    return JSONResponse(feature(state), media_type=_GEOJSON)


@router.get("/{camera}/track")
async def track(
    services: WithServices,
    camera: Camera,
    purpose: Annotated[str, Query(max_length=64)],
    incident: Annotated[int, Query(ge=1, le=2**63 - 1)],
    start: Annotated[
        AwareDatetime | None, Query(alias="from", description="default: 15 min before to")
    ] = None,
    end: Annotated[AwareDatetime | None, Query(alias="to", description="default: now")] = None,
    reason: Annotated[str | None, Query(max_length=500)] = None,
) -> JSONResponse:
    """Where a camera has been, oldest first. Needs a purpose and an incident; audited."""
    last = end or datetime.now(UTC)
    async with services.acting() as act:
        found = await tracks.track(
            act,
            camera,
            start=start or last - timedelta(minutes=15),
            end=last,
            purpose=purpose,
            incident=incident,
            reason=reason,
        )
    return _collection([_track_feature(fix) for fix in found])


def feature(state: CameraState) -> dict[str, Any]:
    """A camera as a GeoJSON feature; its geometry is null without a position."""
    properties = asdict(state)
    lat, lon = properties.pop("lat"), properties.pop("lon")
    properties.update(
        {name: _json(properties[name]) for name in ("fix_time", "recording_since")},
        signal={name: _json(value) for name, value in state.signal.items()},
    )
    return _feature(lat, lon, properties)


def _track_feature(fix: TrackFix) -> dict[str, Any]:
    properties = asdict(fix)
    lat, lon = properties.pop("lat"), properties.pop("lon")
    return _feature(lat, lon, {name: _json(value) for name, value in properties.items()})


def _feature(lat: float | None, lon: float | None, properties: dict[str, Any]) -> dict[str, Any]:
    geometry = None if lat is None else {"type": "Point", "coordinates": [lon, lat]}
    found: dict[str, Any] = {"type": "Feature", "geometry": geometry, "properties": properties}
    if "camera" in properties:
        found["id"] = properties["camera"]
    return found


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _collection(features: list[dict[str, Any]]) -> JSONResponse:
    return JSONResponse({"type": "FeatureCollection", "features": features}, media_type=_GEOJSON)
