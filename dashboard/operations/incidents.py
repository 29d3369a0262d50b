"""Incidents and the command log."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import Field

from sightline.dashboard.access.acting import Actor
from sightline.dashboard.errors import InvalidError, NotFoundError
from sightline.dashboard.operations.answers import check
from sightline.dashboard.operations.fields import (
    LONGEST_TEXT,
    Id,
    LogNumber,
    PlaceFields,
    Readable,
    is_readable,
)
from sightline.sql import query

Capacity = Literal["commander", "negotiator", "negco", "supervisor", "named"]
EntryKind = Literal["note", "observation", "advice"]

_CAPABILITY: dict[EntryKind, str] = {
    "note": "log.write",
    "observation": "log.write",
    "advice": "log.advise",
}

Short = Annotated[str, Field(max_length=200)]
Title = Annotated[str, Field(min_length=1, max_length=200), Readable]
Resource = Annotated[str, Field(min_length=1, max_length=200), Readable]
"""A call sign, as the command-and-control system names it."""

MOST = 1000
"""Most incidents, or entries, in one answer."""


class IncidentFields(PlaceFields):
    """What may be said of an incident; what is left out, stays as it is (or as the force's default)."""

    title: Title | None = None
    grade: Short | None = None
    log_number: LogNumber | None = None
    source: Short | None = None
    type: Short | None = None
    regime: Literal["law_enforcement", "general"] | None = None
    retention_category: Short | None = None
    talkgroup: Short | None = None
    resources: Annotated[list[Resource], Field(max_length=200)] | None = None
    restricted: bool | None = None
    exercise: bool | None = None
    provisional: bool | None = None
    provisional_incident: Id | None = Field(
        default=None, description="The provisional incident that this one turns out to be"
    )


class NewIncident(IncidentFields):
    """An incident that is made: it has a title and a grade."""

    title: Title
    grade: Short


async def create(act: Actor, fields: NewIncident) -> dict[str, Any]:
    """Make an incident; see `get` for what comes back.

    Raises:
        ForbiddenError: the role does not make incidents.
        ConflictError: another incident has this log number, seen or not; or what `provisional_incident` names is none.
        NotFoundError: the provisional incident is not known, or not the user's to see.
        InvalidError: the grade or category is not one of the force's.
    """
    incident, _ = await _put(act, fields, must_be_new=True)
    return await get(act, incident)


async def put_by_log(
    act: Actor, log_number: str, fields: IncidentFields
) -> tuple[dict[str, Any], bool]:
    """Make the incident of a log number, or bring it up to date; the same twice changes nothing.

    A provisional incident that is named becomes it, or is linked to it (see `link`).

    Returns:
        The incident, and whether it was made.

    Raises:
        ForbiddenError: the role does not make or change incidents.
        InvalidError: a new one lacks title or grade, or a code is not one of the force's.
        NotFoundError: it is not the user's to see, or the provisional one is not known or not the user's to see.
        ConflictError: the provisional one is none, or cannot be linked.
    """
    if fields.log_number not in (None, log_number):
        raise InvalidError(
            f"log_number is {fields.log_number!r}, but the path says {log_number!r}.",
            "log_number",
            [log_number],
        )
    known = await act.connection.fetchval(query("incidents.by_log_number"), log_number)
    if known is None and fields.provisional_incident is None:
        for name in ("title", "grade"):
            if getattr(fields, name) is None:
                raise InvalidError(f"{name} is missing.", name, code="missing")
    incident, made = await _put(act, fields, log_number)
    return await get(act, incident), made


async def _put(
    act: Actor,
    fields: IncidentFields,
    log_number: str | None = None,
    *,
    must_be_new: bool = False,
) -> tuple[int, bool]:
    values = fields.model_dump(exclude_none=True, mode="json")
    if log_number is not None:
        values["log_number"] = log_number
    if must_be_new:
        values["must_be_new"] = True
    await _check_code(act, "grade", fields.grade)
    row = check(await act.connection.fetchrow(query("incidents.put"), json.dumps(values)))
    return row["incident_id"], row["made"]


async def _check_code(act: Actor, field: str, value: str | None) -> None:
    if value is None:
        return
    known = [row["code"] for row in await act.connection.fetch(query("incidents.grades"))]
    if value not in known:
        raise InvalidError(
            f"{field} is {value!r}; it must be one of {', '.join(known)}.", field, known
        )


async def find(act: Actor, *, open_only: bool | None = True) -> list[dict[str, Any]]:
    """Incidents that the user may see, open ones first, newest first; `open_only` False: the closed, None: both."""
    rows = await act.connection.fetch(query("incidents.documents"), None, open_only, MOST)
    return [json.loads(row["document"]) for row in rows]


async def get(act: Actor, incident: int) -> dict[str, Any]:
    """One incident: its fields, ``people``, ``cameras`` and ``deployments``. Reading a restricted one is audited.

    Raises:
        NotFoundError: there is none, or it is not the user's to see.
    """
    text = await act.connection.fetchval(query("incidents.documents"), incident, None, 1)
    if text is None:
        raise _unknown()
    document: dict[str, Any] = json.loads(text)
    if document["restricted"]:
        await act.connection.fetchval(query("incidents.consulted"), incident)
    return document


def _unknown() -> NotFoundError:
    return NotFoundError(
        "There is no such incident, or it is not yours to see.", "incident_unknown"
    )


async def _must_exist(act: Actor, incident: int) -> None:
    if not await act.connection.fetch(query("incidents.documents"), incident, None, 1):
        raise _unknown()


async def log(act: Actor, incident: int, *, after: int = 0) -> list[dict[str, Any]]:
    """The command log, oldest first, after an entry.

    Raises:
        NotFoundError: no such incident, or not the user's to see.
    """
    await _must_exist(act, incident)
    return await entries(act, incident, after=after)


async def entries(act: Actor, incident: int, *, after: int = 0) -> list[dict[str, Any]]:
    """The command log of an incident that the user may see, oldest first, after an entry; else nothing."""
    rows = await act.connection.fetch(query("incidents.log"), incident, after, MOST)
    return [dict(row) for row in rows]


async def write_log(
    act: Actor, incident: int, text: str, kind: EntryKind = "note"
) -> dict[str, Any]:
    """Write to the command log; gives the entry.

    Raises:
        ForbiddenError: the role does not write entries of this kind.
        InvalidError: the text is empty or too long, or the kind is none that people write.
        NotFoundError: no such incident, or not the user's to see.
    """
    if kind not in _CAPABILITY:
        raise InvalidError(f"kind is {kind!r}.", "kind", list(_CAPABILITY))
    written = text.strip()
    if not is_readable(written) or len(written) > LONGEST_TEXT:
        raise InvalidError(
            f"text has {len(written)} characters.",
            "text",
            f"1 to {LONGEST_TEXT} characters to read",
        )
    await _must_exist(act, incident)
    await act.require(_CAPABILITY[kind], f"log.{kind}", "incident", str(incident))
    return await _append(act, incident, kind, written)


async def acknowledge(
    act: Actor, incident: int, entry: int, *, by: str | None = None
) -> dict[str, Any]:
    """Acknowledge an entry of the log: as the user, or as told by radio by somebody.

    Args:
        act: who acts.
        incident: its id.
        entry: id of the entry.
        by: who said so by radio; None: the user has understood.

    Raises:
        ForbiddenError: the role does not write to the log.
        NotFoundError: no such incident or entry, or not the user's to see.
    """
    await _must_exist(act, incident)
    if act.may("log.write") is None and act.may("log.advise") is None:
        await act.require("log.write", "log.acknowledge", "incident", str(incident))
    if await act.connection.fetchrow(query("incidents.log_entry"), incident, entry) is None:
        raise NotFoundError("There is no such entry in this incident's log.", "entry_unknown")
    said = f"Acknowledged by radio, by {by}" if by else "Understood"
    return await _append(act, incident, "acknowledgement", said, entry, by)


async def _append(
    act: Actor, incident: int, kind: str, text: str, about: int | None = None, by: str | None = None
) -> dict[str, Any]:
    entry = await act.connection.fetchval(
        query("incidents.write_log"), incident, kind, text, about, by
    )
    row = await act.connection.fetchrow(query("incidents.log_entry"), incident, entry)
    return dict(row)


async def assign(act: Actor, incident: int, username: str, capacity: Capacity) -> dict[str, Any]:
    """Name a person on an incident; gives the incident.

    Raises:
        ForbiddenError: the role does not change incidents.
        NotFoundError: no such incident or user.
        ConflictError: there is a commander, or the user cannot be one.
    """
    return await _changed(act, incident, "incidents.assign", username, capacity)


async def release(act: Actor, incident: int, username: str) -> dict[str, Any]:
    """Take a person (other than the commander) off an incident; gives the incident. Raises like `assign`."""
    return await _changed(act, incident, "incidents.release", username)


async def attend(act: Actor, incident: int, camera: str) -> dict[str, Any]:
    """A camera comes to an incident; gives the incident. Raises like `assign`."""
    return await _changed(act, incident, "incidents.camera", camera, True)


async def leave(act: Actor, incident: int, camera: str) -> dict[str, Any]:
    """A camera leaves an incident; gives the incident. Raises like `assign`."""
    return await _changed(act, incident, "incidents.camera", camera, False)


async def close(act: Actor, incident: int, reason: str = "") -> dict[str, Any]:
    """Close an incident; its streams end. Gives the incident. Raises like `assign`."""
    return await _changed(act, incident, "incidents.close", reason)


async def link(
    act: Actor, provisional: int, *, log_number: str | None = None, incident: int | None = None
) -> dict[str, Any]:
    """Link a provisional incident to what it turned out to be, by log number or id; gives that one. Whoever opened it may.

    Its cameras, open streams and deployments go along.

    Raises:
        ForbiddenError: the role does not change incidents, and somebody else opened it.
        NotFoundError: one of them is not known, or not the user's to see.
        ConflictError: it is not provisional, the other cannot be linked to, or both have a live deployment.
        InvalidError: neither or both were given.
    """
    if (log_number is None) == (incident is None):
        raise InvalidError(
            "Give either log_number or incident.", "log_number", "log_number or incident"
        )
    to = incident
    if log_number is not None:
        to = await act.connection.fetchval(query("incidents.by_log_number"), log_number)
    if to is None:
        raise _unknown()
    check(await act.connection.fetchrow(query("incidents.link"), provisional, to))
    return await get(act, to)


async def _changed(act: Actor, incident: int, name: str, *arguments: object) -> dict[str, Any]:
    check(await act.connection.fetchrow(query(name), incident, *arguments))
    return await get(act, incident)
