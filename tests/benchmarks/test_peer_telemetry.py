"""What the peers of the benchmark are sent is the whole telemetry, in their own words and units."""

import json
import math
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest

from benchmarks.ingest.peers import telemetry
from benchmarks.ingest.reports import Walker
from sightline.ingest.adapters import cot

FIX = {
    "time": 1_795_183_331_250,  # 2026-11-20T14:02:11.250Z
    "lat": 56.43, "lon": -1.08, "accuracy_m": 4.8, "altitude_m": 31.5, "speed_mps": 1.4, "heading_deg": 212.0,
    "recording": "buffering", "battery_pct": 71,
    "signal": {"bearer": "lte", "operator": "234-30", "cell": "5F2A1", "rsrp_dbm": -92, "rsrq_db": -11, "sinr_db": 9,
               "uplink_kbps": 6100},
}  # fmt: skip


class TestCursorOnTarget:
    def test_everything_stands_where_tak_programs_look_for_it(self):
        event = ET.fromstring(telemetry.cot_event("bench:000017", FIX))
        assert event.attrib == {
            "version": "2.0", "uid": "bench:000017", "type": "a-f-G-U-C", "how": "m-g",
            "time": "2026-11-20T14:02:11.250Z", "start": "2026-11-20T14:02:11.250Z", "stale": "2026-11-20T14:04:11.250Z",
        }  # fmt: skip
        said = {element.tag: element.attrib for element in event.iter() if element.attrib}
        assert said["point"] == {"lat": "56.43", "lon": "-1.08", "hae": "31.5", "ce": "4.8", "le": "9999999.0"}  # fmt: skip
        assert said["track"] == {"course": "212.0", "speed": "1.4"}
        assert said["status"] == {"battery": "71"}
        assert said["__sightline"] == {
            "recording": "buffering",
            **{name: str(value) for name, value in FIX["signal"].items()},
        }

    def test_our_own_gateway_reads_it(self):
        event = cot.element(telemetry.cot_event("bench:000017", FIX))
        (fix,) = cot.position(event, 1, event.uid).fixes
        assert fix.time_us == FIX["time"] * 1000
        said = (fix.lat, fix.lon, fix.altitude_m, fix.accuracy_m, fix.speed_mps, fix.heading_deg)
        expected = (56.43, -1.08, 31.5, 4.8, 1.4, 212)
        assert said == pytest.approx(expected, 1e-6)
        assert fix.battery_pct == 71

    def test_names_are_escaped(self):
        event = ET.fromstring(telemetry.cot_event("<a&\"'>", FIX | {"recording": '"'}))
        assert event.get("uid") == "<a&\"'>"
        assert event.find("detail/__sightline").get("recording") == '"'


class TestSignalK:
    def test_each_quantity_has_its_path_and_the_units_of_signal_k(self):
        line = telemetry.signalk_delta("bench:000017", [FIX, FIX | {"time": FIX["time"] + 1000}])
        assert line.count(b"\n") == 1
        assert line.endswith(b"\n")
        delta = json.loads(line)
        assert delta["context"] == "vessels.urn:mrn:sightline:bench:000017"
        times = [update["timestamp"] for update in delta["updates"]]
        assert times == ["2026-11-20T14:02:11.250Z", "2026-11-20T14:02:12.250Z"]
        values = {said["path"]: said["value"] for said in delta["updates"][0]["values"]}
        assert values == {
            "navigation.position": {"latitude": 56.43, "longitude": -1.08, "altitude": 31.5},
            "navigation.speedOverGround": 1.4,
            "navigation.courseOverGroundTrue": pytest.approx(212 * math.pi / 180),
            "navigation.gnss.horizontalAccuracy": 4.8,
            "electrical.batteries.camera.capacity.stateOfCharge": pytest.approx(0.71),
            "communication.camera.recording": "buffering",
            "communication.camera.bearer": "lte",
            "communication.camera.operator": "234-30",
            "communication.camera.cell": "5F2A1",
            "communication.camera.rsrp_dbm": -92,
            "communication.camera.rsrq_db": -11,
            "communication.camera.sinr_db": 9,
            "communication.camera.uplink_kbps": 6100,
        }

    def test_no_dot_divides_a_camera(self):
        assert telemetry.context("AB4.17") == "vessels.urn:mrn:sightline:AB4_17"


def test_nothing_of_what_the_cameras_of_the_benchmark_report_is_left_out():
    """Of every value that a camera reports, a change is a change of what the peers are sent."""
    fix = Walker(3, 1).fix(1_795_183_331_000)
    others = [fix | {"time": fix["time"] + 1}]
    others += [fix | {name: value + 1} for name, value in fix.items() if isinstance(value, float)]
    others += [fix | {"battery_pct": fix["battery_pct"] + 1}, fix | {"recording": "?"}]
    others += [fix | {"signal": fix["signal"] | {name: "?"}} for name in fix["signal"]]
    assert len(others) == 1 + len(fix) - 2 + len(fix["signal"])
    for other in others:
        assert telemetry.cot_event("A", other) != telemetry.cot_event("A", fix)
        assert telemetry.signalk_delta("A", [other]) != telemetry.signalk_delta("A", [fix])


def test_times_are_written_to_the_millisecond():
    for time_ms in (1_795_183_331_000, 1_795_183_331_007, 1_795_183_331_999):
        event = ET.fromstring(telemetry.cot_event("A", FIX | {"time": time_ms}))
        assert datetime.fromisoformat(event.get("time")) == datetime.fromtimestamp(
            time_ms / 1000, UTC
        )
