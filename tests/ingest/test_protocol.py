"""The camera protocol: what is taken, what is answered, and that nothing else ever happens."""

import json
import math
import re
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sightline.ingest import explain, fields, protocol
from sightline.ingest.errors import ProtocolError
from sightline.ingest.messages import (
    Command,
    EyesOn,
    EyesOnState,
    Hello,
    Rejection,
    Report,
    Status,
    TalkAnswer,
    Welcome,
)

TIME = "2026-11-20T14:02:11.000Z"
TIME_US = 1_795_183_331_000_000
SIGNAL = {
    "bearer": "lte",
    "operator": "234-30",
    "cell": "5F2A1",
    "rsrp_dbm": -92,
    "rsrq_db": -11.0,
    "sinr_db": 9.5,
    "rssi_dbm": -61,
    "uplink_kbps": 6100,
}
FIX = {
    "time": TIME,
    "lat": 51.2724,
    "lon": 0.5223,
    "accuracy_m": 4.8,
    "altitude_m": 31.0,
    "speed_mps": 1.4,
    "heading_deg": 212.0,
    "recording": "recording",
    "battery_pct": 71,
    "signal": SIGNAL,
}


def report(*fixes, **more):
    return {"type": "report", "seq": 812, "fixes": list(fixes), **more}


def decode(document):
    return protocol.decode(json.dumps(document).encode())


def problem_of(raw):
    with pytest.raises(ProtocolError) as caught:
        protocol.decode(raw if isinstance(raw, bytes) else json.dumps(raw).encode())
    return caught.value


class TestTheContractsExamples:
    def test_hello(self):
        hello = decode(
            {
                "type": "hello",
                "camera": "AB4-000123",
                "model": "M1",
                "firmware": "7.2",
                "time": "2026-11-20T14:02:11.250Z",
                "audio_out": "earpiece",
            }
        )
        assert hello == Hello("AB4-000123", "M1", "7.2", "earpiece", TIME_US + 250_000)

    def test_report(self):
        taken = decode(report(FIX))
        assert (taken.seq, taken.total, taken.rejected) == (812, 1, [])
        fix = taken.fixes[0]
        assert (fix.time_us, fix.lat, fix.lon, fix.recording) == (TIME_US, 51.2724, 0.5223, 3)
        assert (fix.accuracy_m, fix.altitude_m, fix.speed_mps) == (4.8, 31.0, 1.4)
        assert (fix.heading_deg, fix.battery_pct) == (212.0, 71.0)
        assert (fix.signal.bearer, fix.signal.operator, fix.signal.cell) == (1, "234-30", "5F2A1")
        assert (fix.signal.rsrp_dbm, fix.signal.rssi_dbm) == (-92.0, -61.0)
        assert (fix.signal.rsrq_db, fix.signal.sinr_db) == (-11.0, 9.5)
        assert fix.signal.uplink_kbps == 6100.0

    def test_status(self):
        message = {"type": "status", "seq": 814, "time": TIME, "recording": "off"}
        assert decode(message) == Status(814, 1, TIME_US)

    def test_eyes_on_and_talk_answer(self):
        assert decode({"type": "eyes_on"}) == EyesOn()
        message = {"type": "talk_answer", "talk": "t-1", "accept": True}
        assert decode(message) == TalkAnswer("t-1", accept=True)

    def test_messagepack_is_the_same(self):
        for message in (report(FIX), {"type": "eyes_on", "camera": "A"}):
            assert protocol.decode(msgspec.msgpack.encode(message)) == decode(message)

    def test_only_time_lat_and_lon_are_needed(self):
        fix = decode(report({"time": TIME, "lat": 1, "lon": 2})).fixes[0]
        assert (fix.recording, fix.signal, fix.battery_pct) == (0, None, None)

    def test_null_is_the_same_as_absent(self):
        bare = {"time": TIME, "lat": 1, "lon": 2}
        nulls = {**dict.fromkeys(FIX), "signal": dict.fromkeys(SIGNAL), **bare}
        assert decode(report(nulls)) == decode(report(bare))

    def test_unknown_fields_are_ignored(self):
        extra = {**FIX, "mood": "calm", "signal": {**SIGNAL, "mnc": [1, {"a": 2}]}}
        assert decode(report(extra, hint={"x": 1})) == decode(report(FIX))


@pytest.mark.parametrize(
    ("time", "micros"),
    [
        ("2026-11-20T14:02:11Z", TIME_US),
        ("2026-11-20T15:02:11+01:00", TIME_US),
        ("2026-11-20 14:02:11.000000Z", TIME_US),
        (TIME_US // 1000, TIME_US),
        (float(TIME_US // 1000), TIME_US),
        ("2026-11-20T14:02:11.123456Z", TIME_US + 123_456),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000_000),  # a leap second
        ("2000-01-01T00:00:00Z", fields.EARLIEST_US),
    ],
)
def test_times_that_are_taken(time, micros):
    assert decode(report({**FIX, "time": time})).fixes[0].time_us == micros


BAD_REQUIRED = [
    ("time", "2026-11-20T14:02:11", "bad_time"),  # no zone
    ("time", "yesterday", "bad_time"),
    ("time", "x" * 10_000, "bad_time"),
    ("time", 1_795_183_331, "out_of_range"),  # seconds, not milliseconds
    ("time", 1_795_183_331_000.5, "bad_time"),
    ("time", -1, "out_of_range"),
    ("time", 10**40, "out_of_range"),
    ("time", "9999-12-31T23:59:59Z", "out_of_range"),
    ("time", True, "wrong_type"),
    ("time", {"ms": 1}, "wrong_type"),
    ("time", None, "missing"),
    ("lat", 123.4, "out_of_range"),
    ("lat", -90.0001, "out_of_range"),
    ("lat", "51.2", "wrong_type"),
    ("lat", True, "wrong_type"),
    ("lat", None, "missing"),
    ("lat", math.nan, "not_a_number"),
    ("lat", math.inf, "not_a_number"),
    ("lat", [51.2], "wrong_type"),
    ("lon", 180.1, "out_of_range"),
    ("lon", -math.inf, "not_a_number"),
    ("recording", "RECORDING", "unknown_value"),
    ("recording", "paused", "unknown_value"),
    ("recording", 3, "wrong_type"),
    ("recording", True, "wrong_type"),
]


@pytest.mark.parametrize(("field", "value", "code"), BAD_REQUIRED)
@pytest.mark.parametrize("packed", [False, True])
def test_a_bad_required_value_costs_that_fix_only(field, value, code, packed):
    if packed and value == 10**40:
        value = 2**64 - 1  # the greatest integer of MessagePack
    message = report(FIX, {**FIX, field: value}, FIX)
    raw = msgspec.msgpack.encode(message) if packed else json.dumps(message).encode()
    taken = protocol.decode(raw)
    assert [fix.index for fix in taken.fixes] == [0, 2]
    assert taken.total == 3
    (entry,) = taken.rejected
    assert (entry.index, entry.field, entry.code, entry.kept) == (1, field, code, False)
    assert entry.allowed
    if isinstance(value, float) and not math.isfinite(value):
        assert entry.value in {"NaN", "Infinity", "-Infinity"}


BAD_OPTIONAL = [
    ("accuracy_m", -1, "out_of_range"),
    ("accuracy_m", "4.8", "wrong_type"),
    ("altitude_m", 99_999, "out_of_range"),
    ("speed_mps", -1, "out_of_range"),
    ("speed_mps", math.nan, "not_a_number"),
    ("heading_deg", 361, "out_of_range"),
    ("battery_pct", 101, "out_of_range"),
    ("battery_pct", False, "wrong_type"),
    ("signal", "good", "wrong_type"),
    ("signal", [1], "wrong_type"),
    ("signal.rsrp_dbm", -30, "out_of_range"),
    ("signal.rsrp_dbm", -141, "out_of_range"),
    ("signal.rsrq_db", "-", "wrong_type"),
    ("signal.sinr_db", 1e9, "out_of_range"),
    ("signal.rssi_dbm", 1, "out_of_range"),
    ("signal.uplink_kbps", -5, "out_of_range"),
    ("signal.bearer", "5g", "unknown_value"),
    ("signal.bearer", 4, "wrong_type"),
    ("signal.operator", 23430, "wrong_type"),
    ("signal.operator", "", "out_of_range"),
    ("signal.cell", "x" * 33, "out_of_range"),
    ("signal.cell", "a\x00b", "out_of_range"),
    ("signal.cell", "\ud800", "out_of_range"),
]


@pytest.mark.parametrize(("field", "value", "code"), BAD_OPTIONAL)
def test_a_bad_optional_value_becomes_unknown_and_the_fix_is_kept(field, value, code):
    first, _, below = field.partition(".")
    bad = {**FIX, first: {**SIGNAL, below: value} if below else value}
    taken = decode(report(bad))
    assert len(taken.fixes) == 1
    (entry,) = taken.rejected
    assert (entry.index, entry.field, entry.code, entry.kept) == (0, field, code, True)
    fix = taken.fixes[0]
    held = fix.signal if first == "signal" else fix
    assert field == "signal" or getattr(held, below or first) in {None, 0}


def test_a_rejected_fix_keeps_nothing():
    taken = decode(report({**FIX, "lat": 91, "battery_pct": 200}))
    assert [(entry.field, entry.kept) for entry in taken.rejected] == [
        ("lat", False),
        ("battery_pct", False),
    ]


@pytest.mark.parametrize("element", [None, 7, "fix", [], [FIX]])
def test_an_element_that_is_no_fix(element):
    taken = decode(report(element, FIX))
    assert [fix.index for fix in taken.fixes] == [1]
    assert (taken.rejected[0].index, taken.rejected[0].field) == (0, None)
    assert taken.rejected[0].code == "wrong_type"


def test_an_element_that_is_an_empty_object_misses_three_fields():
    assert [(e.field, e.code) for e in decode(report({})).rejected] == [
        ("time", "missing"),
        ("lat", "missing"),
        ("lon", "missing"),
    ]


NO_MESSAGE = [
    (b"", "not_json"),
    (b"hello", "not_json"),
    (b"{", "not_json"),
    (b'{"type":"eyes_on"} x', "not_json"),
    (b'{"type":"eyes_on","camera":"\xff"}', "not_json"),
    (b"\xef\xbb\xbf{}", "not_json"),
    (b"NaN", "not_an_object"),
    (b"[]", "not_an_object"),
    (b"42", "not_an_object"),
    (b'"' + b"a" * 1_000_000 + b'"', "not_an_object"),
    (b"{}", "unknown_type"),
    (b'{"type":7}', "unknown_type"),
    (b'{"type":["report"]}', "unknown_type"),
    (b'{"type":"Report"}', "unknown_type"),
    (b'{"type":"welcome"}', "unknown_type"),
    (b'{"type":"report","fixes":[]}', "missing_field"),
    (b'{"type":"report","seq":-1,"fixes":[]}', "out_of_range"),
    (b'{"type":"report","seq":9223372036854775808,"fixes":[]}', "out_of_range"),
    (b'{"type":"report","seq":1.5,"fixes":[]}', "wrong_type"),
    (b'{"type":"report","seq":"1","fixes":[]}', "wrong_type"),
    (b'{"type":"report","seq":true,"fixes":[]}', "wrong_type"),
    (b'{"type":"report","seq":1}', "missing_field"),
    (b'{"type":"report","seq":1,"fixes":{}}', "wrong_type"),
    (b'{"type":"report","seq":1,"fixes":null}', "missing_field"),
    (b'{"type":"report","seq":1,"camera":"a b","fixes":[]}', "bad_camera_id"),
    (b'{"type":"report","seq":1,"camera":"ab\\n","fixes":[]}', "bad_camera_id"),
    (b'{"type":"report","seq":1,"camera":5,"fixes":[]}', "wrong_type"),
    (b'{"type":"hello"}', "missing_field"),
    (b'{"type":"hello","camera":""}', "bad_camera_id"),
    (b'{"type":"hello","camera":"' + b"x" * 65 + b'"}', "bad_camera_id"),
    (b'{"type":"status"}', "missing_field"),
    (b'{"type":"talk_answer","accept":true}', "missing_field"),
    (b'{"type":"talk_answer","talk":"t","accept":"yes"}', "wrong_type"),
    (b"[" * 200_000, "too_deep"),
    (b'{"type":"eyes_on","x":' + b"[" * 200_000 + b"]" * 200_000 + b"}", "too_deep"),
    (b'{"type":"report","seq":NaN,"fixes":[]}', "wrong_type"),
    (b'{"a":NaN,"b":' + b"[" * 100_000, "too_deep"),
    (b'{"type":"eyes_on","a":NaN', "not_json"),
    (b"\x81", "not_messagepack"),
    (b"\x80\x80", "not_messagepack"),
    (b"\x81\xa4type\xa1\xff", "not_messagepack"),
    (b"\x81\x80\x01", "not_messagepack"),
    (b"\xdf\xff\xff\xff\xff", "not_messagepack"),
    (b"\x81\x01" + b"\x91" * 200_000 + b"\x01", "too_deep"),
    (b"\x81\xa4type\xd4\x05\x01", "unknown_type"),
]


@pytest.mark.parametrize(
    ("raw", "code"), NO_MESSAGE, ids=[f"{code}-{raw[:24]!r}" for raw, code in NO_MESSAGE]
)
def test_what_is_no_message_is_told_so(raw, code):
    error = problem_of(raw)
    assert error.code == code
    answer = json.loads(protocol.encode(protocol.problem(error), packed=False))
    assert answer["type"] == "error"
    assert answer["code"] == code
    assert 10 < len(answer["message"]) < 400


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "not_messagepack"),
        (b"\xff\xfe", "not_messagepack"),
        (b"\xc1" * 100, "not_messagepack"),
        (b'{"type":"eyes_on"}', "not_messagepack"),
        (b"\x90", "not_an_object"),
        (b"\x91\x80", "not_an_object"),
        (b"\xc0", "not_an_object"),
        (b"\xdd\xff\xff\xff\xff", "not_messagepack"),
        (b"\x91" * 200_000, "too_deep"),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value[:24]),
)
def test_a_binary_message_is_messagepack(raw, code):
    with pytest.raises(ProtocolError) as caught:
        protocol.decode(raw, binary=True)
    assert caught.value.code == code


def test_a_text_message_is_json():
    with pytest.raises(ProtocolError) as caught:
        protocol.decode(msgspec.msgpack.encode({"type": "eyes_on"}), binary=False)
    assert caught.value.code == "not_json"


@pytest.mark.parametrize("digits", ["9" * 5_000, "-" + "9" * 5_000, "1" + "0" * 900_000], ids=len)
def test_an_integer_of_too_many_digits_costs_that_value_only(digits):
    text = json.dumps(report({**FIX, "lat": "@"}, {**FIX, "battery_pct": "@"}, FIX))
    taken = protocol.decode(text.replace('"@"', digits).encode())
    assert [fix.index for fix in taken.fixes] == [1, 2]
    assert [(e.index, e.field, e.code, e.kept) for e in taken.rejected] == [
        (0, "lat", "out_of_range", False),
        (1, "battery_pct", "out_of_range", True),
    ]
    assert re.fullmatch(r"integer of \d+ bits", taken.rejected[0].value)
    error = problem_of(b'{"type":"report","seq":%s,"fixes":[]}' % digits.encode())
    assert (error.code, error.field) == ("out_of_range", "seq")


@pytest.mark.parametrize(
    ("message", "camera"),
    [
        ({"type": "report", "camera": "A:1", "seq": "x"}, "A:1"),
        ({"type": "song", "camera": "A:1"}, "A:1"),
        ({"type": "report", "camera": "a b", "seq": 1}, None),
        ({"type": "report", "camera": 5, "seq": 1}, None),
        ({"type": "report", "seq": 1}, None),
    ],
)
def test_what_is_no_message_may_still_name_its_camera(message, camera):
    assert problem_of(message).camera == camera


def test_more_fixes_than_a_report_may_hold():
    assert len(decode(report(*[FIX] * 3600)).fixes) == 3600
    error = problem_of(report(*[FIX] * 3601))
    assert (error.code, error.field, error.seq) == ("too_many_fixes", "fixes", 812)
    assert error.value == "array of 3601 values"


def test_an_empty_report_is_a_report():
    assert decode(report()) == Report(812, [], 0)


def test_seq_to_its_ends():
    assert decode({"type": "report", "seq": 0, "fixes": []}).seq == 0
    assert decode({"type": "report", "seq": 2**63 - 1, "fixes": []}).seq == 2**63 - 1
    assert decode({"type": "report", "seq": 7.0, "fixes": []}).seq == 7


def test_of_a_duplicate_key_the_last_counts():
    raw = b'{"type":"report","seq":1,"seq":2,"fixes":[{"time":%d,"lat":99,"lat":5,"lon":6}]}'
    taken = protocol.decode(raw % (TIME_US // 1000))
    assert (taken.seq, taken.fixes[0].lat, taken.rejected) == (2, 5.0, [])


def test_a_status_with_a_bad_recording_is_rejected():
    status = decode({"type": "status", "seq": 1, "recording": "paused", "battery_pct": 5})
    assert not status.accepted
    assert [(entry.field, entry.kept) for entry in status.rejected] == [("recording", False)]


@pytest.mark.parametrize(
    ("time", "code"),
    [
        (0, "out_of_range"),
        (315_532_800_000, "out_of_range"),  # 1980: a clock after a flat battery
        (946_684_799_000, "out_of_range"),
        (4_102_444_800_000, "out_of_range"),
        ("1970-01-01T00:00:00Z", "out_of_range"),
        ("2026-11-21T09:00:00", "bad_time"),
        ("garbage", "bad_time"),
        (True, "wrong_type"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_no_bad_time_hides_what_a_status_says(time, code, packed):
    message = {"type": "status", "seq": 1, "time": time, "recording": "off"}
    encode = msgspec.msgpack.encode if packed else msgspec.json.encode
    status = protocol.decode(encode(message), binary=packed)
    assert (status.accepted, status.recording, status.time_us) == (True, 1, None)
    assert [(e.field, e.code, e.kept) for e in status.rejected] == [("time", code, True)]


def test_a_bad_recording_rejects_a_status_whatever_its_time():
    status = decode({"type": "status", "seq": 1, "time": 0, "recording": "paused"})
    assert not status.accepted
    assert [(entry.field, entry.kept) for entry in status.rejected] == [
        ("time", False),
        ("recording", False),
    ]


def test_a_status_with_a_bad_battery_is_kept():
    status = decode({"type": "status", "seq": 1, "recording": "off", "battery_pct": 500})
    assert (status.accepted, status.recording, status.battery_pct) == (True, 1, None)
    assert status.rejected[0].kept


def test_a_hello_keeps_what_is_right_of_it():
    hello = decode(
        {"type": "hello", "camera": "A:1", "model": 5, "audio_out": "loud", "time": "noon"}
    )
    assert (hello.camera, hello.model, hello.audio_out, hello.time_us) == ("A:1", None, None, None)
    assert {entry.field for entry in hello.rejected} == {"model", "audio_out", "time"}


class TestEcho:
    def test_a_long_string_is_cut(self):
        (entry,) = decode(report({**FIX, "lat": "9" * 900_000})).rejected
        assert len(entry.value) < 100
        assert "900000 characters" in entry.value

    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            (None, None),
            (True, True),
            (123.4, 123.4),
            (10**30, "1000000000000000000000000000000"),
            (10**3000, "integer of 9966 bits"),
            (math.nan, "NaN"),
            (-math.inf, "-Infinity"),
            ("a\n\x00\ud800b", "a\ufffd\ufffd\ufffdb"),
            ({"a": 1}, "object with 1 fields"),
            ([1, 2], "array of 2 values"),
            (b"\x00\x01", "2 bytes of binary"),
            (datetime(2026, 1, 1, tzinfo=UTC), "datetime"),
        ],
    )
    def test_what_is_shown(self, value, shown):
        assert fields.echo(value) == shown
        msgspec.json.encode(fields.echo(value))


class TestEncode:
    def test_welcome_and_command(self):
        welcome = Welcome("A", "2026-11-20T14:02:11Z", {"recording": 1, "buffering": 5, "off": 60})
        assert json.loads(protocol.encode(welcome, packed=False)) == {
            "type": "welcome",
            "camera": "A",
            "time": "2026-11-20T14:02:11Z",
            "report_every_s": {"recording": 1, "buffering": 5, "off": 60},
        }
        command = Command({"type": "stream_stop", "stream": "s"})
        packed = protocol.encode(command, packed=True)
        assert msgspec.msgpack.decode(packed) == {"type": "stream_stop", "stream": "s"}
        state = json.loads(protocol.encode(EyesOnState("waiting"), packed=False))
        assert state == {"type": "eyes_on_state", "state": "waiting"}

    def test_acknowledgement_as_the_contract_shows_it(self):
        entry = Rejection(0, "lat", 123.4, "out_of_range", "-90 to 90")
        ack = json.loads(protocol.encode(protocol.acknowledge(813, 0, 0, [entry]), packed=False))
        assert ack == {
            "type": "ack",
            "seq": 813,
            "stored": 0,
            "duplicate": 0,
            "rejected": [
                {
                    "index": 0,
                    "field": "lat",
                    "value": 123.4,
                    "code": "out_of_range",
                    "allowed": "-90 to 90",
                }
            ],
        }
        assert entry == decode(report({**FIX, "lat": 123.4})).rejected[0]

    def test_the_worst_report_has_an_answer_that_fits_a_message(self):
        worst = dict.fromkeys(("accuracy_m", "speed_mps", "heading_deg"), "x" * 8)
        bad = [{"time": TIME, "lat": "x", "lon": 2, **worst}] * 3600
        taken = decode(report(*bad))
        ack = protocol.acknowledge(1, 0, 0, taken.rejected)
        raw = protocol.encode(ack, packed=False)
        assert len(raw) < fields.MAX_MESSAGE_BYTES
        assert len(ack.rejected) == protocol.MAX_REJECTIONS
        assert ack.rejected_more == 4 * 3600 - protocol.MAX_REJECTIONS

    def test_rejections_go_before_remarks_where_not_all_fit(self):
        remarks = [
            Rejection(i, "battery_pct", 500, "out_of_range", "0 to 100", kept=True)
            for i in range(3600)
        ]
        hard = [Rejection(3599, "lat", 99, "out_of_range", "-90 to 90")]
        ack = protocol.acknowledge(1, 0, 0, remarks + hard)
        assert hard[0] in ack.rejected
        assert ack.rejected_more == 1


def whole(field):
    return st.integers(math.ceil(field.low), math.floor(field.high))


def within(field):
    return st.none() | st.floats(field.low, field.high, allow_nan=False) | whole(field)


good_times = st.one_of(
    st.integers(fields.EARLIEST_US // 1000, fields.LATEST_US // 1000 - 1),
    st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30), timezones=st.just(UTC)).map(  # noqa: DTZ001
        datetime.isoformat
    ),
)
good_signals = st.fixed_dictionaries(
    {},
    optional={
        "bearer": st.sampled_from([None, *fields.BEARER_CODES]),
        "operator": st.none() | st.from_regex(r"\A[0-9]{3}-[0-9]{2,3}\Z"),
        "cell": st.none() | st.from_regex(r"\A[0-9A-F]{1,8}\Z"),
        **{field.name: within(field) for field in fields.SIGNAL_FIELDS},
    },
)
good_fixes = st.fixed_dictionaries(
    {"time": good_times, "lat": st.floats(-90, 90), "lon": st.floats(-180, 180)},
    optional={
        **{field.name: within(field) for field in fields.MOTION_FIELDS},
        "recording": st.sampled_from([None, *fields.RECORDING_CODES]),
        "battery_pct": within(fields.BATTERY),
        "signal": st.none() | good_signals,
    },
)
good_reports = st.lists(good_fixes, max_size=4).map(lambda fixes: report(*fixes))

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([TIME, "recording", "report", TIME_US // 1000, -90, 51.2]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*FIX, *SIGNAL, "type", "seq", "fixes"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)
odd_fixes = st.dictionaries(st.sampled_from(list(FIX)), json_values, max_size=6).map(
    lambda odd: {**FIX, **odd}
)
odd_messages = st.one_of(
    json_values,
    st.lists(odd_fixes | json_values, max_size=4).map(lambda fixes: report(*fixes)),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["hello", "report", "status", "eyes_on", "talk_answer"])},
        optional=dict.fromkeys(
            ("camera", "seq", "fixes", "time", "recording", "signal", "talk", "accept"), json_values
        ),
    ),
)


@given(good_reports)
def test_the_fast_way_and_the_slow_way_agree(message):
    fast = decode(message)
    assert fast.rejected == []
    assert len(fast.fixes) == len(message["fixes"])
    assert explain.message(json.loads(json.dumps(message))) == fast
    assert protocol.decode(msgspec.msgpack.encode(message)) == fast


def answered(raw, *, binary=None):
    """Decode, and make the answer that would be sent; anything but a value or ProtocolError fails."""
    try:
        message = protocol.decode(raw, binary=binary)
    except ProtocolError as error:
        answer = protocol.problem(error)
    else:
        answer = protocol.acknowledge(
            getattr(message, "seq", 0), 0, 0, getattr(message, "rejected", [])
        )
        if isinstance(message, Report):
            lost = {entry.index for entry in message.rejected if not entry.kept}
            assert {fix.index for fix in message.fixes} == set(range(message.total)) - lost
            for fix in message.fixes:
                assert -90 <= fix.lat <= 90
                assert -180 <= fix.lon <= 180
    for packed in (False, True):
        assert len(protocol.encode(answer, packed=packed)) < fields.MAX_MESSAGE_BYTES


@settings(max_examples=400)
@given(odd_messages)
@example(report({**FIX, "lat": -0.0}))
def test_any_document_is_answered(document):
    answered(json.dumps(document).encode())


@settings(max_examples=300)
@given(st.binary(max_size=200))
@example(b"\xdd\xff\xff\xff\xff")
@example(b"\x81\xa3seq\xcf\xff\xff\xff\xff\xff\xff\xff\xff")
def test_any_bytes_are_answered(raw):
    for binary in (None, False, True):
        answered(raw, binary=binary)


@settings(max_examples=300)
@given(st.data())
def test_any_damage_to_a_good_message_is_answered(data):
    message = report(FIX, FIX)
    packed = data.draw(st.booleans())
    raw = bytearray(msgspec.msgpack.encode(message) if packed else json.dumps(message).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    answered(bytes(raw[: data.draw(st.integers(1, len(raw)))]))


@given(good_fixes, good_fixes)
def test_the_content_hash_tells_readings_apart(one, other):
    a, b = decode(report(one)).fixes[0], decode(report(other)).fixes[0]
    assert (a.content == b.content) is (as_kept(a) == as_kept(b))


def as_kept(reading):
    """All that history keeps of a fix, or of its signal: numbers of 32 bits, apart from the place."""
    if reading is None:
        return None
    values = {name: getattr(reading, name) for name in reading.__struct_fields__}
    return {
        name: float(np.float32(value))
        if isinstance(value, float) and name not in ("lat", "lon")
        else as_kept(value)
        if name == "signal"
        else value
        for name, value in values.items()
        if name != "content"
    }


def test_the_content_hash_never_changes():
    """It is stored: a release that changed it would store every resent fix twice."""
    assert decode(report(FIX)).fixes[0].content == -2110901763938043934
    bare = {"time": TIME_US // 1000, "lat": 51.2724, "lon": 0.5223}
    assert decode(report(bare)).fixes[0].content == decode(report(bare)).fixes[0].content
    later = datetime.fromtimestamp(TIME_US / 1e6, UTC) + timedelta(microseconds=1)
    assert (
        decode(report({**bare, "time": later.isoformat()})).fixes[0].content
        != decode(report(bare)).fixes[0].content
    )
