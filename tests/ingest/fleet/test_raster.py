"""Grids: sampling, outlines, contours, cheapest paths, smoothing."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from sightline.ingest.fleet.raster import Raster, chaikin, cheapest_path


def cone() -> Raster:
    raster = Raster.grid(0, 0, 1_000, 800, cell_m=20)
    x, y = raster.xy()
    return raster.with_values(300.0 - np.hypot(x - 500, y - 400))


def test_sampling_is_linear_between_nodes_and_stops_at_the_edge():
    raster = Raster.grid(0, 0, 100, 100, cell_m=10)
    x, y = raster.xy()
    raster = raster.with_values(2 * x + y)
    np.testing.assert_allclose(raster.sample(np.array([13.7]), np.array([42.1])), [69.5])
    np.testing.assert_allclose(
        raster.sample(np.array([-50.0]), np.array([500.0])), [100], atol=1e-3
    )
    assert raster.nearest(np.array([14.0]), np.array([26.0]))[0] == 50


def test_polygons_cover_what_lies_between_two_levels():
    raster = cone()
    (above,) = raster.polygons(100.0)
    assert above.is_valid
    assert above.area == pytest.approx(np.pi * 200**2, rel=0.02)
    (ring,) = raster.polygons(100.0, 200.0)
    assert ring.area == pytest.approx(np.pi * (200**2 - 100**2), rel=0.03)
    assert len(ring.interiors) == 1


def test_polygons_are_closed_at_the_rim():
    raster = cone().with_values(np.ones_like(cone().values))
    (everything,) = raster.polygons(0.5)
    assert everything.is_valid
    assert everything.area >= 1_000 * 800


def test_contours_run_at_their_level():
    (line,) = cone().lines(150.0)
    away = np.hypot(*(shapely.get_coordinates(line) - (500, 400)).T)
    np.testing.assert_allclose(away, 150, atol=1.5)


def test_the_cheapest_path_goes_round_what_is_dear():
    raster = Raster.grid(0, 0, 1_000, 1_000, cell_m=100)
    cost = np.ones((11, 11))
    cost[0:9, 4:7] = 1_000.0
    path = cheapest_path(raster.with_values(cost), np.array([0, 0]), np.array([1_000, 0]))
    assert tuple(path[0]) == (0, 0)
    assert tuple(path[-1]) == (1_000, 0)
    assert path[:, 1].max() >= 800


def test_a_place_behind_a_wall_cannot_be_reached():
    raster = Raster.grid(0, 0, 1_000, 1_000, cell_m=100)
    cost = np.ones((11, 11))
    cost[:, 4:7] = np.inf
    with pytest.raises(ValueError, match="no way"):
        cheapest_path(raster.with_values(cost), np.array([0, 0]), np.array([1_000, 0]))


def test_cutting_corners_keeps_the_ends():
    points = np.array([[0.0, 0.0], [100.0, 0.0], [100.0, 100.0]])
    smooth = chaikin(points, 3)
    np.testing.assert_array_equal(smooth[[0, -1]], points[[0, -1]])
    assert not (smooth == points[1]).all(axis=1).any()
