"""What an area looked like: the places of all cameras in it over a time. Looking needs purpose, incident and reason, and is audited with
the cameras that are shown, before they are.
"""

from __future__ import annotations

import itertools
import json
import math
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import asyncpg
import h3.api.basic_int as h3
from pydantic import Field, model_validator
from shapely.geometry import Polygon, mapping

from sightline.dashboard.access.acting import Actor
from sightline.dashboard.errors import InvalidError, NotFoundError
from sightline.dashboard.operations.answers import refusal
from sightline.dashboard.operations.fields import Fields, Id, Moment, Storable, wrong
from sightline.ingest.coverage import RESOLUTION
from sightline.sql import query

LONGEST: Final = timedelta(hours=24)
"""One replay spans at most this."""
MOST_CELLS: Final = 1_000
"""Of H3, 0.1 km² each: a town, not a county."""
MOST_PLACES: Final = 150_000
MOST_STEPS: Final = 1_800
"""Of the time: a day in steps of 48 s, an hour in steps of 2 s."""
AROUND_M: Final = 500.0
"""How far around an incident's place, where no area is named."""

_NOT_YET_ROLLED_UP_S: Final = 20 * 60.0
"""Coverage, which knows who was where, may be so far behind."""
_NEAR_DEG: Final = 0.1
"""Who was in the area in that time is within this now, unless they left it at more than 20 km/h through all of it."""
_CORNERS: Final = 32
_DEGREE_M: Final = 111_320.0

_NORTHMOST, _EASTMOST = 85, 180

Corner = Annotated[list[float], Field(min_length=2, max_length=2)]
"""Latitude and longitude, WGS 84 degrees."""


class ReplayFields(Fields):
    """What to look at, and why."""

    start: Moment = Field(alias="from")
    end: Moment = Field(alias="to")
    purpose: Annotated[str, Field(max_length=64), Storable]
    incident: Id
    reason: Annotated[str, Field(max_length=500), Storable]
    area: Annotated[list[Corner], Field(min_length=3, max_length=60)] | None = Field(
        default=None,
        description="Corners as [lat, lon]; left out: 500 m around the incident's place",
    )

    @model_validator(mode="after")
    def within(self) -> ReplayFields:
        """The time is not empty, and not too long."""
        if not self.start < self.end:
            raise wrong("to", "must be after from")
        if self.end - self.start > LONGEST:
            raise wrong("from", "must be at most 24 hours before to")
        for number, (lat, lon) in enumerate(self.area or ()):
            if not (abs(lat) <= _NORTHMOST and abs(lon) <= _EASTMOST):
                raise wrong(
                    f"area.{number}",
                    f"must be latitude (−{_NORTHMOST} to {_NORTHMOST}) and longitude (−{_EASTMOST} to {_EASTMOST})",
                )
        return self


async def replay(act: Actor, asked: ReplayFields) -> dict[str, Any]:
    """The places of the cameras that were in an area, as columns.

    Returns:
        ``from`` and ``to``; ``step_s``, the seconds of which each camera has its newest place; ``area``, its corners as
        ``[lat, lon]``; ``cameras``, each with ``camera``, ``wearers`` (``from``, ``to``, ``officer``, ``officer_name``,
        ``call_sign``, ``unit``), and, oldest first, ``time_ms`` (since 1970, by the device's clock), ``lat``, ``lon``
        (WGS 84 degrees) and ``recording`` (words).

    Raises:
        InvalidError: the area is too large, crosses itself or is none; too much happened in it; the purpose is unknown, or
            the reason missing.
        ForbiddenError: the role, or the purpose, does not allow it.
        NotFoundError: no such incident, not the user's to see, or without a place where no area is named.
    """
    corners = asked.area
    named = None if corners is None else json.dumps(corners)
    said = (asked.start, asked.end, named, asked.purpose, asked.incident, asked.reason)
    row = await act.connection.fetchrow(query("replay.open"), *said)
    if row["http"] != 200:
        field = {"purpose_unknown": "purpose", "reason_missing": "reason"}.get(row["code"])
        raise refusal(row["http"], row["code"], row["message"], field)
    if corners is None:
        corners = await _around(act, asked.incident)
    area, cells = _area(corners)
    step_s = max(1, math.ceil((asked.end - asked.start).total_seconds() / MOST_STEPS))
    try:
        async with (
            act.connection.transaction()
        ):  # so that what was asked is recorded also where it takes too long
            found = await act.connection.fetch(
                query("replay.places"),
                cells, json.dumps(mapping(area)), asked.start, asked.end, float(step_s), MOST_PLACES + 1,
                _NOT_YET_ROLLED_UP_S, _NEAR_DEG,
            )  # fmt: skip
    except asyncpg.QueryCanceledError as error:
        raise InvalidError(
            "Too much happened there in this time to be read. Draw a smaller area, or ask for a shorter time.",
            "area", "less than is read in time", "too_much",
        ) from error  # fmt: skip
    if sum(len(row["time_ms"]) for row in found) > MOST_PLACES:
        raise InvalidError(
            "Too much happened there in this time to be shown at once. Draw a smaller area, or ask for a shorter time.",
            "area",
            f"at most {MOST_PLACES:,} places",
            "too_much",
        )
    places = {
        row["camera_id"]: {name: row[name] for name in ("time_ms", "lat", "lon", "recording")}
        for row in found
    }
    wearers = await act.connection.fetch(
        query("replay.wearers"), list(places), asked.start, asked.end
    )
    cameras = [
        {"camera": ref, "wearers": _wearers(list(rows)), **places[camera_id]}
        for (camera_id, ref), rows in itertools.groupby(
            wearers, key=lambda row: (row["camera_id"], row["camera"])
        )
    ]
    await act.connection.execute(
        query("replay.shown"),
        asked.start, asked.end, json.dumps(corners), *said[3:], [camera["camera"] for camera in cameras],
    )  # fmt: skip
    return {
        "from": asked.start,
        "to": asked.end,
        "step_s": step_s,
        "area": corners,
        "cameras": cameras,
    }


async def _around(act: Actor, incident: int) -> list[list[float]]:
    """Corners of a circle around an incident's place."""
    place = await act.connection.fetchrow(query("replay.incident_place"), incident)
    if place["lat"] is None:
        raise NotFoundError(
            "The incident has no place. Draw the area on the map.", "incident_without_place"
        )
    north = AROUND_M / _DEGREE_M
    east = north / math.cos(math.radians(place["lat"]))
    turns = [2 * math.pi * corner / _CORNERS for corner in range(_CORNERS)]
    return [
        [place["lat"] + north * math.cos(turn), place["lon"] + east * math.sin(turn)]
        for turn in turns
    ]


def _area(corners: list[list[float]]) -> tuple[Polygon, list[int]]:
    """The polygon in WGS 84, and the H3 cells that it touches."""
    area = Polygon([(lon, lat) for lat, lon in corners])
    if not area.is_valid or area.area == 0:
        raise InvalidError(
            "The area's sides cross, or it has no inside. Draw it anew.", "area", "a simple ring"
        )
    limit = f"at most {MOST_CELLS // 10} km²"
    # Before the cells are counted, which for half of the world would never end.
    square_m = area.area * _DEGREE_M**2 * math.cos(math.radians(area.centroid.y))
    cells = (
        []
        if square_m > 2e5 * MOST_CELLS
        else h3.h3shape_to_cells_experimental(
            h3.LatLngPoly([(lat, lon) for lat, lon in corners]), RESOLUTION, contain="overlap"
        )
    )
    if not 0 < len(cells) <= MOST_CELLS:
        raise InvalidError("The area is too large. Draw a smaller one.", "area", limit, "too_large")
    return area, list(cells)


def _wearers(rows: list[asyncpg.Record]) -> list[dict[str, Any]]:
    return [
        {
            "from": _utc(row["start"]),
            "to": _utc(row["end"]),
            **{name: row[name] for name in ("officer", "officer_name", "call_sign", "unit")},
        }
        for row in rows
        if row["officer"] is not None
    ]


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)
