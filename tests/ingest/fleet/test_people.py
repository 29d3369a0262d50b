"""Negotiators, and who is on call: cover is met at every hour."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from sightline.ingest.fleet.people import build_negotiators, build_rota


@pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 11, 20, 14, 2, tzinfo=UTC),
        datetime(2026, 3, 27, 23, 0, tzinfo=UTC),  # the clocks change two days later
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),  # in the hour that comes twice
    ],
)
def test_cover_is_met_at_every_hour(now: datetime):
    people = build_negotiators(1, set())
    shifts = build_rota(people, now)
    for hour in range(-24 * 28, 24 * 300):
        at = now + timedelta(hours=hour)
        on_call = [people[k] for k, start, end in shifts if start <= at < end]
        assert sum(not p.coordinates for p in on_call) >= 2, at
        assert sum(p.coordinates for p in on_call) >= 1, at
        assert any(p.kidnap_trained for p in on_call if not p.coordinates), at
        assert any(p.username == "negco" for p in on_call), at


def test_nobody_is_on_call_twice_at_once():
    shifts = build_rota(build_negotiators(1, set()), datetime(2026, 11, 20, tzinfo=UTC))
    by_person: dict[int, list[tuple[datetime, datetime]]] = {}
    for person, start, end in shifts:
        by_person.setdefault(person, []).append((start, end))
    for turns in by_person.values():
        turns.sort()
        assert all(a[1] <= b[0] for a, b in itertools.pairwise(turns))


def test_call_outs_are_shared_out_by_the_week():
    people = build_negotiators(1, set())
    shifts = build_rota(people, datetime(2026, 11, 20, tzinfo=UTC))
    turns = [sum(k == n for n, _, _ in shifts) for k in range(15)]
    assert max(turns) - min(turns) <= 1


def test_shoulder_numbers_do_not_clash_with_the_force():
    people = build_negotiators(1, {"0101", "0102"})
    numbers = [p.shoulder_number for p in people]
    assert len(set(numbers)) == 19
    assert not {"0101", "0102"} & set(numbers)
    assert all(p.phone.startswith("07700 900") for p in people)
