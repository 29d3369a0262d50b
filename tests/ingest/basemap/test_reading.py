"""Files of maps: OpenStreetMap, GeoPackage and vector tiles as they come, and files that are none."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import geopandas as gpd
import pytest
from shapely.geometry import LineString, Point, box

from sightline.ingest.basemap.errors import BasemapError
from sightline.ingest.basemap.reading import MapFile, read_map
from sightline.ingest.basemap.schemes import SCHEMES, scheme_of

OSM = Path(__file__).with_name("island.osm")


def read(file: Path) -> MapFile:
    return read_map(file, lambda _layer, _drawn: None)


def counted(found: MapFile) -> Counter[tuple[str, str]]:
    return Counter({(f.layer, f.kind): len(f.names) for f in found.features if len(f.names)})


def names(found: MapFile, layer: str) -> list[str]:
    return sorted(name for f in found.features if f.layer == layer for name in f.names if name)


def test_an_osm_extract() -> None:
    found = read(OSM)
    assert found.scheme.name == "OpenStreetMap"
    assert counted(found) == {
        ("land", "island"): 1, ("road", "residential"): 1, ("road", "a_road"): 1, ("road", "path"): 1, ("building", "building"): 1,
        ("urban", "park"): 1, ("place", "village"): 1, ("poi", "hospital"): 1,
    }  # fmt: skip
    assert names(found, "road") == ["A1", "Quay Street"], "two pieces of one street are one"
    (land,) = [f.geometries[0] for f in found.features if f.layer == "land"]
    degrees = gpd.GeoSeries([land], crs=3857).to_crs(4326).total_bounds
    assert degrees == pytest.approx([1.0, 51.0, 1.1, 51.1]), "the coast, not the frame"


def test_zoomstack_as_a_geopackage_in_national_grid(tmp_path: Path) -> None:
    file = tmp_path / "OS_Open_Zoomstack.gpkg"
    layers = {
        "land": ([box(600_000, 100_000, 610_000, 110_000)], {}),
        "surfacewater": ([box(601_000, 101_000, 603_000, 103_000)], {}),
        "roads_local": ([LineString([(600_000, 100_000), (601_000, 101_000)])] * 2, {"type": ["Local", "B Road"], "name": ["High Street", "x"]}),
        "names": ([Point(605_000, 105_000)] * 2, {"type": ["Town", "Landform"], "name1": ["Hythe", "A hill"]}),
        "waterlines": ([LineString([(600_000, 100_000), (601_000, 101_000)])] * 2, {"type": ["MHW", "Local"]}),
    }  # fmt: skip
    for layer, (shapes, fields) in layers.items():
        gpd.GeoDataFrame(fields, geometry=shapes, crs=27700).to_file(file, layer=layer)
    found = read(file)
    assert counted(found) == {
        ("land", "island"): 1, ("water", "lake"): 1, ("road", "residential"): 1, ("road", "b_road"): 1, ("place", "town"): 1,
        ("water", "river_line"): 1,
    }  # fmt: skip
    assert names(found, "place") == ["Hythe"]
    (town,) = [f.geometries[0] for f in found.features if f.layer == "place"]
    (back,) = gpd.GeoSeries([town], crs=3857).to_crs(27700)
    assert (back.x, back.y) == pytest.approx((605_000, 105_000), abs=5)


@pytest.mark.parametrize("ending", ["mbtiles", "pmtiles"])
def test_vector_tiles(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"map.{ending}"
    roads = gpd.GeoDataFrame(
        {"class": ["primary", "path", "ferry"], "name": ["High Street", None, "To France"]},
        geometry=[LineString([(1.0, 51.0), (1.001, 51.001)])] * 3, crs=4326,
    )  # fmt: skip
    roads.to_file(
        file, driver=ending.replace("mb", "MB").replace("pm", "PM").replace("tiles", "Tiles"),
        layer="transportation", MINZOOM=14, MAXZOOM=14,
    )  # fmt: skip
    found = read(file)
    assert found.scheme.name == "OpenMapTiles"
    assert counted(found) == {("road", "a_road"): 1, ("road", "path"): 1, ("land", "island"): 1}
    assert names(found, "road") == ["High Street"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("gone.gpkg", None, "is not there"),
        ("map.shp", b"", "is called .shp, but must be one of"),
        ("empty.osm.pbf", b"", "cannot be read as a map"),
        ("torn.gpkg", b"SQLite format 3\x00", "cannot be read as a map"),
        ("page.osm", b"<html></html>", "cannot be read as a map"),
        ("nothing.osm", b"<osm version='0.6'></osm>", "has nothing that could be drawn"),
    ],
)  # fmt: skip
def test_what_is_no_map_is_said(
    tmp_path: Path, name: str, content: bytes | None, says: str
) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BasemapError, match=says) as raised:
        read(file)
    assert str(file) in str(raised.value)


def test_layers_of_no_scheme_are_named(tmp_path: Path) -> None:
    file = tmp_path / "other.gpkg"
    gpd.GeoDataFrame(geometry=[Point(0, 0)], crs=27700).to_file(file, layer="trees")
    with pytest.raises(BasemapError, match="has the layers trees, which are of no scheme"):
        read(file)


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.name)
def test_each_scheme_is_known_by_its_own_layers(scheme: object) -> None:
    assert scheme_of(scheme.known_by) is scheme  # type: ignore[attr-defined]
    layers = {source.layer for source in scheme.sources}  # type: ignore[attr-defined]
    assert scheme_of(layers | scheme.known_by) is scheme  # type: ignore[attr-defined]
