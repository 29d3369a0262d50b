"""Asking for negotiators: what the form opens with, and sending it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sightline.dashboard.access.acting import Actor
from sightline.dashboard.errors import InvalidError
from sightline.dashboard.operations import deployments, incidents
from sightline.dashboard.operations.fields import id_from
from sightline.dashboard.places import PlaceError, parse_place
from sightline.dashboard.triage.request.form import FIELDS, filled
from sightline.dashboard.triage.request.start import (
    NEW_INCIDENT,
    AtCamera,
    OpenIncident,
    Start,
    start,
)
from sightline.sql import query


async def begin(act: Actor, incident: str | None, camera: str | None) -> Start:
    """What the form opens with, for an incident and from an officer's camera where they are named."""
    await act.require("negotiators.request", "deployment.request", "incident", incident or "")
    rows = await act.connection.fetch(query("triage.open_incidents"))
    at = None
    if camera:
        row = await act.connection.fetchrow(query("triage.camera_card"), camera)
        at = AtCamera(**row) if row else None
    return start(
        [OpenIncident(**row) for row in rows],
        incident,
        at,
        may_make=act.may("incident.write") is not None,
    )


async def grades(act: Actor) -> dict[str, str]:
    """The force's grades, most urgent first: code → name."""
    return {
        row["code"]: row["name"] for row in await act.connection.fetch(query("incidents.grades"))
    }


async def send(act: Actor, values: Mapping[str, Any]) -> int:
    """Ask for negotiators, making the incident first where it is new. Gives the deployment's id.

    Raises:
        InvalidError: no incident is chosen, or a field is wrong; names it.
        ForbiddenError, NotFoundError, ConflictError: as the operations that it calls.
    """
    chosen = values.get("incident")
    if not chosen:
        raise InvalidError("Incident: choose one.", "incident")
    incident = await _made(act, values) if chosen == NEW_INCIDENT else id_from(chosen)
    if incident is None:
        raise InvalidError("Incident: choose one of the list.", "incident")
    said = filled({field.code: values.get(field.code) for field in FIELDS})
    return int((await deployments.request(act, incident, said))["id"])


async def _made(act: Actor, values: Mapping[str, Any]) -> int:
    title = (values.get("new_title") or "").strip()
    if not title:
        raise InvalidError("What it is: say in a few words.", "new_title")
    fields: dict[str, Any] = {"title": title, "grade": values.get("new_grade")}
    typed = (values.get("new_place") or "").strip()
    if typed:
        try:
            place = parse_place(typed)
        except PlaceError as error:
            raise InvalidError(f"Place: {error}", "new_place") from error
        fields |= {"lat": place.lat, "lon": place.lon}
    if values.get("talkgroup"):
        fields["talkgroup"] = values["talkgroup"]
    made = await incidents.create(act, incidents.NewIncident.of(fields))
    return int(made["id"])
