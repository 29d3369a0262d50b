"""What officers do: one thing after the other, at speeds people and cars have, back in time."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.ingest.fields import BUFFERING, OFF, RECORDING
from sightline.ingest.fleet.behaviour import Activity, Leg, Posting, half_shift
from sightline.ingest.fleet.force import HALF_SHIFT_S, Force, shift_start_s
from sightline.ingest.fleet.ground import Ground
from tests.ingest.fleet.conftest import EPOCH_S

OFFICERS = st.integers(0, 399)
HALVES = st.integers(-42, 60)


def legs_of(
    ground: Ground, force: Force, number: int, half: int, site: int | None = None
) -> list[Leg]:
    posting = None if site is None else Posting(site)
    return list(half_shift(ground, force, force.officers[number], EPOCH_S, half, posting))


@settings(max_examples=80, deadline=None)
@given(number=OFFICERS, half=HALVES)
def test_half_a_shift_is_one_thing_after_the_other(ground, force, number, half):
    legs = legs_of(ground, force, number, half)
    officer = force.officers[number]
    start = shift_start_s(officer, EPOCH_S, half // 2) + (half % 2) * HALF_SHIFT_S
    assert legs[0].start_s == start
    assert legs[-1].end_s == pytest.approx(start + HALF_SHIFT_S, abs=1e-3)
    for before, after in itertools.pairwise(legs):
        assert before.end_s == after.start_s
        assert np.hypot(*np.subtract(before.at(before.end_s), after.at(after.start_s))) < 1.0
    for leg in legs:
        assert leg.end_s > leg.start_s
        assert leg.recording in (OFF, BUFFERING, RECORDING)


@settings(max_examples=60, deadline=None)
@given(number=OFFICERS, half=HALVES)
def test_everybody_begins_and_ends_at_their_station(ground, force, number, half):
    legs = legs_of(ground, force, number, half)
    station = ground.xy(force.officers[number].station)
    assert legs[0].activity is Activity.STATION
    for place in (legs[0].at(legs[0].start_s), legs[-1].at(legs[-1].end_s)):
        assert np.hypot(*(station - place)) < 1.0


@settings(max_examples=60, deadline=None)
@given(number=OFFICERS, half=HALVES)
def test_nobody_moves_faster_than_a_police_car(ground, force, number, half):
    for leg in legs_of(ground, force, number, half):
        hops, took = np.hypot(*np.diff(leg.xy, axis=0).T), np.diff(leg.at_s)
        assert (took >= -1e-6).all()
        moving = took > 1e-6
        assert (hops[moving] / took[moving] < 45.0).all()
        assert (hops[~moving] < 1.0).all()
        if leg.indoors:
            assert len(leg.xy) == 1


@settings(max_examples=40, deadline=None)
@given(number=OFFICERS, half=HALVES)
def test_batteries_only_run_down(ground, force, number, half):
    level = 100.0
    for leg in legs_of(ground, force, number, half):
        assert level + 1e-9 >= leg.battery_pct >= leg.battery_at(leg.end_s) >= 3.0
        level = leg.battery_at(leg.end_s)


def test_a_half_shift_does_not_depend_on_what_was_asked_before(ground: Ground, force: Force):
    first = legs_of(ground, force, 7, 3)
    legs_of(ground, force, 8, 3)
    again = legs_of(ground, force, 7, 3)
    assert len(first) == len(again)
    for one, other in zip(first, again, strict=True):
        assert (one.start_s, one.activity, one.recording) == (
            other.start_s,
            other.activity,
            other.recording,
        )
        np.testing.assert_array_equal(one.xy, other.xy)


def shares(ground: Ground, force: Force, halves: range) -> dict[int, float]:
    seconds = {OFF: 0.0, BUFFERING: 0.0, RECORDING: 0.0}
    for officer in force.officers[::4]:
        for half in halves:
            for leg in half_shift(ground, force, officer, EPOCH_S, half):
                seconds[leg.recording] += leg.end_s - leg.start_s
    return {state: s / sum(seconds.values()) for state, s in seconds.items()}


def test_the_demonstration_is_busy_and_the_past_week_was_quieter(ground: Ground, force: Force):
    now = shares(ground, force, range(4))
    past = shares(ground, force, range(-24, -20))
    assert 0.09 < now[RECORDING] < 0.18
    assert 0.03 < past[RECORDING] < 0.08
    assert now[OFF] > 0.03


def test_cameras_record_where_something_happens(ground: Ground, force: Force):
    wrong = [
        leg.activity
        for number in range(0, 400, 5)
        for leg in legs_of(ground, force, number, 1)
        if leg.recording == RECORDING
        and leg.activity not in (Activity.SCENE, Activity.TRAVEL, Activity.CUSTODY)
    ]
    assert wrong == []


def test_an_officer_posted_to_an_incident_stays_there(ground: Ground, force: Force):
    site = ground.sites["A"][3]
    number = next(o.number for o in force.officers if o.division == "A")
    legs = legs_of(ground, force, number, 0, site)
    at_scene = [leg for leg in legs if leg.activity is Activity.GUARD]
    assert sum(leg.end_s - leg.start_s for leg in at_scene) > 0.6 * HALF_SHIFT_S
    recorded = sum(leg.end_s - leg.start_s for leg in at_scene if leg.recording == RECORDING)
    assert recorded > 0.6 * sum(leg.end_s - leg.start_s for leg in at_scene)
    for leg in at_scene:
        assert np.hypot(*(leg.xy - ground.xy(site)).T).max() < 30
    before = legs_of(ground, force, number, -2, site)
    assert all(leg.activity is not Activity.GUARD for leg in before)
