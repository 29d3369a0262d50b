"""Times and ages in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sightline.dashboard.ages import (
    age_words,
    ago,
    clock,
    clock_seconds,
    day_clock,
    day_name,
    hours_words,
    period,
    spelled,
)

NOVEMBER = datetime(2026, 11, 20, 14, 2, 11, tzinfo=UTC)
JULY = datetime(2026, 7, 20, 14, 2, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "now"), (0, "now"), (0.9, "now"), (1, "1 s"), (59.9, "59 s"), (60, "1 min"), (3599, "59 min"),
        (3600, "1 h 00"), (7500, "2 h 05"), (86_400, "24 h 00"), (172_799, "47 h 59"), (172_800, "2 days"),
        (900_000, "10 days"),
    ],
)  # fmt: skip
def test_age(seconds, words):
    assert age_words(seconds) == words


def test_ago():
    assert ago(0) == "just now"
    assert ago(250) == "4 min ago"


def test_times_are_local_in_winter_and_summer():
    assert (clock(NOVEMBER), clock_seconds(NOVEMBER)) == ("14:02", "14:02:11")
    assert clock(JULY) == "15:02"
    assert spelled(JULY) == "20 July 2026, 15:02:11 BST"


def test_the_day_is_named_unless_it_is_today():
    assert day_clock(NOVEMBER, NOVEMBER) == "14:02"
    assert day_clock(NOVEMBER + timedelta(days=1), NOVEMBER) == "Sat 21 Nov 14:02"
    # 23:30 UTC in July is the next day already
    assert day_clock(datetime(2026, 7, 20, 23, 30, tzinfo=UTC), JULY) == "Tue 21 Jul 00:30"


def test_day_names():
    assert day_name(NOVEMBER, NOVEMBER) == "Today"
    assert day_name(NOVEMBER + timedelta(days=1), NOVEMBER) == "Tomorrow"
    assert day_name(NOVEMBER - timedelta(days=1), NOVEMBER) == "Yesterday"
    assert day_name(NOVEMBER + timedelta(days=3), NOVEMBER) == "Monday 23 November"


def test_period():
    assert period(NOVEMBER, NOVEMBER + timedelta(hours=8), NOVEMBER) == "14:02–22:02"
    over_midnight = period(NOVEMBER, NOVEMBER + timedelta(hours=16), NOVEMBER)
    assert over_midnight == "14:02 – Sat 21 Nov 06:02"


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(minutes=40), "under 1 h"),
        (timedelta(hours=71), "71 h"),
        (timedelta(hours=73), "3 days"),
    ],
)
def test_hours_of_rest(length, words):
    assert hours_words(length) == words
