"""The coming days of the rota as lanes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sightline.dashboard.rota.cover import Gap, Shortfall
from sightline.dashboard.rota.layout import bar_words
from sightline.dashboard.rota.week import shown, week
from tests.dashboard.triage_values import shift

NOW = datetime(2026, 11, 20, 14, tzinfo=UTC)


def test_seven_days_from_local_midnight():
    start, end = shown(NOW)
    assert start == datetime(2026, 11, 20, tzinfo=UTC)
    assert end - start == timedelta(days=7)


def test_a_week_in_which_the_clocks_go_back_is_an_hour_longer():
    start, end = shown(datetime(2026, 10, 23, 12, tzinfo=UTC))
    assert end - start == timedelta(days=7, hours=1)
    days = week([], [], start, end, start).days
    assert len(days) == 7
    longest = max(days, key=lambda day: day.width)
    assert longest.start == datetime(2026, 10, 24, 23, tzinfo=UTC)
    assert longest.width / days[0].width == pytest.approx(25 / 24)


def test_shifts_are_cut_to_what_is_shown_and_negcos_stand_first():
    start, end = shown(NOW, days=1)
    found = week(
        [
            shift(2, start - timedelta(hours=6), 12),
            shift(1, start + timedelta(hours=6), 12),
            shift(9, start + timedelta(hours=18), 12, "negco"),
        ],
        [],
        start,
        end,
        NOW,
    )
    assert [lane.name for lane in found.lanes] == ["DC 9", "DC 1", "DC 2"]
    assert [(bar.left, bar.width) for lane in found.lanes for bar in lane.shifts] == [
        (0.75, 0.25),
        (0.25, 0.5),
        (0.0, 0.25),
    ]
    assert found.now == pytest.approx(14 / 24)


def test_a_bar_says_when_the_shift_really_is_and_on_which_days():
    start, end = shown(NOW)
    thursday_eight = start - timedelta(hours=16)
    found = week(
        [
            shift(1, thursday_eight, 72),
            shift(2, start + timedelta(hours=6), 8.5),
            shift(3, thursday_eight, 168),
        ],
        [],
        start,
        end,
        NOW,
    )
    bars = [bar for lane in found.lanes for bar in lane.shifts]
    assert [bar_words(bar) for bar in bars] == [
        "Thu 08:00 – Sun 08:00",
        "06:00–14:30",
        "Thu 19, 08:00 – Thu 26, 08:00",
    ]


def test_gaps_lie_on_the_cover_lane():
    start, end = shown(NOW, days=1)
    gap = Gap(start + timedelta(hours=12), end, Shortfall(negcos=1))
    (missing,) = week([], [gap], start, end, NOW).missing
    assert (missing.stretch.left, missing.stretch.width) == (0.5, 0.5)
    assert missing.gap.shortfall.words == "one NegCo short"
