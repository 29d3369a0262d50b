"""The invented county of Haldersey, complete: land, places, roads, streets, areas, landmarks.

Pure, seeded, deterministic. Coordinates are metres on the British National Grid (EPSG:27700), at a
place where there is only sea, so that nobody takes it for somewhere real.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import shapely
import shapely.ops

from sightline.ingest.fleet import names
from sightline.ingest.fleet.areas import Areas, Suburb, build_areas, build_suburbs
from sightline.ingest.fleet.graph import StreetGraph, build_graph
from sightline.ingest.fleet.landcover import Cover, build_cover
from sightline.ingest.fleet.routes import MINOR, RESIDENTIAL, Links, Road, build_links
from sightline.ingest.fleet.settlements import Settlement, build_settlements
from sightline.ingest.fleet.streets import Street, build_streets
from sightline.ingest.fleet.terrain import Terrain, build_terrain


@dataclass(frozen=True)
class Landmark:
    """A building or installation that people know. `kind` is what it is."""

    kind: str
    name: str
    x: float
    y: float


@dataclass(frozen=True)
class County:
    """Everything that does not change while the force works."""

    seed: int
    terrain: Terrain
    settlements: tuple[Settlement, ...]
    suburbs: tuple[Suburb, ...]
    links: Links
    graph: StreetGraph
    areas: Areas
    cover: Cover
    landmarks: tuple[Landmark, ...]

    def stations(self) -> list[Landmark]:
        """Police stations, headquarters first."""
        return [m for m in self.landmarks if m.kind == "police"]


def build_county(seed: int) -> County:
    """The county of a seed: some seconds of work, the same result every time."""
    terrain = build_terrain(seed)
    settlements = build_settlements(terrain, seed)
    suburbs = build_suburbs(settlements, seed)
    links = build_links(terrain, settlements, seed)
    roads = _named_roads(links, settlements)
    for k, settlement in enumerate(settlements):
        streets = build_streets(terrain, settlement, list(links.roads), 1_000 * seed + k)
        roads += _named_streets(streets, settlement, seed + k)
    old_towns = shapely.union_all(
        [
            shapely.Point(s.place).buffer(0.22 * s.radius_m)
            for s in settlements
            if s.rank in ("city", "town")
        ]
    )
    graph = build_graph(roads, seed, keep_inside=old_towns)
    areas = build_areas(terrain, settlements, suburbs, seed)
    cover = build_cover(terrain, settlements, links.railway, graph, seed)
    landmarks = _landmarks(terrain, settlements, suburbs, links, graph)
    return County(seed, terrain, settlements, suburbs, links, graph, areas, cover, landmarks)


def _named_roads(links: Links, settlements: tuple[Settlement, ...]) -> list[Road]:
    """Main roads: by number in the country, by where they lead inside a settlement."""
    built = [s for s in settlements if s.rank != "hamlet"]
    roads = []
    for road in links.roads:
        parts = [road.line]
        for s in built:
            if road.kind == "motorway" or not road.line.intersects(s.footprint):
                continue
            inside = road.line.intersection(s.footprint)
            parts = [p.difference(s.footprint) for p in parts]
            name = _leads_to(road, s, built)
            roads += [Road(p, road.kind, name) for p in shapely.get_parts(inside) if p.length > 1.0]
        for part in parts:
            roads += [
                Road(p, road.kind, road.name)
                for p in shapely.get_parts(part)
                if p.geom_type == "LineString" and p.length > 1.0
            ]
    return roads


def _leads_to(road: Road, here: Settlement, built: list[Settlement]) -> str:
    """A street's name by the settlement at the far end of its road."""
    ends = [np.asarray(road.line.coords[at]) for at in (0, -1)]
    far = max(ends, key=lambda p: float(np.hypot(p[0] - here.x, p[1] - here.y)))
    direction = far - np.asarray(here.place)
    reach = max(float(np.hypot(*direction)), 1.0)

    def fit(s: Settlement) -> float:
        to = np.subtract(s.place, here.place)
        away = float(np.hypot(*to))
        return float(np.dot(direction, to)) / (reach * away) - away / 30_000.0

    there = max((s for s in built if s is not here), key=fit)
    return f"{there.name} Road"


def _named_streets(streets: list[Street], settlement: Settlement, seed: int) -> list[Road]:
    """Streets with names; a long one changes its name on the way."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(43,)))
    village = settlement.rank == "village"
    given = names.StreetNames(rng, names.VILLAGE_STREETS if village else names.CENTRE_STREETS)
    old = settlement.radius_m * (1.0 if village else 0.25)
    roads = []
    for street in streets:
        parts = max(1, round(street.line.length / (900.0 if street.distributor else 650.0)))
        cuts = np.linspace(0.0, street.line.length, parts + 1)
        for a, b in itertools.pairwise(cuts):
            line = shapely.ops.substring(street.line, a, b)
            central = given.central() if street.centre_m < old else None
            name = central or given.for_street(line.length, dead_end=rng.random() < 0.15)
            roads.append(Road(line, MINOR if street.distributor else RESIDENTIAL, name))
    return roads


def _landmarks(
    terrain: Terrain,
    settlements: tuple[Settlement, ...],
    suburbs: tuple[Suburb, ...],
    links: Links,
    graph: StreetGraph,
) -> tuple[Landmark, ...]:
    city = settlements[0]
    towns = [s for s in settlements if s.rank == "town"]

    def by_street(kind: str, name: str, x: float, y: float) -> Landmark:
        node = graph.node_xy[graph.nearest_node(x, y)]
        return Landmark(kind, name, float(node[0]), float(node[1]))

    marks = [by_street("police", "Police Headquarters", city.x + 420.0, city.y + 380.0)]
    marks += [by_street("police", f"{s.name} Police Station", s.x, s.y) for s in suburbs[2:6:2]]
    marks += [by_street("police", f"{t.name} Police Station", t.x + 90, t.y - 60) for t in towns]
    marks += [
        by_street("hospital", f"{city.name} Royal Infirmary", city.x - 900.0, city.y + 700.0),
        by_street("university", "University of Haldersey", city.x + 1_100.0, city.y + 900.0),
        by_street("stadium", "Saltpans Stadium", city.x + 1_500.0, city.y + 120.0),
        by_street("fire", f"{city.name} Fire Station", city.x - 300.0, city.y + 520.0),
        by_street("court", "Haldersey Crown Court", city.x + 130.0, city.y + 160.0),
        by_street("harbour", f"{city.name} Harbour", *terrain.city),
        by_street("hospital", f"{towns[0].name} Hospital", towns[0].x + 400, towns[0].y + 300),
    ]
    marks += [Landmark("station", name, x, y) for name, x, y in links.stations]
    coast = shapely.get_coordinates(terrain.mainland.exterior)
    for name, dx, dy in (("North Ness Light", 0, 1), ("East Ness Light", 1, 0)):
        x, y = coast[int(np.argmax(dx * coast[:, 0] + dy * coast[:, 1]))]
        marks.append(Landmark("lighthouse", name, float(x), float(y)))
    return tuple(marks)
