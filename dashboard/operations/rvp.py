"""Where everybody meets: the rendezvous point (RVP) of an incident."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Annotated, Any, Final

from pydantic import Field, model_validator

from sightline.dashboard.access.acting import Actor
from sightline.dashboard.operations import incidents
from sightline.dashboard.operations.answers import check
from sightline.dashboard.operations.fields import PlaceFields, Readable, wrong
from sightline.dashboard.places import (
    Place,
    PlaceError,
    distance_m,
    grid_reference,
    parse_place,
)
from sightline.sql import query

LONGEST: Final = 200
_LARGEST_SQUARE_M: Final = 100
_FARTHEST_M: Final = 20_000
"""What stands in a request and lies farther away from the incident is no RVP of it, but a telephone number or a slip."""
_GRID_REFERENCE: Final = re.compile(r"\b[A-HJ-Z]{2} ?(?:\d{3} ?\d{3}|\d{4} ?\d{4}|\d{5} ?\d{5})\b")


class RvpFields(PlaceFields):
    """What the RVP is called and where it is (WGS 84); one of both is enough."""

    name: Annotated[str, Field(max_length=LONGEST), Readable] = ""

    @model_validator(mode="after")
    def something(self) -> RvpFields:
        """An RVP has a name or a place."""
        if self.lat is None and not self.name.strip():
            raise wrong("name", "is missing: an RVP has a name, or lat and lon, or both")
        return self


async def put(act: Actor, incident: int, fields: RvpFields) -> dict[str, Any]:
    """Say where the RVP of an incident is; it stands in its command log. Gives the incident.

    Raises:
        ForbiddenError: the role neither writes to the log nor requests negotiators.
        NotFoundError: no such incident, or not the user's to see.
        ConflictError: the incident is closed.
    """
    name = " ".join(fields.name.split())
    where = None
    if fields.lat is not None and fields.lon is not None:
        where = grid_reference(fields.lat, fields.lon) or f"{fields.lat:.4f}, {fields.lon:.4f}"
    said = ", ".join(part for part in (name, where) if part)
    await _store(act, incident, name, fields.lat, fields.lon, f"RVP: {said}")
    return await incidents.get(act, incident)


async def take_away(act: Actor, incident: int) -> dict[str, Any]:
    """There is no RVP any more. Gives the incident; raises like `put`."""
    await _store(act, incident, "", None, None, "RVP: none any more")
    return await incidents.get(act, incident)


async def from_request(act: Actor, incident: int, said: str) -> None:
    """The RVP that a request for negotiators names; one without a place does not take the place of one that has.

    Raises:
        RefusalError: as `put`.
    """
    name = " ".join(said.split())[:LONGEST]
    if not name:
        return
    scene = await act.connection.fetchrow(query("incidents.place"), incident)
    place = place_in(said)
    if place and scene and scene["lat"] is not None:
        away = distance_m(scene["lat"], scene["lon"], place.lat, place.lon)
        place = place if away <= _FARTHEST_M else None
    lat, lon = (place.lat, place.lon) if place else (None, None)
    await _store(act, incident, name, lat, lon, f"RVP: {name}", keeps=place is None)


def place_in(text: str) -> Place | None:
    """The place on the British grid that a text is, or the one grid reference of at least six digits, in capitals, in it.

    None: it says none, or several.
    """
    with suppress(PlaceError):
        place = parse_place(text)
        # nobody finds each other in a square of a kilometre
        is_exact = (place.square_m or 0) <= _LARGEST_SQUARE_M
        return place if is_exact and grid_reference(place.lat, place.lon) else None
    found = set(_GRID_REFERENCE.findall(text))
    with suppress(PlaceError):
        return parse_place(found.pop()) if len(found) == 1 else None
    return None


async def _store(
    act: Actor,
    incident: int,
    name: str,
    lat: float | None,
    lon: float | None,
    entry: str,
    *,
    keeps: bool = False,
) -> None:
    check(
        await act.connection.fetchrow(
            query("incidents.rvp"), incident, name, lat, lon, entry, keeps
        )
    )
