"""The past week: true to the intervals, only on duty, no longer than the retention allows."""

from __future__ import annotations

import numpy as np
import pytest

from sightline.ingest.coverage import Sample, device_bins
from sightline.ingest.fields import BUFFERING, OFF, RECORDING
from sightline.ingest.fleet.bins import bins_of
from sightline.ingest.fleet.force import Force
from sightline.ingest.fleet.ground import Ground
from sightline.ingest.fleet.history import DAY_S, Group, history, received_ms
from sightline.ingest.fleet.readings import Readings
from tests.ingest.fleet.conftest import EPOCH_S


@pytest.fixture(scope="module")
def group(ground: Ground, force: Force) -> Group:
    """The first officers' week."""
    return next(history(ground, force, EPOCH_S, {}))


def test_tracks_of_cameras_that_did_not_record_are_there_for_a_day(group: Group):
    r = group.readings
    age_s = EPOCH_S - r.time_ms / 1000
    recorded = r.recording == RECORDING
    assert group.stored[recorded].all()
    assert not group.stored[~recorded & (age_s > DAY_S)].any()
    assert group.stored[~recorded & (age_s <= DAY_S)].all()
    assert age_s[group.stored & recorded].max() > 5 * DAY_S
    assert age_s.min() > 0


def test_everything_happened_on_duty(group: Group):
    r = group.readings
    time_s = r.time_ms / 1000
    for number in np.unique(r.officer):
        mine = time_s[r.officer == number]
        on_duty = np.zeros(len(mine), dtype=bool)
        for s in group.stretches:
            if s.officer == number:
                on_duty |= (mine >= s.start_s - 0.001) & (mine <= s.end_s + 0.001)
        assert on_duty.all()


def test_cameras_reported_at_their_intervals(group: Group):
    r = group.readings
    for state, interval in ((RECORDING, 1), (BUFFERING, 5), (OFF, 60)):
        mine = group.stored & (r.recording == state)
        gaps = np.diff(r.time_ms[mine]) / 1000
        same = (np.diff(r.officer[mine]) == 0) & (gaps > 0)
        assert np.median(gaps[same]) == pytest.approx(interval, abs=0.01)
        assert (gaps[same] >= interval - 0.01).mean() > 0.9


def test_no_camera_said_two_things_at_one_moment(group: Group):
    keys = np.column_stack([group.readings.officer, group.readings.time_ms])
    assert len(np.unique(keys, axis=0)) == len(keys)


def test_what_was_heard_in_a_dead_spot_arrived_later(group: Group):
    r = group.readings
    late_ms = group.received_ms - r.time_ms
    assert (late_ms > 0).all()
    assert late_ms[r.service].max() < 1_500
    assert (~r.service).any()
    assert np.median(late_ms[~r.service]) > 2_000


def test_buffered_fixes_arrive_when_the_network_is_back():
    time_ms = np.arange(5) * 1_000
    service = np.array([True, False, False, True, False])
    blank = np.zeros(5)
    r = Readings(np.zeros(5, dtype=np.int64), time_ms, *([blank] * 14), service=service)
    arrives = received_ms(r)
    assert (arrives[1:3] > 3_000).all()
    assert (arrives[1:3] < 4_000).all()
    assert arrives[4] > 60_000


def test_bins_are_those_of_the_definition(group: Group):
    """The columns' result equals the plain one, for a stretch without silences."""
    r, received = group.readings, group.received_ms
    state = r.recording[0]
    number = r.officer[0]
    mine = np.flatnonzero((r.officer == number) & (r.recording == BUFFERING) & group.stored)
    gaps = np.flatnonzero(np.diff(r.time_ms[mine]) > 5_500)
    runs = np.split(mine, gaps + 1)
    run = max(runs, key=len)
    assert len(run) > 60, state
    some = Readings._make(column[run] for column in r)
    plain = device_bins(
        Sample(
            int(row.time_ms) * 1000, int(arrived) * 1000, row.lat, row.lon, row.recording,
            row.operator + 1 if row.service else 0, row.bearer if row.service else 0,
            row.rsrp_dbm if row.service else None, row.rsrq_db if row.service else None,
            row.sinr_db if row.service else None, row.uplink_kbps if row.service else None,
        )
        for row, arrived in zip(some.rows(), received[run], strict=True)
    )  # fmt: skip
    bins = bins_of(some, received[run])
    found = {}
    for k in range(len(bins.cell)):
        key = (
            int(bins.start_us[k]),
            int(bins.cell[k]),
            int(bins.operator[k]) + 1,
            int(bins.bearer[k]),
        )
        medians = [
            getattr(bins, name)[k] for name in ("rsrp_dbm", "rsrq_db", "sinr_db", "uplink_kbps")
        ]
        found[key] = (
            int(bins.samples[k]),
            *(None if np.isnan(value) else float(value) for value in medians),
            bool(bins.gap[k]),
        )
    assert found == {tuple(key): tuple(value) for key, value in plain.items()}


def test_attendances_name_where_and_whether_it_was_recorded(group: Group, ground: Ground):
    assert len(group.attendances) > 20
    for one in group.attendances:
        assert one.end_s > one.start_s
        assert ground.places[one.site].kind in ("site", "road", "bridge")
    assert any(not one.recorded for one in group.attendances) or len(group.attendances) < 40
