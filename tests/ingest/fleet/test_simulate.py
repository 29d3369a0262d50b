"""The load generator's own sums, and what it says when it has no tokens."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.ingest import fields as f
from sightline.ingest.fleet.errors import FleetError
from sightline.ingest.fleet.simulate import Load, _fix, _given, run
from sightline.sql.settings import DatabaseSettings


def test_percentiles_are_by_nearest_rank():
    load = Load(latency_ms=[float(k) for k in range(1, 101)])
    assert [load.percentile_ms(p) for p in (50, 95, 99, 100)] == [50, 95, 99, 100]
    assert Load().percentile_ms(50) is None
    assert "latency unknown" in Load().sentence(1.0)


@given(st.integers(0, 100_000))
def test_the_load_is_within_the_protocol(number):
    fix = _fix(number)
    assert 56 < fix.lat < 57
    assert 0.5 < fix.lon < 1.7
    assert f.RSRP.low <= fix.signal.rsrp_dbm <= f.RSRP.high


def test_tokens_come_from_a_file(tmp_path):
    file = tmp_path / "tokens.json"
    file.write_text(json.dumps({"cameras": {"a": "1", "b": "2"}, "bridge": "3"}))
    assert _given(file, 2, [], bridge=False) == [("1", ["a"]), ("2", ["b"])]
    assert _given(file, 1, [], bridge=True) == [("3", ["a"])]
    with pytest.raises(FleetError, match="tokens of 2 cameras, but 3 are asked for"):
        _given(file, 3, [], bridge=False)
    file.write_text("not JSON")
    with pytest.raises(FleetError, match="holds no tokens"):
        _given(file, 1, [], bridge=False)


async def test_a_bridge_needs_its_token(tmp_path):
    with pytest.raises(FleetError, match="needs its token"):
        await run(
            DatabaseSettings(data_dir=tmp_path), cameras=1, rate_hz=1,
            gateway_url="ws://127.0.0.1:9/bridge",
        )  # fmt: skip
