"""Readings: taken where the officer is, at the camera's interval, as a receiver gives them."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import Geod

from sightline.ingest.fields import BUFFERING, OFF, RECORDING
from sightline.ingest.fleet.behaviour import Activity, Leg, half_shift
from sightline.ingest.fleet.force import Force
from sightline.ingest.fleet.ground import Ground
from sightline.ingest.fleet.projection import to_wgs84
from sightline.ingest.fleet.readings import INTERVAL_S, Moments, read, sample_legs
from tests.ingest.fleet.conftest import EPOCH_S


def leg(start_s: float, end_s: float, recording: int, **more) -> Leg:
    xy = np.array([[596_000.0, 722_000.0], [596_300.0, 722_000.0], [596_300.0, 722_400.0]])
    at_s = np.array([start_s, start_s + 30.0, start_s + 130.0])
    return Leg(
        start_s, end_s, Activity.PATROL, recording, more.pop("indoors", False), xy, at_s, **more
    )


def moments(*legs: Leg) -> Moments:
    interval = np.array([INTERVAL_S[x.recording] for x in legs])
    return sample_legs(legs, np.zeros(len(legs), dtype=np.int64), interval)


def test_cameras_report_at_their_interval():
    m = moments(leg(0, 10, RECORDING), leg(10, 70, BUFFERING), leg(70, 200, OFF))
    assert m.time_s.tolist() == [*range(10), *range(10, 70, 5), 70, 130, 190]
    assert m.recording.tolist() == [RECORDING] * 10 + [BUFFERING] * 12 + [OFF] * 3


def test_places_speeds_and_headings_follow_the_way():
    m = moments(leg(0, 200, RECORDING))
    assert (m.x[15], m.y[15], m.speed_mps[15], m.heading_deg[15]) == (596_150, 722_000, 10, 90)
    assert (m.x[80], m.y[80], m.speed_mps[80]) == (596_300, 722_200, 4)
    assert m.heading_deg[80] == pytest.approx(0)
    assert (m.x[150], m.y[150], m.speed_mps[150]) == (596_300, 722_400, 0)
    assert np.isnan(m.heading_deg[150])


def test_indoors_there_is_no_position():
    assert len(moments(leg(0, 60, RECORDING, indoors=True)).x) == 0


def test_sampling_many_legs_at_once_equals_asking_each(ground: Ground, force: Force):
    legs, of = [], []
    for officer in force.officers[:12]:
        for one in half_shift(ground, force, officer, EPOCH_S, 0):
            legs.append(one)
            of.append(officer.number)
    interval = np.array([INTERVAL_S[x.recording] for x in legs])
    m = sample_legs(legs, np.array(of), interval)
    row = 0
    compared = 0
    for one, each in zip(legs, interval, strict=True):
        if one.indoors:
            continue
        for time_s in np.arange(one.start_s, one.end_s - 0.05, each):
            assert m.time_s[row] == pytest.approx(time_s, abs=1e-6)
            assert (m.x[row], m.y[row]) == pytest.approx(one.at(time_s), abs=1e-3)
            assert m.battery_pct[row] == pytest.approx(one.battery_at(time_s), abs=1e-6)
            row += 1
            compared += len(one.at_s) > 1
    assert row == len(m.x)
    assert compared > 5_000


def test_receivers_are_a_few_metres_off_and_say_so(ground: Ground, force: Force):
    operator = np.array([o.operator for o in force.officers])
    m = moments(leg(EPOCH_S, EPOCH_S + 130, RECORDING))
    r = read(ground, operator, m)
    true = to_wgs84(np.column_stack([m.x, m.y]))
    away = Geod(ellps="WGS84").inv(true[:, 0], true[:, 1], r.lon, r.lat)[2]
    assert 0.1 < away.max() < 15
    assert (away < 1.5 * r.accuracy_m).all()
    assert r.accuracy_m.min() >= 3
    steps = np.hypot(np.diff(away), 0)
    assert steps.max() < 3, "the error wanders, it does not jump"
    assert r.time_ms.tolist() == [EPOCH_S * 1000 + 1000 * k for k in range(130)]
    assert (r.battery_pct == np.round(r.battery_pct)).all()


def test_rows_give_single_values(ground: Ground, force: Force):
    operator = np.array([o.operator for o in force.officers])
    r = read(ground, operator, moments(leg(EPOCH_S, EPOCH_S + 3, RECORDING)))
    rows = list(r.rows())
    assert [row.time_ms for row in rows] == r.time_ms.tolist()
    assert isinstance(rows[0].lat, float)
    assert isinstance(rows[0].service, bool)
