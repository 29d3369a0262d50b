"""The people and their equipment."""

from __future__ import annotations

import itertools
import re
from collections import Counter

import pytest

from sightline.ingest.fleet.force import (
    DEMO_OFFICER,
    HISTORY_DAYS,
    SHIFT_S,
    Duty,
    Force,
    build_force,
    shift_at,
    shift_start_s,
    worked,
)
from sightline.ingest.fleet.ground import Ground
from tests.ingest.fleet.conftest import EPOCH_S


def test_numbers_call_signs_and_cameras_are_unique(force: Force):
    for values in (
        [o.shoulder_number for o in force.officers],
        [o.call_sign for o in force.officers],
        [o.camera for o in force.officers],
        [o.name for o in force.officers],
    ):
        assert len(set(values)) == len(values) == 400


def test_they_look_as_a_force_writes_them(force: Force):
    for officer in force.officers:
        assert re.fullmatch(r"\d{4}", officer.shoulder_number)
        assert re.fullmatch(r"AB4-\d{6}", officer.camera)
        assert officer.rank in ("PC", "PS", "PCSO", "Insp")
        assert re.fullmatch(r"[A-Z]{1,4}\d{2,4}", officer.call_sign)
    assert Counter(o.rank for o in force.officers)["PC"] > 250


def test_most_are_response_officers_and_every_unit_has_somebody(force: Force):
    duties = Counter(force.duty(o) for o in force.officers)
    assert 0.5 < duties[Duty.RESPONSE] / 400 < 0.65
    assert set(duties) == set(Duty)
    assert {o.unit for o in force.officers} == set(range(len(force.units)))


def test_the_same_ground_and_seed_make_the_same_force(ground: Ground, force: Force):
    assert build_force(ground, 400, 1).officers == force.officers
    assert build_force(ground, 400, 2).officers != force.officers


@pytest.mark.parametrize("cameras", [1, 3, 20, 7_000])
def test_forces_of_any_size(ground: Ground, cameras: int):
    force = build_force(ground, cameras, 1)
    assert len(force.officers) == cameras
    assert len({o.shoulder_number for o in force.officers}) == cameras
    assert sum(o.name == DEMO_OFFICER for o in force.officers) == 1


def test_shifts_follow_one_another(force: Force):
    for officer in force.officers[:50]:
        start = shift_start_s(officer, EPOCH_S, 0)
        assert EPOCH_S - 2 * 3_600 <= start < EPOCH_S
        assert shift_at(officer, EPOCH_S, EPOCH_S) == 0
        assert shift_at(officer, EPOCH_S, start - 1) == -1
        assert shift_start_s(officer, EPOCH_S, 1) == start + SHIFT_S


def test_the_past_week_was_worked_in_single_shifts_and_now_everybody_works(force: Force):
    first = -HISTORY_DAYS * 3
    share = []
    for officer in force.officers:
        shifts = [s for s in range(first, 0) if worked(force, officer, s)]
        share.append(len(shifts))
        assert all(b - a >= 3 for a, b in itertools.pairwise(shifts))
        assert worked(force, officer, 0)
        assert worked(force, officer, 40)
    assert 2 < sum(share) / len(share) < 4
