"""The street graph on a hand-drawn street plan."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely.geometry import LineString

from sightline.ingest.fleet.graph import StreetGraph, build_graph
from sightline.ingest.fleet.routes import Road


def road(name: str, *points: tuple[float, float], kind: str = "residential") -> Road:
    return Road(LineString(points), kind, name)


@pytest.fixture(scope="module")
def plan() -> StreetGraph:
    """A high road west to east, two lanes across it, one of which ends 20 m short of a third."""
    roads = [
        road("High Road", (0, 0), (1_000, 0), kind="a_road"),
        road("West Lane", (200, -300), (200, 300)),
        road("East Lane", (800, -300), (800, 280)),
        road("Top Lane", (200, 300), (900, 300)),
        road("Far Away", (5_000, 5_000), (5_100, 5_000)),
    ]
    return build_graph(roads, 1, keep_inside=shapely.box(-1e6, -1e6, 1e6, 1e6))


def test_roads_are_joined_where_they_cross_or_nearly_meet(plan: StreetGraph):
    crossing = plan.nearest_node(200, 0)
    assert tuple(plan.node_xy[crossing]) == (200, 0)
    assert len(plan.ways[crossing]) == 4
    joined = plan.nearest_node(800, 300)
    assert abs(plan.node_xy[joined] - (800, 300)).max() < 1
    assert len(plan.ways[joined]) >= 3


def test_what_hangs_together_with_nothing_is_left_out(plan: StreetGraph):
    assert plan.node_xy[:, 0].max() < 2_000
    assert "Far Away" not in {plan.names[k] for k in plan.name}


def test_each_stretch_keeps_its_road(plan: StreetGraph):
    kinds = {plan.names[n]: k for n, k in zip(plan.name.tolist(), plan.kind.tolist(), strict=True)}
    assert kinds == {"High Road": 1, "West Lane": 4, "East Lane": 4, "Top Lane": 4}


def test_the_quickest_way_prefers_the_fast_road(plan: StreetGraph):
    start, end = plan.nearest_node(200, 300), plan.nearest_node(1_000, 0)
    via, seconds = plan.tree_to(end)
    steps, node = [], start
    while via[node] >= 0:
        steps.append(via[node])
        node = plan.heads[via[node]]
    assert node == end
    xy, along, of = plan.way(steps)
    np.testing.assert_allclose(xy[0], (200, 300), atol=1)
    np.testing.assert_allclose(xy[-1], (1_000, 0), atol=1)
    assert (along >= 0).all()
    assert set(of.tolist()) == set(range(len(steps)))
    assert seconds[start] == pytest.approx(300 / 8.5 + 800 / 19.0, rel=0.01)
    hops = np.hypot(*np.diff(xy, axis=0).T)
    assert hops.sum() == pytest.approx(1_100, abs=2)


def test_a_step_back_is_the_same_line_reversed(plan: StreetGraph):
    there, _, _ = plan.way([0])
    back, _, _ = plan.way([1])
    np.testing.assert_array_equal(there, back[::-1])
    assert plan.heads[0] == plan.ends[0, 1]
    assert plan.heads[1] == plan.ends[0, 0]
