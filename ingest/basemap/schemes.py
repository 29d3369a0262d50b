"""Which features of which kind of file are drawn on the map, and as what. Pure.

A scheme is what makers of maps agree on: how layers are called, and what their fields say. Those here are OpenStreetMap's own tags
(as GDAL gives an extract, https://wiki.openstreetmap.org/wiki/Map_features), OS Open Zoomstack (its layers, as GeoPackage and as
vector tiles), OpenMapTiles (https://openmaptiles.org/schema/), Protomaps (https://docs.protomaps.com/basemaps/layers) and Shortbread
(https://shortbread-tiles.org/schema/1.0/). Layers, kinds and ranks are those of docs/basemap.md.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

BY_SIZE: Final = -1
"""In place of a rank: the larger, the sooner it is drawn."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """As what a feature is drawn."""

    layer: str
    kind: str
    rank: int


@dataclass(frozen=True, slots=True)
class Field:
    """What a field's values say; `otherwise` is for every other value that is not empty."""

    name: str
    values: Mapping[str, Drawn] = field(default_factory=dict)
    otherwise: Drawn | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A layer of a file. The first of its fields that says something counts; `always` where it needs none."""

    layer: str
    fields: tuple[Field, ...] = ()
    always: Drawn | None = None
    names: tuple[str, ...] = ("name",)


@dataclass(frozen=True, slots=True)
class Scheme:
    """What makers agree on.

    Attributes:
        name: as people call it.
        sources: layers that are drawn.
        known_by: layers that only files of this scheme have.
        attribution: what its licence wants to be said on the map.
        coastlines: whether its land has to be found within coastlines.
    """

    name: str
    sources: tuple[Source, ...]
    known_by: frozenset[str]
    attribution: str
    coastlines: bool = False


MOTORWAY, A_ROAD, B_ROAD = Drawn("road", "motorway", 0), Drawn("road", "a_road", 1), Drawn("road", "b_road", 2)  # fmt: skip
MINOR, RESIDENTIAL, PATH = Drawn("road", "minor", 3), Drawn("road", "residential", 4), Drawn("road", "path", 5)  # fmt: skip
RAIL = Drawn("rail", "rail", 1)
RIVER, STREAM, LAKE = Drawn("water", "river_line", 1), Drawn("water", "river_line", 2), Drawn("water", "lake", BY_SIZE)  # fmt: skip
WOOD, PARK, BUILT_UP = Drawn("wood", "wood", BY_SIZE), Drawn("urban", "park", 2), Drawn("urban", "built_up", BY_SIZE)  # fmt: skip
INDUSTRIAL, BUILDING = Drawn("urban", "industrial", 2), Drawn("building", "building", 5)
MOOR, BEACH, PEAK = Drawn("land", "moor", 1), Drawn("land", "beach", 2), Drawn("hill", "peak", 3)
LAND, SEA, COASTLINE = Drawn("land", "island", 0), Drawn("sea", "sea", 0), Drawn("coastline", "", 0)
CONTOUR = Drawn("hill", "contour", 4)
DIVISION, NEIGHBOURHOOD = Drawn("area", "division", 0), Drawn("area", "neighbourhood", 2)
_PLACES = {
    "city": Drawn("place", "city", 0), "town": Drawn("place", "town", 1), "village": Drawn("place", "village", 2),
    "suburb": Drawn("place", "suburb", 3), "hamlet": Drawn("place", "hamlet", 4),
}  # fmt: skip
PLACES: Final = {
    **_PLACES,
    "borough": _PLACES["suburb"], "quarter": _PLACES["suburb"], "neighbourhood": _PLACES["suburb"],
    "isolated_dwelling": _PLACES["hamlet"], "farm": _PLACES["hamlet"], "locality": _PLACES["hamlet"],
}  # fmt: skip
POIS: Final = {
    code: Drawn("poi", kind, 2)
    for code, kind in {
        "hospital": "hospital", "police": "police", "fire_station": "fire_station", "ferry_terminal": "harbour",
        "station": "station", "halt": "station",
    }.items()
} | {
    code: Drawn("poi", code, 3)
    for code in ("school", "college", "university", "townhall", "courthouse", "prison", "library", "place_of_worship")
}  # fmt: skip

_HIGHWAYS = {
    "motorway": MOTORWAY, "motorway_link": MOTORWAY, "trunk": A_ROAD, "trunk_link": A_ROAD, "primary": A_ROAD,
    "primary_link": A_ROAD, "secondary": B_ROAD, "secondary_link": B_ROAD, "tertiary": MINOR, "tertiary_link": MINOR,
    "unclassified": MINOR, "road": MINOR, "residential": RESIDENTIAL, "living_street": RESIDENTIAL, "pedestrian": RESIDENTIAL,
    "service": RESIDENTIAL, "busway": RESIDENTIAL, "track": PATH, "path": PATH, "footway": PATH, "cycleway": PATH,
    "bridleway": PATH, "steps": PATH,
}  # fmt: skip
_RAILWAYS = dict.fromkeys(("rail", "light_rail", "narrow_gauge"), RAIL)
"""Neither trams, which lie in streets, nor what is under the ground."""
_WATERWAYS = {"river": RIVER, "canal": RIVER, "stream": STREAM, "drain": STREAM, "ditch": STREAM}
_LANDUSE = {
    "residential": BUILT_UP, "commercial": INDUSTRIAL, "industrial": INDUSTRIAL, "retail": INDUSTRIAL, "railway": INDUSTRIAL,
    "military": INDUSTRIAL, "forest": WOOD, "reservoir": LAKE, "basin": LAKE, "grass": PARK, "recreation_ground": PARK,
    "village_green": PARK, "cemetery": PARK, "allotments": PARK,
}  # fmt: skip
_NATURAL = {
    "wood": WOOD, "water": LAKE, "beach": BEACH, "sand": BEACH, "heath": MOOR, "moor": MOOR, "scrub": MOOR, "grassland": MOOR,
    "fell": MOOR,
}  # fmt: skip
_LEISURE = dict.fromkeys(("park", "garden", "golf_course", "pitch", "playground", "nature_reserve", "common"), PARK)  # fmt: skip
_LEVELS = {"6": DIVISION, "7": DIVISION, "8": DIVISION, "10": NEIGHBOURHOOD}

OSM: Final = Scheme(
    "OpenStreetMap",
    (
        Source("lines", (
            Field("highway", _HIGHWAYS), Field("railway", _RAILWAYS), Field("waterway", _WATERWAYS),
            Field("natural", {"coastline": COASTLINE}),
        ), names=("name", "ref")),
        Source("multipolygons", (
            Field("building", {"no": Drawn("", "", 0)}, BUILDING), Field("natural", _NATURAL), Field("landuse", _LANDUSE),
            Field("leisure", _LEISURE), Field("waterway", {"riverbank": LAKE, "dock": LAKE}), Field("admin_level", _LEVELS),
        )),
        Source("points", (
            Field("place", PLACES), Field("amenity", POIS), Field("railway", POIS), Field("natural", {"peak": PEAK}),
        )),
    ),
    known_by=frozenset({"lines", "multipolygons", "other_relations"}),
    attribution="© OpenStreetMap contributors",
    coastlines=True,
)  # fmt: skip

_OS_ROADS = {
    "Motorway": MOTORWAY, "Primary": A_ROAD, "A Road": A_ROAD, "B Road": B_ROAD, "Minor": MINOR, "Minor Road": MINOR,
    "Local": RESIDENTIAL, "Local Road": RESIDENTIAL, "Restricted": RESIDENTIAL, "Restricted Local Access Road": RESIDENTIAL,
    "Secondary Access Road": RESIDENTIAL, "Local Access Road": RESIDENTIAL,
    "Guided Busway": RESIDENTIAL,
}  # fmt: skip
_OS_PLACES = {
    "Capital": _PLACES["city"], "City": _PLACES["city"], "Town": _PLACES["town"], "Village": _PLACES["village"],
    "Suburban Area": _PLACES["suburb"], "Hamlet": _PLACES["hamlet"], "Small Settlements": _PLACES["hamlet"],
    "National Park": Drawn("", "", 0),
}  # fmt: skip
_ROAD_NAMES = ("name", "name1", "number")
ZOOMSTACK: Final = Scheme(
    "OS Open Zoomstack",
    (
        Source("land", always=LAND),
        Source("foreshore", always=BEACH),
        Source("greenspace", always=PARK),
        Source("woodland", always=WOOD),
        Source("urban_areas", always=BUILT_UP),
        Source("sites", always=INDUSTRIAL),
        Source("surfacewater", always=LAKE),
        Source("waterlines", (Field("type", {"MHW": Drawn("", "", 0), "MLW": Drawn("", "", 0)}, RIVER),)),
        Source("roads_national", (Field("type", _OS_ROADS, A_ROAD),), names=_ROAD_NAMES),
        Source("roads_regional", (Field("type", _OS_ROADS, B_ROAD),), names=_ROAD_NAMES),
        Source("roads_local", (Field("type", _OS_ROADS, MINOR),), names=_ROAD_NAMES),
        Source("roads", (Field("type", _OS_ROADS, MINOR),), names=_ROAD_NAMES),
        Source("rail", always=RAIL),
        Source("railway_stations", always=Drawn("poi", "station", 2)),
        Source("district_buildings", always=BUILDING),
        Source("local_buildings", always=BUILDING),
        Source("buildings", always=BUILDING),
        Source("contours", always=CONTOUR),
        Source("names", (Field("type", _OS_PLACES),), names=("name1", "name")),
    ),
    known_by=frozenset({"surfacewater", "waterlines", "urban_areas", "foreshore"}),
    attribution="Contains OS data © Crown copyright and database right",
)  # fmt: skip

_CLASSES = {**_HIGHWAYS, "minor": MINOR, "path": PATH, "major_road": A_ROAD, "minor_road": MINOR, "highway": MOTORWAY} | _RAILWAYS  # fmt: skip
_COVER = {"wood": WOOD, "forest": WOOD, "grass": PARK, "sand": BEACH, "park": PARK} | _LEISURE | _NATURAL | _LANDUSE  # fmt: skip
OPENMAPTILES: Final = Scheme(
    "OpenMapTiles",
    (
        Source("water", always=LAKE), Source("waterway", (Field("class", _WATERWAYS),)),
        Source("landcover", (Field("class", _COVER),)), Source("landuse", (Field("class", _COVER),)),
        Source("park", always=PARK), Source("building", always=BUILDING),
        Source("transportation", (Field("class", _CLASSES),)),
        Source("transportation_name", (Field("class", _CLASSES),), names=("name", "ref")),
        Source("place", (Field("class", PLACES),)), Source("poi", (Field("class", POIS), Field("subclass", POIS))),
        Source("mountain_peak", always=PEAK),
    ),
    known_by=frozenset({"transportation", "transportation_name", "mountain_peak"}),
    attribution="© OpenMapTiles © OpenStreetMap contributors",
)  # fmt: skip
PROTOMAPS: Final = Scheme(
    "Protomaps",
    (
        Source("earth", always=LAND),
        Source("water", (Field("kind", {"ocean": Drawn("", "", 0), **_WATERWAYS}, LAKE),)),
        Source("landcover", (Field("kind", _COVER),)), Source("landuse", (Field("kind", _COVER),)),
        Source("buildings", always=BUILDING),
        Source("roads", (Field("kind_detail", _CLASSES), Field("kind", _CLASSES)), names=("name", "ref")),
        Source("places", (Field("kind_detail", PLACES), Field("kind", PLACES))), Source("pois", (Field("kind", POIS),)),
    ),
    known_by=frozenset({"earth", "pois"}),
    attribution="© OpenStreetMap contributors",
)  # fmt: skip
SHORTBREAD: Final = Scheme(
    "Shortbread",
    (
        Source("land", (Field("kind", _COVER),)), Source("ocean", always=LAKE), Source("water_polygons", always=LAKE),
        Source("water_lines", (Field("kind", _WATERWAYS),)), Source("buildings", always=BUILDING),
        Source("streets", (Field("kind", _CLASSES),)), Source("street_labels", (Field("kind", _CLASSES),), names=("name", "ref")),
        Source("place_labels", (Field("kind", PLACES),)), Source("pois", (Field("amenity", POIS),)),
    ),
    known_by=frozenset({"water_polygons", "streets", "street_labels", "place_labels"}),
    attribution="© OpenStreetMap contributors",
)  # fmt: skip

SCHEMES: Final = (OSM, ZOOMSTACK, OPENMAPTILES, PROTOMAPS, SHORTBREAD)


def scheme_of(layers: Collection[str]) -> Scheme | None:
    """The scheme that most speaks for; None where the layers are of none."""
    best = max(SCHEMES, key=lambda scheme: len(scheme.known_by & set(layers)))
    return best if best.known_by & set(layers) else None
