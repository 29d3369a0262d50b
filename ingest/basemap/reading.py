"""Files of maps, read by GDAL: OpenStreetMap extracts, GeoPackages, and vector tiles in MBTiles and PMTiles."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FieldError
from pyproj import CRS, Transformer

from sightline.ingest.basemap.errors import BasemapError
from sightline.ingest.basemap.schemes import BY_SIZE, OSM, SCHEMES, Drawn, Scheme, Source, scheme_of
from sightline.ingest.basemap.shapes import DIMENSIONS, joined, land_within, ranks_by_size

ENDINGS: Final = (".osm.pbf", ".pbf", ".osm", ".gpkg", ".mbtiles", ".pmtiles")
_MERCATOR: Final = CRS.from_epsg(3857)
_OSM_TAGS: Final = Path(__file__).with_name("osmconf.ini")

Said = Callable[[str, int], None]
"""Is told of each layer as it has been read: its name, and how many features of it are drawn."""


@dataclass(frozen=True)
class Features:
    """Features that are drawn alike, in Web Mercator (EPSG:3857)."""

    layer: str
    kind: str
    ranks: np.ndarray
    names: list[str]
    geometries: np.ndarray


@dataclass(frozen=True)
class MapFile:
    """What a file holds.

    Attributes:
        scheme: what its layers are called after.
        features: what is drawn.
        left_out: features whose geometry is none, or not valid.
    """

    scheme: Scheme
    features: list[Features]
    left_out: int


def read_map(file: Path, said: Said) -> MapFile:
    """Read a whole file.

    Raises:
        BasemapError: it is not there, not a map, of no scheme that is known, or has nothing to draw.
    """
    layers = _layers(file)
    scheme = scheme_of(layers)
    if scheme is None:
        known = "; ".join(f"{s.name}: {', '.join(sorted(s.known_by))}" for s in SCHEMES)
        raise BasemapError(
            f"{file} has the layers {', '.join(sorted(layers)) or 'none'}, which are of no scheme that is known ({known})."
        )
    features: list[Features] = []
    left_out = 0
    for source in scheme.sources:
        if source.layer not in layers:
            continue
        found, lost = _read(file, scheme, source)
        left_out += lost
        features += found
        said(source.layer, sum(len(f.names) for f in found))
    features = list(_with_land(scheme, features))
    if sum(len(f.names) for f in features) == 0:
        raise BasemapError(f"{file} has nothing that could be drawn.")
    return MapFile(scheme, features, left_out)


def _layers(file: Path) -> list[str]:
    if not file.is_file():
        raise BasemapError(f"{file} is not there, or is not a file.")
    if not file.name.lower().endswith(ENDINGS):
        raise BasemapError(
            f"{file} is called {file.suffix or 'without an ending'}, but must be one of {', '.join(ENDINGS)}."
        )
    try:
        layers: list[str] = pyogrio.list_layers(file)[:, 0].tolist()
    except DataSourceError as error:
        raise BasemapError(f"{file} cannot be read as a map: {error}") from error
    return layers


def _read(file: Path, scheme: Scheme, source: Source) -> tuple[list[Features], int]:
    """What is drawn of one layer, and how many features could not be."""
    options: dict[str, Any] = {"CONFIG_FILE": str(_OSM_TAGS)} if scheme is OSM else {}
    try:
        there = set(pyogrio.read_info(file, layer=source.layer, **options)["fields"])
        wanted = [
            name for name in (*source.names, *(f.name for f in source.fields)) if name in there
        ]
        columns = list(dict.fromkeys(wanted))
        with warnings.catch_warnings():
            # Of rings that are not closed and polygons that are none: they are counted here.
            warnings.simplefilter("ignore", RuntimeWarning)
            meta, _, wkb, values = pyogrio.raw.read(
                file, layer=source.layer, columns=columns, **options
            )
    except (DataSourceError, DataLayerError, FieldError, RuntimeError) as error:
        raise BasemapError(f"{file}: the layer {source.layer} cannot be read: {error}") from error
    if len(wkb) == 0:
        return [], 0
    fields = dict(zip(meta["fields"], values, strict=True))
    drawn = _drawn(source, fields, len(wkb))
    chosen = np.array([one is not None and one.layer != "" for one in drawn])
    names = _names(source, fields, len(wkb))
    geometries = _in_mercator(wkb[chosen], meta["crs"], file)
    usable = ~(shapely.is_missing(geometries) | shapely.is_empty(geometries))
    found = _alike(
        [one for one, is_chosen in zip(drawn, chosen, strict=True) if is_chosen and one],
        [name for name, is_chosen in zip(names, chosen, strict=True) if is_chosen],
        geometries,
        usable,
    )
    return list(found), int((~usable).sum())


def _drawn(source: Source, fields: dict[str, np.ndarray], count: int) -> list[Drawn | None]:
    found: list[Drawn | None] = [source.always] * count
    for one in reversed(source.fields):
        for number, value in enumerate(fields.get(one.name, ())):
            if value is None or value == "":
                continue
            said = one.values.get(str(value), one.otherwise)
            if said is not None:
                found[number] = said
    return found


def _names(source: Source, fields: dict[str, np.ndarray], count: int) -> list[str]:
    found = [""] * count
    for name in reversed(source.names):
        for number, value in enumerate(fields.get(name, ())):
            if value:
                found[number] = " ".join(str(value).replace("\x00", "").split())
    return found


def _in_mercator(wkb: np.ndarray, crs: str | None, file: Path) -> np.ndarray:
    if crs is None:
        raise BasemapError(f"{file} does not say in which reference system its places are.")
    geometries = shapely.force_2d(shapely.from_wkb(wkb, on_invalid="ignore"))
    turn = Transformer.from_crs(CRS.from_user_input(crs), _MERCATOR, always_xy=True)
    moved = shapely.transform(
        geometries, lambda xy: np.column_stack(turn.transform(xy[:, 0], xy[:, 1]))
    )
    finite = np.isfinite(shapely.bounds(moved)).all(axis=1)
    result = np.array(shapely.make_valid(moved), dtype=object)
    result[~finite] = None
    return result


def _alike(
    drawn: list[Drawn], names: list[str], geometries: np.ndarray, usable: np.ndarray
) -> Iterator[Features]:
    together: dict[Drawn, list[int]] = {}
    for number, one in enumerate(drawn):
        if usable[number]:
            together.setdefault(one, []).append(number)
    for one, numbers in together.items():
        shapes, of = shapely.get_parts(geometries[numbers], return_index=True)
        called = [names[numbers[k]] for k in of]
        if one.layer == "road":
            shapes, called = _streets(shapes, called)
        elif one.layer == "place":
            shapes = shapely.point_on_surface(shapes)
        fits = np.isin(shapely.get_dimensions(shapes), DIMENSIONS.get(one.layer, (2,)))
        shapes, called = shapes[fits], [name for name, fit in zip(called, fits, strict=True) if fit]
        if one.rank == BY_SIZE:
            ranks = ranks_by_size(one.layer, shapes)
        else:
            ranks = np.full(len(shapes), one.rank)
        yield Features(one.layer, one.kind, ranks, called, shapes)


def _streets(shapes: np.ndarray, names: list[str]) -> tuple[np.ndarray, list[str]]:
    """The pieces of each street joined, so that its name stands on it once and not on every piece."""
    pieces: dict[str, list[int]] = {}
    for number, (name, dimension) in enumerate(
        zip(names, shapely.get_dimensions(shapes), strict=True)
    ):
        if dimension == 1:
            pieces.setdefault(name, []).append(number)
    found: list[np.ndarray] = [np.array([], dtype=object)]
    called: list[str] = []
    for name, numbers in pieces.items():
        parts = joined(shapes[numbers]) if name else shapes[numbers]
        found.append(parts)
        called += [name] * len(parts)
    return np.concatenate(found), called


def _with_land(scheme: Scheme, features: list[Features]) -> Iterator[Features]:
    """Land, where the file has none: within its coastlines, or all that it reaches over."""
    coast = [f.geometries for f in features if f.layer == "coastline"]
    rest = [f for f in features if f.layer != "coastline"]
    if rest and not any(f.layer == "land" and f.kind == "island" for f in rest):
        lines = [f.geometries for f in rest if f.layer in ("road", "building")] or [
            f.geometries for f in rest
        ]
        bounds = shapely.total_bounds(np.concatenate(lines))
        coastlines = (
            np.concatenate(coast) if scheme.coastlines and coast else np.array([], dtype=object)
        )
        land = land_within(coastlines, tuple(bounds.tolist()))
        count = len(land)
        yield Features(
            "land", "island", np.zeros(count, int), [""] * count, np.array(land, dtype=object)
        )
    yield from rest
