"""Land within coastlines, streets out of pieces, ranks by size."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, box

from sightline.ingest.basemap.shapes import joined, land_within, ranks_by_size, square_metres

BOUNDS = (0.0, 0.0, 1000.0, 1000.0)


def lines(*corners: list[tuple[float, float]]) -> np.ndarray:
    return np.array([LineString(one) for one in corners], dtype=object)


def area(land: list[shapely.Polygon]) -> float:
    return float(sum(piece.area for piece in land))


def test_without_a_coastline_all_is_land() -> None:
    assert area(land_within(lines(), BOUNDS)) == 1_000_000


def test_land_is_on_the_left() -> None:
    north = lines([(-10, 400), (1010, 400)])
    assert area(land_within(north, BOUNDS)) == pytest.approx(600_000)
    south = lines([(1010, 400), (-10, 400)])
    assert area(land_within(south, BOUNDS)) == pytest.approx(400_000)


def test_an_island_and_a_lagoon() -> None:
    ring = [(200, 200), (800, 200), (800, 800), (200, 800), (200, 200)]
    assert area(land_within(lines(ring), BOUNDS)) == pytest.approx(360_000), "counter-clockwise"
    assert area(land_within(lines(ring[::-1]), BOUNDS)) == pytest.approx(640_000)
    lagoon = [(400, 400), (400, 600), (600, 600), (600, 400), (400, 400)]
    assert area(land_within(lines(ring, lagoon), BOUNDS)) == pytest.approx(320_000)


def test_a_coastline_that_ends_within_parts_nothing() -> None:
    assert area(land_within(lines([(-10, 400), (500, 400)]), BOUNDS)) == 1_000_000


@given(st.lists(st.integers(50, 950), min_size=2, max_size=8))
def test_both_sides_together_are_everything(heights: list[int]) -> None:
    coast = [
        (x, float(y)) for x, y in zip(np.linspace(-10, 1010, len(heights)), heights, strict=True)
    ]
    there, back = (land_within(lines(one), BOUNDS) for one in (coast, coast[::-1]))
    assert area(there) + area(back) == pytest.approx(1_000_000)


def test_pieces_of_a_street_are_joined_where_they_meet_end_to_end() -> None:
    pieces = lines([(0, 0), (10, 0)], [(20, 0), (10, 0)], [(50, 0), (60, 0)])
    assert sorted(line.length for line in joined(pieces)) == [10, 20]


def test_sizes_are_those_on_the_ground() -> None:
    far_north = box(
        0, 8_399_738, 1000, 8_400_738
    )  # 60° N: twice as wide and as high as on the ground
    assert square_metres(np.array([far_north]))[0] == pytest.approx(250_000, rel=0.01)


def test_the_larger_is_drawn_sooner() -> None:
    squares = np.array([box(0, 0, side, side) for side in (2000, 600, 10)])
    assert ranks_by_size("wood", squares).tolist() == [1, 2, 3]
    assert ranks_by_size("urban", squares).tolist() == [0, 1, 1]
