"""What the fleet keeps in the data directory."""

from __future__ import annotations

import stat

import numpy as np
import pytest

from sightline.ingest.fleet.behaviour import Posting
from sightline.ingest.fleet.errors import DemoIncompleteError
from sightline.ingest.fleet.files import FleetFiles, FleetPlan
from sightline.ingest.fleet.force import build_force
from sightline.ingest.fleet.ground import Ground
from tests.ingest.fleet.conftest import EPOCH_S


def test_what_is_written_is_read(ground: Ground, tmp_path):
    files = FleetFiles(tmp_path)
    plan = FleetPlan(1, 20, EPOCH_S, {3: Posting(17)})
    files.write(ground, plan, {"AB4-000123": "secret"})
    again, same_plan, tokens = files.read()
    assert same_plan == plan
    assert tokens == {"AB4-000123": "secret"}
    assert again.places == ground.places
    assert again.graph.names == ground.graph.names
    np.testing.assert_array_equal(again.via, ground.via)
    assert build_force(again, 20, 1).officers == build_force(ground, 20, 1).officers
    x, y = ground.graph.node_xy[::50].T
    time, camera = np.full(len(x), 1e9), np.ones(len(x))
    np.testing.assert_allclose(
        again.radio.hear(0, x, y, time, camera).rsrp_dbm,
        ground.radio.hear(0, x, y, time, camera).rsrp_dbm,
        atol=1,
    )


def test_tokens_are_for_the_owner_only(ground: Ground, tmp_path):
    FleetFiles(tmp_path).write(ground, FleetPlan(1, 1, EPOCH_S, {}), {"a": "b"})
    mode = (tmp_path / "fleet" / "tokens.json").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_a_directory_without_a_fleet_says_so(tmp_path):
    with pytest.raises(DemoIncompleteError, match="demo.json is missing"):
        FleetFiles(tmp_path).read()
