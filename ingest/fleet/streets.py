"""Streets of a settlement: lines that follow a field of directions, evenly spaced.

A town's field is a blend of its old centre (rings and spokes), its main roads, its shore, and slow
chance; streets follow the field and cross it. The method is that of evenly spaced streamlines
(Jobard and Lefer, 1997) in a tensor field, as used for street networks by Chen et al. (2008).

Pure and seeded. Coordinates are metres (EPSG:27700).
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import LineString
from shapely.geometry.base import BaseGeometry

from sightline.ingest.fleet.nearness import Nearness
from sightline.ingest.fleet.noise import Floats, fractal
from sightline.ingest.fleet.raster import Raster
from sightline.ingest.fleet.routes import Road
from sightline.ingest.fleet.settlements import Settlement
from sightline.ingest.fleet.terrain import Terrain

_STEP_M = 16.0
_BUCKET_M = 150.0
_SPACING_M: dict[str, tuple[float, float]] = {
    "city": (88.0, 150.0),
    "town": (92.0, 150.0),
    "village": (105.0, 150.0),
}
"""Distance between parallel streets, at the centre and at the edge."""


@dataclass(frozen=True)
class Street:
    """One street as drawn, before it is joined to the others."""

    line: LineString
    distributor: bool
    centre_m: float  # distance of its middle from the settlement's centre


def build_streets(
    terrain: Terrain, settlement: Settlement, roads: list[Road], seed: int
) -> list[Street]:
    """Streets inside the settlement's footprint, main roads excepted. A hamlet has none."""
    if settlement.rank not in _SPACING_M:
        return []
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(17,)))
    ground = settlement.footprint.difference(terrain.water.buffer(12.0))
    # Distributors may bridge a river, but not its estuary.
    mouths = shapely.union_all(
        [shapely.Point(r.line.coords[-1]).buffer(1_900.0) for r in terrain.rivers]
    )
    crossable = settlement.footprint.difference(terrain.water.buffer(12.0).intersection(mouths))
    near = [r.line.intersection(settlement.footprint) for r in roads]
    main = [part for line in near for part in shapely.get_parts(line) if part.length > 1.0]
    tracer = _Tracer(_field(terrain, settlement, main, seed), settlement)
    for line in main:
        tracer.avoid(line)
    streets: list[Street] = []
    if settlement.rank != "village":
        tracer.confine(crossable)
        streets += tracer.trace(rng, wide_m=560.0, shortest_m=350.0, distributor=True)
    tracer.confine(ground)
    streets += tracer.trace(rng, wide_m=0.0, shortest_m=75.0, distributor=False)
    return streets


def _field(terrain: Terrain, settlement: Settlement, main: list[BaseGeometry], seed: int) -> Raster:
    """Direction of the streets in radians, on a fine grid over the footprint."""
    x0, y0, x1, y1 = settlement.footprint.bounds
    raster = Raster.grid(x0 - 60, y0 - 60, x1 + 60, y1 + 60, cell_m=30.0)
    x, y = raster.xy()
    cx, cy = settlement.place
    radius = settlement.radius_m

    grain = 1.3 * fractal(x, y, seed + 3, wavelength_m=0.8 * radius + 250.0, octaves=3)
    turn = (seed % 17) / 17.0 * math.pi
    spokes = np.arctan2(y - cy, x - cx)
    centre = 1.5 * np.exp(-np.hypot(x - cx, y - cy) / (0.42 * radius))
    coast_m, shore = terrain.coast.look(x, y)
    parts = [
        (np.ones_like(x), grain + turn),
        (centre, spokes),
        (2.5 * np.exp(-coast_m / 260.0), shore),
    ]
    if main:
        away, along = Nearness(*main).look(x, y)
        parts.append((3.0 * np.exp(-away / 170.0), along))
    c = np.sum([w * np.cos(4 * a) for w, a in parts], axis=0)
    s = np.sum([w * np.sin(4 * a) for w, a in parts], axis=0)
    return raster.with_values(_continuous(np.arctan2(s, c) / 4.0))


def _continuous(angle: Floats) -> Floats:
    """Crosses repeat each quarter turn: keeps one arm, so that neighbours agree where they can."""
    return np.unwrap(np.unwrap(angle, axis=0, period=math.pi / 2), axis=1, period=math.pi / 2)


class _Tracer:
    """Traces streets through a field, each away from those of its own direction."""

    def __init__(self, field: Raster, settlement: Settlement) -> None:
        self._field = field
        self._x0, self._y0, self._cell = field.x0, field.y0, field.cell_m
        self._angle = field.values.tolist()
        x, y = field.xy()
        self._settlement = settlement
        near, far = _SPACING_M[settlement.rank]
        reach = np.hypot(x - settlement.x, y - settlement.y) / settlement.radius_m
        looseness = 0.85 + 0.5 * fractal(x, y, len(settlement.name), wavelength_m=700.0, octaves=2)
        spacing = (near + (far - near) * np.clip(reach, 0, 1)) * np.clip(looseness, 0.75, 1.35)
        self._spacing = spacing.tolist()
        self._buckets: dict[tuple[int, int], list[tuple[float, float, float, float]]] = defaultdict(
            list
        )
        self._inside: list[list[bool]] = []
        self._free = np.empty((0, 2), dtype=np.int64)

    def confine(self, ground: BaseGeometry) -> None:
        """Where the streets traced from now on may run."""
        shapely.prepare(ground)
        inside = shapely.contains_xy(ground, *self._field.xy())
        self._inside = inside.tolist()
        # Every second node is enough to start a street from.
        self._free = 2 * np.argwhere(inside[::2, ::2])

    def avoid(self, line: BaseGeometry) -> None:
        """Streets that run along this line keep their distance from it."""
        points = shapely.get_coordinates(line.segmentize(_STEP_M))
        for a, b in itertools.pairwise(points):
            length = math.hypot(b[0] - a[0], b[1] - a[1])
            if length > 0:
                self._put(float(a[0]), float(a[1]), (b[0] - a[0]) / length, (b[1] - a[1]) / length)

    def _put(self, x: float, y: float, ux: float, uy: float) -> None:
        self._buckets[int(x // _BUCKET_M), int(y // _BUCKET_M)].append((x, y, ux, uy))

    def _crowded(self, x: float, y: float, ux: float, uy: float, within: float) -> bool:
        """Whether something that runs much the same way is nearer than `within` metres."""
        reach = int(within // _BUCKET_M) + 1
        bx, by = int(x // _BUCKET_M), int(y // _BUCKET_M)
        limit = within * within
        for i in range(bx - reach, bx + reach + 1):
            for j in range(by - reach, by + reach + 1):
                for px, py, vx, vy in self._buckets.get((i, j), ()):
                    dx, dy = px - x, py - y
                    if dx * dx + dy * dy < limit and abs(ux * vx + uy * vy) > 0.72:
                        return True
        return False

    def _look(self, x: float, y: float) -> tuple[float, float] | None:
        """Angle and spacing at a place; None outside."""
        i = int((x - self._x0) / self._cell + 0.5)
        j = int((y - self._y0) / self._cell + 0.5)
        if not (0 <= j < len(self._angle) and 0 <= i < len(self._angle[0])):
            return None
        if not self._inside[j][i]:
            return None
        return self._angle[j][i], self._spacing[j][i]

    def trace(
        self, rng: np.random.Generator, *, wide_m: float, shortest_m: float, distributor: bool
    ) -> list[Street]:
        """Streets from seeds all over the ground; `wide_m` replaces the usual spacing."""
        streets = []
        seeds = self._free[rng.permutation(len(self._free))]
        order = np.hypot(
            self._x0 + seeds[:, 1] * self._cell - self._settlement.x,
            self._y0 + seeds[:, 0] * self._cell - self._settlement.y,
        )
        # From the middle outwards in rough rings, so that old streets come first.
        seeds = seeds[np.argsort(order // 250.0, kind="stable")]
        for row, column in seeds:
            x, y = self._x0 + column * self._cell, self._y0 + row * self._cell
            for quarter in (0.0, math.pi / 2):
                points = self._line(float(x), float(y), quarter, wide_m)
                if len(points) * _STEP_M < shortest_m:
                    continue
                line = LineString(points)
                self.avoid(line)
                middle = line.interpolate(0.5, normalized=True)
                away = math.hypot(middle.x - self._settlement.x, middle.y - self._settlement.y)
                streets.append(Street(line.simplify(1.2), distributor, away))
        return streets

    def _line(self, x: float, y: float, quarter: float, wide_m: float) -> list[tuple[float, float]]:
        here = self._look(x, y)
        if here is None:
            return []
        angle, spacing = here[0] + quarter, wide_m or here[1]
        if self._crowded(x, y, math.cos(angle), math.sin(angle), spacing):
            return []
        ahead = self._walk(x, y, angle, wide_m)
        behind = self._walk(x, y, angle + math.pi, wide_m)
        return [*behind[::-1], (x, y), *ahead]

    def _walk(self, x: float, y: float, angle: float, wide_m: float) -> list[tuple[float, float]]:
        points: list[tuple[float, float]] = []
        for _ in range(260):
            x, y = x + _STEP_M * math.cos(angle), y + _STEP_M * math.sin(angle)
            here = self._look(x, y)
            if here is None:
                break
            points.append((x, y))
            # The arm of the cross nearest to the way so far.
            turn = (here[0] - angle + math.pi / 4) % (math.pi / 2) - math.pi / 4
            angle += max(-0.35, min(0.35, turn))
            near = 0.62 * (wide_m or here[1])
            if self._crowded(x, y, math.cos(angle), math.sin(angle), near):
                break
        return points
