"""What a stream would be like at a place."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query

from sightline.dashboard.api.parameters import WithServices
from sightline.dashboard.operations import forecast as operations

router = APIRouter(prefix="/api/coverage", tags=["coverage"])


@router.get("/forecast")
async def forecast(
    services: WithServices,
    lat: Annotated[float, Query(description="degrees, WGS 84")],
    lon: Annotated[float, Query(description="degrees, WGS 84")],
) -> dict[str, Any]:
    """The forecast, with how many observations it rests on."""
    async with services.acting() as act:
        found = asdict(await operations.forecast(act, lat, lon))
    statistics = found.pop("statistics")
    return {**found, "observations": statistics["known"], "statistics": statistics}
