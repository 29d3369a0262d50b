"""The invented county: valid, at sea, on the National Grid, the same every time."""

from __future__ import annotations

import re

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from sightline.ingest.fleet.basemap import basemap_features, basemap_layers
from sightline.ingest.fleet.county import County, build_county
from sightline.ingest.fleet.projection import to_mercator, to_wgs84
from sightline.ingest.fleet.settlements import build_settlements
from sightline.ingest.fleet.terrain import BOUNDS, build_terrain

LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"


def grid_square(easting: float, northing: float) -> str:
    """Two letters of a National Grid reference, by the Ordnance Survey's scheme."""
    e, n = int(easting // 100_000), int(northing // 100_000)
    first = (19 - n) - (19 - n) % 5 + (e + 10) // 5
    second = (19 - n) * 5 % 25 + e % 5
    return LETTERS[first] + LETTERS[second]


def test_the_grid_letters_of_known_places():
    assert grid_square(530_000, 180_000) == "TQ"
    assert grid_square(250_000, 660_000) == "NS"


def test_it_lies_on_the_national_grid(county: County):
    x0, y0, x1, y1 = county.terrain.land.bounds
    assert BOUNDS[0] < x0 < x1 < BOUNDS[2] <= 700_000
    assert BOUNDS[1] < y0 < y1 < BOUNDS[3] <= 1_300_000
    squares = {grid_square(x, y) for x in (x0, x1) for y in (y0, y1)}
    assert squares <= {"OL", "OM"}
    there = Transformer.from_crs(27700, 4326, always_xy=True).transform(590_000, 730_000)
    back = Transformer.from_crs(4326, 27700, always_xy=True).transform(*there)
    assert back == pytest.approx((590_000, 730_000), abs=0.01)


def test_it_lies_where_there_is_only_sea(county: County):
    degrees = to_wgs84(shapely.get_coordinates(county.terrain.land))
    # The middle of the North Sea: the nearest land, Aberdeenshire, ends west of 1.7° W.
    assert degrees[:, 0].min() > 0.5
    assert degrees[:, 0].max() < 2.01  # where the National Grid's transformation ends
    assert 56.2 < degrees[:, 1].min() < degrees[:, 1].max() < 56.7


def test_every_geometry_is_valid(county: County):
    for feature in basemap_features(county):
        assert feature.geometry.is_valid, feature
        assert not feature.geometry.is_empty, feature
        assert to_mercator(feature.geometry).is_valid, feature


def test_it_has_what_a_county_has(county: County):
    ranks = [s.rank for s in county.settlements]
    assert ranks.count("city") == 1
    assert ranks.count("town") == 6
    assert ranks.count("village") >= 20
    kinds = {m.kind for m in county.landmarks}
    assert {"police", "hospital", "harbour", "station", "lighthouse"} <= kinds
    assert county.terrain.elevation.values.max() > 200
    assert len(county.terrain.rivers) == 2
    assert any(f.kind == "bridge" for f in basemap_features(county))
    assert len({s.name for s in county.settlements}) == len(county.settlements)


def test_divisions_share_the_land_out(county: County):
    divisions = county.areas.divisions
    assert [d.code for d in divisions] == list("ABCD")
    total = sum(d.ground.area for d in divisions)
    assert total == pytest.approx(county.terrain.land.area, rel=1e-9)
    assert shapely.union_all([d.ground for d in divisions]).area == pytest.approx(total, rel=1e-9)
    neighbourhoods = sum(n.ground.area for n in county.areas.neighbourhoods)
    assert neighbourhoods == pytest.approx(total, rel=1e-9)
    assert county.areas.division_of(*county.settlements[0].place) == "A"


def test_the_streets_hang_together_and_lie_on_land(county: County):
    graph = county.graph
    _, seconds = graph.tree_to(0)
    assert np.isfinite(seconds).all()
    on_land = shapely.contains_xy(county.terrain.land.buffer(5), *graph.node_xy.T)
    assert on_land.mean() > 0.999
    assert graph.length_m.sum() > 800_000
    assert graph.length_m.min() > 0
    named = np.array([bool(name) for name in graph.names])[graph.name]
    assert named[graph.kind == 4].all()  # every residential street has a name


def test_streets_meet_where_they_are_drawn(county: County):
    graph = county.graph
    starts, ends = graph.coords[graph.first[:-1]], graph.coords[graph.first[1:] - 1]
    np.testing.assert_allclose(starts, graph.node_xy[graph.ends[:, 0]], atol=0.26)
    np.testing.assert_allclose(ends, graph.node_xy[graph.ends[:, 1]], atol=0.26)


def test_the_map_is_rich_but_small(county: County):
    features = basemap_features(county)
    size = sum(len(shapely.to_wkb(f.geometry)) + len(f.name) for f in features)
    assert size < 6_000_000
    kinds = {(f.layer, f.kind) for f in features}
    for kind in ("motorway", "a_road", "b_road", "minor", "residential"):
        assert ("road", kind) in kinds
    assert {layer for layer, _ in kinds} == {
        "sea", "land", "wood", "hill", "water", "urban", "building", "road", "rail", "area",
        "place", "poi",
    }  # fmt: skip
    assert all(re.fullmatch(r"[a-z_]+", kind) for _, kind in kinds)
    assert max(f.rank for f in features) <= 5


def test_layers_are_geojson_in_degrees(county: County):
    layers = basemap_layers(county)
    place = layers["place"]["features"][0]
    assert place["properties"] == {"kind": "city", "name": "Haldermouth", "rank": 0}
    longitude, latitude = place["geometry"]["coordinates"]
    assert 0.5 < longitude < 1.6
    assert 56.2 < latitude < 56.7


@pytest.mark.slow
def test_the_same_seed_makes_the_same_county(county: County):
    again = build_county(county.seed)
    first, second = basemap_features(county), basemap_features(again)
    assert [(f.layer, f.kind, f.name, f.rank) for f in first] == [
        (f.layer, f.kind, f.name, f.rank) for f in second
    ]
    assert all(a.geometry.equals_exact(b.geometry, 0) for a, b in zip(first, second, strict=True))
    np.testing.assert_array_equal(county.graph.node_xy, again.graph.node_xy)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 2, 2**31 - 1])
def test_other_seeds_make_other_counties(county: County, seed: int):
    terrain = build_terrain(seed)
    assert terrain.mainland.is_valid
    assert 400e6 < terrain.mainland.area < 1_600e6
    assert not terrain.mainland.equals(county.terrain.mainland)
    places = build_settlements(terrain, seed)
    assert all(terrain.mainland.contains(shapely.Point(s.place)) for s in places)
    assert len(places) > 60
