"""The force at work: what is due is told, once, and a restart goes on where it was."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import pytest

from sightline.ingest.fields import RECORDING
from sightline.ingest.fleet.behaviour import half_shift
from sightline.ingest.fleet.files import FleetPlan
from sightline.ingest.fleet.force import Force
from sightline.ingest.fleet.ground import Ground
from sightline.ingest.fleet.live import LiveForce
from sightline.ingest.fleet.readings import INTERVAL_S, Readings
from tests.ingest.fleet.conftest import EPOCH_S

PLAN = FleetPlan(1, 400, EPOCH_S, {})


def at_work(ground: Ground, force: Force, since_s: float, officers: range = range(40)) -> LiveForce:
    live = LiveForce(ground, force, PLAN)
    for number in officers:
        live.begin(number, since_s)
    return live


def told(live: LiveForce, since_s: float, seconds: int) -> tuple[list, Readings]:
    """States and readings of some seconds, asked five times a second as the fleet does."""
    states, readings = [], []
    for tick in range(5 * seconds + 1):
        happened = live.until(since_s + tick / 5)
        states += happened.states
        if happened.readings is not None:
            readings.append(happened.readings)
    columns = (np.concatenate(column) for column in zip(*readings, strict=True))
    return states, Readings._make(columns)


def test_everybody_tells_their_state_first(ground: Ground, force: Force):
    states, _ = told(at_work(ground, force, EPOCH_S), EPOCH_S, 0)
    assert sorted(state.officer for state in states) == list(range(40))


def test_cameras_report_at_their_intervals(ground: Ground, force: Force):
    _, r = told(at_work(ground, force, EPOCH_S), EPOCH_S, 120)
    for number in range(40):
        mine = r.officer == number
        gaps = np.diff(r.time_ms[mine]) / 1000
        if not len(gaps):
            continue
        wanted = [INTERVAL_S[state] for state in r.recording[mine][:-1]]
        # A change of state is told at once: earlier than the interval, never later by much.
        assert (gaps <= np.array(wanted) + 0.02).mean() > 0.8
    assert (r.recording == RECORDING).any()


def test_a_change_of_recording_is_told_when_it_happens(ground: Ground, force: Force):
    states, _ = told(at_work(ground, force, EPOCH_S), EPOCH_S, 900)
    changes = 0
    for number in range(40):
        legs = half_shift(ground, force, force.officers[number], EPOCH_S, 0)
        due = [x.recording for x in legs if x.end_s > EPOCH_S and x.start_s <= EPOCH_S + 900]
        said = [s.recording for s in states if s.officer == number]
        # A camera indoors repeats its state to show that it is there.
        assert [k for k, _ in groupby(said)] == [k for k, _ in groupby(due)]
        changes += len(list(groupby(due))) - 1
    assert changes > 5


@pytest.mark.parametrize("since", [EPOCH_S + 3_000, EPOCH_S + 40_000, EPOCH_S + 9 * 86_400])
def test_a_fleet_that_starts_again_goes_on_where_it_was(ground: Ground, force: Force, since: int):
    first = told(at_work(ground, force, since, range(12)), since, 90)[1]
    again = told(at_work(ground, force, since + 60, range(12)), since + 60, 30)[1]
    for number in range(12):
        mine, other = first.officer == number, again.officer == number
        if not (mine.any() and other.any()):
            continue
        one = np.array([first.lat[mine][-1], first.lon[mine][-1]])
        two = np.array([again.lat[other][-1], again.lon[other][-1]])
        # Both are the newest fix at the same moment, at most an interval apart.
        assert np.abs(one - two).max() < 0.02


def test_after_a_long_sleep_nothing_is_made_up(ground: Ground, force: Force):
    live = at_work(ground, force, EPOCH_S)
    told(live, EPOCH_S, 5)
    live.skip_to(EPOCH_S + 20_000)
    states, r = told(live, EPOCH_S + 20_000, 10)
    assert r.time_ms.min() >= (EPOCH_S + 20_000) * 1000
    assert {s.officer for s in states} == set(range(40))


def test_live_work_continues_the_history(ground: Ground, force: Force):
    """The first live position is where the officer's history ends."""
    before = told(at_work(ground, force, EPOCH_S - 60), EPOCH_S - 60, 60)[1]
    after = told(at_work(ground, force, EPOCH_S), EPOCH_S, 5)[1]
    for number in range(40):
        mine, other = before.officer == number, after.officer == number
        if mine.any() and other.any():
            assert abs(before.lat[mine][-1] - after.lat[other][0]) < 0.01
