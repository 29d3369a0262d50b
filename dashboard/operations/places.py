"""Places as people say them: grid references, degrees, and names of the basemap."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg

from sightline.dashboard.access.acting import Actor
from sightline.dashboard.places import PlaceError, grid_reference, parse_place
from sightline.sql import query

MOST: Final = 6
"""More than these are too many to choose from: a further word is typed sooner."""
LONGEST: Final = 80
_WORD: Final = re.compile(r"\w+")
_MOST_WORDS: Final = 8
_ANYWHERE: Final = (54.0, -2.5)
"""Where nobody says what is near: the middle of Great Britain."""
_MAP_ENDS: Final = 85
"""Degrees north and south that Web Mercator reaches to."""
_KINDS: Final = {
    "road": "road",
    "rail": "railway",
    "water": "water",
    "hill": "hill",
    "wood": "wood",
    "urban": "built-up area",
    "land": "land",
    "building": "building",
    "area": "area",
    "poi": "place",
}


@dataclass(frozen=True, slots=True)
class FoundPlace:
    """A place that was meant.

    Attributes:
        name: what it is called; the grid reference or the degrees themselves where they were typed.
        kind: in a word, for example ``town`` or ``road``.
        within: the settlement it lies in or next to, where that says more.
        lat: degrees, WGS 84.
        lon: degrees, WGS 84.
        reference: its grid reference; None off the grid.
        square_m: side of the square that a grid reference names, of which this is the centre.
    """

    name: str
    kind: str
    within: str | None
    lat: float
    lon: float
    reference: str | None
    square_m: int | None = None


@dataclass(frozen=True, slots=True)
class FoundPlaces:
    """What a text may mean.

    Attributes:
        places: best first, at most `MOST`.
        why_not: where it looks like a grid reference or degrees and is none: what is wrong with it.
    """

    places: tuple[FoundPlace, ...]
    why_not: str | None = None


async def find(act: Actor, text: str, near: tuple[float, float] | None = None) -> FoundPlaces:
    """The places that a text may mean.

    Args:
        act: who asks.
        text: an OS grid reference, degrees, or words of a name or their beginnings.
        near: latitude and longitude; of places called alike the nearest comes first.

    Raises:
        ForbiddenError: the role sees no map.
    """
    await act.require("map.view", "place.find", "place", text[:LONGEST])
    why_not = None
    try:
        typed = parse_place(text)
    except PlaceError as error:
        why_not = str(error) if any(letter.isdigit() for letter in text) else None
    else:
        if abs(typed.lat) > _MAP_ENDS:
            return FoundPlaces((), f"latitude {typed.lat:g}: the map ends at {_MAP_ENDS} degrees.")
        reference = grid_reference(typed.lat, typed.lon)
        kind = "position" if typed.square_m is None else "grid reference"
        name = _spoken(text, typed.square_m)
        found = FoundPlace(name, kind, None, typed.lat, typed.lon, reference, typed.square_m)
        return FoundPlaces((found,))
    words = _WORD.findall(text.lower())[:_MOST_WORDS]
    if not words:
        return FoundPlaces((), why_not)
    whole = " ".join(text.lower().split())
    rows = await _named(act, words, near or _ANYWHERE, whole)
    rows = rows or await _in_settlement(act, words, near)
    places = tuple(
        FoundPlace(
            row["name"],
            row["kind"] if row["layer"] == "place" else _KINDS.get(row["layer"], row["layer"]),
            row["settlement"],
            row["lat"],
            row["lon"],
            grid_reference(row["lat"], row["lon"]),
        )
        for row in rows
    )
    return FoundPlaces(places, None if places else why_not)


async def _named(
    act: Actor, words: Sequence[str], near: tuple[float, float], exactly: str | None = None
) -> list[asyncpg.Record]:
    """Places whose names have all these words, or words that begin so; those called exactly so come first."""
    wanted = " & ".join(f"{word}:*" for word in words)
    found: list[asyncpg.Record] = await act.connection.fetch(
        query("places.named"), wanted, exactly or " ".join(words), *near, MOST
    )
    return found


async def _in_settlement(
    act: Actor, words: Sequence[str], near: tuple[float, float] | None
) -> list[asyncpg.Record]:
    """Places with the settlement that they are in said before or behind, as in *High Street, Salthaven*."""
    cuts = [(words[:-n], words[-n:]) for n in (1, 2)] + [(words[n:], words[:n]) for n in (1, 2)]
    for name, settlement in cuts:
        if not name:
            continue
        for town in await _named(act, settlement, near or _ANYWHERE):
            if town["layer"] != "place":
                continue
            found = await _named(act, name, (town["lat"], town["lon"]))
            if inside := [row for row in found if row["settlement"] == town["name"]]:
                return inside
    return []


def _spoken(text: str, square_m: int | None) -> str:
    """What was typed, as it is written: ``TR 148 578``, ``51.2724, 0.5223``."""
    tidy = " ".join(text.split())
    if square_m is None:
        return tidy
    letters = "".join(tidy.replace(",", " ").split()).upper()
    half = (len(letters) - 2) // 2
    return f"{letters[:2]} {letters[2 : 2 + half]} {letters[2 + half :]}"
