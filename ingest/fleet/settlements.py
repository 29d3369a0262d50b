"""Where people live: one city, towns and villages, each with the ground it covers.

Pure and seeded. Coordinates are metres (EPSG:27700).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely
import shapely.ops
from shapely.geometry import Polygon

from sightline.ingest.fleet import names
from sightline.ingest.fleet.nearness import Nearness
from sightline.ingest.fleet.noise import Floats, fractal
from sightline.ingest.fleet.raster import Raster, chaikin
from sightline.ingest.fleet.terrain import BOUNDS, Terrain

Rank = Literal["city", "town", "village", "hamlet"]

_HAMLETS = 70


@dataclass(frozen=True)
class Settlement:
    """A built-up place. `footprint` is the ground that its streets cover."""

    name: str
    rank: Rank
    x: float
    y: float
    radius_m: float
    footprint: Polygon

    @property
    def place(self) -> tuple[float, float]:
        """Easting and northing of its centre."""
        return self.x, self.y


def build_settlements(terrain: Terrain, seed: int) -> tuple[Settlement, ...]:
    """The city first, then towns, villages and hamlets."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(11,)))
    candidates, score = _candidates(terrain, seed)
    inland = np.where(terrain.coast.away_m(*candidates.T) < 2_500.0, 3.0, 0.0)
    chance = rng.uniform(0, 1.6, len(score))
    sites = _Sites(candidates)
    sites.take(names.CITY, "city", _inland(terrain, terrain.city, 900.0), 3_300.0)
    for name in names.TOWNS:
        sites.take(name, "town", sites.best(score, 8_800.0), float(rng.uniform(950, 1_450)))
    for k, name in enumerate(names.VILLAGES):
        # Every other village lies inland, where only chance and the slope decide.
        fit = score + chance if k % 2 else chance + 0.25 * np.minimum(score, 0.0) - inland
        sites.take(name, "village", sites.best(fit, 3_300.0), float(rng.uniform(240, 430)))
    for name in names.hamlets(rng, _HAMLETS):
        if not sites.free(1_500.0):
            break
        place = sites.best(rng.uniform(size=len(score)), 1_500.0)
        sites.take(name, "hamlet", place, 90.0)
    return tuple(
        Settlement(
            name,
            rank,
            float(place[0]),
            float(place[1]),
            radius,
            _footprint(terrain, place, radius, seed + 13 * k),
        )
        for k, (name, rank, place, radius) in enumerate(sites.taken)
    )


class _Sites:
    """Places to choose from, and how far each is from the edge of what is chosen already."""

    def __init__(self, candidates: Floats) -> None:
        self._candidates = candidates
        self._away = np.full(len(candidates), np.inf)
        self.taken: list[tuple[str, Rank, Floats, float]] = []

    def take(self, name: str, rank: Rank, place: Floats, radius_m: float) -> None:
        self.taken.append((name, rank, place, radius_m))
        away = np.hypot(*(self._candidates - place).T) - 0.75 * radius_m
        self._away = np.minimum(self._away, away)

    def free(self, apart_m: float) -> bool:
        return bool(np.any(self._away > apart_m))

    def best(self, score: Floats, apart_m: float) -> Floats:
        """The best candidate away from all that are taken; the distance gives way if none is."""
        while not self.free(apart_m):
            apart_m *= 0.9
        chosen = int(np.argmax(np.where(self._away > apart_m, score, -1e9)))
        place: Floats = self._candidates[chosen]
        return place


def _inland(terrain: Terrain, place: tuple[float, float], distance_m: float) -> Floats:
    """The nearest place at least `distance_m` from the coast."""
    inner = terrain.mainland.buffer(-distance_m)
    at, _ = shapely.ops.nearest_points(inner, shapely.Point(place))
    return np.array([at.x, at.y])


def _candidates(terrain: Terrain, seed: int) -> tuple[Floats, Floats]:
    """Dry places and how good each is to live at: low, level, near the sea or a river."""
    raster = Raster.grid(*BOUNDS, cell_m=350.0)
    x, y = (v.ravel() for v in raster.xy())
    jitter = 150.0 * np.column_stack(
        [
            fractal(x, y, seed + 51, wavelength_m=500, octaves=1),
            fractal(x, y, seed + 52, wavelength_m=500, octaves=1),
        ]
    )
    places = np.column_stack([x, y]) + jitter
    points = shapely.points(places)
    shapely.prepare(terrain.mainland)
    coast_m = terrain.coast.away_m(*places.T)
    fit = shapely.contains(terrain.mainland, points) & (coast_m > 500.0)
    dry = shapely.difference(terrain.mainland, terrain.water.buffer(250.0))
    shapely.prepare(dry)
    fit &= shapely.contains(dry, points)
    places, coast_m = places[fit], coast_m[fit]
    river_m = Nearness(*(r.line for r in terrain.rivers)).away_m(*places.T)
    height = terrain.elevation.sample(places[:, 0], places[:, 1])
    step = 400.0
    slope = np.hypot(
        terrain.elevation.sample(places[:, 0] + step, places[:, 1])
        - terrain.elevation.sample(places[:, 0] - step, places[:, 1]),
        terrain.elevation.sample(places[:, 0], places[:, 1] + step)
        - terrain.elevation.sample(places[:, 0], places[:, 1] - step),
    ) / (2 * step)
    score = 1.3 * np.exp(-coast_m / 2_500.0) + 0.9 * np.exp(-river_m / 1_200.0)
    score += -height / 90.0 - slope * 9.0
    return places, score


def _footprint(terrain: Terrain, place: Floats, radius_m: float, seed: int) -> Polygon:
    """A ragged round, kept off the shore and off steep ground."""
    angle = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    cx, cy = np.cos(angle), np.sin(angle)
    reach = 1.0 + 0.42 * fractal(cx * 1.6, cy * 1.6, seed + 71, wavelength_m=1.0, octaves=3)
    steep = []
    for share in (0.5, 1.0):
        rise = np.abs(
            terrain.elevation.sample(
                place[0] + cx * radius_m * share, place[1] + cy * radius_m * share
            )
            - terrain.elevation.sample(place[:1], place[1:])
        )
        steep.append(np.clip(1.15 - rise / 160.0, 0.55, 1.0))
    ring = place + (radius_m * reach * np.minimum(*steep))[:, None] * np.column_stack([cx, cy])
    ground = Polygon(chaikin(ring, 1, closed=True)).buffer(0)
    ground = ground.intersection(terrain.mainland.buffer(-45.0))
    parts = shapely.get_parts(ground)
    return max(parts, key=lambda p: float(p.area))
