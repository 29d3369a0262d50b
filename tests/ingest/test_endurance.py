"""Short runs of what `bench endurance` does at length: senseless messages, and kill -9 under load."""

import asyncio
import time

import msgspec
import pytest

from benchmarks.endurance import crash, protocol_fuzz
from benchmarks.endurance.nonsense import Nonsense
from benchmarks.endurance.reading import NotReadableError, UnsureError, read
from benchmarks.endurance.stored import cameras_not_at_their_newest, stored
from benchmarks.endurance.talk import Talker
from benchmarks.installation import Installation
from sightline.ingest import protocol
from sightline.ingest.errors import ProtocolError
from sightline.ingest.received import valued
from sightline.sql.accounts import add_bridge, add_camera
from sightline.sql.settings import DatabaseSettings
from tests.ingest.camera_client import RunningGateway, camera, fix_now

NOW_MS = 1_795_000_000_000


def test_no_message_brings_the_protocol_down_or_is_read_wrongly():
    outcome = protocol_fuzz.run(3_000, seed=int(time.time()), now_ms=NOW_MS)
    assert outcome.wrong == []
    assert (outcome.crashes, outcome.differing, outcome.misread) == (0, 0, 0)
    assert outcome.refused > 500
    assert outcome.fixes > 500


def test_the_same_seed_makes_the_same_messages():
    one, other = Nonsense(5, NOW_MS), Nonsense(5, NOW_MS)
    assert [one.message("A") for _ in range(200)] == [other.message("A") for _ in range(200)]


def test_the_independent_reading_knows_a_message_from_none():
    fix = {"time": NOW_MS, "lat": 51, "lon": 0.5, "accuracy_m": 4.1, "battery_pct": 300}
    said = read(msgspec.json.encode({"type": "report", "seq": 4, "fixes": [fix, {}]}), binary=False)
    assert said.total == 2
    assert list(said.fixes) == [0]
    assert said.fixes[0][:4] == (NOW_MS * 1000, 51.0, 0.5, pytest.approx(4.1))
    assert said.fixes[0][8] is None
    packed = msgspec.msgpack.encode({"type": "report", "seq": 4, "fixes": [fix, {}]})
    assert read(packed, binary=True) == said
    for raw in (
        b"",
        b"[]",
        b'{"type":"report"}',
        b'{"seq":1,"fixes":[]}',
        b'{"type":"report","seq":-1,"fixes":[]}',
    ):
        with pytest.raises(NotReadableError):
            read(raw, binary=False)
    with pytest.raises(UnsureError):
        read(b'{"type":"eyes_on","x":"\xff"}', binary=False)
    with pytest.raises(UnsureError):
        read(b'{"type":"eyes_on","x":"\xff","y":1' + b"0" * 5_000 + b"}", binary=False)


@pytest.mark.parametrize("encode", [msgspec.json.encode, msgspec.msgpack.encode])
def test_a_report_without_its_type_is_none(encode):
    message = {"seq": 1, "fixes": [{"time": NOW_MS, "lat": 51, "lon": 0.5}]}
    with pytest.raises(ProtocolError) as error:
        protocol.receive(encode(message))
    assert error.value.code == "unknown_type"


def test_a_plain_report_with_a_name_that_none_has_is_read_all_the_same():
    fix = {"time": NOW_MS, "lat": 51, "lon": 0.5, "signal": {"cell": "\0", "rsrp_dbm": -90}}
    report = valued(
        protocol.receive(msgspec.json.encode({"type": "report", "seq": 1, "fixes": [fix]}))
    )
    assert report.fixes[0].signal.cell is None
    assert report.fixes[0].signal.rsrp_dbm == -90
    assert [entry.field for entry in report.rejected] == ["signal.cell"]


async def test_such_a_name_in_a_report_that_goes_back_ends_no_connection(database):
    owner = await database.connect()
    token = (await add_camera(owner, "CAM")).token
    running = await RunningGateway(database).start()
    try:
        async with camera(running, token) as cam:
            await cam.report(fix_now(), seq=5)
            now_ms = int(time.time() * 1000)
            odd = {"time": now_ms, "lat": 51.2724, "lon": 0.5223, "signal": {"cell": "\0"}}
            assert (await cam.report(odd, seq=4))["stored"] == 1
            assert (await cam.expect("error"))["code"] == "seq_went_back"
            assert (await cam.report(fix_now(), seq=6))["stored"] == 1
    finally:
        await running.stop()


async def test_what_is_stored_is_what_was_valid(database):
    owner = await database.connect()
    tokens = {
        f"CAM-{number}": (await add_camera(owner, f"CAM-{number}")).token for number in range(4)
    }
    bridge = (await add_bridge(owner, "bridge")).token
    running = await RunningGateway(database, gateway_errors_a_minute=100_000).start()
    now_ms, seed = int(time.time() * 1000), int(time.time())
    talkers = [
        Talker(running.url, tokens["CAM-0"], ["CAM-0"], seed, now_ms, bridge=False),
        Talker(running.url, tokens["CAM-1"], ["CAM-1"], seed + 1, now_ms, bridge=False),
        Talker(running.url, bridge, ["CAM-2", "CAM-3"], seed + 2, now_ms, bridge=True),
    ]
    try:
        accounts = await asyncio.gather(*(talker.talk(250) for talker in talkers))
    finally:
        await running.stop()
    assert [wrong for account in accounts for wrong in account.wrong] == []
    found = await stored(database.settings)
    for account in accounts:
        assert account.answered > 200
        for ref, fixes in account.expected.items():
            assert found[ref].keys() == fixes
            assert set(found[ref].values()) <= {1}
    assert await cameras_not_at_their_newest(database.settings) == []


@pytest.mark.slow
async def test_nothing_acknowledged_is_lost_whatever_is_killed(own_cluster):
    place = Installation(own_cluster, DatabaseSettings(data_dir=own_cluster.data_dir))
    ended = await crash.crash(place, crashes=4, seed=int(time.time()))
    assert (ended.lost, ended.twice, ended.astray, ended.wrong) == (0, 0, 0, [])
    assert ended.acknowledged > 200
    assert sum(ended.crashes.values()) == 4
