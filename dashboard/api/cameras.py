"""Cameras and their tracks, as GeoJSON (RFC 7946)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query, Response

from sightline.dashboard.api.parameters import WithServices, bbox, place
from sightline.dashboard.camera_feature import Feature, point
from sightline.dashboard.operations import cameras, tracks
from sightline.dashboard.operations.fields import Id, Moment, Storable
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
) -> Response:
    """The live state of the cameras that the user may see."""
    async with services.acting() as act:
        found = await cameras.find(
            act, bbox=bbox(box), recording=recording, near=place(near), limit=limit
        )
    return _collection(found)


@router.get("/{camera}")
async def get(services: WithServices, camera: Camera) -> Response:
    """One camera."""
    async with services.acting() as act:
        found = await cameras.get(act, camera)
    return _geojson(found)


@router.get("/{camera}/track")
async def track(
    services: WithServices,
    camera: Camera,
    purpose: Annotated[str, Query(max_length=64), Storable],
    incident: Annotated[Id, Query()],
    start: Annotated[
        Moment | None, Query(alias="from", description="default: 15 min before to")
    ] = None,
    end: Annotated[Moment | None, Query(alias="to", description="default: now")] = None,
    reason: Annotated[Annotated[str, Storable] | None, Query(max_length=500)] = None,
) -> Response:
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


def _track_feature(fix: TrackFix) -> dict[str, Any]:
    properties = asdict(fix)
    lat, lon = properties.pop("lat"), properties.pop("lon")
    said = {name: _json(value) for name, value in properties.items()}
    return {"type": "Feature", "geometry": point(lat, lon), "properties": said}


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _collection(features: list[Feature]) -> Response:
    return _geojson({"type": "FeatureCollection", "features": features})


def _geojson(document: Feature) -> Response:
    return Response(msgspec.json.encode(document), media_type=_GEOJSON)
