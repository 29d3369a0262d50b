"""Who is on call."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query

from sightline.dashboard.api.parameters import WithServices
from sightline.dashboard.operations import rota
from sightline.dashboard.operations.fields import Moment

router = APIRouter(prefix="/api/rota", tags=["rota"])


@router.get("")
async def on_call(services: WithServices, at: Moment | None = None) -> dict[str, Any]:
    """Who is on call at a time (default: now), next in turn first, and what cover lacks."""
    async with services.acting() as act:
        return await rota.on_call(act, at)


@router.put("")
async def put_shifts(body: rota.RotaFields, services: WithServices) -> dict[str, Any]:
    """Replace the shifts of a time; gives the gaps in its cover."""
    async with services.acting() as act:
        return await rota.put_shifts(act, body)


@router.get("/cover")
async def cover(
    services: WithServices,
    start: Annotated[Moment | None, Query(alias="from", description="default: now")] = None,
    end: Annotated[
        Moment | None, Query(alias="to", description="default: a week after from")
    ] = None,
) -> dict[str, Any]:
    """The gaps in cover."""
    first = start or datetime.now(UTC)
    async with services.acting() as act:
        return await rota.cover(act, first, end or first + timedelta(days=7))
