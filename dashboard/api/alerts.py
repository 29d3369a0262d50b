"""Alerts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query

from sightline.dashboard.api.parameters import Key, WithServices
from sightline.dashboard.operations import alerts
from sightline.dashboard.operations.alerts import AnswerFields
from sightline.dashboard.operations.fields import Moment

router = APIRouter(prefix="/api/alerts", tags=["alerts"])


@router.get("")
async def find(services: WithServices) -> dict[str, Any]:
    """Alerts that are not over, oldest first."""
    async with services.acting() as act:
        return {"alerts": await alerts.find(act)}


@router.get("/past")
async def past(
    services: WithServices,
    start: Annotated[
        Moment | None, Query(alias="from", description="default: 24 h before to")
    ] = None,
    end: Annotated[Moment | None, Query(alias="to", description="default: now")] = None,
) -> dict[str, Any]:
    """Alerts that were raised in a time, newest first: how each was answered, and when it ended."""
    last = end or datetime.now(UTC)
    async with services.acting() as act:
        return {"alerts": await alerts.past(act, start or last - timedelta(hours=24), last)}


@router.post("/{alert}/ack")
async def acknowledge(
    alert: Key, services: WithServices, body: AnswerFields | None = None
) -> dict[str, Any]:
    """Answer an alert; whoever asked is told."""
    async with services.acting() as act:
        return await alerts.acknowledge(act, alert, body or AnswerFields())
