"""Coverage as the contract defines it, so that anyone can recompute it."""

import statistics

import h3.api.basic_int as h3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.ingest.coverage import (
    BIN_US,
    CoverageRules,
    Sample,
    bin_start_us,
    bin_verdict,
    cell_verdict,
    cells_between,
    device_bins,
    lower_median,
    nearest_rank,
    wilson,
)
from sightline.ingest.forecast import (
    CellBin,
    cell_statistics,
    cells_around,
    forecast,
    share_words,
)

SECOND = 1_000_000
START = 1_795_183_200_000_000  # 14:00:00 UTC, the start of a bin
LAT, LON = 51.2724, 0.5223
CELL = h3.latlng_to_cell(LAT, LON, 9)
RECORDING = 3


def sample(at_s, *, lat=LAT, lon=LON, late_s=0.2, **more):
    """A fix of a recording camera, so many seconds after 14:00, received `late_s` later."""
    at_us = round(START + at_s * SECOND)
    more = {"recording": RECORDING, "operator_id": 1, "bearer": 1, **more}
    return Sample(at_us, round(at_us + late_s * SECOND), lat, lon, **more)


def second_by_second(start_s, stop_s, **more):
    return [sample(s, **more) for s in range(start_s, stop_s)]


class TestDeviceBins:
    def test_dwelling_does_not_weigh(self):
        ((key, made),) = device_bins(second_by_second(0, 300, rsrp_dbm=-90)).items()
        assert (key.start_us, key.cell, key.operator_id, key.bearer) == (START, CELL, 1, 1)
        assert (made.samples, made.rsrp_dbm, made.gap) == (300, -90, False)

    def test_lower_median_of_the_known(self):
        values = [-100, None, -80, -90, None, -85]
        bins = device_bins(sample(s, rsrp_dbm=v) for s, v in enumerate(values))
        assert next(iter(bins.values())).rsrp_dbm == -90

    def test_operators_bearers_cells_and_times_apart(self):
        bins = device_bins(
            [
                sample(0),
                sample(1, operator_id=2),
                sample(2, bearer=2),
                sample(3, lat=LAT + 0.02),
                sample(300),
            ],
            CoverageRules(gap_intervals=1_000),
        )
        assert len(bins) == 5

    def test_order_and_resending_do_not_matter(self):
        samples = second_by_second(0, 40, rsrp_dbm=-90) + second_by_second(60, 80, rsrp_dbm=-99)
        assert device_bins(samples) == device_bins(reversed(samples))

    def test_a_level_on_wifi_or_an_older_network_is_not_rsrp(self):
        for bearer in (3, 4):
            bins = device_bins([sample(0, bearer=bearer, rsrp_dbm=-70, uplink_kbps=9_000)])
            assert next(iter(bins.values()))[1:5] == (None, None, None, 9_000)


class TestGaps:
    def test_a_camera_that_fell_silent_and_was_heard_again(self):
        far = sample(100, lat=LAT + 0.02, rsrp_dbm=-90)
        bins = device_bins([sample(0, rsrp_dbm=-90), far])
        line = cells_between(LAT, LON, LAT + 0.02, LON)
        assert {key.cell for key in bins} == line
        assert len(line) > 5
        assert all(made.gap for made in bins.values())
        assert sum(made.samples for made in bins.values()) == 2

    def test_each_five_minutes_of_it(self):
        bins = device_bins([sample(10), sample(920)])
        assert [key.start_us for key in sorted(bins)] == [START + n * BIN_US for n in range(4)]

    @pytest.mark.parametrize(
        ("recording", "silence_s", "gap"),
        [
            (3, 3, False),
            (3, 3.1, True),
            (2, 15, False),
            (2, 16, True),
            (1, 180, False),
            (1, 181, True),
        ],
    )
    def test_silence_is_more_than_three_intervals(self, recording, silence_s, gap):
        ends = [sample(0, recording=recording), sample(silence_s, recording=recording)]
        assert any(made.gap for made in device_bins(ends).values()) is gap

    def test_a_camera_put_away_is_no_gap(self):
        bins = device_bins([sample(0), sample(8 * 3_600)])
        assert len(bins) == 2
        assert not any(made.gap for made in bins.values())

    def test_buffered_fixes_that_say_what_they_heard_make_no_gap(self):
        buffered = [sample(s, late_s=200 - s, rsrp_dbm=-95) for s in range(1, 200)]
        bins = device_bins([sample(0, rsrp_dbm=-90), *buffered, sample(200, rsrp_dbm=-90)])
        assert not any(made.gap for made in bins.values())

    def test_buffered_fixes_that_heard_nothing_lie_in_a_gap(self):
        buffered = [sample(s, late_s=200 - s) for s in range(1, 200)]
        bins = device_bins([sample(0, rsrp_dbm=-90), *buffered, sample(200, rsrp_dbm=-90)])
        assert all(made.gap for made in bins.values())

    def test_a_pause_in_an_imported_log_is_no_silence(self):
        log = [sample(s, late_s=1e6, logged=True) for s in (0, 100)]
        assert not any(made.gap for made in device_bins(log).values())

    def test_indoors_a_camera_that_told_its_state_was_not_silent(self):
        ends = [sample(0), sample(1_000, heard=True)]
        assert not any(made.gap for made in device_bins(ends).values())
        assert any(made.gap for made in device_bins([*ends, sample(1_100)]).values())

    def test_a_gap_counts_for_the_bearer_it_began_on(self):
        bins = device_bins([sample(0, bearer=2), sample(60, bearer=1)])
        assert {key.bearer for key, made in bins.items() if made.gap} == {2}


@given(
    st.lists(
        st.builds(
            sample,
            at_s=st.integers(0, 1_500),
            lat=st.floats(51.27, 51.28),
            late_s=st.sampled_from([0.2, 2, 500]),
            rsrp_dbm=st.none() | st.integers(-140, -44),
        ),
        min_size=2,
        max_size=30,
        unique_by=lambda one: one.time_us,
    ),
    st.data(),
)
def test_bins_computed_from_a_part_with_its_neighbours_equal_those_of_the_whole(samples, data):
    """What the keeper relies on when it computes some bins again."""
    in_time = sorted(samples)
    whole = device_bins(in_time)
    first = data.draw(st.integers(0, len(in_time) - 1))
    last = data.draw(st.integers(first, len(in_time) - 1))
    starts = range(bin_start_us(in_time[first].time_us), in_time[last].time_us + 1, BIN_US)
    inside = [s for s in in_time if bin_start_us(s.time_us) in starts]
    before = [s for s in in_time if s.time_us < inside[0].time_us][-1:]
    after = [s for s in in_time if s.time_us > inside[-1].time_us][:1]
    part = device_bins([*before, *inside, *after])
    assert {k: v for k, v in part.items() if k.start_us in starts} == {
        k: v for k, v in whole.items() if k.start_us in starts
    }


class TestLines:
    def test_both_ends_and_neighbours_all_the_way(self):
        cells = cells_between(LAT, LON, LAT + 0.03, LON + 0.03)
        assert {CELL, h3.latlng_to_cell(LAT + 0.03, LON + 0.03, 9)} <= cells
        reached, todo = set(), [CELL]
        while todo:
            cell = todo.pop()
            reached.add(cell)
            todo += [c for c in h3.grid_disk(cell, 1) if c in cells and c not in reached]
        assert reached == cells

    def test_one_place(self):
        assert cells_between(LAT, LON, LAT, LON) == {CELL}

    def test_over_the_date_line_the_short_way(self):
        assert len(cells_between(0, 179.995, 0, -179.995)) < 10


@pytest.mark.parametrize(
    ("rsrp", "uplink", "gap", "verdict"),
    [
        (-110, None, False, "fine"),
        (-110.1, None, False, "poor"),
        (None, 2_500, False, "fine"),
        (None, 2_499, False, "poor"),
        (-80, 2_499, False, "poor"),
        (-120, 9_000, False, "poor"),
        (None, None, False, "unknown"),
        (None, None, True, "poor"),
        (-70, 9_000, True, "poor"),
    ],
)
def test_bin_verdict(rsrp, uplink, gap, verdict):
    assert bin_verdict(rsrp, uplink, gap=gap) == verdict


class TestStatistics:
    def test_wilson_as_published(self):
        # Newcombe, Stat Med 17 (1998) 857, table I, method 3: 81/263, 15/148, 0/20, 1/29
        for poor, known, low, high in (
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ):
            assert wilson(poor, known) == pytest.approx((low, high), abs=5e-5)

    def test_wilson_at_the_ends(self):
        assert wilson(0, 0) == (0.0, 1.0)
        assert wilson(20, 20)[1] == 1.0
        assert wilson(20, 20)[0] == pytest.approx(1 - wilson(0, 20)[1])

    @given(st.integers(1, 5_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
    def test_wilson_holds_the_share(self, of):
        low, high = wilson(*of)
        assert 0 <= low <= of[0] / of[1] <= high <= 1

    def test_nearest_rank(self):
        assert [nearest_rank([15, 20, 35, 40, 50], p) for p in (5, 30, 40, 50, 100)] == [
            15,
            20,
            20,
            35,
            50,
        ]
        assert nearest_rank([], 50) is None
        assert nearest_rank([7], 0) == 7

    @given(st.lists(st.floats(-140, -44), min_size=1))
    def test_lower_median(self, values):
        assert lower_median(values) == statistics.median_low(values)

    @pytest.mark.parametrize(
        ("poor", "known", "cameras", "days", "verdict"),
        [
            (0, 19, 3, 3, "insufficient"),
            (0, 20, 2, 3, "insufficient"),
            (0, 20, 3, 2, "insufficient"),
            (0, 20, 3, 3, "clear"),
            (20, 20, 3, 3, "blackspot"),
            (14, 20, 3, 3, "mixed"),
            (15, 20, 3, 3, "blackspot"),
            (6, 20, 3, 3, "mixed"),
            (5, 20, 3, 3, "clear"),
        ],
    )
    def test_verdicts_at_the_thresholds(self, poor, known, cameras, days, verdict):
        assert cell_verdict(poor, known, cameras, days) == verdict


def cell_bins(number, *, cell=CELL, cameras=5, days=4, rsrp=-85.0, **more):
    day_us = 24 * 3_600 * SECOND
    return [
        CellBin(n % cameras, START + (n % days) * day_us + n * BIN_US, cell, rsrp, **more)
        for n in range(number)
    ]


class TestForecast:
    def test_untested(self):
        told = forecast([], LAT, LON)
        assert (told.verdict, told.headline) == ("insufficient", "Untested by this force")
        assert told.statistics.known == 0

    def test_positions_without_signal_are_not_a_test(self):
        told = forecast(cell_bins(50, rsrp=None), LAT, LON)
        assert told.headline == "Untested by this force"
        assert "50 observations came without any signal value" in told.words

    def test_too_little(self):
        told = forecast(cell_bins(7, cameras=2, days=1), LAT, LON)
        assert told.verdict == "insufficient"
        assert told.words.startswith("Only 7 observations by 2 cameras on 1 day here, 0 of them")

    def test_clear_here(self):
        told = forecast(cell_bins(40), LAT, LON)
        assert (told.verdict, told.where) == ("clear", "here")
        assert told.words.startswith("0 of 40 observations by 5 cameras on 4 days here were poor")
        assert "signal strength alone" in " ".join(told.caveats)

    def test_thin_here_but_known_around(self):
        _, *ring = cells_around(LAT, LON)
        bins = cell_bins(3) + [b for c in ring for b in cell_bins(10, cell=c, rsrp=-118)]
        told = forecast(bins, LAT, LON)
        assert (told.verdict, told.where) == ("blackspot", "around")
        assert (told.statistics.known, told.statistics.poor) == (63, 60)
        assert "neighbourhood" in told.caveats[0]

    @pytest.mark.parametrize(
        ("poor", "known", "verdict", "headline"),
        [
            (0, 1494, "clear", "A stream should hold"),
            (0, 20, "clear", "A stream should mostly hold"),
            (150, 1000, "clear", "A stream should mostly hold: fails about 2 times in 10"),
            (300, 1000, "clear", "A stream may fail: about 3 times in 10"),
            (988, 2080, "clear", "A stream may well fail: about 5 times in 10"),
            (10, 20, "mixed", "A stream may well fail: about 5 times in 10"),
            (80, 100, "blackspot", "A stream will probably fail: about 8 times in 10"),
            (100, 100, "blackspot", "A stream will probably fail: nearly every time"),
        ],
    )
    def test_the_headline_says_how_often_whatever_the_verdict(self, poor, known, verdict, headline):
        bins = cell_bins(known - poor) + [
            CellBin(n % 5, START + (n % 4) * 24 * 3_600 * SECOND + n, CELL, -118)
            for n in range(poor)
        ]
        told = forecast(bins, LAT, LON)
        assert (told.verdict, told.headline) == (verdict, headline)

    def test_next_to_nothing_is_not_nothing(self):
        assert "(95% confidence: under 1%)" in forecast(cell_bins(1494), LAT, LON).words
        assert share_words(0.0, 0.03) == "0% to 3%"

    def test_what_lies_elsewhere_says_nothing(self):
        elsewhere = h3.latlng_to_cell(LAT + 1, LON, 9)
        assert forecast(cell_bins(90, cell=elsewhere), LAT, LON).statistics.known == 0

    def test_percentiles_and_gaps(self):
        bins = [
            *(
                CellBin(n % 4, START + n * 20 * BIN_US * 12, CELL, -80 - n, 5_000)
                for n in range(30)
            ),
            *(CellBin(n % 4, START + n * 20 * BIN_US * 12, CELL, gap=True) for n in range(10)),
        ]
        found = cell_statistics(bins)
        assert (found.known, found.poor, found.cameras) == (40, 10, 4)
        assert (found.rsrp_median_dbm, found.rsrp_p10_dbm) == (-95, -107)
        assert found.uplink_median_kbps == 5_000
        assert found.verdict == "clear"
