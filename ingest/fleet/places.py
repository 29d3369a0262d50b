"""Chooses where the force works in a county: stations, sites of incidents, places to patrol.

Pure and seeded. Coordinates are metres (EPSG:27700).
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from sightline.ingest.fleet.county import County
from sightline.ingest.fleet.graph import StreetGraph
from sightline.ingest.fleet.ground import DIVISIONS, Ground, Place
from sightline.ingest.fleet.noise import Floats
from sightline.ingest.fleet.radio import build_radio
from sightline.ingest.fleet.routes import ROAD_KINDS


def build_ground(county: County) -> Ground:
    """Chooses the places of a county and computes its radio."""
    rng = np.random.default_rng(np.random.SeedSequence(county.seed, spawn_key=(61,)))
    graph = county.graph
    division = _divisions(county, graph.node_xy)
    places = [
        _place(county, "station", graph.nearest_node(mark.x, mark.y), division, 1.0, mark.name)
        for mark in county.stations()
    ]
    spread = _spread(county, graph)
    for code in DIVISIONS:
        mine = np.flatnonzero(division == code)
        for kind, count in (("site", 60 if code == "A" else 34), ("patrol", 26)):
            fair = spread[mine] if kind == "site" else np.sqrt(spread[mine])
            chosen = rng.choice(
                mine, size=min(count, len(mine)), replace=False, p=fair / fair.sum()
            )
            places += [
                _place(county, kind, node, division, float(spread[node]))
                for node in chosen.tolist()
            ]
    fast = graph.kind <= ROAD_KINDS.index("a_road")
    for node in rng.choice(np.unique(graph.ends[fast]), size=40, replace=False).tolist():
        places.append(_place(county, "road", node, division, 1.0))
    places += _bridges(county, division)
    trees = [graph.tree_to(place.node) for place in places]
    return Ground(
        county.seed,
        graph,
        tuple(places),
        build_radio(county, county.seed),
        np.array([via for via, _ in trees], dtype=np.int32),
        np.array([seconds for _, seconds in trees], dtype=np.float32),
    )


def _bridges(county: County, division: NDArray[np.str_]) -> list[Place]:
    """The ends of the bridges over the city's river, the most important first."""
    graph, city = county.graph, county.settlements[0]
    lines = graph.lines()
    over = shapely.intersects(county.terrain.rivers[0].surface, lines)
    middle = shapely.get_coordinates(shapely.line_interpolate_point(lines, 0.5, normalized=True))
    away = np.hypot(middle[:, 0] - city.x, middle[:, 1] - city.y)
    near = np.flatnonzero(over & (away < 1.2 * city.radius_m))
    ordered = near[np.argsort(away[near] + 500.0 * graph.kind[near], kind="stable")]
    places: list[Place] = []
    for edge in ordered.tolist():
        street = graph.names[int(graph.name[edge])]
        name = f"{street} Bridge, {city.name}" if places else f"Halder Bridge, {city.name}"
        places.append(_place(county, "bridge", int(graph.ends[edge, 0]), division, 1.0, name))
    return places


def _place(
    county: County,
    kind: str,
    node: int,
    division: NDArray[np.str_],
    weight: float,
    name: str | None = None,
) -> Place:
    x, y = county.graph.node_xy[node]
    town = any(
        np.hypot(x - s.x, y - s.y) < s.radius_m
        for s in county.settlements
        if s.rank in ("city", "town")
    )
    return Place(
        kind, name or _corner_name(county, node), node, str(division[node]), weight, town=town
    )


def _divisions(county: County, xy: Floats) -> NDArray[np.str_]:
    points = shapely.points(xy)
    code = np.full(len(xy), "A", dtype="<U1")
    for area in county.areas.divisions:
        shapely.prepare(area.ground)
        code[shapely.intersects(area.ground, points)] = area.code
    return code


def _spread(county: County, graph: StreetGraph) -> Floats:
    """How likely something happens at each junction: most in the centres, some everywhere."""
    x, y = graph.node_xy.T
    often = np.full(len(x), 0.03)
    for s in county.settlements:
        most = {"city": 1.0, "town": 0.8, "village": 0.35, "hamlet": 0.1}[s.rank]
        often += most * np.exp(-np.hypot(x - s.x, y - s.y) / (0.45 * s.radius_m))
    return often


def _corner_name(county: County, node: int) -> str:
    """A street's name at a junction, with the settlement it is in or near."""
    graph = county.graph
    x, y = graph.node_xy[node]
    nearest = min(county.settlements, key=lambda s: float(np.hypot(x - s.x, y - s.y)) - s.radius_m)
    # The smaller street tells more about where this is.
    for _, edge in sorted(((int(graph.kind[e]), e) for e, _ in graph.ways[node]), reverse=True):
        if name := graph.names[int(graph.name[edge])]:
            return f"{name}, {nearest.name}"
    return f"near {nearest.name}"
