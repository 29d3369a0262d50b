"""What is read of OsmAnd's protocol: a table of the kinds that trackers send, and whatever else may come."""

import json
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.ingest.adapters import osmand
from sightline.ingest.adapters.moment import OWN_NAMES
from sightline.ingest.errors import ProtocolError
from sightline.ingest.fields import MAX_FIXES
from sightline.ingest.messages import Report, Status

RECEIVED_US = 1_795_183_331_250_000
NOON_US = 1_718_452_800_000_000  # 2024-06-15T12:00:00Z
KNOT_MPS = 0.514444


def query(text):
    return osmand.read(text, "application/octet-stream", b"", RECEIVED_US)


def in_json(document):
    return osmand.read("", "application/json", json.dumps(document).encode(), RECEIVED_US)


def only(spoken, kind=Report):
    (message,) = spoken.messages
    assert isinstance(message, kind)
    return message


def fix_of(spoken):
    (fix,) = only(spoken).fixes
    return fix


def shown(fix):
    """What is known of a fix, without its place in the report and its hash."""
    known = {name: getattr(fix, name) for name in fix.__struct_fields__}
    return {
        name: value
        for name, value in known.items()
        if name not in ("index", "content")
        and value is not None
        and (name, value) != ("recording", 0)
    }


class TestParameters:
    @pytest.mark.parametrize(
        ("sent", "expected"),
        [
            ("id=77&timestamp=1718452800&lat=51.5&lon=-0.12", {"time_us": NOON_US, "lat": 51.5, "lon": -0.12}),
            ("timestamp=1718452800&location=51.5,-0.12", {"time_us": NOON_US, "lat": 51.5, "lon": -0.12}),
            ("lat=1&lon=2&timestamp=1718452800123", {"time_us": NOON_US + 123_000, "lat": 1, "lon": 2}),
            ("lat=1&lon=2&timestamp=1718452800.5", {"time_us": NOON_US + 500_000, "lat": 1, "lon": 2}),
            ("lat=1&lon=2&timestamp=2024-06-15T13%3A00%3A00%2B01%3A00", {"time_us": NOON_US, "lat": 1, "lon": 2}),
            ("lat=1&lon=2&timestamp=2024-06-15T12%3A00%3A00.25Z", {"time_us": NOON_US + 250_000, "lat": 1, "lon": 2}),
            ("lat=1&lon=2&timestamp=2024-06-15+12%3A00%3A00", {"time_us": NOON_US, "lat": 1, "lon": 2}),
            ("lat=1&lon=2&timestamp=2024-06-15+12%3A00%3A00.5", {"time_us": NOON_US + 500_000, "lat": 1, "lon": 2}),
            ("lat=1&lon=2", {"time_us": RECEIVED_US, "lat": 1, "lon": 2}),
            ("lat=1&lon=2&timestamp=", {"time_us": RECEIVED_US, "lat": 1, "lon": 2}),
            (
                "lat=1&lon=2&altitude=31.5&accuracy=4.8&batt=87&bearing=7.5&hdop=1&ignition=true&fuel=24&rpm=900",
                {"time_us": RECEIVED_US, "lat": 1, "lon": 2, "altitude_m": 31.5, "accuracy_m": 4.8,
                 "battery_pct": 87, "heading_deg": 7.5},
            ),
            ("lat=1&lon=2&heading=350&vacc=3&hacc=2", {"time_us": RECEIVED_US, "lat": 1, "lon": 2, "heading_deg": 350}),
            ("lat=8&lon=2&lat=1&charge=true", {"time_us": RECEIVED_US, "lat": 1, "lon": 2}),
            ("lat=+1.0&lon=%202%20&altitude=&batt", {"time_us": RECEIVED_US, "lat": 1, "lon": 2}),
            ("lat=1e0&lon=.2e1&valid=1", {"time_us": RECEIVED_US, "lat": 1, "lon": 2}),
        ],
    )  # fmt: skip
    def test_every_kind_of_position(self, sent, expected):
        fix = fix_of(query(sent))
        assert shown(fix) == expected

    def test_speed_is_in_knots(self):
        assert fix_of(query("lat=1&lon=2&speed=40")).speed_mps == pytest.approx(40 * KNOT_MPS, 1e-5)

    def test_our_own_names_go_before_those_of_the_protocol(self):
        fix = fix_of(
            query("speed_mps=3&speed=40&lat=1&lon=2&bearing=9&heading_deg=8&accuracy_m=7&accuracy=6"
                  "&altitude=5&altitude_m=4&battery_pct=3&batt=2")
        )  # fmt: skip
        expected = (3, 8, 7, 4, 3)
        assert (
            fix.speed_mps,
            fix.heading_deg,
            fix.accuracy_m,
            fix.altitude_m,
            fix.battery_pct,
        ) == expected

    def test_state_and_radio(self):
        fix = fix_of(
            query("lat=1&lon=2&recording=Buffering&bearer=LTE&operator=234-30&cell=5F2A1&rsrp=-92&rsrq=-11&sinr=9.5"
                  "&rssi=-61&uplink=6100")
        )  # fmt: skip
        assert fix.recording == 2
        heard = fix.signal
        assert (heard.bearer, heard.operator, heard.cell) == (1, "234-30", "5F2A1")
        values = (heard.rsrp_dbm, heard.rsrq_db, heard.sinr_db, heard.rssi_dbm, heard.uplink_kbps)
        assert values == (-92, -11, 9.5, -61, 6100)
        with_units = query(
            "lat=1&lon=2&rsrp=-50&rsrp_dbm=-92&rsrq_db=-11&sinr_db=9.5&rssi_dbm=-61&uplink_kbps=6100"
        )
        assert fix_of(with_units).signal.rsrp_dbm == -92
        assert fix_of(with_units).signal.uplink_kbps == 6100

    def test_the_first_cell_tower_is_the_serving_one(self):
        status = only(
            query(
                "timestamp=1718452800&cell=234,5,16,2224&cell=234,15,17,9,-90&wifi=00-14-22-01-23-45,-80"
            ),
            Status,
        )
        assert (status.signal.operator, status.signal.cell) == ("234-05", "16-2224")
        assert status.time_us == NOON_US
        named = only(query("cell=234,5,16,2224&operator=home"), Status)
        assert (named.signal.operator, named.signal.cell) == ("home", "16-2224")

    def test_a_sign_of_life_is_a_status_where_it_says_something(self):
        assert only(query("id=1&batt=40&timestamp=1718452800"), Status).battery_pct == 40
        assert only(query("recording=off"), Status).recording == 1
        assert query("id=1&event=heartbeat").messages == []
        assert query("id=1&timestamp=1718452800").messages == []

    def test_a_position_that_the_device_calls_invalid_is_none(self):
        for word in ("false", "0", "no"):
            status = only(query(f"lat=1&lon=2&valid={word}&batt=5"), Status)
            assert status.battery_pct == 5
            assert query(f"lat=1&lon=2&valid={word}").messages == []

    @pytest.mark.parametrize(
        ("sent", "field", "said_as", "code"),
        [
            ("lat=91&lon=2", "lat", "lat", "out_of_range"),
            ("lat=51%2C5&lon=2", "lat", "lat", "wrong_type"),
            ("lat=1_0&lon=2", "lat", "lat", "wrong_type"),
            ("lat=nan&lon=2", "lat", "lat", "wrong_type"),
            ("lat=1&lon=1e400", "lon", "lon", "not_a_number"),
            ("lat=1", "lon", None, "missing"),
            ("location=1,181", "lon", "location", "out_of_range"),
            ("lat=1&lon=2&timestamp=yesterday", "time", "timestamp", "bad_time"),
            ("lat=1&lon=2&timestamp=2024-06-15T12:00:00", "time", "timestamp", "bad_time"),
            ("lat=1&lon=2&timestamp=12", "time", "timestamp", "out_of_range"),
            ("lat=1&lon=2&timestamp=-5", "time", "timestamp", "out_of_range"),
            ("lat=1&lon=2&timestamp=" + "9" * 20, "time", "timestamp", "out_of_range"),
            ("lat=1&lon=2&timestamp=" + "9" * 5000, "time", "timestamp", "bad_time"),
            ("lat=1&lon=2&recording=true", "recording", "recording", "unknown_value"),
        ],
    )  # fmt: skip
    def test_what_rejects_a_position_is_told_by_the_senders_name(self, sent, field, said_as, code):
        spoken = query(sent)
        report = only(spoken)
        assert report.fixes == []
        assert [(entry.field, entry.code) for entry in report.rejected] == [(field, code)]
        assert spoken.names.get(field) == said_as

    @pytest.mark.parametrize(
        ("sent", "field"),
        [
            ("speed=fast", "speed_mps"), ("batt=300", "battery_pct"), ("bearing=-1", "heading_deg"),
            ("accuracy=-1", "accuracy_m"), ("rsrp=-20", "signal.rsrp_dbm"), ("bearer=gsm", "signal.bearer"),
        ],
    )  # fmt: skip
    def test_another_wrong_value_costs_that_value(self, sent, field):
        report = only(query(f"lat=1&lon=2&{sent}"))
        assert len(report.fixes) == 1
        assert [(entry.field, entry.kept) for entry in report.rejected] == [(field, True)]

    @pytest.mark.parametrize(
        ("sent", "field", "code"),
        [
            ("", None, "missing_field"),
            ("location=60.0", "location", "wrong_type"),
            ("&".join(f"p{i}=1" for i in range(600)), None, "out_of_range"),
        ],
    )
    def test_what_cannot_be_read_at_all(self, sent, field, code):
        with pytest.raises(ProtocolError) as error:
            query(sent)
        assert (error.value.field, error.value.code) == (field, code)
        assert error.value.allowed

    def test_a_form_is_read_where_the_address_has_no_parameters(self):
        form = urlencode({"lat": "1", "lon": "2", "timestamp": "1718452800"}).encode()
        for media_type in (osmand.FORM, "text/plain"):
            assert (
                fix_of(osmand.read("", media_type, form + b"\r\n", RECEIVED_US)).time_us == NOON_US
            )
        both = osmand.read("lat=3&lon=4", osmand.FORM, form, RECEIVED_US)
        assert (fix_of(both).lat, fix_of(both).time_us) == (3, RECEIVED_US)

    def test_what_the_device_calls_itself(self):
        for name in ("id", "deviceid", "device_id"):
            assert query(f"{name}=AB4&lat=1&lon=2").device == "AB4"
        assert in_json({"location": {}, "device_id": 77}).device == "77"
        assert in_json([{"id": "AB4", "lat": 1, "lon": 2}]).device == "AB4"
        assert query("lat=1&lon=2").device is None
        assert in_json([{"id": "AB4"}, {"id": "AB4"}]).device == "AB4"
        assert in_json([{"id": "AB4"}, {"id": "AB5"}]).device is None


def background(**coords):
    return {
        "timestamp": "2024-06-15T12:00:00.250Z",
        "coords": {"latitude": 51.5, "longitude": -0.12, "accuracy": 3.5, "speed": 18.5, "heading": 63,
                   "altitude": 35.5, "speed_accuracy": 0.2, "floor": None, **coords},
        "is_moving": False, "odometer": 12, "event": "motionchange", "uuid": "x",
        "battery": {"level": 0.57, "is_charging": True}, "activity": {"type": "still"}, "extras": {},
    }  # fmt: skip


class TestJson:
    def test_of_traccar_client_9(self):
        expected = {
            "time_us": NOON_US + 250_000, "lat": 51.5, "lon": -0.12, "accuracy_m": 3.5, "speed_mps": 18.5,
            "heading_deg": 63, "altitude_m": 35.5, "battery_pct": 57,
        }  # fmt: skip
        assert shown(fix_of(in_json({"location": background(), "device_id": "7"}))) == expected
        body = json.dumps({"location": background()}).encode()
        for media_type in ("application/json", "application/vnd.x+json", "text/plain"):
            assert shown(fix_of(osmand.read("", media_type, body, RECEIVED_US))) == expected

    def test_minus_one_is_unknown(self):
        location = background(speed=-1, heading=-1) | {"battery": {"level": -1}}
        fix = fix_of(in_json({"location": location}))
        assert (fix.speed_mps, fix.heading_deg, fix.battery_pct) == (None, None, None)

    def test_several_at_once(self):
        places = [background(latitude=degrees) for degrees in (1, 2, 200, 3)]
        report = only(in_json({"location": places, "device_id": "7"}))
        assert [fix.lat for fix in report.fixes] == [1, 2, 3]
        assert [(entry.index, entry.field) for entry in report.rejected] == [(2, "lat")]

    def test_of_the_traccar_client_sdk(self):
        sent = [
            {
                "id": "7",
                "lat": 1.5,
                "lon": 2.5,
                "timestamp": 1718452800,
                "speed": 10,
                "batt": 45.0,
                "charge": False,
            },
            {"id": "7", "timestamp": 1718452801, "batt": 44},
            {"id": "7", "lat": 1.6, "lon": 2.5, "timestamp": 1718452802, "altitude": None},
        ]
        report, status = in_json(sent).messages
        assert [fix.lat for fix in report.fixes] == [1.5, 1.6]
        assert report.fixes[0].speed_mps == pytest.approx(10 * KNOT_MPS, 1e-5)
        assert (status.time_us, status.battery_pct) == (NOON_US + 1_000_000, 44)
        assert in_json([]).messages == []

    def test_our_names_in_extras_or_beside(self):
        location = background() | {"extras": {"recording": "recording", "rsrp_dbm": -101}}
        fix = fix_of(in_json({"location": location, "cell": 1234, "operator": "234-30"}))
        assert (fix.recording, fix.signal.rsrp_dbm, fix.signal.cell) == (3, -101, "1234")

    def test_without_coordinates_it_is_a_sign_of_life(self):
        location = background() | {"event": "heartbeat"}
        del location["coords"]
        assert only(in_json({"location": location}), Status).battery_pct == 57
        assert in_json({"location": {"timestamp": "2024-06-15T12:00:00Z"}}).messages == []

    @pytest.mark.parametrize(
        "body",
        [b"{", b"\xff\xfe", b'"text"', b"[1]", b"[[]]", b'{"location":[1]}', b'{"location":{"coords":[1,2]}}',
         b'{"location":{}}' * 2, b"[" * 100_000, b'{"a":' * 5_000],
    )  # fmt: skip
    def test_what_cannot_be_read_at_all(self, body):
        with pytest.raises(ProtocolError) as error:
            osmand.read("", "application/json", body, RECEIVED_US)
        assert error.value.message

    def test_more_than_a_report_holds(self):
        with pytest.raises(ProtocolError) as error:
            in_json([{"lat": 1, "lon": 2}] * (MAX_FIXES + 1))
        assert error.value.code == "too_many_fixes"


names = st.sampled_from(
    ["lat", "lon", "location", "timestamp", "speed", "bearing", "batt", "cell", "valid", "id", "coords", "battery",
     "extras", "level", "latitude", "longitude", *OWN_NAMES]
)  # fmt: skip
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        ["1,2", "1,2,3,4", "1718452800", "recording", "1e999", "-0", "2024-06-15 12:00:00"]
    )
)
documents = st.recursive(
    scalars,
    lambda deeper: st.lists(deeper, max_size=3) | st.dictionaries(names, deeper, max_size=6),
)


def check(read):
    """Whatever comes is read or refused, and what is read keeps its bounds."""
    try:
        spoken = read()
    except ProtocolError:
        return
    for message in spoken.messages:
        if isinstance(message, Report):
            assert (
                len(message.fixes) + sum(not entry.kept for entry in message.rejected)
                >= message.total
            )
            assert all(-90 <= fix.lat <= 90 and -180 <= fix.lon <= 180 for fix in message.fixes)


@given(documents)
def test_any_json(document):
    body = json.dumps(document).encode()
    check(lambda: osmand.read("", "application/json", body, RECEIVED_US))


@given(st.lists(st.tuples(names | st.text(max_size=5), st.text(max_size=20)), max_size=8))
def test_any_parameters(pairs):
    check(lambda: query(urlencode(pairs)))


@given(st.text(max_size=60), st.binary(max_size=60))
def test_any_bytes(text, body):
    check(lambda: osmand.read(text, "text/plain", body, RECEIVED_US))


@given(
    st.floats(-90, 90),
    st.floats(-180, 180),
    st.integers(946_684_800, 4_102_444_799),
    st.floats(0, 600),
)
def test_what_is_sent_is_what_is_read(lat, lon, seconds, knots):
    sent = {"lat": repr(lat), "lon": repr(lon), "timestamp": str(seconds), "speed": repr(knots)}
    fix = fix_of(query(urlencode(sent)))
    assert fix.time_us == seconds * 1_000_000
    assert (fix.lat, fix.lon) == (lat, lon)
    assert fix.speed_mps == pytest.approx(knots * 1852 / 3600)
