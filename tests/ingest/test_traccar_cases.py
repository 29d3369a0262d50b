"""Every request of Traccar's own tests of its OsmAnd and OwnTracks decoders, sent to a real gateway: what is stored is what Traccar reads.

The requests are those of `OsmAndProtocolDecoderTest` and `OwnTracksProtocolDecoderTest` at https://github.com/traccar/traccar
in all their versions, from 2013 to 2025. Traccar keeps knots; what stands here is in our units. Two things differ everywhere,
on purpose: what was not said is unknown here, where Traccar leaves 0; and the same position sent again is stored once.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType

import pytest

from sightline.sql.accounts import add_bridge
from tests.ingest.tracker_client import trackers

KNOT_MPS = 1852 / 3600
KMH_MPS = 1 / 3.6
VALUES = (
    "altitude_m", "speed_mps", "heading_deg", "accuracy_m", "battery_pct", "recording", "bearer", "operator", "cell",
    "rsrp_dbm", "rsrq_db", "sinr_db", "rssi_dbm", "uplink_kbps",
)  # fmt: skip
UNSAID = MappingProxyType(dict.fromkeys(VALUES) | {"recording": "unknown", "bearer": "unknown"})
STORED = (
    "select * from fix_readable where camera = $1 order by fix_time, lat, speed_mps nulls first"
)


@dataclass(frozen=True)
class Case:
    """A request and the position that Traccar makes of it.

    Attributes:
        sent: parameters of the address, or a JSON document.
        device: who Traccar takes it for.
        time: RFC 3339; None: of receipt.
        place: latitude and longitude in degrees.
        values: everything else that was said, in our names and units.
    """

    sent: str
    device: str
    time: str | None
    place: tuple[float, float]
    values: dict[str, object] = field(default_factory=dict)

    def __str__(self):
        return self.sent

    def check(self, row):
        """See that a row of the database is this position and nothing else."""
        if self.time is None:
            assert abs((datetime.now(UTC) - row["fix_time"]).total_seconds()) < 10
        else:
            assert row["fix_time"] == datetime.fromisoformat(self.time)
        assert (row["lat"], row["lon"]) == self.place
        expected = UNSAID | self.values
        assert {name: row[name] for name in VALUES} == {
            name: value if isinstance(value, str | None) else pytest.approx(value, 1e-6)
            for name, value in expected.items()
        }


QUERIES = [
    Case("id=902064&lat=42.06288&lon=-88.23412&timestamp=2016-01-27T18%3A55%3A47Z&hdop=6.0&altitude=224.0&speed=0.0",
         "902064", "2016-01-27T18:55:47Z", (42.06288, -88.23412), {"altitude_m": 224, "speed_mps": 0}),
    Case("id=902064&lat=42.06288&lon=-88.23412&timestamp=1442068686579&hdop=6.0&altitude=224.0&speed=0.0",
         "902064", "2015-09-12T14:38:06.579Z", (42.06288, -88.23412), {"altitude_m": 224, "speed_mps": 0}),
    Case("lat=49.60688&lon=6.15788&timestamp=2014-06-04+09%3A10%3A11&altitude=384.7&speed=0.0&id=353861053849681",
         "353861053849681", "2014-06-04T09:10:11Z", (49.60688, 6.15788), {"altitude_m": 384.7, "speed_mps": 0}),
    Case("id=123456&timestamp=1377177267&lat=60.0&lon=30.0&speed=0.0&bearing=0.0&altitude=0&hdop=0.0",
         "123456", "2013-08-22T13:14:27Z", (60, 30), {"speed_mps": 0, "heading_deg": 0, "altitude_m": 0}),
    Case("id=123456&timestamp=1377177267&lat=60.0&lon=30.0", "123456", "2013-08-22T13:14:27Z", (60, 30)),
    Case("lat=60.0&lon=30.0&speed=0.0&heading=0.0&vacc=0&hacc=0&altitude=0&deviceid=123456",
         "123456", None, (60, 30), {"speed_mps": 0, "heading_deg": 0, "altitude_m": 0}),
    Case("id=861001000719969&lat=41.666667&lon=-0.883333&altitude=350.059479&speed=0.000000&batt=87",
         "861001000719969", None, (41.666667, -0.883333), {"altitude_m": 350.059479, "speed_mps": 0, "battery_pct": 87}),
    Case("id=123456&timestamp=1377177267&location=60.0,30.0", "123456", "2013-08-22T13:14:27Z", (60, 30)),
    Case("id=123456789012345&timestamp=1504763810&lat=40.7232948571&lon=-74.0061408571&bearing=7.19889788244&speed=40"
         "&ignition=true&rpm=933&fuel=24",
         "123456789012345", "2017-09-07T05:56:50Z", (40.7232948571, -74.0061408571),
         {"heading_deg": 7.19889788244, "speed_mps": 40 * KNOT_MPS}),
]  # fmt: skip

EMULATOR = {"accuracy_m": 5, "speed_mps": 0, "altitude_m": 5, "battery_pct": 100}
DOCUMENTS = [
    Case('{"location":{"timestamp":"2025-06-15T13:45:12.862Z","coords":{"latitude":37.4219983,"longitude":-122.084,'
         '"accuracy":5,"speed":0,"heading":-1,"altitude":5},"is_moving":false,"odometer":0,"event":"motionchange",'
         '"battery":{"level":1,"is_charging":false},"activity":{"type":"still"},"extras":{},'
         '"_":"&id=48241179&lat=37.4219983&lon=-122.084&timestamp=2025-06-15T13:45:12.862Z&"},"device_id":"48241179"}',
         "48241179", "2025-06-15T13:45:12.862Z", (37.4219983, -122.084), EMULATOR),
    Case('{"location":{"timestamp":"2025-06-15T13:45:12.862Z","coords":{"latitude":37.4219983,"longitude":-122.084,'
         '"accuracy":5,"speed":0,"heading":-1,"altitude":5},"is_moving":false,"odometer":0,"event":"motionchange",'
         '"battery":{"level":1,"is_charging":false},"activity":{"type":"still"},"extras":{'
         '"device_string_test":"long_device_id","device_bool_test":true,"device_bool_false_test":false,'
         '"device_integer_test":1,"device_double_test":1.345,"device_very_long_double_test":1763636.3442},'
         '"_":"&id=48241179&lat=37.4219983&lon=-122.084&timestamp=2025-06-15T13:45:12.862Z&"},"device_id":"48241179"}',
         "48241179", "2025-06-15T13:45:12.862Z", (37.4219983, -122.084), EMULATOR),
    Case('{"location":{"extras":{},"mock":true,"coords":{"speed_accuracy":-1,"speed":-1,"longitude":-122.406417,'
         '"ellipsoidal_altitude":0,"floor":null,"heading_accuracy":-1,"latitude":37.785834000000001,"accuracy":5,'
         '"altitude_accuracy":-1,"altitude":0,"heading":-1},"is_moving":false,"age":188,"odometer":0,'
         '"uuid":"2FB04C65-99CF-42AB-8DD3-EBCB4B108BF8","event":"motionchange","battery":{"level":-1,'
         '"is_charging":false},"activity":{"type":"unknown","confidence":100},"timestamp":"2025-05-09T04:11:30.579Z"},'
         '"device_id":"658765"}',
         "658765", "2025-05-09T04:11:30.579Z", (37.785834, -122.406417), {"accuracy_m": 5, "altitude_m": 0}),
    Case('{"location":{"event":"motionchange","is_moving":false,"uuid":"0e9a2473-a9a7-4c00-997b-fb97d2154e75",'
         '"timestamp":"2021-07-21T08:06:34.444Z","odometer":0,"coords":{"latitude":-6.1148096,"longitude":106.6837015,'
         '"accuracy":3.8,"speed":18.67,"speed_accuracy":0.26,"heading":63,"heading_accuracy":0.28,"altitude":35.7,'
         '"altitude_accuracy":3.8},"activity":{"type":"still","confidence":100},"battery":{"is_charging":false,'
         '"level":0.79},"extras":{}},"device_id":"8737767034"}',
         "8737767034", "2021-07-21T08:06:34.444Z", (-6.1148096, 106.6837015),
         {"accuracy_m": 3.8, "speed_mps": 18.67, "heading_deg": 63, "altitude_m": 35.7, "battery_pct": 79}),
]  # fmt: skip

PARIS = {"accuracy_m": 5, "speed_mps": 61 * KMH_MPS, "altitude_m": 167, "heading_deg": 271}
OWNTRACKS = [
    Case('{"_type":"location","acc":15,"alt":440,"batt":46,"conn":"w","lat":46.0681247,"lon":11.1512805,"t":"u",'
         '"tid":"5t","tst":1551874878,"vac":2,"vel":0}',
         "5t", "2019-03-06T12:21:18Z", (46.0681247, 11.1512805),
         {"accuracy_m": 15, "altitude_m": 440, "battery_pct": 46, "speed_mps": 0, "bearer": "wifi"}),
    Case('{"lon":2.29513,"lat":48.85833,"tst":1497349316,"_type":"location","tid":"JJ"}',
         "JJ", "2017-06-13T10:21:56Z", (48.85833, 2.29513)),
    Case('{"cog":271,"lon":2.29513,"acc":5,"vel":61,"vac":21,"lat":48.85833,"tst":1497349316,"alt":167,'
         '"_type":"location","tid":"JJ","t":"u","batt":67}',
         "JJ", "2017-06-13T10:21:56Z", (48.85833, 2.29513), PARIS | {"battery_pct": 67}),
    Case('{"cog":271,"lon":2.29513,"acc":5,"vel":61,"vac":21,"lat":48.85833,"tst":1497349316,"alt":167,'
         '"_type":"location","tid":"JJ"}',
         "JJ", "2017-06-13T10:21:56Z", (48.85833, 2.29513), PARIS),
    Case('{"lat":48.85,"lon":2.295,"_type":"location","tid":"JJ","tst":1497476456}',
         "JJ", "2017-06-14T21:40:56Z", (48.85, 2.295)),
    Case('{"lon":-122,"acc":5,"created_at":1736161415,"lat":37,'
         '"topic":"owntracks/ckrey/22A67880-15C3-41A6-9157-25545C7993AC","t":"u","m":1,"tst":1736161169,"conn":"w",'
         '"alt":0,"_type":"location","tid":"AC"}',
         "22A67880-15C3-41A6-9157-25545C7993AC", "2025-01-06T10:59:29Z", (37, -122),
         {"accuracy_m": 5, "altitude_m": 0, "bearer": "wifi"}),
    Case('{"topic":"owntracks/qtripp/865284041968706","lat":47.420051,"lon":13.654704,"vel":0,"cog":113,'
         '"tst":1736519167,"mcc":232,"mnc":1,"lac":"4F4D","cid":"673A","_type":"location","acc":10,"alt":1113,"t":"I",'
         '"don":105,"tid":"CS"}',
         "865284041968706", "2025-01-10T14:26:07Z", (47.420051, 13.654704),
         {"accuracy_m": 10, "altitude_m": 1113, "speed_mps": 0, "heading_deg": 113, "operator": "232-01", "cell": "4F4D-673A"}),
]  # fmt: skip


def by_address(case, token):
    return f"/osmand/{token}?{case.sent}", {"method": "GET"}


def by_posted_address(case, token):
    return f"/osmand/{token}?{case.sent}", {"method": "POST"}


def as_form(case, token):
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return f"/osmand/{token}", {"data": case.sent, "headers": kind}


def as_form_of_no_kind(case, token):
    return f"/osmand/{token}", {"data": case.sent.encode()}


def as_json(case, token):
    return f"/osmand/{token}", {"data": case.sent, "headers": {"Content-Type": "application/json"}}


def to_owntracks(case, token):
    return f"/owntracks/{token}", {"data": case.sent.encode()}


def to_owntracks_as_json(case, token):
    return f"/owntracks/{token}", {"json": json.loads(case.sent)}


EVERY_WAY = [
    *((case, way) for case in QUERIES for way in (by_address, by_posted_address, as_form, as_form_of_no_kind)),
    *((case, as_json) for case in DOCUMENTS),
    *((case, way) for case in OWNTRACKS for way in (to_owntracks, to_owntracks_as_json)),
]  # fmt: skip
ONCE = [
    *((case, by_address) for case in QUERIES),
    *((case, as_json) for case in DOCUMENTS),
    *((case, to_owntracks) for case in OWNTRACKS),
]


@pytest.fixture
async def phones(database):
    async with trackers(database) as phones:
        yield phones


async def sent(phones, case, way, token):
    """One case, which must be taken."""
    path, more = way(case, token)
    status, _, text = await phones.send(path, **more)
    assert (status, text) == (200, "[]" if path.startswith("/owntracks") else ""), text


async def stored(phones, ref):
    """What is stored of a camera, in history and in the archive of what is older than the retention."""
    return await phones.owner.fetch(STORED, ref)


async def set_aside(phones):
    return [row["reason"] for row in await phones.owner.fetch("select reason from fix_quarantine")]


async def test_the_token_says_who_it_is_and_the_position_is_traccars(phones):
    """By each way in which an app can send it."""
    for number, (case, way) in enumerate(EVERY_WAY):
        ref = f"PHONE-{number}"
        await sent(phones, case, way, await phones.token(ref))
        (row,) = await stored(phones, ref)
        case.check(row)
    assert await set_aside(phones) == []


async def test_by_the_names_that_the_devices_give_themselves(phones):
    """With the token of a bridge, as at Traccar: the device says who it is, and positions that are equal are one."""
    bridge = (await add_bridge(phones.owner, "traccar")).token
    for device in {case.device for case, _ in ONCE}:
        await phones.token(device)
    for case, way in ONCE * 2:
        if case.time is not None:  # of receipt it is a new one each time
            await sent(phones, case, way, bridge)
    expected = {device: distinct(device) for device in {case.device for case, _ in ONCE}}
    for device, cases in expected.items():
        rows = await stored(phones, device)
        assert len(rows) == len(cases)
        for case, row in zip(cases, rows, strict=True):
            case.check(row)
    assert sum(map(len, expected.values())) == 16
    assert await set_aside(phones) == []


def distinct(device):
    """The positions of a device in the order of `STORED`, each once."""
    known = {
        (case.time, case.place, tuple(sorted(case.values.items()))): case
        for case, _ in ONCE
        if case.device == device and case.time is not None
    }
    return sorted(
        known.values(),
        key=lambda case: (
            datetime.fromisoformat(case.time),
            case.place,
            "speed_mps" in case.values,
        ),
    )


@pytest.mark.parametrize("backwards", [False, True])
async def test_all_by_one_camera(phones, backwards):
    """Twelve years of one phone around the world, in any order: nothing of it is doubted, and only the newest is on the map."""
    token = await phones.token("PHONE-1")
    past = [(case, way) for case, way in ONCE if case.time is not None]
    for case, way in past[::-1] if backwards else past:
        await sent(phones, case, way, token)
    assert await set_aside(phones) == []
    rows = await stored(phones, "PHONE-1")
    assert len(rows) == 16
    assert {(row["fix_time"], row["lat"], row["lon"]) for row in rows} == {
        (datetime.fromisoformat(case.time), *case.place) for case, _ in past
    }
    live = await phones.live("PHONE-1")
    assert (live["fix_time"], live["recording"], live["battery_pct"]) == (None, 0, None)
    await sent(phones, QUERIES[5], by_address, token)
    live = await phones.live("PHONE-1")
    assert (live["lat"], live["lon"]) == QUERIES[5].place


async def test_from_saint_petersburg_to_saragossa_in_no_time_is_doubted(phones):
    """Two of the cases have no time and are 3,000 km apart: by one camera the second is kept aside, and answered as taken."""
    token = await phones.token("PHONE-1")
    for case in (QUERIES[5], QUERIES[6]):
        await sent(phones, case, by_address, token)
    (row,) = await stored(phones, "PHONE-1")
    QUERIES[5].check(row)
    assert await set_aside(phones) == ["implausible_jump"]


async def test_cell_towers_without_a_place(phones):
    """Traccar repeats the last place it knows; here nothing is placed where the phone did not say it was."""
    token = await phones.token("PHONE-1")
    said = (
        "id=123456&timestamp=1377177267&cell=257,02,16,2224&cell=257,02,16,2223,-90"
        "&wifi=00-14-22-01-23-45,-80&wifi=00-1C-B3-09-85-15,-70"
    )
    await phones.osmand(token, said)
    assert await stored(phones, "PHONE-1") == []
    assert await set_aside(phones) == []
    live = await phones.live("PHONE-1")
    assert (live["fix_time"], live["lat"], live["recording"], live["battery_pct"]) == (
        None,
        None,
        0,
        None,
    )
    towers = await phones.owner.fetch(
        "select plmn, cell from radio_cell r join network_operator o on o.id = r.operator_id"
    )
    assert [tuple(tower) for tower in towers] == [("257-02", "16-2224")]


async def test_a_position_of_nobody(phones):
    """Traccar refuses (400) what names no device. Here the token does, so that it is refused only of a bridge."""
    nobody = "timestamp=1377177267&lat=60.0&lon=30.0"
    token = await phones.token("123456")
    bridge = (await add_bridge(phones.owner, "traccar")).token
    status, problem = await phones.problem(f"/osmand/{bridge}?{nobody}", method="GET")
    assert (status, problem["code"]) == (400, "bad_camera_id")
    assert await stored(phones, "123456") == []
    await phones.osmand(token, nobody)
    (row,) = await stored(phones, "123456")
    QUERIES[4].check(row)


async def test_no_message_of_owntracks(phones):
    """Traccar's first decoder answered `{"id": "hello"}` with 200, later ones with nothing at all. It is refused here: whoever
    leaves `_type` away would go on to lose positions without knowing."""
    token = await phones.token("PHONE-1")
    status, problem = await phones.problem(f"/owntracks/{token}", data=b'{ "id" : "hello" }')
    assert (status, problem["code"], problem["field"]) == (400, "missing_field", "_type")
    assert await stored(phones, "PHONE-1") == []
