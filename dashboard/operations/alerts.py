"""Alerts: few, and each says what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from sightline.dashboard.access.acting import Actor
from sightline.dashboard.errors import InvalidError, NotFoundError
from sightline.dashboard.operations.fields import Fields, Readable
from sightline.dashboard.rota.cover import Shortfall
from sightline.sql import query

Answer = Literal["seen", "watching", "ended"]

LONGEST_LOOK: Final = timedelta(days=31)
MOST_PAST: Final = 500
_LEAST_REASON: Final = 3


class AnswerFields(Fields):
    """What to answer; a reason is needed where cover is short."""

    state: Answer = "seen"
    reason: Annotated[str, Field(max_length=500), Readable] = ""


_EYES_ON_TO_DO: Final = {
    "waiting": "The officer asks for eyes on: open the camera, or answer that you have seen it.",
    "seen": "Nobody watches the officer: open the camera, or say that it is over.",
    "watching": "The officer is watched: say when it is over.",
    "ended": "",
}


def _eyes_on(_detail: dict[str, Any], row: dict[str, Any]) -> tuple[str, str]:
    return "asks for eyes on", _EYES_ON_TO_DO[row["state"]]


def _signal(detail: dict[str, Any], row: dict[str, Any]) -> tuple[str, str]:
    talkgroup = row.get("talkgroup")
    speak = f"speak to the officer on {talkgroup}" if talkgroup else "speak to the officer by radio"
    if detail["why"] == "lost":
        return "no picture arrives", f"Open another camera at the incident, or {speak}."
    numbers = []
    if detail["uplink_kbps"] is not None:
        numbers.append(f"uplink {detail['uplink_kbps']:.0f} kbit/s")
    if detail["rsrp_dbm"] is not None:
        numbers.append(f"RSRP {detail['rsrp_dbm']:.0f} dBm".replace("-", "−"))
    return (
        f"the picture is about to be lost ({', '.join(numbers)})",
        "Get another camera at the incident ready, or have the officer move.",
    )


def _cover_short(detail: dict[str, Any], _row: dict[str, Any]) -> tuple[str, str]:
    missing = Shortfall(detail["negotiators"], detail["negcos"], detail["kidnap"])
    return (
        f"Cover is short: {missing.words}",
        "Ring who could fill it, or ask for mutual aid (page On call); to go on without, say why.",
    )


_SAID: Final[dict[str, Callable[[dict[str, Any], dict[str, Any]], tuple[str, str]]]] = {
    "eyes_on": _eyes_on,
    "signal": _signal,
    "cover_short": _cover_short,
}
"""Kind → what has happened, and what to do."""


async def find(act: Actor) -> list[dict[str, Any]]:
    """Alerts that are not over, oldest first: id, kind, state, camera, officer, incident, what has happened, what to do.

    Raises:
        ForbiddenError: the role does not answer alerts.
    """
    await act.require("alert.answer", "alert.list", "alert", "all")
    return [_shown(row) for row in await act.connection.fetch(query("alerts.open"))]


async def past(act: Actor, start: datetime, end: datetime) -> list[dict[str, Any]]:
    """Alerts raised from `start` to before `end`, newest first, at most `MOST_PAST`, also those that are not over: beside what
    `find` gives, when each ended and the posts it came to.

    Raises:
        ForbiddenError: the role does not answer alerts.
        InvalidError: the time is empty or too long.
    """
    await act.require("alert.answer", "alert.list", "alert", "all")
    if not start < end:
        raise InvalidError("to must be after from.", "to", "a time after from")
    if end - start > LONGEST_LOOK:
        raise InvalidError("One look spans at most 31 days.", "from", "at most 31 days before to")
    return [
        _shown(row)
        for row in await act.connection.fetch(query("alerts.past"), start, end, MOST_PAST)
    ]


def _shown(row: Any) -> dict[str, Any]:
    shown = {**row, "detail": json.loads(row["detail"])}
    shown["what"], shown["to_do"] = _SAID[shown["kind"]](shown["detail"], shown)
    return shown


async def acknowledge(act: Actor, alert: int, wanted: AnswerFields) -> dict[str, Any]:
    """Answer an alert; a camera that asked for eyes on is told. Gives the state it has now.

    Raises:
        ForbiddenError: the role does not answer alerts.
        InvalidError: `state` is no answer to this kind of alert, or a reason is missing.
        NotFoundError: no such alert, or not the user's to see.
    """
    await act.require("alert.answer", "alert.answer", "alert", str(alert))
    found = await act.connection.fetchrow(query("alerts.visible"), alert)
    if found is None:
        raise NotFoundError("There is no such alert, or it is not yours to see.", "alert_unknown")
    kind = found["kind"]
    if kind != "eyes_on" and wanted.state != "seen":
        raise InvalidError(
            f"state is {wanted.state!r}; this alert ends by itself.", "state", ["seen"]
        )
    if wanted.state == "watching" and not found["is_watched"]:
        raise InvalidError(
            "state is 'watching', but nobody has a stream of this camera open.",
            "state",
            ["seen", "ended"],
        )
    if kind == "cover_short" and len(wanted.reason.strip()) < _LEAST_REASON:
        raise InvalidError(
            "Say in a few words why the force goes on with short cover.",
            "reason",
            f"at least {_LEAST_REASON} letters",
        )
    now = await act.connection.fetchval(query("alerts.answer"), alert, wanted.state, wanted.reason)
    return {"id": alert, "state": now}
