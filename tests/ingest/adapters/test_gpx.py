"""GPX: points with a time become fixes; what GPX does not know stays unknown."""

from __future__ import annotations

import pytest

from sightline.ingest.adapters.errors import TrackFormatError
from sightline.ingest.adapters.gpx import read_bytes, read_file

POINT = '<trkpt lat="{lat}" lon="{lon}"><ele>31.5</ele><time>{time}</time>{more}</trkpt>'


def gpx(*points: str, namespace: str = "http://www.topografix.com/GPX/1/1") -> bytes:
    body = "".join(points)
    return f'<?xml version="1.0"?><gpx xmlns="{namespace}"><trk><trkseg>{body}</trkseg></trk></gpx>'.encode()


def point(lat="51.5", lon="-0.12", time="2026-11-20T14:02:11Z", more="") -> str:
    return POINT.format(lat=lat, lon=lon, time=time, more=more)


@pytest.mark.parametrize("version", ["1/0", "1/1"])
def test_a_track_point_is_a_fix(version: str):
    extensions = "<extensions><x><speed>1.4</speed><course>212</course></x></extensions>"
    content = gpx(point(more=extensions), namespace=f"http://www.topografix.com/GPX/{version}")
    (fix,) = read_bytes(content, "walk.gpx").fixes
    assert (fix.lat, fix.lon, fix.altitude_m) == (51.5, -0.12, 31.5)
    assert (fix.speed_mps, fix.heading_deg) == (1.4, 212)
    assert fix.time == 1_795_183_331_000
    assert (fix.recording, fix.signal, fix.accuracy_m) == ("unknown", None, None)


def test_points_come_in_the_order_of_their_times_and_once():
    late, early = point(time="2026-11-20T14:02:12+00:00"), point(time="2026-11-20T15:02:11.5+01:00")
    track = read_bytes(gpx(late, early, late), "walk.gpx")
    assert [fix.time % 60_000 for fix in track.fixes] == [11_500, 12_000]


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (point(lat="91"), "lat"), (point(lon="east"), "lon"), (point(time="yesterday"), "time"),
        (point(time="2026-11-20T14:02:11"), "time"), ('<trkpt lat="1" lon="2"/>', "time"),
    ],
)  # fmt: skip
def test_a_bad_point_is_skipped_and_said(bad: str, field: str):
    track = read_bytes(gpx(point(), bad), "walk.gpx")
    assert len(track.fixes) == 1
    (remark,) = track.remarks
    assert remark.field == field
    assert "track point 2" in str(remark)
    assert "line" not in str(remark)


def test_an_impossible_height_is_unknown():
    content = gpx(point()).replace(b"31.5", b"99999")
    track = read_bytes(content, "walk.gpx")
    assert track.fixes[0].altitude_m is None
    assert track.remarks[0].kept


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"hello", "is not XML"),
        (b"<kml/>", "outermost element is <kml>"),
        (gpx(), "no line of it is a fix"),
        (b'<!DOCTYPE gpx [<!ENTITY a "b">]><gpx/>', "declares a document type"),
    ],
)
def test_something_else_is_not_taken_for_gpx(content: bytes, why: str, tmp_path):
    file = tmp_path / "x.gpx"
    file.write_bytes(content)
    with pytest.raises(TrackFormatError, match=why):
        read_file(file)
