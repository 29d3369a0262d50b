"""What cameras are looked at for."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter

from sightline.dashboard.api.parameters import WithServices
from sightline.dashboard.operations import streams

router = APIRouter(prefix="/api/purposes", tags=["streams"])


@router.get("")
async def find(services: WithServices) -> list[dict[str, str]]:
    """The force's purposes for streams and tracks, by name."""
    async with services.acting() as act:
        return [asdict(one) for one in await streams.purposes(act)]
