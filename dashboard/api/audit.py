"""The audit, and who watched my camera."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query

from sightline.dashboard.api.parameters import WithServices
from sightline.dashboard.operations import audit
from sightline.dashboard.operations.fields import Moment

router = APIRouter(prefix="/api/audit", tags=["audit"])


@router.get("")
async def entries(
    services: WithServices, wanted: Annotated[audit.AuditFilter, Query()]
) -> dict[str, Any]:
    """Audit rows, newest first; reading them is audited."""
    async with services.acting() as act:
        return {"entries": await audit.entries(act, wanted)}


@router.get("/watched-me")
async def watched_me(
    services: WithServices,
    start: Annotated[
        Moment | None, Query(alias="from", description="default: 31 days before to")
    ] = None,
    end: Annotated[Moment | None, Query(alias="to", description="default: now")] = None,
) -> dict[str, Any]:
    """Who watched the user's own camera, or looked at its track."""
    last = end or datetime.now(UTC)
    first = start or last - timedelta(days=31)
    async with services.acting() as act:
        return {"watched": await audit.watched_me(act, first, last)}
