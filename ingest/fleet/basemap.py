"""The county as layers of a map: what the dashboard's vector tiles are cut from.

Pure. `basemap_features` gives geometries in metres (EPSG:27700), `basemap_layers` GeoJSON in
WGS 84. Layers and kinds are listed in docs/demo-force.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry import Point, mapping
from shapely.geometry.base import BaseGeometry

from sightline.ingest.fleet import names
from sightline.ingest.fleet.county import County
from sightline.ingest.fleet.projection import to_wgs84
from sightline.ingest.fleet.routes import ROAD_KINDS
from sightline.ingest.fleet.terrain import BOUNDS

_PLACE_RANKS = {"city": 0, "town": 1, "village": 2, "suburb": 3, "hamlet": 4}


@dataclass(frozen=True)
class BasemapFeature:
    """One feature of the map. `rank` 0 is drawn first when zooming in."""

    layer: str
    kind: str
    name: str
    rank: int
    geometry: BaseGeometry


def basemap_features(county: County) -> list[BasemapFeature]:
    """Every feature, bottom layer first."""
    return [
        *_ground(county),
        *_hills(county),
        *_water(county),
        *_built(county),
        *_roads(county),
        *_rail(county),
        *_areas(county),
        *_labels(county),
    ]


def basemap_layers(county: County) -> dict[str, dict[str, Any]]:
    """Layer → GeoJSON FeatureCollection in WGS 84, to six decimals."""
    layers: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for f in basemap_features(county):
        geometry = shapely.transform(f.geometry, lambda xy: np.round(to_wgs84(xy), 6))
        layers[f.layer].append(
            {
                "type": "Feature",
                "properties": {"kind": f.kind, "name": f.name, "rank": f.rank},
                "geometry": mapping(geometry),
            }
        )
    return {
        layer: {"type": "FeatureCollection", "features": found} for layer, found in layers.items()
    }


def _each(
    layer: str, kind: str, rank: int, geometries: Iterable[BaseGeometry], name: str = ""
) -> Iterator[BasemapFeature]:
    for geometry in geometries:
        for part in shapely.get_parts(geometry):
            if part.geom_type in ("Polygon", "LineString", "Point"):
                yield BasemapFeature(layer, kind, name, rank, part)


def _ground(county: County) -> Iterator[BasemapFeature]:
    cover, land = county.cover, county.terrain.land
    yield from _each("sea", "sea", 0, [shapely.box(*BOUNDS).buffer(40_000.0, join_style="mitre")])
    islets = iter(names.ISLETS)
    for polygon in sorted(land.geoms, key=lambda p: -p.area):
        main = polygon.equals(county.terrain.mainland)
        name = names.COUNTY if main else next(islets, "")
        yield BasemapFeature("land", "island" if main else "islet", name, 0 if main else 2, polygon)
    yield from _each("land", "moor", 1, cover.moor)
    yield from _each("land", "beach", 2, cover.beach)
    for name, wood in cover.woods:
        for k, part in enumerate(shapely.get_parts(wood)):
            rank = 1 if part.area > 1_000_000 else 2 if part.area > 200_000 else 3
            yield BasemapFeature("wood", "wood", name if k == 0 else "", rank, part)


def _hills(county: County) -> Iterator[BasemapFeature]:
    for kind, rank, polygon in county.cover.shade:
        yield BasemapFeature("hill", f"shade_{kind}", "", rank, polygon)
    for level, line in county.cover.contours:
        index = level % 100 == 0
        yield BasemapFeature(
            "hill", "contour_index" if index else "contour", str(level), 3 if index else 4, line
        )
    for name, x, y in county.cover.peaks:
        yield BasemapFeature("hill", "peak", name, 3, Point(x, y))


def _water(county: County) -> Iterator[BasemapFeature]:
    land = county.terrain.land
    for river in county.terrain.rivers:
        yield from _each("water", "river", 1, [river.surface.intersection(land)])
        yield BasemapFeature("water", "river_line", river.name, 1, river.line.intersection(land))
    for name, lake in county.terrain.lakes:
        yield BasemapFeature("water", "lake", name, 1 if lake.area > 500_000 else 2, lake)


def _built(county: County) -> Iterator[BasemapFeature]:
    cover = county.cover
    for polygon in cover.urban:
        yield BasemapFeature("urban", "built_up", "", 0 if polygon.area > 1_000_000 else 1, polygon)
    yield from _each("urban", "industrial", 2, cover.industrial)
    for name, park in cover.parks:
        yield BasemapFeature("urban", "park", name, 2, park)
    yield from _each("building", "building", 5, cover.buildings)


def _roads(county: County) -> Iterator[BasemapFeature]:
    graph = county.graph
    lines = graph.lines()
    together: dict[tuple[int, int], list[BaseGeometry]] = defaultdict(list)
    for line, kind, name in zip(lines, graph.kind.tolist(), graph.name.tolist(), strict=True):
        together[kind, name].append(line)
    wet = county.terrain.water.buffer(4.0)
    shapely.prepare(wet)
    for (kind, name), parts in sorted(together.items()):
        merged = shapely.line_merge(shapely.multilinestrings([parts])[0])
        for line in shapely.get_parts(merged):
            yield BasemapFeature("road", ROAD_KINDS[kind], graph.names[name], kind, line)
        for line in parts:
            if wet.intersects(line):
                for span in shapely.get_parts(line.intersection(wet)):
                    if span.geom_type == "LineString" and span.length > 6.0:
                        yield BasemapFeature("road", "bridge", "", kind, span)


def _rail(county: County) -> Iterator[BasemapFeature]:
    yield from _each("rail", "rail", 1, county.links.railway)


def _areas(county: County) -> Iterator[BasemapFeature]:
    for area in county.areas.divisions:
        yield BasemapFeature("area", "division", area.name, 0, area.ground)
    for area in county.areas.neighbourhoods:
        yield BasemapFeature("area", "neighbourhood", area.name, 2, area.ground)


def _labels(county: County) -> Iterator[BasemapFeature]:
    for s in county.settlements:
        yield BasemapFeature("place", s.rank, s.name, _PLACE_RANKS[s.rank], Point(s.place))
    for suburb in county.suburbs:
        yield BasemapFeature(
            "place", "suburb", suburb.name, _PLACE_RANKS["suburb"], Point(suburb.x, suburb.y)
        )
    for mark in county.landmarks:
        rank = 2 if mark.kind in ("hospital", "harbour", "police") else 3
        yield BasemapFeature("poi", mark.kind, mark.name, rank, Point(mark.x, mark.y))
