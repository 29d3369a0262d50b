"""Between the British National Grid and the coordinates of maps and receivers."""

from __future__ import annotations

import numpy as np
import shapely

from sightline.ingest.british_grid import from_grid, grid_to_mercator
from sightline.ingest.fleet.noise import Floats


def to_wgs84(xy: Floats) -> Floats:
    """(n, 2) easting and northing (EPSG:27700) → (n, 2) longitude and latitude in degrees."""
    return np.column_stack(from_grid().transform(xy[:, 0], xy[:, 1]))


def to_mercator(geometry: shapely.Geometry) -> shapely.Geometry:
    """A geometry in web Mercator (EPSG:3857), as map tiles need it."""
    return shapely.transform(
        geometry, lambda xy: np.column_stack(grid_to_mercator().transform(xy[:, 0], xy[:, 1]))
    )
