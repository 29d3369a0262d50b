"""The live fleet over real sockets: a gateway written for this test hears what the cameras say."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import defaultdict
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from sightline.ingest.camera import messages as m
from sightline.ingest.fleet import process
from sightline.ingest.fleet.files import FleetFiles, FleetPlan
from sightline.ingest.fleet.force import build_force
from sightline.ingest.fleet.ground import Ground
from sightline.ingest.fleet.process import SimulatedCamera, run
from sightline.ingest.fleet.readings import Reading
from sightline.ingest.settings import FleetSettings
from tests.ports import free_port

CAMERAS = 6
STATES = ("off", "buffering", "recording")


class Gateway:
    """Welcomes every camera whose token it knows, and acknowledges everything."""

    def __init__(self, tokens: dict[str, str]) -> None:
        self.heard: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.sockets: dict[str, ServerConnection] = {}
        self._cameras = {f"Bearer {token}": camera for camera, token in tokens.items()}

    async def converse(self, socket: ServerConnection) -> None:
        camera = self._cameras[socket.request.headers["Authorization"]]
        self.sockets[camera] = socket
        with contextlib.suppress(ConnectionClosed):  # cameras that lose their signal say no goodbye
            async for text in socket:
                message = json.loads(text)
                self.heard[camera].append(message)
                await socket.send(json.dumps(self._answer(camera, message)))

    @staticmethod
    def _answer(camera: str, message: dict[str, Any]) -> dict[str, Any]:
        if message["type"] == "hello":
            every = {"recording": 1, "buffering": 5, "off": 60}
            return {"type": "welcome", "camera": camera, "report_every_s": every}
        count = len(message.get("fixes", []))
        return {"type": "ack", "seq": message["seq"], "stored": count, "duplicate": 0}

    def complete(self) -> int:
        """Cameras that have said who and how they are."""
        return sum(any(x["type"] == "status" for x in messages) for messages in self.heard.values())

    def fixes(self) -> list[tuple[str, dict[str, Any]]]:
        return [
            (camera, fix)
            for camera, messages in self.heard.items()
            for message in messages
            for fix in message.get("fixes", [])
        ]


@pytest.fixture
def tokens(ground: Ground, tmp_path) -> dict[str, str]:
    """Tokens of a small fleet whose files are in `tmp_path`; its history ended a minute ago."""
    force = build_force(ground, CAMERAS, 1)
    tokens = {o.camera: f"token of {o.camera}" for o in force.officers}
    plan = FleetPlan(1, CAMERAS, int(time.time()) - 60, {})
    FleetFiles(tmp_path).write(ground, plan, tokens)
    return tokens


async def test_every_camera_connects_reports_and_leaves(tokens, tmp_path, monkeypatch):
    monkeypatch.setattr(process, "CONNECT_WITHIN_S", 0.5)
    gateway, stop = Gateway(tokens), asyncio.Event()
    port = free_port()
    async with serve(gateway.converse, "127.0.0.1", port, subprotocols=[m.SUBPROTOCOL]):
        settings = FleetSettings(data_dir=tmp_path, gateway_port=port)
        running = asyncio.create_task(run(settings, stop))
        async with asyncio.timeout(30):
            while gateway.complete() < CAMERAS or len(gateway.fixes()) < 40:
                assert not running.done()
                await asyncio.sleep(0.05)
        stop.set()
        began = time.monotonic()
        await asyncio.wait_for(running, 5)
        assert time.monotonic() - began < 3
    now_ms = time.time() * 1000
    for messages in gateway.heard.values():
        assert messages[0]["type"] == "hello"
        # One that passed a dead spot in the meantime says hello again; the state comes first.
        after = [x for x in messages if x["type"] != "hello"]
        assert after[0]["type"] == "status"
        assert after[0]["recording"] in STATES
        seqs = [x["seq"] for x in after]
        assert seqs == sorted(set(seqs))
    for _, fix in gateway.fixes():
        assert fix["recording"] in STATES
        assert 56 < fix["lat"] < 57
        assert fix["time"] <= now_ms
        assert "signal" not in fix or set(fix["signal"]) <= {
            "bearer", "operator", "cell", "rsrp_dbm", "rsrq_db", "sinr_db", "uplink_kbps",
        }  # fmt: skip
    # What lay between the end of the history and now came too, as buffered fixes.
    oldest = min(fix["time"] for _, fix in gateway.fixes())
    assert now_ms - oldest > 40_000


class Studio:
    """Notes what it is asked for."""

    def __init__(self) -> None:
        self.orders: list[tuple[str, ...]] = []
        self.lines: list[tuple[float | None, list[m.IceServer]]] = []

    def start(
        self,
        publication: str,
        whip: str,
        token: str,
        *,
        call_sign: str,
        camera: str,
        uplink_kbps: float | None,
        ice_servers: list[m.IceServer],
    ) -> None:
        self.orders.append(("start", publication, whip, token, call_sign, camera))
        self.lines.append((uplink_kbps, ice_servers))

    def stop(self, publication: str) -> None:
        self.orders.append(("stop", publication))


@pytest.fixture
def camera(ground: Ground) -> SimulatedCamera:
    officer = build_force(ground, CAMERAS, 1).officers[0]
    return SimulatedCamera(officer, "ws://127.0.0.1:9/camera", "token", Studio())


def reading(**changes: Any) -> Reading:
    return Reading(
        0, 1_795_000_000_000, 56.43, 1.08, 4.8, 1.4, float("nan"), 3, 71.0, 0, 2, 31, -92.0, -11.0,
        9.5, 6_100.0, True,
    )._replace(**changes)  # fmt: skip


def test_a_reading_is_reported_in_the_words_of_the_protocol():
    assert process.fix_of(reading()) == m.Fix(
        1_795_000_000_000, 56.43, 1.08, "recording", 4.8, None, 1.4, None, 71.0,
        m.Signal("nr", "234-30", "5FA02", -92.0, -11.0, 9.5, None, 6_100.0),
    )  # fmt: skip
    assert process.fix_of(reading(service=False)).signal is None


def test_when_told_to_stream_it_publishes_and_stops(camera: SimulatedCamera):
    camera._hear(m.StreamStart("p1", "http://h/whip/p1", "once"))
    camera._hear(m.StreamStop("p1"))
    officer = camera._officer
    assert camera._studio.orders == [
        ("start", "p1", "http://h/whip/p1", "once", officer.call_sign, officer.camera),
        ("stop", "p1"),
    ]


def test_it_begins_with_the_uplink_that_it_measured_last(camera: SimulatedCamera):
    turn = [m.IceServer(["turn:turn.force.example"], "1795043200:p2", "c")]
    camera._hear(m.StreamStart("p1", "http://h/whip/p1", "once"))
    camera.take(reading(uplink_kbps=2_400.0))
    camera.take(reading(uplink_kbps=0.0, service=False))
    camera._hear(m.StreamStart("p2", "http://h/whip/p2", "once", turn))
    assert camera._studio.lines == [(None, []), (2_400.0, turn)]


def test_without_a_network_fixes_are_kept_and_the_picture_ends(camera: SimulatedCamera):
    camera._hear(m.StreamStart("p1", "http://h/whip/p1", "once"))
    for second in range(3):
        camera.take(reading(time_ms=second * 1000, service=False))
    assert not camera.client._reachable.is_set()
    assert camera._studio.orders[-1] == ("stop", "p1")
    assert camera.client.core.buffered == 3
    camera.take(reading(time_ms=3_000))
    assert camera.client._reachable.is_set()
    assert camera.client.core.buffered == 4


def test_one_bad_reading_is_not_yet_a_lost_network(camera: SimulatedCamera):
    camera.take(reading(service=False))
    assert camera.client._reachable.is_set()
