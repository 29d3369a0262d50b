"""A camera written from the published protocol alone, with none of the product's own code."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.system.conftest import Demo

PROTOCOL = "sightline.camera.v1"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _fix(**changes: Any) -> dict[str, Any]:
    return {
        "time": _now(), "lat": 57.0, "lon": 2.5, "accuracy_m": 4.8, "recording": "recording", "battery_pct": 71,
        "signal": {"bearer": "lte", "operator": "234-30", "cell": "5F2A1", "rsrp_dbm": -92, "rsrq_db": -11.0,
                   "sinr_db": 9.5, "rssi_dbm": -61, "uplink_kbps": 6100},
    } | changes  # fmt: skip


class Camera:
    """One connection, with a buffer for what arrives in between."""

    def __init__(self, demo: Demo, camera: str, token: str) -> None:
        self.camera = camera
        self.socket: ClientConnection = connect(
            f"{demo.gateway}/camera", subprotocols=[PROTOCOL],  # type: ignore[list-item]
            additional_headers={"Authorization": f"Bearer {token}"}, max_size=None, legacy=True,
        )  # fmt: skip
        self.send(
            {
                "type": "hello",
                "camera": camera,
                "model": "foreign",
                "firmware": "1",
                "time": _now(),
                "audio_out": "none",
            }
        )
        self.welcome = self.expect("welcome")

    def send(self, message: Any) -> None:
        self.socket.send(json.dumps(message))

    def report(self, seq: int, *fixes: dict[str, Any]) -> dict[str, Any]:
        self.send({"type": "report", "seq": seq, "fixes": list(fixes)})
        return self.expect("ack")

    def expect(self, kind: str) -> dict[str, Any]:
        deadline = time.monotonic() + 5
        while True:
            message: dict[str, Any] = json.loads(
                self.socket.recv(timeout=deadline - time.monotonic())
            )
            if message["type"] == kind:
                return message

    def closed_with(self) -> int:
        """The code with which the gateway closes; whatever comes before is passed over."""
        try:
            while True:
                self.socket.recv(timeout=5)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006


@pytest.fixture(scope="module")
def registered(demo: Demo) -> dict[str, str]:
    return demo.made("camera", "add", "FOREIGN-1")


@pytest.fixture
def camera(demo: Demo, registered: dict[str, str]) -> Iterator[Camera]:
    opened = Camera(demo, registered["camera"], registered["token"])
    yield opened
    opened.socket.close()


def test_it_connects_reports_is_acknowledged_and_on_the_map_within_a_second(demo: Demo) -> None:
    made = demo.made("camera", "add", "FOREIGN-MAP")
    fim = demo.sign_in("fim")
    feed = connect(
        demo.url.replace("http", "ws") + "/api/feed",
        additional_headers={"Cookie": fim.cookie, "Origin": demo.url}, max_size=None, legacy=True,
    )  # fmt: skip
    snapshot = json.loads(feed.recv(timeout=5))
    while snapshot["type"] != "snapshot":
        snapshot = json.loads(feed.recv(timeout=5))
    camera = Camera(demo, made["camera"], made["token"])
    assert camera.welcome["camera"] == "FOREIGN-MAP"
    assert set(camera.welcome["report_every_s"]) == {"recording", "buffering", "off"}
    sent = time.monotonic()
    ack = camera.report(812, _fix())
    assert (ack["seq"], ack["stored"], ack["duplicate"], ack["rejected"]) == (812, 1, 0, [])
    # That the camera has connected may be told before where it is: then it has no position yet.
    seen: list[dict[str, Any]] = []
    while not seen:
        message = json.loads(feed.recv(timeout=5))
        changed = message["cameras"] if message["type"] in ("snapshot", "delta") else []
        seen = [
            c["properties"]
            for c in changed
            if c["properties"]["camera"] == "FOREIGN-MAP" and c["geometry"] is not None
        ]
    assert time.monotonic() - sent < 1.0
    assert seen[0]["recording"] == "recording"
    assert seen[0]["freshness"] == "live"
    (feature,) = [
        f for f in fim.get("/api/cameras")["features"] if f["properties"]["camera"] == "FOREIGN-MAP"
    ]
    assert feature["geometry"]["coordinates"][:2] == [2.5, 57.0]
    feed.close()
    camera.socket.close()


def test_the_same_report_again_is_acknowledged_with_the_same_counts(camera: Camera) -> None:
    report = {"type": "report", "seq": 9000, "fixes": [_fix()]}
    camera.send(report)
    first = camera.expect("ack")
    camera.send(report)
    assert camera.expect("ack") == first
    again = camera.report(9001, *report["fixes"])  # type: ignore[misc]
    assert (again["stored"], again["duplicate"]) == (0, 1)


@pytest.mark.parametrize(
    ("change", "field", "code_or_kept"),
    [
        ({"lat": 123.4}, "lat", False),
        ({"lon": -180.5}, "lon", False),
        ({"time": "yesterday"}, "time", False),
        ({"time": "2026-11-20T14:02:11"}, "time", False),
        ({"recording": "maybe"}, "recording", False),
        ({"lat": "57"}, "lat", False),
        ({"lat": None}, "lat", False),
        ({"battery_pct": 140}, "battery_pct", True),
        ({"accuracy_m": -3}, "accuracy_m", True),
        ({"speed_mps": 1e9}, "speed_mps", True),
        ({"heading_deg": 400}, "heading_deg", True),
        ({"signal": {"bearer": "lte", "rsrp_dbm": -20}}, "rsrp_dbm", True),
    ],
)
def test_one_bad_field_is_named_and_the_valid_fix_beside_it_is_stored(
    camera: Camera, change: dict[str, Any], field: str, code_or_kept: bool
) -> None:
    ack = camera.report(time.time_ns() // 1000, _fix(), _fix(**change, altitude_m=12.5))
    (rejected,) = ack["rejected"]
    assert rejected["index"] == 1
    assert rejected["field"].split(".")[-1] == field
    assert rejected.get("kept", False) is code_or_kept
    assert rejected["allowed"]
    assert ack["stored"] == (2 if code_or_kept else 1)


BAD_MESSAGES: dict[str, Callable[[ClientConnection], None]] = {
    "not JSON": lambda s: s.send("hello there"),
    "half a JSON": lambda s: s.send('{"type":"report","seq":1,'),
    "an array": lambda s: s.send("[1, 2, 3]"),
    "no type": lambda s: s.send("{}"),
    "unknown type": lambda s: s.send('{"type":"self_destruct"}'),
    "fixes is no list": lambda s: s.send('{"type":"report","seq":5,"fixes":7}'),
    "seq is text": lambda s: s.send('{"type":"report","seq":"x","fixes":[]}'),
    "binary rubbish": lambda s: s.send(b"\xc1\xff\x00rubbish"),
    "deep nesting": lambda s: s.send("[" * 100_000 + "]" * 100_000),
}


@pytest.mark.parametrize("name", BAD_MESSAGES)
def test_a_bad_message_gets_its_error_and_the_connection_stays(camera: Camera, name: str) -> None:
    BAD_MESSAGES[name](camera.socket)
    answer = camera.expect("error")
    assert answer["code"]
    assert answer["message"]
    assert camera.report(time.time_ns() // 1000, _fix())["stored"] == 1


def test_a_nan_is_no_number(camera: Camera) -> None:
    seq = time.time_ns() // 1000
    camera.socket.send(
        json.dumps({"type": "report", "seq": seq, "fixes": [_fix(lat=float("nan"))]})
    )
    ack = camera.expect("ack")
    assert (ack["seq"], ack["stored"]) == (seq, 0)
    assert ack["rejected"][0]["field"] == "lat"


def test_a_message_that_is_too_large_closes_only_its_own_connection(
    demo: Demo, registered: dict[str, str]
) -> None:
    other = demo.made("camera", "add", "FOREIGN-QUIET")
    quiet = Camera(demo, other["camera"], other["token"])
    large = Camera(demo, registered["camera"], registered["token"])
    with contextlib.suppress(ConnectionClosed):
        large.socket.send('{"type":"hello","model":"' + "x" * 10_000_000 + '"}')
    assert large.closed_with() == 1009
    assert quiet.report(1, _fix())["stored"] == 1
    quiet.socket.close()


def test_a_wrong_token_never_connects(demo: Demo) -> None:
    with pytest.raises(InvalidStatus) as refused:
        Camera(demo, "FOREIGN-1", "wrong")
    assert refused.value.response.status_code == 401


def test_the_newer_connection_wins_and_the_older_is_told(
    demo: Demo, registered: dict[str, str]
) -> None:
    older = Camera(demo, registered["camera"], registered["token"])
    newer = Camera(demo, registered["camera"], registered["token"])
    assert older.closed_with() == 4009
    assert newer.report(time.time_ns() // 1000, _fix())["stored"] == 1
    newer.socket.close()


def test_a_disabled_camera_is_cut_off(demo: Demo) -> None:
    made = demo.made("camera", "add", "FOREIGN-GONE")
    camera = Camera(demo, made["camera"], made["token"])
    assert demo.command("camera", "disable", "FOREIGN-GONE").returncode == 0
    assert camera.closed_with() == 4001
    with pytest.raises(InvalidStatus):
        Camera(demo, made["camera"], made["token"])


def test_the_order_in_which_fixes_arrive_does_not_move_the_marker_back(
    demo: Demo, camera: Camera
) -> None:
    fim = demo.sign_in("fim")
    newest = int(time.time() * 1000)
    camera.report(time.time_ns() // 1000, _fix(time=newest, lat=57.00001))
    late = camera.report(time.time_ns() // 1000, _fix(time=newest - 20_000, lat=57.00003))
    assert (late["stored"], late["rejected"]) == (1, [])
    feature = fim.get(f"/api/cameras/{camera.camera}")
    assert feature["geometry"]["coordinates"][1] == 57.00001
