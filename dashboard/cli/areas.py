"""`area import`: the force's own areas (divisions, boroughs, beats) from a file of polygons."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg
import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FieldError
from pyproj import CRS, Transformer

from sightline.dashboard.cli.errors import CommandError
from sightline.dashboard.cli.registers import with_connection
from sightline.dashboard.operations.fields import is_readable
from sightline.ingest.british_grid import from_grid
from sightline.sql import query

LONGEST_CODE: Final = 64
LONGEST_NAME: Final = 200
_MOST_PROBLEMS: Final = 10
_WGS_84: Final = CRS.from_epsg(4326)
_BRITISH_GRID_EPSG: Final = 27700
_LEAST_AREA: Final = 1e-9
"""Square degrees: some ten square metres."""
_POLYGONS: Final = ("Polygon", "MultiPolygon")


@dataclass(frozen=True)
class AreaFile:
    """Areas of a file; `outlines` as WKB in WGS 84 (EPSG:4326), longitude first."""

    codes: list[str]
    names: list[str]
    outlines: list[bytes]


def import_(options: Namespace) -> int:
    """Make the areas of a file, or bring those of the same codes up to date: all of them or none."""
    found = read_areas(options.file, options.layer, options.code, options.name)

    async def work(connection: asyncpg.Connection) -> int:
        return int(
            await connection.fetchval(query("areas.put"), found.codes, found.names, found.outlines)
        )

    new = with_connection(options, work)
    count = len(found.codes)
    sys.stdout.write(f"{count:,} areas: {new:,} new, {count - new:,} brought up to date\n")
    return 0


def read_areas(file: Path, layer: str | None, code: str, name: str) -> AreaFile:
    """Read a file of polygons that GDAL knows (GeoPackage, GeoJSON, Shapefile).

    Args:
        file: the file.
        layer: of the file; None: its only one.
        code: column of the codes, large and small letters alike.
        name: column of the names.

    Raises:
        CommandError: it cannot be read, or an area is none; names features and columns, and what is allowed.
    """
    if not file.exists():
        raise CommandError(f"{file} is not there.")
    try:
        layers = pyogrio.list_layers(file)[:, 0].tolist()
        chosen = _layer(file, layers, layer)
        about = pyogrio.read_info(file, layer=chosen)
        if about["features"] == 0:
            raise CommandError(f"{file} holds no areas.")
        columns = [_column(file, about["fields"].tolist(), wanted) for wanted in (code, name)]
        meta, _, wkb, values = pyogrio.raw.read(
            file, layer=chosen, columns=list(dict.fromkeys(columns))
        )
    except (DataSourceError, DataLayerError, FieldError, RuntimeError) as error:
        raise CommandError(f"{file} cannot be read as a file of areas: {error}") from error
    if meta["crs"] is None:
        raise CommandError(f"{file} does not say in which coordinates it is (CRS); set it first.")
    fields = dict(zip(meta["fields"], values, strict=True))
    codes, names = ([_text(value) for value in fields[column]] for column in columns)
    shapes = shapely.force_2d(shapely.from_wkb(wkb, on_invalid="ignore"))
    problems = list(_problems(codes, names, shapes))
    if problems:
        more = len(problems) - _MOST_PROBLEMS
        said = problems[:_MOST_PROBLEMS] + ([f"and {more:,} more"] if more > 0 else [])
        raise CommandError(f"nothing was imported from {file}:\n  " + "\n  ".join(said))
    return AreaFile(codes, names, shapely.to_wkb(_in_wgs84(file, meta["crs"], shapes)).tolist())


def _in_wgs84(file: Path, crs: str, shapes: np.ndarray) -> np.ndarray:
    """Valid polygons in WGS 84."""
    given = CRS.from_user_input(crs)
    grid = given.to_epsg() == _BRITISH_GRID_EPSG
    turn = from_grid() if grid else Transformer.from_crs(given, _WGS_84, always_xy=True)
    turned = shapely.transform(shapes, turn.transform, interleaved=False)
    bounds = shapely.bounds(turned)
    if not (np.abs(bounds) <= (180, 90, 180, 90)).all():
        raise CommandError(
            f"{file} says that it is in {given.name}, but has places outside of it,"
            f" such as {float(shapely.bounds(shapes)[:, 0].max()):g}, {float(shapely.bounds(shapes)[:, 1].max()):g}."
        )
    valid: np.ndarray = shapely.make_valid(turned, method="structure", keep_collapsed=False)
    flat = np.flatnonzero(shapely.area(valid) < _LEAST_AREA) + 1
    if len(flat):
        numbers = ", ".join(map(str, flat[:_MOST_PROBLEMS]))
        raise CommandError(
            f"nothing was imported from {file}: the outlines of these features have no area: {numbers}"
        )
    return valid


def _layer(file: Path, layers: list[str], wanted: str | None) -> str:
    if wanted is None and len(layers) == 1:
        return layers[0]
    if wanted in layers:
        return str(wanted)
    said = "say which one with --layer" if wanted is None else f"but none called {wanted!r}"
    raise CommandError(f"{file} has the layers {', '.join(layers) or 'none'}; {said}.")


def _column(file: Path, there: list[str], wanted: str) -> str:
    for column in there:
        if column.lower() == wanted.lower():
            return column
    raise CommandError(
        f"{file} has no column {wanted!r}; it has {', '.join(there) or 'none'}. Say which with --code and --name."
    )


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    return " ".join(str(value).replace("\x00", "").split())


def _problems(codes: list[str], names: list[str], shapes: np.ndarray) -> Iterator[str]:
    """What is wrong with which feature, counted from 1."""
    times = Counter(codes)
    for number, (code, name, shape) in enumerate(zip(codes, names, shapes, strict=True), start=1):
        where = f"feature {number} ({code or 'without a code'})"
        if not 1 <= len(code) <= LONGEST_CODE:
            yield f"{where}: the code is {code!r}, but must have 1 to {LONGEST_CODE} characters"
        elif times[code] > 1:
            yield f"{where}: the code is there {times[code]} times, but must be there once"
        if not (len(name) <= LONGEST_NAME and is_readable(name)):
            yield f"{where}: the name is {name!r}, but must have 1 to {LONGEST_NAME} characters to read"
        kind = "nothing" if shape is None else shape.geom_type
        if kind not in _POLYGONS or shape.is_empty:
            yield f"{where}: the geometry is {kind}, but must be a Polygon or a MultiPolygon with something in it"
