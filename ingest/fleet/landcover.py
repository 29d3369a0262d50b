"""What covers the ground: built-up areas, blocks, buildings, parks, woods, moor, beaches, shading.

Pure and seeded. Coordinates are metres (EPSG:27700).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from sightline.ingest.fleet import names
from sightline.ingest.fleet.graph import StreetGraph
from sightline.ingest.fleet.noise import Floats, fractal, smoothstep
from sightline.ingest.fleet.raster import Raster
from sightline.ingest.fleet.routes import RESIDENTIAL, ROAD_KINDS
from sightline.ingest.fleet.settlements import Settlement
from sightline.ingest.fleet.terrain import BOUNDS, Terrain

Geometries = NDArray[np.object_]

SHADES = (
    ("dusk", -9.0, -0.03, 0),
    ("dark", -9.0, -0.075, 1),
    ("deep", -9.0, -0.13, 2),
    ("light", 0.045, 9.0, 0),
    ("bright", 0.1, 9.0, 1),
)
"""Name of a band of hill shading, slope towards the light from … to, rank."""


@dataclass(frozen=True)
class Cover:
    """Surfaces of the county by kind; `named` pairs are (name, geometry)."""

    urban: Geometries
    industrial: Geometries
    parks: tuple[tuple[str, Polygon], ...]
    buildings: Geometries
    woods: tuple[tuple[str, BaseGeometry], ...]
    moor: Geometries
    beach: Geometries
    shade: tuple[tuple[str, int, BaseGeometry], ...]
    contours: tuple[tuple[int, BaseGeometry], ...]
    peaks: tuple[tuple[str, float, float], ...]


def build_cover(
    terrain: Terrain,
    settlements: tuple[Settlement, ...],
    railway: tuple[LineString, ...],
    graph: StreetGraph,
    seed: int,
) -> Cover:
    """All surfaces."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(29,)))
    lines = graph.lines()
    side = graph.kind == ROAD_KINDS.index(RESIDENTIAL)
    urban = _urban(lines[side], settlements, terrain)
    blocks = _blocks(lines, urban)
    parks, industrial, blocks = _special_blocks(blocks, settlements, terrain, rng)
    built = shapely.union_all(urban)
    tracks = [line.buffer(14.0) for line in railway]
    keep_off = shapely.union_all([p for _, p in parks] + list(industrial) + tracks)
    buildings = np.concatenate(
        [
            _block_buildings(blocks, settlements, shapely.union_all(tracks)),
            _row_buildings(lines[side], settlements, keep_off, terrain, rng),
            _sheds(industrial, rng),
        ]
    )
    return Cover(
        urban,
        industrial,
        parks,
        buildings,
        _woods(terrain, built, rng, seed),
        _moor(terrain, seed),
        _beach(terrain, seed),
        _shade(terrain),
        _contours(terrain),
        _peaks(terrain),
    )


def _urban(
    streets: Geometries, settlements: tuple[Settlement, ...], terrain: Terrain
) -> Geometries:
    grown = shapely.union_all(shapely.buffer(streets, 85.0, quad_segs=2))
    hamlets = [
        s.footprint.buffer(25.0).intersection(terrain.mainland)
        for s in settlements
        if s.rank == "hamlet"
    ]
    closed = shapely.union_all([grown.buffer(-45.0, quad_segs=2), *hamlets])
    ground = closed.difference(terrain.water).intersection(terrain.mainland.buffer(-15.0))
    parts = [
        Polygon(p.exterior, [r for r in p.interiors if Polygon(r).area > 90_000.0])
        for p in shapely.get_parts(ground.simplify(6.0))
        if p.area > 6_000.0
    ]
    whole: Geometries = shapely.get_parts(shapely.union_all(parts).difference(terrain.water))
    return whole


def _of_area(geometries: Geometries, least_m2: float) -> Geometries:
    """Those that cover more than so much."""
    large: Geometries = geometries[shapely.area(geometries) > least_m2]
    return large


def _blocks(lines: Geometries, urban: Geometries) -> Geometries:
    """Ground between streets, as polygons inset from the carriageway."""
    faces = shapely.get_parts(shapely.polygonize(lines))
    area = shapely.area(faces)
    faces = faces[(area > 1_500.0) & (area < 220_000.0)]
    built = shapely.union_all(urban)
    shapely.prepare(built)
    faces = faces[shapely.contains(built, shapely.point_on_surface(faces))]
    inset = shapely.get_parts(shapely.buffer(faces, -9.0, join_style="mitre"))
    return _of_area(inset, 700.0)


def _special_blocks(
    blocks: Geometries,
    settlements: tuple[Settlement, ...],
    terrain: Terrain,
    rng: np.random.Generator,
) -> tuple[tuple[tuple[str, Polygon], ...], Geometries, Geometries]:
    """Parks, industrial ground by the shore of city and towns, and the blocks that are left."""
    centre = shapely.get_coordinates(shapely.centroid(blocks))
    large = [s for s in settlements if s.rank in ("city", "town")]
    away = np.array([np.hypot(*(centre - s.place).T) / s.radius_m for s in large])
    at, reach = np.argmin(away, axis=0), np.min(away, axis=0)
    coast_m = terrain.coast.away_m(*centre.T)
    area = shapely.area(blocks)
    free = np.ones(len(blocks), dtype=bool)
    works = (coast_m < 260.0) & (reach < 0.75) & (rng.random(len(blocks)) < 0.6)
    edge = (reach > 0.72) & (reach < 1.3) & (area > 9_000.0)
    works |= edge & (fractal(centre[:, 0], centre[:, 1], 77, wavelength_m=1_800, octaves=1) > 0.42)
    free[works] = False
    parks = []
    kinds = ("Park", "Recreation Ground", "Gardens", "Playing Fields", "Common")
    for k, place in enumerate(large):
        for number in range(9 if place.rank == "city" else 3):
            fit = free & (at == k) & (area > 6_000.0) & (reach < 1.1)
            if not fit.any():
                break
            chosen = int(rng.choice(np.flatnonzero(fit)))
            free[chosen] = False
            stem = names.SUBURBS[number % len(names.SUBURBS)] if k == 0 else place.name
            parks.append((f"{stem} {kinds[(number + k) % len(kinds)]}", blocks[chosen]))
    return tuple(parks), blocks[works], blocks[free]


def _block_buildings(
    blocks: Geometries, settlements: tuple[Settlement, ...], tracks: BaseGeometry
) -> Geometries:
    """In old centres a block is built up all along its edge, with a yard inside."""
    centre = shapely.get_coordinates(shapely.centroid(blocks))
    close = np.zeros(len(blocks), dtype=bool)
    for s in settlements:
        if s.rank in ("city", "town"):
            close |= np.hypot(*(centre - s.place).T) < 0.27 * s.radius_m
    outer = shapely.buffer(blocks[close], -2.5, join_style="mitre")
    yard = shapely.buffer(outer, -13.0, join_style="mitre")
    built = shapely.get_parts(shapely.difference(shapely.difference(outer, yard), tracks))
    return _of_area(built, 120.0)


def _row_buildings(
    streets: Geometries,
    settlements: tuple[Settlement, ...],
    keep_off: BaseGeometry,
    terrain: Terrain,
    rng: np.random.Generator,
) -> Geometries:
    """Rows of houses along residential streets, outside the old centres."""
    length = shapely.length(streets)
    boxes = []
    for row in range(3):
        fits = length > 42.0 + 46.0 * row
        some = streets[fits]
        for hand in (-1.0, 1.0):
            taken = some[rng.random(len(some)) < 0.72]
            start = 20.0 + 46.0 * row + rng.uniform(-3, 3, len(taken))
            size = rng.uniform(17.0, 36.0, len(taken))
            a = shapely.get_coordinates(shapely.line_interpolate_point(taken, start))
            b = shapely.get_coordinates(shapely.line_interpolate_point(taken, start + size))
            boxes.append(_boxes(a, b, hand * rng.uniform(10.5, 14.0, len(taken)), hand * 8.5))
    found = np.concatenate(boxes)
    found = found[shapely.is_valid(found) & (shapely.area(found) > 90.0)]
    centre = shapely.get_coordinates(shapely.centroid(found))
    keep = np.ones(len(found), dtype=bool)
    for s in settlements:
        if s.rank in ("city", "town"):
            keep &= np.hypot(*(centre - s.place).T) >= 0.29 * s.radius_m
    found = found[keep]
    barrier = shapely.union_all(
        [shapely.union_all(shapely.buffer(streets, 7.0, quad_segs=1, cap_style="flat")), keep_off]
    )
    shapely.prepare(barrier)
    found = found[~shapely.intersects(barrier, found)]
    dry = terrain.mainland.difference(terrain.water)
    shapely.prepare(dry)
    ashore: Geometries = found[shapely.contains(dry, found)]
    return ashore


def _boxes(a: Floats, b: Floats, offset: Floats, depth: float) -> Geometries:
    """Rectangles beside the line from `a` to `b`."""
    along = b - a
    reach = np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-6)[:, None]
    aside = np.column_stack([-along[:, 1], along[:, 0]]) / reach
    near = aside * offset[:, None]
    far = near + aside * depth
    ring = np.stack([a + near, b + near, b + far, a + far, a + near], axis=1)
    found: Geometries = shapely.polygons(ring)
    return found


def _sheds(industrial: Geometries, rng: np.random.Generator) -> Geometries:
    """One large shed on each industrial block."""
    inner = shapely.buffer(industrial, -14.0, join_style="mitre")
    whole = inner[~shapely.is_empty(inner) & (rng.random(len(inner)) < 0.8)]
    sheds = shapely.intersection(shapely.oriented_envelope(whole), whole)
    sheds = shapely.get_parts(sheds)
    return _of_area(sheds, 300.0)


def _woods(
    terrain: Terrain, built: BaseGeometry, rng: np.random.Generator, seed: int
) -> tuple[tuple[str, BaseGeometry], ...]:
    raster = Raster.grid(*BOUNDS, cell_m=110.0)
    x, y = raster.xy()
    height = terrain.elevation.sample(x, y)
    patch = fractal(x, y, seed + 91, wavelength_m=3_800, octaves=4)
    high = smoothstep(height, 25.0, 110.0) * (1.0 - smoothstep(height, 190.0, 270.0))
    field = patch + 0.32 * high - 0.42
    rough = raster.with_values(np.where(height > 0, field, -1.0))
    dry = terrain.mainland.buffer(-40.0).difference(terrain.water.buffer(8.0))
    ground = dry.difference(built.buffer(25.0))
    parts = [p.simplify(14.0).intersection(ground) for p in rough.polygons(0.0) if p.area > 30_000]
    found = shapely.get_parts(np.array(parts, dtype=object))
    found = found[shapely.area(found) > 20_000.0]
    found = found[np.argsort(-shapely.area(found), kind="stable")]
    given = list(rng.permutation(names.WOODS))
    return tuple((str(given.pop()) if given else "", wood) for wood in found)


def _moor(terrain: Terrain, seed: int) -> Geometries:
    raster = Raster.grid(*BOUNDS, cell_m=150.0)
    x, y = raster.xy()
    rough = 40.0 * fractal(x, y, seed + 93, wavelength_m=2_000, octaves=3)
    height = raster.with_values(terrain.elevation.sample(x, y) + rough)
    above = float(np.quantile(height.values[height.values > 45.0], 0.86))
    parts = [p.simplify(18.0) for p in height.polygons(above) if p.area > 60_000]
    return np.array(parts, dtype=object)


def _beach(terrain: Terrain, seed: int) -> Geometries:
    """Sand along stretches of the low shore."""
    band = terrain.mainland.difference(terrain.mainland.buffer(-55.0))
    raster = Raster.grid(*BOUNDS, cell_m=200.0)
    x, y = raster.xy()
    sandy = raster.with_values(fractal(x, y, seed + 95, wavelength_m=4_500, octaves=2) - 0.1)
    where = shapely.union_all(sandy.polygons(0.0))
    parts = shapely.get_parts(band.intersection(where).simplify(5.0))
    return _of_area(parts, 6_000.0)


def _shade(terrain: Terrain) -> tuple[tuple[str, int, BaseGeometry], ...]:
    """Slopes in and out of a light from the north-west, as a few flat bands."""
    raster = Raster.grid(*BOUNDS, cell_m=150.0)
    x, y = raster.xy()
    z = terrain.elevation.values
    for _ in range(3):
        z = (z + np.roll(z, 1, 0) + np.roll(z, -1, 0) + np.roll(z, 1, 1) + np.roll(z, -1, 1)) / 5
    rise_y, rise_x = np.gradient(terrain.elevation.with_values(z).sample(x, y), raster.cell_m)
    lit = raster.with_values((rise_x - rise_y) / np.sqrt(2))
    inland = terrain.mainland.buffer(-120.0)
    shades = []
    for kind, low, high, rank in SHADES:
        for polygon in lit.polygons(low, high):
            if polygon.area > 40_000:
                part = polygon.simplify(16.0).intersection(inland)
                shades += [
                    (kind, rank, p)
                    for p in shapely.get_parts(part)
                    if p.geom_type == "Polygon" and not p.is_empty
                ]
    return tuple(shades)


def _contours(terrain: Terrain) -> tuple[tuple[int, BaseGeometry], ...]:
    """Lines of equal height, every 25 m."""
    top = int(terrain.elevation.values.max())
    found = []
    for level in range(25, top, 25):
        lines = terrain.elevation.lines(float(level))
        found += [(level, line.simplify(12.0)) for line in lines if line.length > 900.0]
    return tuple(found)


def _peaks(terrain: Terrain) -> tuple[tuple[str, float, float], ...]:
    """The highest places, well apart, named with their height."""
    x, y = terrain.elevation.xy()
    z = terrain.elevation.values.copy()
    peaks = []
    for name in names.HILLS:
        row, column = np.unravel_index(int(np.argmax(z)), z.shape)
        peaks.append(
            (f"{name} {z[row, column]:.0f} m", float(x[row, column]), float(y[row, column]))
        )
        z[np.hypot(x - x[row, column], y - y[row, column]) < 3_200.0] = -1.0
    return tuple(peaks)
