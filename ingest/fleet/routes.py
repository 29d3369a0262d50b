"""Roads and railway between settlements: cheapest ways over the land, sharing what is there.

Pure and seeded. Coordinates are metres (EPSG:27700).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
import shapely
from shapely.geometry import LineString

from sightline.ingest.fleet.noise import Floats, fractal, smoothstep
from sightline.ingest.fleet.raster import Raster, chaikin, cheapest_path
from sightline.ingest.fleet.settlements import Settlement
from sightline.ingest.fleet.terrain import BOUNDS, Terrain

MOTORWAY, A_ROAD, B_ROAD, MINOR, RESIDENTIAL = (
    "motorway",
    "a_road",
    "b_road",
    "minor",
    "residential",
)
ROAD_KINDS = (MOTORWAY, A_ROAD, B_ROAD, MINOR, RESIDENTIAL)
"""Most important first."""

_CELL_M = 400.0
_REUSE = 0.7
"""Cost of a metre along a road that is there; open country costs about 1.7."""
_NETWORKS = (
    ("city", "town"),
    ("city", "town", "village"),
    ("city", "town", "village", "hamlet"),
)


@dataclass(frozen=True)
class Road:
    """A stretch of road of one kind. `name` is its number or street name."""

    line: LineString
    kind: str
    name: str


@dataclass(frozen=True)
class Links:
    """What joins the settlements."""

    roads: tuple[Road, ...]
    railway: tuple[LineString, ...]
    stations: tuple[tuple[str, float, float], ...]


def build_links(terrain: Terrain, settlements: tuple[Settlement, ...], seed: int) -> Links:
    """A roads between city and towns, B roads and lanes to the villages, a motorway, a railway."""
    cost = _road_cost(terrain, seed)
    centres = {s.name: _node(s.place) for s in settlements}
    web = _Web(cost, {node: s.place for s, node in zip(settlements, centres.values(), strict=True)})

    def join(a: Settlement, b: Settlement, kind: str, name: str) -> None:
        web.join(centres[a.name], centres[b.name], kind, name)

    ranks = {rank: [s for s in settlements if s.rank in rank] for rank in _NETWORKS}
    towns = ranks["city", "town"]
    pairs = _gabriel(towns)
    pairs += [(towns[0], t) for t in towns[1:] if (towns[0], t) not in pairs and _near(towns[0], t)]
    for number, (a, b) in enumerate(pairs, 981):
        join(a, b, A_ROAD, f"A{number}")
    number = 9801
    for a, b in _gabriel(ranks["city", "town", "village"]):
        if (a, b) in pairs or (b, a) in pairs:
            continue
        if {a.rank, b.rank} & {"city", "town"} or number % 3 == 0:
            join(a, b, B_ROAD, f"B{number}")
        else:
            join(a, b, MINOR, "")
        number += 1
    for a, b in _gabriel(ranks["city", "town", "village", "hamlet"]):
        if "hamlet" in {a.rank, b.rank}:
            join(a, b, MINOR, "")
    roads = web.roads()
    motorway = _motorway(terrain, settlements, roads)
    railway, stations = _railway(terrain, settlements)
    return Links((*roads, motorway), railway, stations)


def _node(place: tuple[float, float]) -> tuple[float, float]:
    """The grid node nearest to a place."""
    return (
        float(BOUNDS[0] + round((place[0] - BOUNDS[0]) / _CELL_M) * _CELL_M),
        float(BOUNDS[1] + round((place[1] - BOUNDS[1]) / _CELL_M) * _CELL_M),
    )


def _road_cost(terrain: Terrain, seed: int) -> Raster:
    """Cost of a metre of road: slope, height, water, and a little chance so that roads bend."""
    raster = Raster.grid(*BOUNDS, cell_m=_CELL_M)
    x, y = raster.xy()
    height = terrain.elevation.sample(x, y)
    rise_y, rise_x = np.gradient(height, _CELL_M)
    points = shapely.points(x, y)
    shapely.prepare(terrain.mainland)
    inland_m = np.where(
        shapely.contains(terrain.mainland, points), terrain.coast.away_m(x, y), -1.0
    )
    wet = terrain.water.buffer(150.0)
    lakes = shapely.union_all([lake for _, lake in terrain.lakes]).buffer(200.0)
    shapely.prepare([wet, lakes])
    cost = 1.0 + 14.0 * np.hypot(rise_x, rise_y) + height / 260.0
    cost += 0.5 * (1 + fractal(x, y, seed + 81, wavelength_m=2_600, octaves=3))
    cost += 5.0 * shapely.contains(wet, points) + 40.0 * shapely.contains(lakes, points)
    cost += np.where(inland_m < 350.0, 4.0, 0.0) + np.where(inland_m < 0.0, 400.0, 0.0)
    return raster.with_values(cost)


def _gabriel(places: list[Settlement]) -> list[tuple[Settlement, Settlement]]:
    """Pairs with no third place in the circle between them: the shortest first."""
    pairs = []
    for a, b in combinations(places, 2):
        middle = np.add(a.place, b.place) / 2
        radius = np.hypot(*np.subtract(a.place, b.place)) / 2
        if all(
            np.hypot(*np.subtract(c.place, middle)) >= radius
            for c in places
            if c is not a and c is not b
        ):
            pairs.append((float(radius), a, b))
    return [(a, b) for _, a, b in sorted(pairs, key=lambda p: p[0])]


def _near(a: Settlement, b: Settlement) -> bool:
    return bool(np.hypot(a.x - b.x, a.y - b.y) < 24_000.0)


class _Web:
    """Roads on the grid: a later road uses what is there; each step keeps its best kind."""

    def __init__(self, cost: Raster, real: dict[tuple[float, float], tuple[float, float]]) -> None:
        self._cost = cost
        self._real = real
        self._places = np.array(list(real.values()))
        self._steps: dict[tuple[tuple[float, float], tuple[float, float]], tuple[str, str]] = {}

    def join(
        self, start: tuple[float, float], end: tuple[float, float], kind: str, name: str
    ) -> None:
        """Adds the cheapest way between two nodes; existing road costs less."""
        path = [
            (float(x), float(y))
            for x, y in cheapest_path(self._cost, np.array(start), np.array(end))
        ]
        for a, b in pairwise(path):
            self._steps.setdefault((min(a, b), max(a, b)), (kind, name))
        columns = [round((x - self._cost.x0) / _CELL_M) for x, _ in path]
        rows = [round((y - self._cost.y0) / _CELL_M) for _, y in path]
        self._cost.values[rows, columns] = np.minimum(self._cost.values[rows, columns], _REUSE)

    def roads(self) -> list[Road]:
        """Stretches between junctions, smoothed."""
        around: dict[tuple[float, float], list[tuple[float, float]]] = defaultdict(list)
        for a, b in self._steps:
            around[a].append(b)
            around[b].append(a)

        def look(a: tuple[float, float], b: tuple[float, float]) -> tuple[str, str]:
            return self._steps[min(a, b), max(a, b)]

        def through(node: tuple[float, float]) -> bool:
            ways = around[node]
            return (
                len(ways) == 2
                and node not in self._real
                and look(node, ways[0]) == look(node, ways[1])
            )

        seen: set[tuple[tuple[float, float], tuple[float, float]]] = set()
        found = []
        for node in sorted(around):
            if through(node):
                continue
            for following in sorted(around[node]):
                if (min(node, following), max(node, following)) in seen:
                    continue
                chain = [node, following]
                seen.add((min(node, following), max(node, following)))
                while through(chain[-1]):
                    ahead = next(p for p in around[chain[-1]] if p != chain[-2])
                    seen.add((min(chain[-1], ahead), max(chain[-1], ahead)))
                    chain.append(ahead)
                kind, name = look(node, following)
                points = np.array([self._real.get(p, p) for p in chain])
                found.append(Road(_winding(points, kind, self._places), kind, name))
        return found


def _winding(points: Floats, kind: str, places: Floats) -> LineString:
    """A smooth line; the smaller the road, the more it wanders. Settlements stay in their place."""
    line = LineString(chaikin(points, 3)).segmentize(70.0)
    along = np.asarray(line.coords)
    near = np.min(np.hypot(*(along[:, None] - places[None]).transpose(2, 0, 1)), axis=1)
    drift = 420.0 * smoothstep(near, 0.0, 1_300.0)
    along = along + drift[:, None] * np.column_stack(
        [
            fractal(along[:, 0], along[:, 1], seed, wavelength_m=3_400.0, octaves=2)
            for seed in (5, 6)
        ]
    )
    share = np.linspace(0.0, 1.0, len(along))
    swing = {A_ROAD: 110.0, B_ROAD: 120.0, MINOR: 110.0}[kind] * np.sin(np.pi * share) ** 0.5
    bends_m = {A_ROAD: 2_600.0, B_ROAD: 1_700.0, MINOR: 950.0}[kind]
    heading = np.gradient(along, axis=0)
    heading /= np.maximum(np.hypot(heading[:, 0], heading[:, 1]), 1e-9)[:, None]
    aside = swing * fractal(along[:, 0], along[:, 1], 97, wavelength_m=bends_m, octaves=2)
    moved = along + aside[:, None] * np.column_stack([-heading[:, 1], heading[:, 0]])
    return LineString(chaikin(moved, 1)).simplify(2.5)


def _motorway(terrain: Terrain, settlements: tuple[Settlement, ...], roads: list[Road]) -> Road:
    """Past every settlement, from a main road outside the city to one outside the farthest town."""
    city = settlements[0]
    towns = [s for s in settlements if s.rank == "town"]
    far = max(towns, key=lambda s: float(np.hypot(s.x - city.x, s.y - city.y)))
    fresh = _road_cost(terrain, 5)
    x, y = fresh.xy()
    built = shapely.union_all([s.footprint.buffer(350.0) for s in settlements])
    values = fresh.values + np.where(shapely.contains_xy(built, x, y), 25.0, 0.0)
    values += terrain.elevation.sample(x, y) / 70.0

    main = shapely.union_all([r.line for r in roads if r.kind in (A_ROAD, B_ROAD)])

    def junction(place: Settlement, towards: Settlement) -> Floats:
        ring = shapely.Point(place.place).buffer(1.3 * place.radius_m + 300.0).exterior
        crossings = shapely.get_coordinates(main.intersection(ring))
        return min(crossings, key=lambda p: float(np.hypot(*(p - towards.place))))

    start, end = junction(city, far), junction(far, city)
    path = cheapest_path(fresh.with_values(values), start, end)
    path[0], path[-1] = start, end
    line = LineString(chaikin(path, 4)).simplify(3.0)
    return Road(line, MOTORWAY, "M98")


def _railway(
    terrain: Terrain, settlements: tuple[Settlement, ...]
) -> tuple[tuple[LineString, ...], tuple[tuple[str, float, float], ...]]:
    """A line from the city to the three nearest towns; stations at the edge of their centres."""
    city = settlements[0]
    towns = sorted(
        (s for s in settlements if s.rank == "town"),
        key=lambda s: float(np.hypot(s.x - city.x, s.y - city.y)),
    )[:3]
    raster = _road_cost(terrain, 9)
    x, y = raster.xy()
    height = terrain.elevation.sample(x, y)
    level = raster.with_values(raster.values + height / 40.0)
    where = {s.name: np.add(s.place, (0.16 * s.radius_m, 0.12 * s.radius_m)) for s in settlements}
    lines = []
    previous = city
    for town in towns:
        start = previous if town is not towns[0] else city
        path = cheapest_path(level, where[start.name], where[town.name])
        path[0], path[-1] = where[start.name], where[town.name]
        lines.append(LineString(chaikin(path, 4)).simplify(2.0))
        previous = town if previous is city else city
    stations = tuple(
        (f"{s.name} station", float(where[s.name][0]), float(where[s.name][1]))
        for s in (city, *towns)
    )
    return tuple(lines), stations
