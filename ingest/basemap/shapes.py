"""Shapes of a map: land out of coastlines, streets out of their pieces, what is large. Pure; everything in Web Mercator (EPSG:3857)."""

from __future__ import annotations

from collections import Counter

import numpy as np
import shapely
from shapely.geometry import LineString, Polygon, box
from shapely.geometry.base import BaseGeometry

DIMENSIONS = {
    "road": (1,), "rail": (1,), "coastline": (1,), "place": (0,), "poi": (0,), "water": (0, 1, 2), "hill": (0, 1, 2),
    "area": (0, 1, 2),
}  # fmt: skip
"""Layer of the basemap → of how many dimensions its shapes are; those of the others have two."""
_BESIDE_M = 0.5
_EARTH_RADIUS_M = 6_378_137.0
_LARGE_M2 = {"wood": (1_000_000.0, 200_000.0), "urban": (1_000_000.0,), "water": (500_000.0,)}
_FIRST_RANK = {"wood": 1, "urban": 0, "water": 1}


def square_metres(geometries: np.ndarray) -> np.ndarray:
    """Areas on the ground, of shapes that Web Mercator draws larger than they are."""
    _, south, _, north = shapely.bounds(geometries).T
    latitude = 2 * np.arctan(np.exp((south + north) / 2 / _EARTH_RADIUS_M)) - np.pi / 2
    found: np.ndarray = shapely.area(geometries) * np.cos(latitude) ** 2
    return found


def ranks_by_size(layer: str, geometries: np.ndarray) -> np.ndarray:
    """Ranks of woods, towns and lakes: the larger, the lower, and so the sooner they are drawn."""
    limits = _LARGE_M2[layer]
    smaller = square_metres(geometries)[:, np.newaxis] <= np.array(limits)
    ranks: np.ndarray = _FIRST_RANK[layer] + smaller.sum(axis=1)
    return ranks


def joined(lines: np.ndarray) -> np.ndarray:
    """Pieces of one street, joined where they meet end to end."""
    found: np.ndarray = shapely.get_parts(shapely.line_merge(shapely.multilinestrings([lines])[0]))
    return found


def land_within(coastlines: np.ndarray, bounds: tuple[float, float, float, float]) -> list[Polygon]:
    """The land in a rectangle, by coastlines that have it on their left (as OpenStreetMap's have).

    Without any coastline all of it is land, and so is what a coastline that ends somewhere within does not part.

    Args:
        coastlines: lines.
        bounds: west, south, east, north.
    """
    frame = box(*bounds)
    if len(coastlines) == 0:
        return [frame]
    inside = shapely.intersection(shapely.union_all(coastlines), frame)
    pieces = list(
        shapely.get_parts(
            shapely.polygonize([shapely.union_all([inside, frame.exterior])]), return_index=False
        )
    )
    votes = _votes(pieces, coastlines)
    return [piece for number, piece in enumerate(pieces) if votes[number] >= 0]


def _votes(pieces: list[BaseGeometry], coastlines: np.ndarray) -> Counter[int]:
    """Piece → how many more segments of coastline have it on their left than on their right."""
    votes: Counter[int] = Counter()
    tree = shapely.STRtree(pieces)
    for line in shapely.get_parts(coastlines):
        start, end = _segments(line)
        along = end - start
        length = np.hypot(along[:, 0], along[:, 1])
        known = length > 0
        left = np.stack([-along[known, 1], along[known, 0]], axis=1) / length[known, np.newaxis]
        middle = (start[known] + end[known]) / 2
        for sign in (1, -1):
            points = shapely.points(middle + sign * _BESIDE_M * left)
            _, hits = tree.query(points, predicate="within")
            for piece, count in Counter(hits.tolist()).items():
                votes[piece] += sign * count
    return votes


def _segments(line: LineString) -> tuple[np.ndarray, np.ndarray]:
    corners = shapely.get_coordinates(line)
    return corners[:-1], corners[1:]
