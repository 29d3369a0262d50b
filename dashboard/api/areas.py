"""The force's own areas."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from sightline.dashboard.api.parameters import WithServices
from sightline.dashboard.operations import areas

router = APIRouter(prefix="/api/areas", tags=["areas"])


@router.get("")
async def find(services: WithServices) -> dict[str, Any]:
    """Divisions, boroughs or beats as GeoJSON, by name."""
    async with services.acting() as act:
        return await areas.find(act)
