"""Places as people type and read them: OS grid references, and degrees of latitude and longitude.

Storage is WGS 84 (EPSG:4326, degrees); metres are on the British National Grid (EPSG:27700). A grid
reference is two letters for a square of 100 km and an even number of digits: half of them easting,
half northing, from the square's south-west corner. Source: Ordnance Survey, *A Guide to Coordinate
Systems in Great Britain*, section 7.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pyproj import Geod

from sightline.ingest.british_grid import from_grid, to_grid

_LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"  # without I
_SQUARE_M = 100_000
_FALSE_ORIGIN_SQUARES = (10, 5)  # the grid's origin lies 1,000 km east, 500 km north of square VV's
_MILLIMETRES = 0.005
_GRID_EAST_M, _GRID_NORTH_M = 700_000, 1_300_000  # what EPSG:27700 is defined for
_GRID_REFERENCE = re.compile(r"^(?P<letters>[A-HJ-Z]{2})(?P<digits>(?:\d\d){1,5})$")
_COORDINATE = (
    r"(?P<{0}_before>[NSEW])? ?(?P<{0}_degrees>[+-]?\d{{1,3}}(?:\.\d+)?)"
    r"(?:° ?(?:(?P<{0}_minutes>\d{{1,2}}(?:\.\d+)?)' ?)?(?:(?P<{0}_seconds>\d{{1,2}}(?:\.\d+)?)\" ?)?)?"
    r"(?({0}_before)| ?(?P<{0}_after>[NSEW])?)"
)
_DEGREES = re.compile(
    f"^{_COORDINATE.format('lat')}(?: ?, ?| ){_COORDINATE.format('lon')}$", re.ASCII
)
_LIKE_DEGREES = re.compile(r"^[NSEW] ?\d")
_AS_TYPED = str.maketrans(
    {
        "−": "-",
        "–": "-",
        "′": "'",
        "’": "'",
        "‘": "'",
        "″": '"',
        "”": '"',
        "“": '"',
        "º": "°",
        ";": ",",
    }
)
_COMPASS = (
    "north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west",
)  # fmt: skip
_WGS84 = Geod(ellps="WGS84")


class PlaceError(ValueError):
    """What was typed is not a place; the text says what is allowed."""


@dataclass(frozen=True)
class Place:
    """A point that somebody named.

    Attributes:
        lat: degrees north, WGS 84.
        lon: degrees east, WGS 84.
        square_m: side of the square that a grid reference names, of which this is the centre; None
            for a point in degrees.
    """

    lat: float
    lon: float
    square_m: int | None = None


def grid_metres(lat: float, lon: float) -> tuple[float, float] | None:
    """Easting and northing (EPSG:27700, metres) of a place in WGS 84; None off the grid."""
    east, north = to_grid().transform(lon, lat)
    if 0 <= east < _GRID_EAST_M and 0 <= north < _GRID_NORTH_M:
        return east, north
    return None


def grid_letters(east_m: float, north_m: float) -> str:
    """The two letters of the 100 km square that holds this easting and northing."""
    column = int(east_m // _SQUARE_M) + _FALSE_ORIGIN_SQUARES[0]
    row = 24 - (int(north_m // _SQUARE_M) + _FALSE_ORIGIN_SQUARES[1])
    return _LETTERS[row // 5 * 5 + column // 5] + _LETTERS[row % 5 * 5 + column % 5]


def grid_reference(lat: float, lon: float, digits: int = 6) -> str | None:
    """The OS grid reference of a place in WGS 84, such as ``TR 148 578``; None off the grid.

    Args:
        lat: degrees north.
        lon: degrees east.
        digits: 2, 4, 6, 8 or 10 digits (6 names a square of 100 m). Never rounded up: a reference
            names the square that the place lies in.
    """
    if digits not in {2, 4, 6, 8, 10}:
        raise ValueError(f"digits {digits}: allowed are 2, 4, 6, 8 and 10")
    metres = grid_metres(lat, lon)
    if metres is None:
        return None
    half = digits // 2
    step = 10 ** (5 - half)
    # There and back again loses a millimetre, which must not lead into the square before.
    east, north = (value + _MILLIMETRES for value in metres)
    column, row = (int(value % _SQUARE_M // step) for value in (east, north))
    return f"{grid_letters(east, north)} {column:0{half}d} {row:0{half}d}"


def parse_grid_reference(text: str) -> Place:
    """The centre of the square that a grid reference names; spaces, commas and case do not matter.

    Raises:
        PlaceError: the letters or the number of digits are not those of a grid reference.
    """
    match = _GRID_REFERENCE.match("".join(text.replace(",", " ").split()).upper())
    if not match:
        raise PlaceError(
            f"{text.strip()!r} is not a grid reference: two letters, then 2, 4, 6, 8 or 10 digits,"
            " such as TR 148 578."
        )
    first, second = (_LETTERS.index(letter) for letter in match["letters"])
    column = first % 5 * 5 + second % 5 - _FALSE_ORIGIN_SQUARES[0]
    row = 24 - (first // 5 * 5 + second // 5) - _FALSE_ORIGIN_SQUARES[1]
    half = len(match["digits"]) // 2
    step = 10 ** (5 - half)
    east = column * _SQUARE_M + int(match["digits"][:half]) * step
    north = row * _SQUARE_M + int(match["digits"][half:]) * step
    if not (0 <= east < _GRID_EAST_M and 0 <= north < _GRID_NORTH_M):
        raise PlaceError(f"{match['letters']} is not a square of the British National Grid.")
    lon, lat = from_grid().transform(east + step / 2, north + step / 2)
    return Place(lat, lon, step)


def _degrees(match: re.Match[str], name: str, letters: str) -> float | None:
    """One coordinate of two; None where its letter is not one of its own, or minutes are no minutes."""
    letter = (match[f"{name}_before"] or "") + (match[f"{name}_after"] or "")
    minutes, seconds = (float(match[f"{name}_{part}"] or 0) for part in ("minutes", "seconds"))
    if (letter and letter not in letters) or minutes >= 60 or seconds >= 60:
        return None
    whole = match[f"{name}_degrees"]
    value = abs(float(whole)) + minutes / 60 + seconds / 3600
    negative = whole.startswith("-") or letter == letters[1]
    return -value if negative and value > 0 else value


def parse_place(text: str) -> Place:
    """A typed place: an OS grid reference, or latitude and longitude in degrees, with or without minutes and seconds.

    Raises:
        PlaceError: neither; the text says what is allowed.
    """
    typed = " ".join(text.translate(_AS_TYPED).upper().removeprefix("GEO:").split()).strip("()[] ")
    if not typed:
        raise PlaceError("Type a grid reference (TR 148 578) or degrees (51.2724, 0.5223).")
    match = _DEGREES.match(typed)
    lat = match and _degrees(match, "lat", "NS")
    lon = match and _degrees(match, "lon", "EW")
    if lat is None or lon is None:
        if typed[0].isalpha() and not _LIKE_DEGREES.match(typed):
            return parse_grid_reference(text)
        raise PlaceError(
            f"{text.strip()!r} is not a place: type a grid reference (TR 148 578) or latitude and"
            " longitude in degrees (51.2724, 0.5223)."
        )
    for name, value, limit in (("latitude", lat, 90), ("longitude", lon, 180)):
        if abs(value) > limit:
            raise PlaceError(f"{name} {value:g}: allowed is -{limit} to {limit}.")
    return Place(lat, lon)


def distance_m(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Metres over the ellipsoid between two places in WGS 84."""
    return float(_WGS84.inv(lon, lat, other_lon, other_lat)[2])


def direction(lat: float, lon: float, other_lat: float, other_lon: float) -> str:
    """Where the other place lies as seen from the first, as one of eight compass words."""
    azimuth = _WGS84.inv(lon, lat, other_lon, other_lat)[0]
    return _COMPASS[round(azimuth / 45) % 8]


def distance_words(metres: float) -> str:
    """A distance as people say it: ``40 m``, ``350 m``, ``2.4 km``, ``31 km``."""
    if metres < 1000:
        return f"{round(metres, -1) if metres >= 100 else round(metres):.0f} m"
    return f"{metres / 1000:.1f} km" if metres < 10_000 else f"{metres / 1000:.0f} km"
