"""The land itself: coast, heights, rivers and lakes of the invented island.

Pure and seeded. Coordinates are metres (EPSG:27700), heights metres above the sea. The island lies
in the North Sea, some 180 km off the coast, inside the British National Grid, where there is water.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
import shapely.ops
from shapely.geometry import LineString, MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from sightline.ingest.fleet.nearness import Nearness
from sightline.ingest.fleet.noise import Floats, fractal, ridged, smoothstep
from sightline.ingest.fleet.raster import Raster, chaikin, cheapest_path

CENTRE = (590_000.0, 730_000.0)
HALF_WIDTH_M, HALF_HEIGHT_M = 28_000.0, 22_000.0
BOUNDS = (
    CENTRE[0] - HALF_WIDTH_M,
    CENTRE[1] - HALF_HEIGHT_M,
    CENTRE[0] + HALF_WIDTH_M,
    CENTRE[1] + HALF_HEIGHT_M,
)
"""Easting and northing of the sheet: the sea around the island included."""

HARBOUR_BEARING = float(np.radians(-48.0))
"""Direction of the largest bay from the centre, anticlockwise from east: the city's harbour."""

_ISLET_M2 = 40_000.0


@dataclass(frozen=True)
class River:
    """A river from its spring to the sea: its line, and its surface where it is wide enough."""

    name: str
    line: LineString
    surface: Polygon


@dataclass(frozen=True)
class Terrain:
    """Land and water of the county."""

    land: MultiPolygon
    mainland: Polygon
    shore: Raster  # above 0 on land: how far inland, dimensionless
    elevation: Raster
    rivers: tuple[River, ...]
    lakes: tuple[tuple[str, Polygon], ...]
    city: tuple[float, float]

    @cached_property
    def coast(self) -> Nearness:
        """Distance from the main island's coast."""
        return Nearness(self.mainland)

    @cached_property
    def water(self) -> BaseGeometry:
        """Surfaces of rivers and lakes."""
        return shapely.union_all([r.surface for r in self.rivers] + [p for _, p in self.lakes])


def build_terrain(seed: int) -> Terrain:
    """Coast, heights, the city's site at the mouth of the first river, and the waters."""
    shore = _shore(seed)
    land = _land(shore)
    mainland = max(land.geoms, key=lambda p: p.area)
    dry = _heights(shore, seed)
    city = _city_site(mainland)
    second = _second_mouth(mainland, dry, city)
    lines: list[LineString] = []
    for mouth in (np.array(city), second):
        lines.append(_river_line(dry, mainland, mouth, lines, seed + 31 * len(lines)))
    elevation = _carve(dry, shore, lines)
    rivers = tuple(
        River(name, line, _river_surface(line, width))
        for name, line, width in zip(
            ("River Halder", "River Oske"), lines, (120.0, 45.0), strict=True
        )
    )
    lakes = _lakes(elevation, lines[0], seed)
    return Terrain(land, mainland, shore, elevation, rivers, lakes, city)


def _shore(seed: int) -> Raster:
    """A dome, warped and roughened, with bays bitten out and islets added: its zero is the coast."""
    raster = Raster.grid(*BOUNDS, cell_m=50.0)
    x, y = raster.xy()
    warp_x = 4600.0 * _slow_noise(x, y, seed + 1)
    warp_y = 4600.0 * _slow_noise(x, y, seed + 2)
    turn = np.radians(-18.0)
    dx, dy = x - CENTRE[0], y - CENTRE[1]
    wx, wy = dx + warp_x, dy + warp_y
    u = (wx * np.cos(turn) + wy * np.sin(turn)) / 23_500.0
    v = (-wx * np.sin(turn) + wy * np.cos(turn)) / 15_000.0
    dome = 1.0 - np.power(np.abs(u) ** 2.2 + np.abs(v) ** 2.2, 1 / 2.2)
    rough = 0.40 * fractal(x, y, seed + 3, wavelength_m=7_000, octaves=7, gain=0.54)
    change = _bays_and_islets(dx + 0.45 * warp_x, dy + 0.45 * warp_y, seed)
    field = dome + change
    field += rough * smoothstep(field, -0.6, 0.0)
    # The sheet's rim is always sea.
    rim = np.minimum.reduce([x - BOUNDS[0], BOUNDS[2] - x, y - BOUNDS[1], BOUNDS[3] - y])
    return raster.with_values(field - (rim < 1500.0) * 2.0)


def _slow_noise(x: Floats, y: Floats, seed: int) -> Floats:
    """Long waves, computed on a coarse grid and interpolated."""
    coarse = Raster.grid(*BOUNDS, cell_m=400.0)
    cx, cy = coarse.xy()
    noise = fractal(cx, cy, seed, wavelength_m=13_000, octaves=4)
    return coarse.with_values(noise).sample(x, y)


def _bays_and_islets(dx: Floats, dy: Floats, seed: int) -> Floats:
    """What is taken from, and added to, the dome along its edge; metres from the centre."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(3,)))
    change = np.zeros_like(dx)
    count = 8
    bearings = HARBOUR_BEARING + (np.arange(count) + rng.uniform(-0.3, 0.3, count)) * (
        2 * np.pi / count
    )
    bearings[0] = HARBOUR_BEARING
    for k, bearing in enumerate(bearings):
        reach = _reach_m(bearing)
        along = dx * np.cos(bearing) + dy * np.sin(bearing)
        across = -dx * np.sin(bearing) + dy * np.cos(bearing)
        bend = across - 0.25 * (along - reach) * rng.uniform(-1, 1)
        length = 6_500.0 if k == 0 else rng.uniform(2_200.0, 6_000.0)
        width = 1_700.0 if k == 0 else rng.uniform(800.0, 2_200.0)
        depth = 0.75 if k == 0 else rng.uniform(0.3, 0.6)
        bay = np.exp(-0.5 * (((along - reach) / length) ** 2 + (bend / width) ** 2))
        change -= depth * np.where(along > 0, bay, 0.0)
    for bearing in bearings + np.pi / count:
        far = rng.uniform(1.12, 1.26) * _reach_m(bearing)
        size = rng.uniform(500.0, 1_500.0)
        if rng.random() < 0.4:
            continue
        ox, oy = far * np.cos(bearing), far * np.sin(bearing)
        change += 0.6 * np.exp(-0.5 * (((dx - ox) / size) ** 2 + ((dy - oy) / size) ** 2))
    return change


def _reach_m(bearing: float) -> float:
    """From the centre to the edge of the dome, roughly."""
    return float(1.0 / np.hypot(np.cos(bearing) / 22_000.0, np.sin(bearing) / 15_500.0))


def _land(shore: Raster) -> MultiPolygon:
    polygons = []
    for polygon in shore.polygons(0.0):
        if polygon.area < _ISLET_M2:
            continue
        outline = chaikin(np.asarray(polygon.exterior.coords)[:-1], 1, closed=True)
        holes = [
            chaikin(np.asarray(ring.coords)[:-1], 1, closed=True)
            for ring in polygon.interiors
            if Polygon(ring).area > _ISLET_M2
        ]
        smooth = shapely.make_valid(Polygon(outline, holes).simplify(4.0))
        polygons += [p for p in shapely.get_parts(smooth) if p.area > _ISLET_M2]
    return MultiPolygon(polygons)


def _heights(shore: Raster, seed: int) -> Raster:
    """Rolling country, a range of hills inland, and a gentle rise from the sea."""
    raster = Raster.grid(*BOUNDS, cell_m=100.0)
    x, y = raster.xy()
    inland = shore.sample(x, y)
    rolling = fractal(x, y, seed + 11, wavelength_m=5_500, octaves=5)
    where = fractal(x, y, seed + 12, wavelength_m=17_000, octaves=2)
    west = (CENTRE[0] - x) / HALF_WIDTH_M + (y - CENTRE[1]) / HALF_HEIGHT_M
    hills = smoothstep(inland + 0.55 * where + 0.22 * west, 0.25, 0.95)
    crests = ridged(x, y, seed + 13, wavelength_m=8_500, octaves=6)
    rise = smoothstep(inland, 0.0, 0.4)
    heights = 2.0 + 70.0 * rise * np.clip(0.6 + 0.6 * rolling, 0.05, None)
    heights += 470.0 * hills * np.power(crests, 2.3)
    return raster.with_values(np.where(inland > 0, np.maximum(heights, 1.0), 0.0))


def _coast_points(mainland: Polygon, step_m: float) -> Floats:
    ring = mainland.exterior
    points = shapely.line_interpolate_point(ring, np.arange(0, ring.length, step_m))
    found: Floats = shapely.get_coordinates(points)
    return found


def _city_site(mainland: Polygon) -> tuple[float, float]:
    """The head of the harbour bay: the shore nearest to the centre in its direction."""
    points = _coast_points(mainland, 200.0)
    dx, dy = points[:, 0] - CENTRE[0], points[:, 1] - CENTRE[1]
    along = dx * np.cos(HARBOUR_BEARING) + dy * np.sin(HARBOUR_BEARING)
    across = np.abs(-dx * np.sin(HARBOUR_BEARING) + dy * np.cos(HARBOUR_BEARING))
    x, y = points[int(np.argmin(along + 1.5 * across + np.where(along < 0, 1e6, 0.0)))]
    return float(x), float(y)


def _second_mouth(mainland: Polygon, dry: Raster, city: tuple[float, float]) -> Floats:
    points = _coast_points(mainland, 700.0)
    far = np.hypot(points[:, 0] - city[0], points[:, 1] - city[1])
    centre = np.hypot(points[:, 0] - CENTRE[0], points[:, 1] - CENTRE[1])
    score = np.minimum(far, 22_000.0) / 10_000.0 - centre / 12_000.0
    score -= dry.sample(points[:, 0], points[:, 1]) / 40.0
    mouth: Floats = points[int(np.argmax(score))]
    return mouth


def _river_line(
    dry: Raster, mainland: Polygon, mouth: Floats, others: list[LineString], seed: int
) -> LineString:
    """From high ground well inland down to the mouth, along low ground, meandering."""
    coarse = Raster.grid(*BOUNDS, cell_m=400.0)
    x, y = coarse.xy()
    height = dry.sample(x, y)
    distance = np.hypot(x - mouth[0], y - mouth[1])
    fit = height - np.abs(distance - 13_000.0) / 40.0
    inside = shapely.contains_xy(mainland.buffer(-2_500.0), x, y)
    apart = Nearness(*others).away_m(x, y) if others else np.full(x.shape, np.inf)
    inside &= apart > 3_500.0
    spring_at = np.unravel_index(int(np.argmax(np.where(inside, fit, -1e9))), fit.shape)
    spring = np.array([x[spring_at], y[spring_at]])
    rough = 18.0 * fractal(x, y, seed + 41, wavelength_m=2_500, octaves=2)
    # Keeping off the coast until the last two kilometres.
    shoreward = Nearness(mainland).away_m(x, y)
    coastal = np.where(distance > 2_000.0, np.clip(1.0 - shoreward / 3_500.0, 0.0, 1.0), 0.0)
    cost = 1.0 + np.maximum(height + rough, 0.0) / 25.0 + 9.0 * coastal
    cost += 30.0 * (apart < 2_000.0)
    path = cheapest_path(
        coarse.with_values(np.where(height <= 0, 60.0, cost)), spring, np.asarray(mouth)
    )
    line = LineString(chaikin(np.vstack([path[:-1], mouth]), 3)).segmentize(60.0)
    points = np.asarray(line.coords)
    along = np.linspace(0.0, 1.0, len(points))
    ends = np.minimum(1.0, np.minimum(along, 1 - along) * 12)
    swing = (
        160.0 * ends * fractal(points[:, 0], points[:, 1], seed + 42, wavelength_m=1_100, octaves=2)
    )
    heading = np.gradient(points, axis=0)
    heading /= np.maximum(np.hypot(heading[:, 0], heading[:, 1]), 1e-9)[:, None]
    points = points + swing[:, None] * np.column_stack([-heading[:, 1], heading[:, 0]])
    # Beyond the mouth, so that the surface opens into the sea.
    out = points[-1] - points[-12]
    beyond = points[-1] + 600.0 * out / max(float(np.hypot(*out)), 1e-9)
    return LineString(chaikin(np.vstack([points, beyond]), 1)).simplify(3.0)


def _river_surface(line: LineString, width_m: float) -> Polygon:
    """A river that widens towards its mouth, opening as an estuary."""
    pieces = []
    length = line.length
    steps = np.linspace(0.06, 1.0, 60)
    for a, b in itertools.pairwise(steps):
        piece = shapely.ops.substring(line, a * length, b * length)
        estuary = 1.0 + 1.6 * max(0.0, (b - 0.88) / 0.12) ** 2
        pieces.append(piece.buffer(0.5 * width_m * (0.12 + 0.88 * b**1.7) * estuary, quad_segs=3))
    surface = shapely.union_all(pieces).simplify(2.0)
    return max(shapely.get_parts(surface), key=lambda p: p.area)


def _carve(dry: Raster, shore: Raster, lines: list[LineString]) -> Raster:
    """Valleys along the rivers, and no land below the sea."""
    coarse = Raster.grid(*BOUNDS, cell_m=400.0)
    cx, cy = coarse.xy()
    away = Nearness(*lines).away_m(cx, cy)
    x, y = dry.xy()
    near = coarse.with_values(away).sample(x, y)
    valley = 0.25 + 0.75 * smoothstep(near, 0.0, 2_600.0)
    return dry.with_values(np.where(shore.sample(x, y) > 0, np.maximum(dry.values * valley, 1), 0))


def _lakes(elevation: Raster, river: LineString, seed: int) -> tuple[tuple[str, Polygon], ...]:
    """A reservoir on the upper river and two tarns in the hills."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(7,)))
    dam = np.asarray(river.interpolate(0.22, normalized=True).coords[0])
    x, y = elevation.xy()
    high = np.argwhere(elevation.values > np.quantile(elevation.values, 0.95))
    sites: list[tuple[str, Floats, float]] = [("Thornwater Reservoir", dam, 900.0)]
    for name in ("Blea Tarn", "Merrow Water"):
        for row, column in rng.permutation(high):
            place = np.array([x[row, column], y[row, column]])
            if all(np.hypot(*(place - other)) > 3_000 for _, other, _ in sites):
                sites.append((name, place, 280.0))
                break
    lakes = []
    for k, (name, place, radius) in enumerate(sites):
        angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
        cx, cy = np.cos(angle), np.sin(angle)
        stretch = 1.0 + 0.6 * fractal(
            cx * 1.3, cy * 1.3, seed + 60 + k, wavelength_m=1.0, octaves=3
        )
        lie = rng.uniform(0, np.pi)
        long, short = 1.35 * cx * radius * stretch, 0.7 * cy * radius * stretch
        ring = place + np.column_stack(
            [
                long * np.cos(lie) - short * np.sin(lie),
                long * np.sin(lie) + short * np.cos(lie),
            ]
        )
        lakes.append((name, Polygon(chaikin(ring, 1, closed=True)).buffer(0)))
    return tuple(lakes)


def on_land(terrain: Terrain, x: float, y: float, margin_m: float = 0.0) -> bool:
    """Whether a place is on the main island, at least `margin_m` from its coast."""
    place = Point(x, y)
    return bool(
        terrain.mainland.contains(place)
        and (margin_m == 0.0 or terrain.mainland.exterior.distance(place) > margin_m)
    )
