"""Snapshots of streams."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from sightline.dashboard.api.parameters import WithServices
from sightline.dashboard.operations import snapshots

router = APIRouter(tags=["streams"])

JPEG = "image/jpeg"


@router.post("/api/streams/{stream}/snapshot", status_code=201)
async def take(stream: UUID, services: WithServices) -> dict[str, Any]:
    """Keep the next picture of one's own stream with its incident; audited."""
    kept = await snapshots.take(services, stream)
    return {
        "id": kept.id,
        "snapshot": kept.id,
        "incident": kept.incident,
        "camera": kept.camera,
        "taken_time": kept.taken_time,
        "picture": f"/api/snapshots/{kept.id}",
    }


@router.get("/api/snapshots/{snapshot}", response_class=Response)
async def picture(snapshot: UUID, services: WithServices) -> Response:
    """A kept picture; audited."""
    kept = await snapshots.picture(services, snapshot)
    return Response(kept, media_type=JPEG, headers={"Cache-Control": "no-store"})
