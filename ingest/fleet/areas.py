"""Police areas: divisions and neighbourhoods that share the land out without gap or overlap.

Pure and seeded. Coordinates are metres (EPSG:27700).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Point

from sightline.ingest.fleet import names
from sightline.ingest.fleet.settlements import Settlement
from sightline.ingest.fleet.terrain import BOUNDS, CENTRE, Terrain


@dataclass(frozen=True)
class Area:
    """A police area. `division` is its division's code (its own for a division)."""

    code: str
    name: str
    division: str
    ground: MultiPolygon


@dataclass(frozen=True)
class Suburb:
    """A part of the city that people call by name."""

    name: str
    x: float
    y: float


@dataclass(frozen=True)
class Areas:
    """Divisions, and the neighbourhoods that they consist of."""

    divisions: tuple[Area, ...]
    neighbourhoods: tuple[Area, ...]

    def division_of(self, x: float, y: float) -> str:
        """Code of the division of a place; of the nearest one for a place at sea."""
        place = Point(x, y)
        return min(self.divisions, key=lambda a: float(a.ground.distance(place))).code


def build_suburbs(settlements: tuple[Settlement, ...], seed: int) -> tuple[Suburb, ...]:
    """Named parts of the city, the old town first."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(37,)))
    city = settlements[0]
    chosen = [np.array(city.place)]
    x0, y0, x1, y1 = city.footprint.bounds
    tries = rng.uniform((x0, y0), (x1, y1), (4000, 2))
    tries = tries[shapely.contains_xy(city.footprint.buffer(-300.0), tries[:, 0], tries[:, 1])]
    for place in tries:
        if min(float(np.hypot(*(place - other))) for other in chosen) > 1_250.0:
            chosen.append(place)
    return tuple(
        Suburb(name, float(p[0]), float(p[1]))
        for name, p in zip(names.SUBURBS, chosen, strict=False)
    )


def build_areas(
    terrain: Terrain, settlements: tuple[Settlement, ...], suburbs: tuple[Suburb, ...], seed: int
) -> Areas:
    """The city is one division; neighbouring towns in pairs are the others."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(41,)))
    city = settlements[0]
    towns = sorted(
        (s for s in settlements if s.rank == "town"),
        key=lambda s: float(np.arctan2(s.y - CENTRE[1], s.x - CENTRE[0])),
    )
    pairs = [towns[k : k + 2] for k in range(0, len(towns), 2)]
    codes = {city.name: "A"} | {
        town.name: "BCD"[k] for k, pair in enumerate(pairs) for town in pair
    }
    seeds = [(s.name, s.x, s.y, codes[city.name]) for s in suburbs]
    seeds += [(t.name, t.x, t.y, codes[t.name]) for t in towns]
    of = _shares(terrain, seeds, rng)
    neighbourhoods = tuple(
        Area(f"{code}{k + 1}", name, code, of[k])
        for k, (name, _, _, code) in enumerate(seeds)
        if not of[k].is_empty
    )
    divisions = []
    for code in "ABCD":
        ground = shapely.union_all([n.ground for n in neighbourhoods if n.division == code])
        divisions.append(Area(code, "", code, _multi(ground)))
    return Areas(_named(divisions, city), neighbourhoods)


def _shares(
    terrain: Terrain, seeds: list[tuple[str, float, float, str]], rng: np.random.Generator
) -> list[MultiPolygon]:
    """The land nearest to each seed, with ragged borders: cells of scattered points, merged."""
    points = rng.uniform((BOUNDS[0], BOUNDS[1]), (BOUNDS[2], BOUNDS[3]), (5_500, 2))
    cells = shapely.get_parts(
        shapely.voronoi_polygons(
            shapely.multipoints(points), ordered=True, extend_to=shapely.box(*BOUNDS)
        )
    )
    places = np.array([(x, y) for _, x, y, _ in seeds])
    # Suburbs are close to one another: their reach ends with the city.
    reach = np.array([0.0 if code == "A" else -2_500.0 for *_, code in seeds])
    away = np.hypot(points[:, :1] - places[:, 0][None], points[:, 1:] - places[:, 1][None]) + (
        reach[None] + 1_500.0
    )
    nearest = np.argmin(away, axis=1)
    merged = [shapely.union_all(cells[nearest == k]) for k in range(len(seeds))]
    return [_multi(ground.intersection(terrain.land)) for ground in merged]


def _multi(ground: shapely.Geometry) -> MultiPolygon:
    parts = shapely.get_parts(ground)
    return MultiPolygon([p for p in parts if p.geom_type == "Polygon"])


def _named(divisions: list[Area], city: Settlement) -> tuple[Area, ...]:
    """The city's division by its name, the others by where they lie."""
    others = {d.code: d.ground.centroid for d in divisions[1:]}
    left = set(others)
    given = {"A": city.name}
    for name, dx, dy in (("West", -1, 0), ("North", 0, 1), ("East", 1, 0)):
        code = max(left, key=lambda c: dx * others[c].x + dy * others[c].y)
        given[code] = name
        left.discard(code)
    return tuple(Area(d.code, f"{given[d.code]} Division", d.division, d.ground) for d in divisions)
