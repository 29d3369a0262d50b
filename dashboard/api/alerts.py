"""Alerts."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from sightline.dashboard.api.parameters import Key, WithServices
from sightline.dashboard.operations import alerts
from sightline.dashboard.operations.fields import Fields

router = APIRouter(prefix="/api/alerts", tags=["alerts"])


class AnswerFields(Fields):
    """What to answer."""

    state: alerts.Answer = "seen"


@router.get("")
async def find(services: WithServices) -> dict[str, Any]:
    """Alerts that are not over, oldest first."""
    async with services.acting() as act:
        return {"alerts": await alerts.find(act)}


@router.post("/{alert}/ack")
async def acknowledge(
    alert: Key, services: WithServices, body: AnswerFields | None = None
) -> dict[str, Any]:
    """Answer an alert; whoever asked is told."""
    async with services.acting() as act:
        return await alerts.acknowledge(act, alert, (body or AnswerFields()).state)
