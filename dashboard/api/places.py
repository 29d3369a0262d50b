"""Places by what people call them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query

from sightline.dashboard.api.parameters import WithServices, place
from sightline.dashboard.operations import places
from sightline.dashboard.operations.fields import Storable

router = APIRouter(prefix="/api/places", tags=["places"])


@router.get("")
async def find(
    services: WithServices,
    q: Annotated[
        str,
        Query(
            min_length=2, max_length=places.LONGEST, description="grid reference, degrees, or name"
        ),
        Storable,
    ],
    near: Annotated[str | None, Query(description="lat,lon: of places called alike")] = None,
) -> dict[str, Any]:
    """The places that a text may mean, best first."""
    async with services.acting() as act:
        return asdict(await places.find(act, q, place(near)))
