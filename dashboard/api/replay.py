"""Replay: what an area looked like."""

from __future__ import annotations

import asyncio

import msgspec
from fastapi import APIRouter, Response

from sightline.dashboard.api.parameters import WithServices
from sightline.dashboard.operations import replay
from sightline.dashboard.operations.replay import ReplayFields

router = APIRouter(prefix="/api/replay", tags=["cameras"])


@router.post("")
async def look(services: WithServices, body: ReplayFields) -> Response:
    """Where the cameras in an area were over a time. Needs purpose, incident and reason; audited."""
    async with services.acting() as act:
        found = await replay.replay(act, body)
    # A hundred thousand places take a while to write down, and others wait for this loop.
    document = await asyncio.to_thread(msgspec.json.encode, found)
    return Response(document, media_type="application/json")
