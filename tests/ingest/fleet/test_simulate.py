"""The load generator's own sums, and what it says when it has no tokens."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.ingest import protocol
from sightline.ingest.fleet.errors import FleetError
from sightline.ingest.fleet.load import Latencies, Load, Walks, beginnings, ending
from sightline.ingest.fleet.simulate import _given, _read, run
from sightline.ingest.wire import PlainReport
from sightline.sql.settings import DatabaseSettings


def test_percentiles_are_by_nearest_rank():
    load = Load()
    for k in range(1, 101):
        load.to_ack.add(float(k))
    for percent in (50, 95, 99, 100):
        assert percent <= load.to_ack.percentile_ms(percent) <= percent * 1.006
    assert Load().to_ack.percentile_ms(50) is None
    assert "acknowledgement unknown" in Load().sentence(1.0)


def test_any_latency_has_its_place():
    latencies = Latencies()
    for ms in (-5.0, 0.0, 0.1, 1e9):
        latencies.add(ms)
    assert latencies.count == 4
    assert latencies.percentile_ms(50) <= 0.2
    assert latencies.percentile_ms(100) > 90_000


@given(st.integers(1, 300), st.booleans())
def test_the_load_is_within_the_protocol(cameras, bridge):
    refs = [f"load:{number:06d}" for number in range(cameras)]
    number = cameras - 1
    moment = np.full(cameras, 1_795_608_000.0)
    lat, lon = Walks(cameras).at(np.arange(cameras), moment)
    begun = list(beginnings(refs, bridge=bridge))[number]
    said = (
        f'{begun}17,"fixes":[{{"time":1795608000000,"lat":{lat[number]:.6f},"lon":{lon[number]:.6f}'
        f"{ending(number)}"
    )
    message = protocol.receive(said.encode())
    assert isinstance(message, PlainReport)
    assert message.camera == (refs[number] if bridge else None)
    assert 56 < message.fixes[0].lat < 57
    assert 0.5 < message.fixes[0].lon < 1.7


def test_tokens_come_from_a_file(tmp_path):
    file = tmp_path / "tokens.json"
    file.write_text(json.dumps({"cameras": {"a": "1", "b": "2"}, "bridge": "3"}))
    assert _given(_read(file), file, 2, [], bridge=False) == [("1", ["a"]), ("2", ["b"])]
    assert _given(_read(file), file, 1, [], bridge=True) == [("3", ["a"])]
    with pytest.raises(FleetError, match="tokens of 2 cameras, but 3 are asked for"):
        _given(_read(file), file, 3, [], bridge=False)
    file.write_text("not JSON")
    with pytest.raises(FleetError, match="holds no tokens"):
        _read(file)


async def test_a_bridge_needs_its_token(tmp_path):
    with pytest.raises(FleetError, match="needs its token"):
        await run(
            DatabaseSettings(data_dir=tmp_path), cameras=1, rate_hz=1,
            gateway_url="ws://127.0.0.1:9/bridge",
        )  # fmt: skip
