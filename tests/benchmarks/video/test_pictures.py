"""Figures of how pictures came."""

import pytest

from benchmarks.video.pictures import (
    full_rate_after,
    longest_pause,
    percentile,
    rate,
    recovered_after,
)

STEADY = [number / 25 for number in range(250)]
"""Ten seconds of 25 pictures a second."""


def without(begin, end):
    return [at for at in STEADY if not begin < at < end]


@pytest.mark.parametrize(
    ("percent", "expected"), [(50, 3), (95, 5), (100, 5), (20, 1), (21, 2), (0, 1)]
)
def test_percentiles_are_values_that_were_measured(percent, expected):
    assert percentile([5, 3, 1, 4, 2], percent) == expected


def test_of_nothing_there_is_no_percentile():
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 50)


class TestLongestPause:
    def test_of_a_steady_picture_is_one_step(self):
        assert longest_pause(STEADY, 1, 9) == pytest.approx(0.04)

    def test_is_found_in_the_middle(self):
        assert longest_pause(without(4, 5.5), 1, 9) == pytest.approx(1.52, abs=0.05)

    def test_counts_what_is_missing_at_either_end(self):
        assert longest_pause(without(0.5, 3), 1, 9) == pytest.approx(2)
        assert longest_pause(without(7, 10), 1, 9) == pytest.approx(2)

    def test_without_any_picture_is_all_of_it(self):
        assert longest_pause([], 1, 9) == 8


def test_the_rate_counts_what_is_within():
    assert rate(STEADY, 2, 4) == pytest.approx(25)
    assert rate(without(2, 3), 2, 4) == pytest.approx(13)
    assert rate([], 2, 4) == 0


class TestRecovered:
    def test_at_once_where_nothing_was_wrong(self):
        assert recovered_after(STEADY, 3, 10, longest=0.2, for_s=1) == 0

    def test_after_the_pause(self):
        times = without(3, 4.4)
        assert recovered_after(times, 3, 10, longest=0.2, for_s=1) == pytest.approx(1.4, abs=0.05)

    def test_a_short_burst_between_two_pauses_is_none(self):
        times = [at for at in STEADY if not 3 < at < 4 and not 4.4 < at < 6]
        assert recovered_after(times, 3, 10, longest=0.2, for_s=1) == pytest.approx(3, abs=0.05)

    def test_not_at_all_where_pictures_stay_away_or_the_time_is_too_short(self):
        assert recovered_after(without(3, 11), 3, 10, longest=0.2, for_s=1) is None
        assert recovered_after(without(3, 9.5), 3, 10, longest=0.2, for_s=1) is None
        assert recovered_after([], 3, 10, longest=0.2, for_s=1) is None


class TestFullRate:
    def test_at_once_where_nothing_was_wrong(self):
        assert full_rate_after(STEADY, 3, 10, least=22, for_s=1) == 0

    def test_when_pictures_come_often_again(self):
        times = [at for number, at in enumerate(STEADY) if at > 5 or number % 2]
        assert full_rate_after(times, 3, 10, least=22, for_s=1) == pytest.approx(1.9, abs=0.15)

    def test_not_at_all_where_they_stay_few_or_the_time_is_too_short(self):
        assert full_rate_after(STEADY[::2], 3, 10, least=22, for_s=1) is None
        assert full_rate_after(STEADY, 9.5, 10, least=22, for_s=1) is None
        assert full_rate_after([], 3, 10, least=22, for_s=1) is None
