"""Values on a regular grid of the county: sampling, contours, cheapest paths.

Pure. Coordinates are metres (EPSG:27700); `values[row, column]` is the value at
(`x0` + column * `cell_m`, `y0` + row * `cell_m`).
"""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass

import contourpy
import numpy as np
import shapely
from numpy.typing import NDArray

from sightline.ingest.fleet.noise import Floats

_MOVES = [(dx, dy) for dx in range(-2, 3) for dy in range(-2, 3) if np.gcd(dx, dy) == 1]
"""King's and knight's moves: sixteen directions, so that cheap paths are not octagons."""


@dataclass(frozen=True)
class Raster:
    """Values at the nodes of a grid."""

    x0: float
    y0: float
    cell_m: float
    values: Floats

    @classmethod
    def grid(cls, x0: float, y0: float, x1: float, y1: float, cell_m: float) -> Raster:
        """An empty raster over the rectangle."""
        columns = round((x1 - x0) / cell_m) + 1
        rows = round((y1 - y0) / cell_m) + 1
        return cls(x0, y0, cell_m, np.zeros((rows, columns)))

    def with_values(self, values: Floats) -> Raster:
        """The same grid with other values."""
        return Raster(self.x0, self.y0, self.cell_m, values)

    def xy(self) -> tuple[Floats, Floats]:
        """Coordinates of all nodes, each in the shape of `values`."""
        rows, columns = self.values.shape
        x, y = np.meshgrid(
            self.x0 + self.cell_m * np.arange(columns), self.y0 + self.cell_m * np.arange(rows)
        )
        return x, y

    def sample(self, x: Floats, y: Floats) -> Floats:
        """Bilinear interpolation; places outside get the value of the nearest edge."""
        rows, columns = self.values.shape
        u = np.clip((x - self.x0) / self.cell_m, 0, columns - 1.000001)
        v = np.clip((y - self.y0) / self.cell_m, 0, rows - 1.000001)
        i, j = u.astype(np.int64), v.astype(np.int64)
        du, dv = u - i, v - j
        z = self.values
        low = z[j, i] * (1 - du) + z[j, i + 1] * du
        high = z[j + 1, i] * (1 - du) + z[j + 1, i + 1] * du
        result: Floats = low * (1 - dv) + high * dv
        return result

    def nearest(self, x: Floats, y: Floats) -> Floats:
        """Value at the nearest node: for numbers that cannot be averaged."""
        rows, columns = self.values.shape
        i = np.clip(np.rint((x - self.x0) / self.cell_m), 0, columns - 1).astype(np.int64)
        j = np.clip(np.rint((y - self.y0) / self.cell_m), 0, rows - 1).astype(np.int64)
        result: Floats = self.values[j, i]
        return result

    def polygons(self, low: float, high: float = 1e9) -> NDArray[np.object_]:
        """Polygons of where `low` <= value < `high`, valid, in no particular order."""
        rows, columns = self.values.shape
        # A rim below every level closes each outline inside the grid.
        padded = np.pad(self.values, 1, constant_values=-1e9)
        generator = contourpy.contour_generator(
            self.x0 + self.cell_m * np.arange(-1, columns + 1),
            self.y0 + self.cell_m * np.arange(-1, rows + 1),
            padded,
            fill_type="OuterOffset",
        )
        parts = []
        for points, offsets in zip(*generator.filled(low, high), strict=True):
            rings = [points[a:b] for a, b in itertools.pairwise(offsets)]
            parts.append(shapely.Polygon(rings[0], rings[1:]))
        found = shapely.get_parts(shapely.make_valid(np.array(parts, dtype=object)))
        areal: NDArray[np.object_] = found[shapely.get_dimensions(found) == 2]
        return areal

    def lines(self, level: float) -> NDArray[np.object_]:
        """Contour lines at `level`."""
        rows, columns = self.values.shape
        generator = contourpy.contour_generator(
            self.x0 + self.cell_m * np.arange(columns),
            self.y0 + self.cell_m * np.arange(rows),
            self.values,
        )
        found = [line for line in generator.lines(level) if len(line) > 3]
        return np.array([shapely.linestrings(line) for line in found], dtype=object)


def cheapest_path(cost: Raster, start: Floats, end: Floats) -> Floats:
    """Cheapest way over a raster of cost per metre, as (n, 2) nodes nearest to start … end.

    A* with straight distance times the least cost as its bound. Raises ValueError when the end
    cannot be reached (infinite cost all around it).
    """
    rows, columns = cost.values.shape

    def node(p: Floats) -> tuple[int, int]:
        i = int(np.clip(round((p[0] - cost.x0) / cost.cell_m), 0, columns - 1))
        j = int(np.clip(round((p[1] - cost.y0) / cost.cell_m), 0, rows - 1))
        return i, j

    first, last = node(start), node(end)
    values = cost.values.tolist()
    bound = float(np.min(cost.values))
    steps = [(dx, dy, (dx * dx + dy * dy) ** 0.5) for dx, dy in _MOVES]
    best = {first: 0.0}
    came: dict[tuple[int, int], tuple[int, int]] = {}
    queue = [(0.0, first)]
    done: set[tuple[int, int]] = set()
    while queue:
        _, here = heapq.heappop(queue)
        if here == last:
            break
        if here in done:
            continue
        done.add(here)
        x, y = here
        so_far, here_cost = best[here], values[y][x]
        for dx, dy, length in steps:
            nx, ny = x + dx, y + dy
            if not (0 <= nx < columns and 0 <= ny < rows):
                continue
            through = so_far + length * 0.5 * (here_cost + values[ny][nx])
            if through < best.get((nx, ny), np.inf):
                best[nx, ny] = through
                came[nx, ny] = here
                ahead = ((nx - last[0]) ** 2 + (ny - last[1]) ** 2) ** 0.5 * bound
                heapq.heappush(queue, (through + ahead, (nx, ny)))
    if last not in best:
        raise ValueError(f"no way from {start} to {end}")
    path = [last]
    while path[-1] != first:
        path.append(came[path[-1]])
    points: Floats = np.array(path[::-1], dtype=float) * cost.cell_m + (cost.x0, cost.y0)
    return points


def chaikin(points: Floats, rounds: int = 2, *, closed: bool = False) -> Floats:
    """Cuts corners: a smooth curve through the neighbourhood of the points; ends stay."""
    for _ in range(rounds):
        following = np.roll(points, -1, axis=0) if closed else points[1:]
        before = points if closed else points[:-1]
        cut = np.empty((2 * len(before), 2))
        cut[0::2] = 0.75 * before + 0.25 * following
        cut[1::2] = 0.25 * before + 0.75 * following
        points = cut if closed else np.vstack([points[:1], cut, points[-1:]])
    return points
