"""The streets as a graph to walk and drive on.

Pure. Coordinates are metres (EPSG:27700). A node is a junction or an end; an edge is a stretch of
street between two nodes with its line.
"""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray

from sightline.ingest.fleet.noise import Floats
from sightline.ingest.fleet.routes import RESIDENTIAL, ROAD_KINDS, Road

Ints = NDArray[np.int32]

DRIVING_MPS = {"motorway": 29.0, "a_road": 19.0, "b_road": 15.5, "minor": 12.0, "residential": 8.5}
"""Usual speed of a patrol car by kind of road, metres a second."""

_GRID_M = 0.5
_JOIN_M = 55.0
_STUB_M = 38.0


@dataclass(frozen=True)
class StreetGraph:
    """Junctions and stretches of street, as arrays.

    Attributes:
        node_xy: (n, 2) easting and northing.
        ends: (m, 2) node at the start and end of each edge.
        kind: (m,) index into `ROAD_KINDS`.
        name: (m,) index into `names`.
        coords: (k, 2) vertices of all edges, one after the other.
        first: (m + 1,) where each edge's vertices begin in `coords`.
    """

    node_xy: Floats
    ends: Ints
    kind: Ints
    name: Ints
    names: tuple[str, ...]
    coords: Floats
    first: Ints
    length_m: Floats = field(repr=False)

    @cached_property
    def ways(self) -> list[list[tuple[int, int]]]:
        """For each node, (edge, node at its other end) of each edge that meets there."""
        around: list[list[tuple[int, int]]] = [[] for _ in range(len(self.node_xy))]
        for edge, (a, b) in enumerate(self.ends.tolist()):
            around[a].append((edge, b))
            around[b].append((edge, a))
        return around

    @cached_property
    def drive_mps(self) -> Floats:
        """Speed of a patrol car on each edge."""
        return np.array([DRIVING_MPS[k] for k in ROAD_KINDS])[self.kind]

    @cached_property
    def heads(self) -> list[int]:
        """Node at the end of each step. Step 2e is edge e as drawn, step 2e + 1 the other way."""
        heads: list[int] = self.ends[:, ::-1].ravel().tolist()
        return heads

    @cached_property
    def _both_ways(self) -> tuple[Floats, Floats, Ints]:
        """Vertices of all steps, metres from the step's start at each, and where each step begins."""
        size = np.diff(self.first)
        first = np.concatenate([[0], np.cumsum(np.repeat(size, 2))])
        step = np.repeat(np.arange(2 * len(size)), np.repeat(size, 2))
        place = np.arange(len(step)) - first[step]
        edge = step // 2
        source = np.where(step % 2 == 0, self.first[edge] + place, self.first[edge + 1] - 1 - place)
        xy = self.coords[source]
        hop = np.hypot(*np.diff(xy, axis=0, prepend=xy[:1]).T)
        hop[place == 0] = 0.0
        total = np.cumsum(hop)
        return xy, total - total[first[step]], first.astype(np.int32)

    def way(self, steps: list[int]) -> tuple[Floats, Floats, Ints]:
        """The line along `steps`: (n, 2) vertices, metres within the step, and step of each vertex.

        Junctions come twice, as the end of one step and the start of the next.
        """
        xy, along, first = self._both_ways
        chosen = np.array(steps, dtype=np.int64)
        size = first[chosen + 1] - first[chosen]
        of = np.repeat(np.arange(len(chosen)), size)
        start = np.concatenate([[0], np.cumsum(size)[:-1]])
        index = np.arange(int(size.sum())) - start[of] + first[chosen][of]
        return xy[index], along[index], of.astype(np.int32)

    def lines(self) -> NDArray[np.object_]:
        """Every edge as a LineString."""
        edge = np.repeat(np.arange(len(self.ends)), np.diff(self.first))
        found: NDArray[np.object_] = shapely.linestrings(self.coords, indices=edge)
        return found

    def nearest_node(self, x: float, y: float) -> int:
        """The junction nearest to a place."""
        return int(np.argmin((self.node_xy[:, 0] - x) ** 2 + (self.node_xy[:, 1] - y) ** 2))

    def tree_to(self, target: int) -> tuple[list[int], list[float]]:
        """Quickest drive from everywhere to `target`.

        Returns (step to take first from each node, seconds from each node); -1 and infinity where
        there is no way, and -1 at the target itself. For steps see `heads`.
        """
        count = len(self.node_xy)
        seconds = [float("inf")] * count
        via = [-1] * count
        drive = (self.length_m / self.drive_mps).tolist()
        tail = self.ends[:, 0].tolist()
        ways = self.ways
        seconds[target] = 0.0
        queue = [(0.0, target)]
        while queue:
            so_far, node = heapq.heappop(queue)
            if so_far > seconds[node]:
                continue
            for edge, other in ways[node]:
                through = so_far + drive[edge]
                if through < seconds[other]:
                    seconds[other] = through
                    via[other] = 2 * edge + (tail[edge] != other)
                    heapq.heappush(queue, (through, other))
        return via, seconds


def build_graph(roads: list[Road], seed: int, *, keep_inside: shapely.Geometry) -> StreetGraph:
    """Joins roads where they cross or nearly meet, thins side streets, keeps what hangs together.

    Residential blocks lose a share of their streets outside `keep_inside`, so that towns do not
    look drawn with a ruler.
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(23,)))
    source = np.array([r.line for r in _joined(roads)], dtype=object)
    pieces = shapely.get_parts(shapely.union_all(source, grid_size=_GRID_M))
    pieces = pieces[shapely.length(pieces) > _GRID_M]
    of = _belongs(pieces, source, roads)
    kind = np.array([ROAD_KINDS.index(r.kind) for r in roads])[of]
    side = kind == ROAD_KINDS.index(RESIDENTIAL)
    middle = shapely.line_interpolate_point(pieces, 0.5, normalized=True)
    loose = side & ~shapely.contains(keep_inside, middle)
    keep = _thinned(pieces, side, loose, rng)
    pieces, of, kind = pieces[keep], of[keep], kind[keep]
    names = sorted({r.name for r in roads})
    number = {name: k for k, name in enumerate(names)}
    name = np.array([number[r.name] for r in roads])[of]
    node_xy, ends = _nodes(pieces)
    coords, index = shapely.get_coordinates(pieces, return_index=True)
    first = np.searchsorted(index, np.arange(len(pieces) + 1))
    return StreetGraph(
        node_xy,
        ends,
        kind.astype(np.int32),
        name.astype(np.int32),
        tuple(names),
        coords,
        first.astype(np.int32),
        shapely.length(pieces),
    )


def _joined(roads: list[Road]) -> list[Road]:
    """The same roads, with ends that nearly meet another road drawn on to it."""
    # Ends that meet must be the same point to the last bit, or rounding tears them apart.
    lines = shapely.transform(
        np.array([r.line for r in roads], dtype=object), lambda xy: np.round(xy / _GRID_M) * _GRID_M
    )
    tree = shapely.STRtree(lines)
    joined = []
    for number, road in enumerate(roads):
        points = np.asarray(lines[number].coords)
        for at in (0, -1):
            end = shapely.Point(points[at])
            reach = 900.0 if road.kind == "motorway" else _JOIN_M
            near = [k for k in tree.query(end, predicate="dwithin", distance=reach) if k != number]
            if not near:
                continue
            away = shapely.distance(lines[near], end)
            to = lines[near[int(np.argmin(away))]]
            if float(np.min(away)) > 0.0:
                foot = np.asarray(to.interpolate(to.project(end)).coords[0])
                beyond = foot + (foot - points[at]) / max(float(np.min(away)), 1e-6)
                points = np.vstack([beyond, points] if at == 0 else [points, beyond])
        joined.append(Road(shapely.LineString(points), road.kind, road.name))
    return joined


def _belongs(
    pieces: NDArray[np.object_], source: NDArray[np.object_], roads: list[Road]
) -> NDArray[np.int64]:
    """Which road each piece is of: the most important one that runs through its middle."""
    middle = shapely.line_interpolate_point(pieces, 0.5, normalized=True)
    at, of = shapely.STRtree(source).query(middle, predicate="dwithin", distance=2 * _GRID_M)
    rank = np.array([ROAD_KINDS.index(r.kind) for r in roads])
    order = np.lexsort((of, rank[of], at))
    at, of = at[order], of[order]
    first = np.unique(at, return_index=True)[1]
    if len(first) != len(pieces):
        raise ValueError("a stretch of road belongs to none of the roads that were drawn")
    found: NDArray[np.int64] = of[first]
    return found


def _nodes(pieces: NDArray[np.object_]) -> tuple[Floats, Ints]:
    """Coordinates of the distinct ends, and the (start, end) node of each piece."""
    ends = np.stack(
        [
            shapely.get_coordinates(shapely.get_point(pieces, 0)),
            shapely.get_coordinates(shapely.get_point(pieces, -1)),
        ],
        axis=1,
    )
    keys = np.round(ends.reshape(-1, 2) / _GRID_M).astype(np.int64)
    unique, inverse = np.unique(keys, axis=0, return_inverse=True)
    places: Floats = unique.astype(np.float64) * _GRID_M
    return places, inverse.reshape(-1, 2).astype(np.int32)


def _thinned(
    pieces: NDArray[np.object_],
    side: NDArray[np.bool_],
    loose: NDArray[np.bool_],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Indices of the pieces that stay: stubs, some side streets and islands of street go."""
    _, ends = _nodes(pieces)
    pairs = ends.tolist()
    degree = Counter(node for pair in pairs for node in pair)
    alive = np.ones(len(pieces), dtype=bool)
    for edge in rng.permutation(np.flatnonzero(loose)):
        a, b = pairs[edge]
        if degree[a] >= 3 and degree[b] >= 3 and rng.random() < 0.3:
            alive[edge] = False
            degree[a] -= 1
            degree[b] -= 1
    length = shapely.length(pieces)
    for _ in range(3):
        for edge in np.flatnonzero(alive & side & (length < _STUB_M)):
            a, b = pairs[edge]
            if degree[a] == 1 or degree[b] == 1:
                alive[edge] = False
                degree[a] -= 1
                degree[b] -= 1
    return _largest_part(pairs, np.flatnonzero(alive))


def _largest_part(pairs: list[list[int]], alive: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of the edges `alive`, those of the largest connected part."""
    parent = {node: node for pair in pairs for node in pair}

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for edge in alive:
        a, b = (root(node) for node in pairs[edge])
        parent[a] = b
    of = np.array([root(pairs[edge][0]) for edge in alive])
    values, counts = np.unique(of, return_counts=True)
    largest: NDArray[np.int64] = alive[of == values[int(np.argmax(counts))]]
    return largest
