"""Incidents and the command log."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from sightline.dashboard.api.parameters import Key, WithServices
from sightline.dashboard.operations import incidents, rvp
from sightline.dashboard.operations.fields import (
    LONGEST_TEXT,
    Fields,
    Id,
    LogNumber,
    Readable,
)
from sightline.dashboard.operations.incidents import IncidentFields, NewIncident
from sightline.dashboard.operations.rvp import RvpFields

router = APIRouter(prefix="/api/incidents", tags=["incidents"])
Name = Annotated[str, Path(max_length=64)]


class EntryFields(Fields):
    """An entry of the command log."""

    text: Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT), Readable]
    kind: incidents.EntryKind = "note"


class AcknowledgeFields(Fields):
    """Who has understood; left out: the user."""

    by: Annotated[str, Field(min_length=1, max_length=200), Readable] | None = Field(
        default=None, description="Who said so by radio"
    )


class PersonFields(Fields):
    """In which capacity somebody is named."""

    capacity: incidents.Capacity = "named"


class CloseFields(Fields):
    """Why it is over."""

    reason: Annotated[str, Field(max_length=500)] = ""


class LinkFields(Fields):
    """What a provisional incident turned out to be."""

    log_number: LogNumber | None = None
    incident: Id | None = None


@router.post("", status_code=201)
async def create(body: NewIncident, services: WithServices) -> dict[str, Any]:
    """Make an incident."""
    async with services.acting() as act:
        return await incidents.create(act, body)


@router.get("")
async def find(
    services: WithServices, state: Annotated[Literal["open", "closed", "all"], Query()] = "open"
) -> dict[str, Any]:
    """Incidents that the user may see, newest first."""
    wanted = {"open": True, "closed": False, "all": None}[state]
    async with services.acting() as act:
        return {"incidents": await incidents.find(act, open_only=wanted)}


@router.put("/by-log/{log_number}")
async def put_by_log(
    log_number: Annotated[LogNumber, Path()],
    body: IncidentFields,
    services: WithServices,
    response: Response,
) -> dict[str, Any]:
    """Make the incident of a log number, or bring it up to date; the same twice changes nothing."""
    async with services.acting() as act:
        incident, made = await incidents.put_by_log(act, log_number, body)
    response.status_code = 201 if made else 200
    return incident


@router.get("/{incident}")
async def get(incident: Key, services: WithServices) -> dict[str, Any]:
    """One incident, with its people, cameras, deployments and command log."""
    async with services.acting() as act:
        document = await incidents.get(act, incident)
        return {**document, "log": await incidents.entries(act, incident)}


@router.post("/{incident}/link")
async def link(incident: Key, body: LinkFields, services: WithServices) -> dict[str, Any]:
    """Link a provisional incident to the one it turned out to be; gives that one."""
    async with services.acting() as act:
        return await incidents.link(
            act, incident, log_number=body.log_number, incident=body.incident
        )


@router.put("/{incident}/rvp")
async def put_rvp(incident: Key, body: RvpFields, services: WithServices) -> dict[str, Any]:
    """Where everybody meets."""
    async with services.acting() as act:
        return await rvp.put(act, incident, body)


@router.delete("/{incident}/rvp")
async def take_rvp_away(incident: Key, services: WithServices) -> dict[str, Any]:
    """There is no RVP any more."""
    async with services.acting() as act:
        return await rvp.take_away(act, incident)


@router.post("/{incident}/close")
async def close(
    incident: Key, services: WithServices, body: CloseFields | None = None
) -> dict[str, Any]:
    """Close an incident; its streams end."""
    async with services.acting() as act:
        return await incidents.close(act, incident, (body or CloseFields()).reason)


@router.put("/{incident}/people/{username}")
async def assign(
    incident: Key, username: Name, body: PersonFields, services: WithServices
) -> dict[str, Any]:
    """Name a person on an incident."""
    async with services.acting() as act:
        return await incidents.assign(act, incident, username, body.capacity)


@router.delete("/{incident}/people/{username}")
async def release(incident: Key, username: Name, services: WithServices) -> dict[str, Any]:
    """Take a person off an incident."""
    async with services.acting() as act:
        return await incidents.release(act, incident, username)


@router.put("/{incident}/cameras/{camera}")
async def attend(incident: Key, camera: Name, services: WithServices) -> dict[str, Any]:
    """A camera comes to an incident."""
    async with services.acting() as act:
        return await incidents.attend(act, incident, camera)


@router.delete("/{incident}/cameras/{camera}")
async def leave(incident: Key, camera: Name, services: WithServices) -> dict[str, Any]:
    """A camera leaves an incident."""
    async with services.acting() as act:
        return await incidents.leave(act, incident, camera)


@router.get("/{incident}/log")
async def log(
    incident: Key,
    services: WithServices,
    after: Annotated[int, Query(ge=0, le=2**63 - 1, description="id of the last entry known")] = 0,
) -> dict[str, Any]:
    """The command log, oldest first."""
    async with services.acting() as act:
        return {"log": await incidents.log(act, incident, after=after)}


@router.post("/{incident}/log", status_code=201)
async def write_log(incident: Key, body: EntryFields, services: WithServices) -> dict[str, Any]:
    """Write to the command log."""
    async with services.acting() as act:
        return await incidents.write_log(act, incident, body.text, body.kind)


@router.post("/{incident}/log/{entry}/ack", status_code=201)
async def acknowledge(
    incident: Key, entry: Key, services: WithServices, body: AcknowledgeFields | None = None
) -> dict[str, Any]:
    """Acknowledge an entry, as the user or as told by radio."""
    async with services.acting() as act:
        return await incidents.acknowledge(
            act, incident, entry, by=(body or AcknowledgeFields()).by
        )
