"""Between WGS 84 (EPSG:4326) and the British National Grid (EPSG:27700): one transformation for everybody."""

from __future__ import annotations

from functools import cache

from pyproj import CRS, Transformer

# EPSG:27700 with the one Helmert transformation EPSG:1314 (about 5 m). Left to choose, PROJ takes a
# "ballpark" that is 130 m out wherever the point lies outside the area of every better operation,
# as it does off the coast, and another choice on the way back.
BRITISH_NATIONAL_GRID = CRS.from_proj4(
    "+proj=tmerc +lat_0=49 +lon_0=-2 +k=0.9996012717 +x_0=400000 +y_0=-100000 +ellps=airy"
    " +towgs84=446.448,-125.157,542.06,0.15,0.247,0.842,-20.489 +units=m +no_defs"
)


@cache
def to_grid() -> Transformer:
    """Longitude and latitude in degrees (WGS 84) → easting and northing in metres."""
    return Transformer.from_crs("EPSG:4326", BRITISH_NATIONAL_GRID, always_xy=True)


@cache
def from_grid() -> Transformer:
    """Easting and northing in metres → longitude and latitude in degrees (WGS 84)."""
    return Transformer.from_crs(BRITISH_NATIONAL_GRID, "EPSG:4326", always_xy=True)


@cache
def grid_to_mercator() -> Transformer:
    """Easting and northing in metres → web Mercator (EPSG:3857), as map tiles need it."""
    return Transformer.from_crs(BRITISH_NATIONAL_GRID, "EPSG:3857", always_xy=True)
