"""Between the British National Grid and the coordinates of maps and receivers."""

from __future__ import annotations

import numpy as np
import shapely
from pyproj import Transformer

from sightline.ingest.fleet.noise import Floats

_to_wgs84 = Transformer.from_crs(27700, 4326, always_xy=True)
_to_mercator = Transformer.from_crs(27700, 3857, always_xy=True)


def to_wgs84(xy: Floats) -> Floats:
    """(n, 2) easting and northing (EPSG:27700) → (n, 2) longitude and latitude in degrees."""
    return np.column_stack(_to_wgs84.transform(xy[:, 0], xy[:, 1]))


def to_mercator(geometry: shapely.Geometry) -> shapely.Geometry:
    """A geometry in web Mercator (EPSG:3857), as map tiles need it."""
    return shapely.transform(
        geometry, lambda xy: np.column_stack(_to_mercator.transform(xy[:, 0], xy[:, 1]))
    )
