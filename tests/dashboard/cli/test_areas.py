"""`area import`: areas of a file in any coordinates, all of them or none, and every wrong one is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from shapely.geometry import MultiPolygon, Point, Polygon, box

from sightline.dashboard.cli.areas import read_areas
from sightline.dashboard.cli.errors import CommandError
from tests.conftest import Database
from tests.dashboard.cli.test_registers import Terminal

NORTH, SOUTH = box(1.0, 56.3, 1.4, 56.5), box(1.0, 56.1, 1.4, 56.3)


@pytest.fixture
def terminal(database: Database, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(database.data_dir, capsys)


def file_of(
    path: Path, shapes: list[Any], crs: str | None = "EPSG:4326", **columns: list[Any]
) -> Path:
    named = {
        "code": [f"A{n}" for n in range(len(shapes))],
        "name": [f"Area {n}" for n in range(len(shapes))],
    } | columns
    gpd.GeoDataFrame(named, geometry=shapes, crs=crs).to_file(path)
    return path  # fmt: skip


def read(path: Path, **said: str) -> Any:
    return read_areas(path, said.get("layer"), said.get("code", "code"), said.get("name", "name"))


@pytest.mark.parametrize("ending", ["gpkg", "geojson", "shp"])
def test_each_format_gives_the_same_areas(tmp_path: Path, ending: str) -> None:
    found = read(file_of(tmp_path / f"areas.{ending}", [NORTH, SOUTH]))
    assert (found.codes, found.names) == (["A0", "A1"], ["Area 0", "Area 1"])
    for outline, shape in zip(found.outlines, (NORTH, SOUTH), strict=True):
        assert shapely.from_wkb(outline).equals(shape)


def test_coordinates_are_turned_into_wgs_84(tmp_path: Path) -> None:
    grid = gpd.GeoSeries([NORTH], crs=4326).to_crs(27700)
    found = read(file_of(tmp_path / "grid.gpkg", list(grid), crs="EPSG:27700"))
    turned = shapely.from_wkb(found.outlines[0])
    # two transformations of the grid differ by some metres
    assert turned.symmetric_difference(NORTH).area < 1e-3 * NORTH.area


def test_columns_may_have_other_names(tmp_path: Path) -> None:
    path = file_of(tmp_path / "beats.gpkg", [NORTH], BEAT=["N1"], Title=["  North \n beat "])
    found = read(path, code="beat", name="title")
    assert (found.codes, found.names) == (["N1"], ["North beat"])


def test_numbers_are_codes(tmp_path: Path) -> None:
    assert read(file_of(tmp_path / "n.gpkg", [NORTH, SOUTH], code=[7, 8])).codes == ["7", "8"]


def test_metres_that_are_said_to_be_degrees_are_refused(tmp_path: Path) -> None:
    path = file_of(tmp_path / "metres.geojson", [box(400_000, 500_000, 410_000, 510_000)])
    with pytest.raises(CommandError, match="has places outside of it, such as 400000, 500000"):
        read(path)


def test_a_file_without_features_holds_no_areas(tmp_path: Path) -> None:
    path = tmp_path / "none.geojson"
    path.write_text('{"type": "FeatureCollection", "features": []}')
    with pytest.raises(CommandError, match="holds no areas"):
        read(path)


def test_a_ring_that_crosses_itself_becomes_an_area(tmp_path: Path) -> None:
    bow_tie = Polygon([(1.0, 56.0), (1.2, 56.2), (1.2, 56.0), (1.0, 56.2)])
    (outline,) = read(file_of(tmp_path / "tie.gpkg", [bow_tie])).outlines
    assert shapely.from_wkb(outline).is_valid


@pytest.mark.parametrize(
    ("shapes", "columns", "problem"),
    [
        ([Point(1, 56)], {}, "feature 1 (A0): the geometry is Point, but must be a Polygon"),
        ([NORTH, None], {}, "feature 2 (A1): the geometry is nothing, but must be"),
        ([NORTH, MultiPolygon()], {}, "feature 2 (A1): the geometry is"),
        ([NORTH, Polygon([(1, 56), (1.1, 56.1), (1.2, 56.2)])], {}, "the outlines of these features have no area: 2"),
        ([NORTH, SOUTH], {"code": ["A", "A"]}, "feature 1 (A): the code is there 2 times"),
        ([NORTH], {"code": [""]}, "feature 1 (without a code): the code is '', but must have 1 to 64"),
        ([NORTH], {"code": [None]}, "feature 1 (without a code): the code is ''"),
        ([NORTH], {"name": [" "]}, "feature 1 (A0): the name is '', but must have 1 to 200"),
        ([NORTH], {"name": ["\u200b"]}, "but must have 1 to 200 characters to read"),
        ([NORTH], {"name": ["x" * 201]}, "feature 1 (A0): the name is 'xxx"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_the_feature(
    tmp_path: Path, shapes: list[Any], columns: dict[str, list[Any]], problem: str
) -> None:
    with pytest.raises(CommandError) as said:
        read(file_of(tmp_path / "wrong.gpkg", shapes, **columns))
    assert problem in str(said.value)


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_a_file_that_is_none_is_said(tmp_path: Path) -> None:
    rubbish = tmp_path / "areas.gpkg"
    with pytest.raises(CommandError, match="is not there"):
        read(rubbish)
    rubbish.write_text("no areas")
    with pytest.raises(CommandError, match="cannot be read as a file of areas"):
        read(rubbish)
    path = file_of(tmp_path / "good.gpkg", [NORTH])
    with pytest.raises(CommandError, match="has no column 'beat'; it has code, name"):
        read(path, code="beat")
    with pytest.raises(CommandError, match="has the layers good; but none called 'bad'"):
        read(path, layer="bad")
    no_crs = file_of(tmp_path / "anywhere.gpkg", [NORTH], crs=None)
    with pytest.raises(CommandError, match="does not say in which coordinates"):
        read(no_crs)


def test_twice_the_same_file_changes_nothing_and_a_wrong_one_neither(
    terminal: Terminal, tmp_path: Path
) -> None:
    path = file_of(tmp_path / "areas.geojson", [NORTH, SOUTH])
    assert terminal.run("area", "import", str(path)) == "2 areas: 2 new, 0 brought up to date\n"
    assert terminal.run("area", "import", str(path)) == "2 areas: 0 new, 2 brought up to date\n"
    features = json.loads(path.read_text())
    features["features"][1]["geometry"] = {"type": "Point", "coordinates": [1, 56]}
    path.write_text(json.dumps(features))
    assert terminal.run("area", "import", str(path), code=2) == ""
    assert "nothing was imported" in terminal.errors
