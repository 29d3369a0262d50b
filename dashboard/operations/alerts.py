"""Alerts: few, and each says what to do."""

from __future__ import annotations

import json
from typing import Any, Literal, get_args

from sightline.dashboard.access.acting import Actor
from sightline.dashboard.errors import InvalidError, NotFoundError
from sightline.sql import query

Answer = Literal["seen", "watching", "ended"]

_TO_DO = {
    "eyes_on": "The officer asks for eyes on: open the camera, or answer that you have seen it.",
    "cover_short": "Fewer negotiators are on call than the force wants: see the rota.",
}


async def find(act: Actor) -> list[dict[str, Any]]:
    """Alerts that are not over, oldest first: id, kind, state, camera, officer, what to do.

    Raises:
        ForbiddenError: the role does not answer alerts.
    """
    await act.require("alert.answer", "alert.list", "alert", "all")
    rows = await act.connection.fetch(query("alerts.open"))
    return [
        {**row, "detail": json.loads(row["detail"]), "to_do": _TO_DO[row["kind"]]} for row in rows
    ]


async def acknowledge(act: Actor, alert: int, state: str = "seen") -> dict[str, Any]:
    """Answer an alert; the camera is told. Gives the state it has now.

    Raises:
        ForbiddenError: the role does not answer alerts.
        InvalidError: `state` is not an answer.
        NotFoundError: no such alert, or not the user's to see.
    """
    await act.require("alert.answer", "alert.answer", "alert", str(alert))
    if state not in get_args(Answer):
        raise InvalidError(f"state is {state[:40]!r}.", "state", get_args(Answer))
    if not await act.connection.fetchval(query("alerts.visible"), alert):
        raise NotFoundError("There is no such alert, or it is not yours to see.", "alert_unknown")
    now = await act.connection.fetchval(query("alerts.answer"), alert, state)
    return {"id": alert, "state": now}
