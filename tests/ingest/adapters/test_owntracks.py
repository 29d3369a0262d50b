"""What is read of OwnTracks: a table of the kinds that the apps send, and whatever else may come."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.ingest.adapters import owntracks
from sightline.ingest.errors import ProtocolError
from sightline.ingest.messages import Report, Status
from tests.ingest.adapters.test_osmand import check, documents, scalars, shown

NOON = 1718452800  # 2024-06-15T12:00:00Z
NOON_US = NOON * 1_000_000
HERE = {"_type": "location", "tid": "ab", "tst": NOON, "lat": 51.5, "lon": -0.12}
PLACE = {"time_us": NOON_US, "lat": 51.5, "lon": -0.12}


def read(document):
    return owntracks.read(json.dumps(document).encode())


def fix_of(spoken):
    (report,) = spoken.messages
    assert isinstance(report, Report)
    (fix,) = report.fixes
    return fix


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, {}),
        (
            {
                "acc": 15,
                "alt": 440,
                "batt": 46,
                "cog": 271,
                "vac": 2,
                "vel": 36,
                "t": "u",
                "m": 1,
                "p": 101.3,
            },
            {
                "accuracy_m": 15,
                "altitude_m": 440,
                "battery_pct": 46,
                "heading_deg": 271,
                "speed_mps": 10,
            },
        ),
        (
            {
                "topic": "owntracks/ann/phone",
                "created_at": NOON + 300,
                "inregions": ["home"],
                "SSID": "x",
            },
            {},
        ),
        ({"vel": -1, "cog": -1, "batt": -1, "acc": -1}, {}),
        (
            {"vel": None, "alt": -12, "bs": 2, "rad": 100, "poi": "x", "tag": "y"},
            {"altitude_m": -12},
        ),
        ({"tst": NOON + 0.5}, {"time_us": NOON_US + 500_000}),
        ({"lat": 51, "lon": -1}, {"lat": 51, "lon": -1}),
        ({"recording": "recording", "speed_mps": 4, "vel": 99}, {"recording": 3, "speed_mps": 4}),
    ],
)
def test_every_kind_of_location(more, expected):
    assert shown(fix_of(read(HERE | more))) == PLACE | expected


def test_the_radio():
    heard = fix_of(
        read(HERE | {"mcc": 234, "mnc": 5, "lac": "4F4D", "cid": "673A", "conn": "m"})
    ).signal
    assert (heard.operator, heard.cell, heard.bearer) == ("234-05", "4F4D-673A", 0)
    assert fix_of(read(HERE | {"conn": "w"})).signal.bearer == 3
    assert fix_of(read(HERE | {"conn": "o", "mcc": 234})).signal is None
    assert fix_of(read(HERE | {"rsrp": -99})).signal.rsrp_dbm == -99


@pytest.mark.parametrize(
    "kind",
    ["lwt", "transition", "waypoint", "waypoints", "cmd", "steps", "card", "configuration", "beacon", "request",
     "status", "dump", "something of a later version"],
)  # fmt: skip
def test_what_is_no_location_is_nothing_to_store(kind):
    said = HERE | {"_type": kind, "rssi": -60, "batt": 5, "event": "enter", "desc": "x"}
    assert read(said).messages == []


@pytest.mark.parametrize("body", [b"", b"  \n"])
def test_an_empty_body_is_no_error(body):
    assert owntracks.read(body).messages == []


def test_a_location_without_a_place_is_a_sign_of_life():
    (status,) = read({"_type": "location", "tst": NOON, "batt": 9}).messages
    assert isinstance(status, Status)
    assert (status.time_us, status.battery_pct) == (NOON_US, 9)
    assert read({"_type": "location", "tst": NOON}).messages == []


def test_a_bridge_goes_by_the_last_part_of_the_topic_or_else_by_the_tracker_id():
    assert read(HERE | {"topic": "owntracks/force/AB4-000123"}).device == "AB4-000123"
    assert read(HERE).device == "ab"
    assert read(HERE | {"tid": None}).device is None


@pytest.mark.parametrize(
    ("more", "field", "said_as", "code"),
    [
        ({"lat": 91}, "lat", "lat", "out_of_range"),
        ({"lon": None}, "lon", None, "missing"),
        ({"lat": "north"}, "lat", "lat", "wrong_type"),
        ({"lat": True}, "lat", "lat", "wrong_type"),
        ({"tst": None}, "time", "tst", "missing"),
        ({"tst": NOON * 1000}, "time", "tst", "out_of_range"),
        ({"tst": "noon"}, "time", "tst", "bad_time"),
        ({"tst": 10**400}, "time", "tst", "out_of_range"),
        ({"recording": "on"}, "recording", "recording", "unknown_value"),
    ],
)
def test_what_rejects_a_location_is_told_by_the_apps_name(more, field, said_as, code):
    spoken = read(HERE | more)
    (report,) = spoken.messages
    assert report.fixes == []
    assert [(entry.field, entry.code) for entry in report.rejected] == [(field, code)]
    assert spoken.names.get(field) == said_as


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        (b"{", "not_json", None), (b"[]", "not_an_object", None), (b"{}", "missing_field", "_type"),
        (b'{"_type":7}', "wrong_type", "_type"), (b'{"_type":"encrypted","data":"x"}', "encrypted", "_type"),
        (b'{"_type":' * 5_000, "too_deep", None),
    ],
)  # fmt: skip
def test_what_cannot_be_read_at_all(body, code, field):
    with pytest.raises(ProtocolError) as error:
        owntracks.read(body)
    assert (error.value.code, error.value.field) == (code, field)


names = st.sampled_from(
    [
        "lat",
        "lon",
        "tst",
        "vel",
        "cog",
        "acc",
        "alt",
        "batt",
        "mcc",
        "mnc",
        "lac",
        "cid",
        "conn",
        "topic",
    ]
)


@given(st.dictionaries(names, scalars | documents, max_size=10))
def test_any_location(said):
    check(lambda: read({"_type": "location", **said}))


@given(documents)
def test_any_json(document):
    check(lambda: read(document))


@given(st.binary(max_size=60))
def test_any_bytes(body):
    check(lambda: owntracks.read(body))
