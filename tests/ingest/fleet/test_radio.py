"""What cameras hear: within bounds, weaker far away and behind hills, with dead spots."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.ingest import fields as f
from sightline.ingest.fleet.ground import Ground
from sightline.ingest.fleet.radio import LTE, NR, OPERATORS, _diffraction_db, cell_name
from sightline.ingest.fleet.raster import Raster
from sightline.ingest.fleet.terrain import BOUNDS

TIME_S = 1_795_000_000.0


def hear(ground: Ground, operator: int, x, y, time_s=TIME_S, camera=1.0):
    x, y = np.atleast_1d(np.asarray(x, float)), np.atleast_1d(np.asarray(y, float))
    full = np.ones_like(x)
    return ground.radio.hear(operator, x, y, time_s * full, camera * full)


@settings(max_examples=60, deadline=None)
@given(
    operator=st.integers(0, len(OPERATORS) - 1),
    x=st.floats(BOUNDS[0] - 20_000, BOUNDS[2] + 20_000),
    y=st.floats(BOUNDS[1] - 20_000, BOUNDS[3] + 20_000),
    time_s=st.floats(0, 4e9),
    camera=st.integers(0, 34_000),
)
def test_every_value_is_one_the_protocol_takes(ground, operator, x, y, time_s, camera):
    heard = hear(ground, operator, x, y, time_s, camera)
    assert heard.bearer[0] in (LTE, NR)
    assert f.RSRP.low <= heard.rsrp_dbm[0] <= f.RSRP.high
    assert heard.rsrp_dbm[0] == round(heard.rsrp_dbm[0])
    assert f.RSRQ.low <= heard.rsrq_db[0] <= f.RSRQ.high
    assert f.SINR.low <= heard.sinr_db[0] <= f.SINR.high
    assert 0 <= heard.uplink_kbps[0] <= 60_000
    assert 0 <= heard.cell[0] < 3 * len(ground.radio.networks[operator].masts.xy)


def test_the_same_question_has_the_same_answer(ground: Ground):
    first = hear(ground, 0, 596_000, 722_500)
    second = hear(ground, 0, 596_000, 722_500)
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


def test_most_streets_have_a_network_and_some_have_none(ground: Ground):
    x, y = ground.graph.node_xy.T
    heard = hear(ground, 0, x, y)
    assert 0.93 < heard.service.mean() < 0.998
    good = heard.uplink_kbps[heard.service] > 2_500
    assert 0.75 < good.mean() < 0.97
    assert (heard.bearer == NR).mean() > 0.2


def test_the_operators_differ(ground: Ground):
    x, y = ground.graph.node_xy.T
    one, other = hear(ground, 0, x, y), hear(ground, 1, x, y)
    assert (one.service & ~other.service).any()
    assert np.abs(one.rsrp_dbm - other.rsrp_dbm).mean() > 3


def test_level_falls_with_distance_from_a_mast(ground: Ground):
    network = ground.radio.networks[0]
    near, far = [], []
    for x, y in network.masts.xy:
        near.append(network.lte.sample(np.array([x + 100.0]), np.array([y]))[0])
        far.append(network.lte.sample(np.array([x + 2_500.0]), np.array([y]))[0])
    assert np.mean(near) > np.mean(far) + 5


def test_a_hill_in_the_way_costs_signal():
    raster = Raster.grid(0, 0, 4_000, 2_000, cell_m=50)
    x, _ = raster.xy()
    ridge = raster.with_values(np.where(np.abs(x - 2_000) < 200, 120.0, 0.0))
    at = np.array([3_500.0]), np.array([1_000.0])
    behind = _diffraction_db(ridge, 500.0, 1_000.0, 30.0, *at, np.array([0.0]))
    flat = _diffraction_db(raster, 500.0, 1_000.0, 30.0, *at, np.array([0.0]))
    assert behind[0] > 15
    assert flat[0] < 7


@pytest.mark.parametrize("operator", [0, 1])
def test_cells_have_names_of_their_own(ground: Ground, operator: int):
    count = 3 * len(ground.radio.networks[operator].masts.xy)
    names = {cell_name(operator, number) for number in range(count)}
    assert len(names) == count
    assert names.isdisjoint({cell_name(1 - operator, number) for number in range(count)})
