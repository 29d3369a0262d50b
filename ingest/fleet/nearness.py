"""How far places are from a line, and which way the line runs there, for many places at once.

Pure. Coordinates are metres (EPSG:27700).
"""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from sightline.ingest.fleet.noise import Floats


class Nearness:
    """A tree over the segments of a geometry's lines (the outlines of polygons)."""

    def __init__(self, *geometries: BaseGeometry) -> None:
        pieces = []
        lines = shapely.get_rings(geometries) if _areal(geometries) else geometries
        for part in shapely.get_parts(lines):
            points = shapely.get_coordinates(part)
            pieces.append(np.stack([points[:-1], points[1:]], axis=1))
        self._segments = np.concatenate(pieces)
        self._tree = shapely.STRtree(shapely.linestrings(self._segments))

    def look(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Distance in metres to the nearest segment, and that segment's direction in radians."""
        at, away = self._tree.query_nearest(
            shapely.points(x.ravel(), y.ravel()), return_distance=True, all_matches=False
        )
        nearest = self._segments[at[1]]
        along = nearest[:, 1] - nearest[:, 0]
        shape = x.shape
        return away.reshape(shape), np.arctan2(along[:, 1], along[:, 0]).reshape(shape)

    def away_m(self, x: Floats, y: Floats) -> Floats:
        """Distance in metres to the nearest segment."""
        return self.look(x, y)[0]


def _areal(geometries: tuple[BaseGeometry, ...]) -> bool:
    return all(shapely.get_dimensions(g) == 2 for g in geometries)
