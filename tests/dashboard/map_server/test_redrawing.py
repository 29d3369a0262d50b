"""Vector tiles of other schemes become tiles with the basemap's layers, and geometries stay as they are."""

from __future__ import annotations

from typing import Any

import mapbox_vector_tile
import pytest
from shapely.geometry import LineString, Point, box

from sightline.dashboard.map_server.redrawing import TileError, redrawn
from sightline.ingest.basemap.schemes import OPENMAPTILES, PROTOMAPS, SHORTBREAD, ZOOMSTACK
from tests.tile_server import openmaptiles

_DOWN = {"y_coord_down": True}


def tile(**layers: list[tuple[Any, dict[str, Any]]]) -> bytes:
    """Layer → geometries with what is said of them."""
    made = [
        {"name": name, "features": [{"geometry": g, "properties": said} for g, said in features]}
        for name, features in layers.items()
    ]
    return bytes(mapbox_vector_tile.encode(made, default_options=_DOWN))


def read(content: bytes) -> dict[str, list[dict[str, Any]]]:
    """Layer → features."""
    decoded = mapbox_vector_tile.decode(content, default_options=_DOWN)
    return {name: layer["features"] for name, layer in decoded.items()}


def said(features: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [feature["properties"] for feature in features]


def test_a_tile_of_openmaptiles_is_drawn_as_the_basemap_is() -> None:
    content, scheme = redrawn(openmaptiles(), None)
    found = read(content)
    assert scheme is OPENMAPTILES
    assert said(found["water"]) == [{"kind": "lake"}]
    # Neither an aerialway, nor a road that is a point.
    assert said(found["road"]) == [{"kind": "a_road"}, {"kind": "a_road", "name": "High Street"}]
    assert said(found["place"]) == [{"kind": "town", "name": "Ambridge"}]


def test_geometries_stay_as_they_are() -> None:
    given = read(openmaptiles())
    found = read(redrawn(openmaptiles(), None)[0])
    assert found["water"][0]["geometry"] == given["water"][0]["geometry"]
    assert found["road"][0]["geometry"] == given["transportation"][0]["geometry"]
    assert found["place"][0]["geometry"] == given["place"][0]["geometry"]


def test_where_a_scheme_has_no_land_all_of_the_tile_is_land() -> None:
    found = read(redrawn(openmaptiles(), None)[0])
    (land,) = found["land"]
    assert land["properties"] == {"kind": "island"}
    ring = land["geometry"]["coordinates"][0]
    assert {tuple(corner) for corner in ring} == {
        (-64, -64),
        (4160, -64),
        (4160, 4160),
        (-64, 4160),
    }


def test_a_scheme_with_land_of_its_own_keeps_it() -> None:
    given = tile(
        earth=[(box(0, 0, 2000, 4096), {"kind": "earth"})],
        water=[(box(2000, 0, 4096, 4096), {"kind": "ocean"}), (box(0, 0, 9, 9), {"kind": "lake"})],
        roads=[(LineString([(0, 0), (9, 9)]), {"kind": "major_road", "kind_detail": "trunk", "ref": "A2"})],
    )  # fmt: skip
    content, scheme = redrawn(given, None)
    found = read(content)
    assert scheme is PROTOMAPS
    assert len(found["land"]) == 1
    assert len(found["water"]) == 1  # the ocean is where no land is
    assert said(found["road"]) == [{"kind": "a_road", "name": "A2"}]


def test_the_sea_of_shortbread_is_water() -> None:
    given = tile(
        ocean=[(box(0, 0, 9, 9), {})],
        streets=[(LineString([(0, 0), (9, 9)]), {"kind": "motorway"})],
    )
    content, scheme = redrawn(given, None)
    assert scheme is SHORTBREAD
    assert said(read(content)["water"]) == [{"kind": "lake"}]


def test_numbers_are_read_as_texts_are() -> None:
    given = tile(
        surfacewater=[(box(0, 0, 9, 9), {})],
        roads_national=[(LineString([(0, 0), (9, 9)]), {"type": "Motorway", "number": 25})],
    )
    content, scheme = redrawn(given, None)
    assert scheme is ZOOMSTACK
    assert said(read(content)["road"]) == [{"kind": "motorway", "name": "25"}]


def test_a_tile_of_few_layers_is_of_the_scheme_of_those_before_it() -> None:
    sea = tile(water=[(box(0, 0, 9, 9), {"kind": "ocean"})])
    drawn, scheme = redrawn(sea, PROTOMAPS)
    assert scheme is PROTOMAPS
    assert "water" not in read(drawn) if drawn else True
    assert said(read(redrawn(sea, OPENMAPTILES)[0])["water"]) == [{"kind": "lake"}]


def test_an_empty_tile_is_empty() -> None:
    assert redrawn(b"", SHORTBREAD) == (b"", SHORTBREAD)


def test_what_is_no_tile_is_refused() -> None:
    with pytest.raises(TileError, match="no vector tile"):
        redrawn(b"<html>not found</html>", None)


def test_layers_of_no_known_scheme_are_named() -> None:
    with pytest.raises(TileError, match=r"its layers, cows, sheep, are of no scheme"):
        redrawn(tile(sheep=[(Point(1, 1), {})], cows=[(Point(1, 1), {})]), None)


def test_a_tag_that_points_nowhere_is_left_out() -> None:
    from mapbox_vector_tile.Mapbox import vector_tile_pb2

    broken = vector_tile_pb2.tile()
    broken.ParseFromString(openmaptiles())
    for layer in broken.layers:
        for feature in layer.features:
            feature.tags.extend((999, 999, 0))
    assert said(read(redrawn(broken.SerializeToString(), None)[0])["place"])[0]["kind"] == "town"
