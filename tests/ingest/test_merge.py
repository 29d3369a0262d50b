"""Rules 4 to 6 of the domain, on one camera."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.ingest.merge import (
    APART,
    FLAG_DOUBTED,
    FLAG_HEARD,
    FLAG_LATE,
    FLAG_STUCK,
    CameraState,
    MergeRules,
    distance_m,
    merge,
)
from tests.ingest.walk import HOUR, NORTH_M, SECOND, T0_US, fix, report, status, walk

RULES = MergeRules()
OFF, BUFFERING, RECORDING, UNKNOWN = 1, 2, 3, 0


def take(state, message, at_s=0.0, epoch=1):
    return merge(state, message, round(T0_US + at_s * SECOND), epoch, RULES)


def after(*messages):
    """The state after (message, received at) pairs."""
    state = CameraState()
    for message, at_s in messages:
        state = take(state, message, at_s).state
    return state


def metres_north(state):
    return round((state.fix.lat - 51) / NORTH_M)


class TestPosition:
    def test_the_newest_fix_is_live(self):
        merged = take(CameraState(), report(*walk(3)), 2)
        assert metres_north(merged.state) == 2
        assert [kept.flags for kept in merged.kept] == [0, 0, 0]
        assert all(kept.newest for kept in merged.kept)
        assert merged.state.fix_received_us == T0_US + 2 * SECOND

    def test_a_late_fix_enters_history_and_does_not_move_the_marker_back(self):
        state = after((report(fix(10, north_m=10)), 10))
        merged = take(state, report(fix(5, north_m=5)), 11)
        assert metres_north(merged.state) == 10
        assert [(kept.flags, kept.newest) for kept in merged.kept] == [(FLAG_LATE, False)]

    def test_the_order_inside_a_report_does_not_matter(self):
        there = take(CameraState(), report(*walk(5)), 5)
        back = take(CameraState(), report(*reversed(walk(5))), 5)
        assert there.state.fix.content == back.state.fix.content
        assert {k.fix.content for k in there.kept} == {k.fix.content for k in back.kept}

    def test_two_readings_of_one_instant_are_both_kept_and_the_choice_is_stable(self):
        a, b = fix(1, north_m=0), fix(1, north_m=3)
        for order in ((a, b), (b, a)):
            merged = take(CameraState(), report(*order), 1)
            assert len(merged.kept) == 2
            assert metres_north(merged.state) == 3
            one = after((report(order[0]), 1), (report(order[1]), 1))
            assert metres_north(one) == 3

    def test_older_than_the_retention_goes_to_the_archive_and_never_to_live(self):
        day = 24 * 3600
        merged = take(CameraState(), report(fix(-day - 1, recording="off")), 0)
        assert merged.kept[0].archive
        assert merged.state.fix is None
        kept = take(CameraState(), report(fix(-day - 1, recording="recording")), 0)
        assert not kept.kept[0].archive
        assert take(CameraState(), report(fix(-31 * day - 1)), 0).kept[0].archive


class TestDoubt:
    def test_thirty_seconds_ahead_is_believed_and_more_is_not(self):
        assert take(CameraState(), report(fix(30)), 0).state.fix is not None
        merged = take(CameraState(), report(fix(30.001)), 0)
        assert [doubted.reason for doubted in merged.doubted] == ["clock_ahead"]
        assert merged.state.fix is None
        assert merged.state.flags == FLAG_DOUBTED

    def test_zero_zero(self):
        merged = take(CameraState(), report({**fix(0), "lat": 0, "lon": 0}), 0)
        assert [doubted.reason for doubted in merged.doubted] == ["zero_position"]
        on_the_equator = take(CameraState(), report({**fix(0), "lat": 0, "lon": 9.45}), 0)
        assert not on_the_equator.doubted

    def test_zero_zero_beside_a_place_of_the_same_instant_leaves_its_mark(self):
        zero = {**fix(1), "lat": 0, "lon": 0}
        for order in ((zero, fix(1)), (fix(1), zero)):
            merged = take(after((report(fix(0)), 0)), report(*order), 1)
            assert (len(merged.kept), len(merged.doubted)) == (1, 1)
            assert merged.state.flags == FLAG_DOUBTED

    def test_an_impossible_jump(self):
        state = after((report(fix(0)), 0))
        merged = take(state, report(fix(1, north_m=5_000)), 1)
        assert [doubted.reason for doubted in merged.doubted] == ["implausible_jump"]
        assert "5000 m in 1 s" in merged.doubted[0].detail
        assert metres_north(merged.state) == 0
        assert merged.state.flags & FLAG_DOUBTED

    def test_both_accuracies_are_granted(self):
        state = after((report(fix(0, accuracy_m=450)), 0))
        assert not take(state, report(fix(1, north_m=1_000, accuracy_m=460)), 1).doubted
        assert take(state, report(fix(1, north_m=1_100, accuracy_m=460)), 1).doubted

    def test_time_makes_distance_possible(self):
        state = after((report(fix(0)), 0))
        assert not take(state, report(fix(60, north_m=5_000)), 60).doubted

    def test_a_believed_fix_clears_the_flag(self):
        state = after((report(fix(0)), 0), (report(fix(1, north_m=9_000)), 1), (report(fix(2)), 2))
        assert state.flags == 0

    def test_a_new_place_is_believed_when_it_is_confirmed(self):
        state = after((report(fix(0, north_m=90_000)), 0))  # a bad first fix
        for second, believed in ((1, False), (2, False), (3, True)):
            merged = take(state, report(fix(second)), second)
            assert bool(merged.kept) is believed
            state = merged.state
        assert metres_north(state) == 0
        assert state.suspects == ()

    def test_a_new_place_confirmed_within_one_report_loses_nothing(self):
        state = after((report(fix(0, north_m=90_000)), 0))
        merged = take(state, report(*walk(5, start_s=1)), 5)
        assert len(merged.kept) == 5
        assert not merged.doubted

    def test_a_ghost_that_comes_and_goes_is_never_believed(self):
        state = after((report(fix(0)), 0))
        for second in range(1, 20):
            ghost = second % 2
            there = fix(second, north_m=50_000 if ghost else 0)
            merged = take(state, report(there), second)
            assert bool(merged.doubted) is bool(ghost)
            state = merged.state

    def test_a_late_jump_is_doubted_without_touching_the_flag(self):
        state = after((report(fix(100)), 100))
        merged = take(state, report(fix(99, north_m=9_000)), 101)
        assert [doubted.reason for doubted in merged.doubted] == ["implausible_jump"]
        assert merged.state.flags == 0

    def test_an_outlier_inside_a_backlog(self):
        backlog = [*walk(3), fix(3, north_m=70_000), *walk(3, start_s=4)]
        merged = take(CameraState(), report(*backlog), 7)
        assert len(merged.kept) == 6
        assert [doubted.fix.index for doubted in merged.doubted] == [3]


class TestStuck:
    def test_the_same_place_again_and_again_while_moving(self):
        state = CameraState()
        for second in range(6):
            state = take(state, report(fix(second, speed_mps=3)), second).state
        assert state.flags == FLAG_STUCK

    def test_rows_say_so_too(self):
        merged = take(CameraState(), report(*(fix(s, speed_mps=3) for s in range(8))), 8)
        assert [kept.flags for kept in merged.kept] == [0] * 5 + [FLAG_STUCK] * 3

    def test_changing_cells_is_a_sign_of_moving(self):
        state = CameraState()
        for second in range(6):
            state = take(state, report(fix(second, cell=f"C{second}")), second).state
        assert state.flags == FLAG_STUCK

    def test_standing_still_is_not_stuck(self):
        state = CameraState()
        for second in range(50):
            state = take(state, report(fix(second, speed_mps=0.1, cell="C1")), second).state
        assert state.flags == 0

    def test_the_very_same_fix_again_and_again(self):
        state = CameraState()
        for second in range(7):
            state = take(state, report(fix(0, speed_mps=3), seq=second), second).state
        assert state.flags == FLAG_STUCK

    def test_moving_on_clears_it(self):
        state = CameraState()
        for second in range(8):
            state = take(state, report(fix(second, speed_mps=3)), second).state
        assert take(state, report(fix(9, north_m=3, speed_mps=3)), 9).state.flags == 0


class TestRecording:
    def test_a_report_sets_it_by_its_newest_fix(self):
        message = report(fix(1, recording="off"), fix(2, recording="recording"))
        state = after((message, 2))
        assert (state.recording, state.recording_us) == (RECORDING, T0_US + 2 * SECOND)
        assert state.recording_since_us == T0_US + 2 * SECOND

    @pytest.mark.parametrize(("age_s", "sets"), [(60, True), (60.001, False), (3600, False)])
    def test_backlog_never_changes_it(self, age_s, sets):
        state = after((status("off"), 0))
        merged = take(state, report(fix(0)), age_s)
        assert (merged.state.recording == RECORDING) is sets
        assert merged.kept

    def test_a_status_always_sets_it_whatever_its_time(self):
        state = after((report(fix(0)), 0))
        for at_s in (-86_400, 0, 10_000):
            assert take(state, status("off", at_s=at_s), 1).state.recording == OFF

    def test_a_clock_that_steps_back_cannot_hide_an_off(self):
        state = after((report(fix(20)), 0))
        merged = take(state, report(fix(-30, recording="off")), 1)
        assert merged.state.recording == OFF
        assert merged.kept[0].flags == FLAG_LATE

    def test_a_doubted_fix_speaks_for_the_recording_state(self):
        state = after((report(fix(0)), 0))
        assert take(state, report(fix(9_999, recording="off")), 1).state.recording == OFF

    def test_absent_is_unknown(self):
        state = after((report(fix(0)), 0))
        assert take(state, report(fix(1, recording=None)), 1).state.recording == UNKNOWN

    def test_an_older_connection_cannot_set_it(self):
        state = take(CameraState(), status("off"), 0, epoch=2).state
        assert take(state, status("recording"), 1, epoch=1).state.recording == OFF
        assert take(state, report(fix(1)), 1, epoch=1).state.recording == OFF
        assert take(state, status("recording"), 1, epoch=2).state.recording == RECORDING

    def test_since_when(self):
        state = after((report(fix(0)), 0), (report(fix(5)), 5))
        assert state.recording_since_us == T0_US
        assert state.recording_us == T0_US + 5 * SECOND
        off = take(state, status("off", at_s=9), 10).state
        assert off.recording_since_us == T0_US + 9 * SECOND
        ahead = take(state, status("off", at_s=500), 10).state
        assert ahead.recording_since_us == T0_US + 10 * SECOND
        behind = take(state, status("off", at_s=-86_400 * 365), 10).state
        assert behind.recording_since_us == T0_US + 5 * SECOND  # the last time that it was not so

    def test_a_rejected_status_changes_nothing_but_that_it_was_seen(self):
        state = after((report(fix(0)), 0))
        after_it = take(state, status("paused"), 5).state
        assert after_it == msgspec.structs.replace(state, seen_us=T0_US + 5 * SECOND)


class TestIndoors:
    """Where there is no position a camera tells its state; it is not silent then."""

    def came_out(self, *told_s, recording="recording", fix_s=20):
        """The fix that comes after these statuses, and the one after it."""
        told = ((status(recording, at_s=at_s), at_s) for at_s in told_s)
        state = after((report(fix(0, recording=recording)), 0), *told)
        first = take(state, report(fix(fix_s, north_m=9, recording=recording)), fix_s)
        then = take(first.state, report(fix(fix_s + 9, north_m=18)), fix_s + 9)
        assert then.kept[0].flags == 0
        return first.kept[0].flags

    def test_a_camera_that_told_its_state_all_the_time_was_heard(self):
        assert self.came_out(*range(10, 200, 10), fix_s=200) == FLAG_HEARD
        assert self.came_out(170, 340, recording="off", fix_s=500) == FLAG_HEARD

    @pytest.mark.parametrize(
        "told_s",
        [(), (190,), (10, 30, 50), (*range(10, 80, 10), *range(110, 200, 10))],
        ids=["nothing", "only at the end", "only at the beginning", "with a silence between"],
    )
    def test_one_that_was_silent_in_between_was_not(self, told_s):
        assert self.came_out(*told_s, fix_s=200) == 0

    def test_a_late_fix_does_not_end_it(self):
        state = after((report(fix(0)), 0), (status("recording", at_s=2), 2))
        late = take(state, report(fix(-5)), 3)
        assert late.kept[0].flags == FLAG_LATE
        assert take(late.state, report(fix(4)), 4).kept[0].flags == FLAG_HEARD

    def test_a_sign_of_life_is_no_state(self):
        state = after((report(fix(0)), 0), *((None, at_s) for at_s in range(1, 20)))
        assert take(state, report(fix(20)), 20).kept[0].flags == 0


class TestSignalAndBattery:
    def test_the_newest_signal_by_the_devices_time(self):
        state = after(
            (report(fix(5, rsrp_dbm=-80)), 5),
            (report(fix(2, rsrp_dbm=-120)), 6),
            (report(fix(7)), 7),
        )
        assert (state.signal.rsrp_dbm, state.signal_us) == (-80, T0_US + 5 * SECOND)

    def test_the_charge_goes_by_the_time_of_the_device(self):
        state = after(
            (report(fix(10, battery_pct=60), fix(11)), 11),
            (report(fix(4, battery_pct=80), seq=2), 12),
            (status("recording", at_s=5, battery_pct=70), 13),
            (report(fix(500, battery_pct=1), seq=3), 14),  # its clock is ahead
        )
        assert (state.battery_pct, state.battery_us) == (60, T0_US + 10 * SECOND)

    def test_a_status_indoors_tells_signal_and_battery(self):
        state = after(
            (report(fix(0, rsrp_dbm=-80, battery_pct=50)), 0),
            (status("recording", at_s=4, signal={"rsrp_dbm": -115}, battery_pct=49), 4),
        )
        assert (state.signal.rsrp_dbm, state.battery_pct) == (-115, 49)

    def test_anything_is_a_sign_of_life(self):
        state = after((report(fix(0)), 0), (None, 90))
        assert state.seen_us == T0_US + 90 * SECOND
        backlog = take(state, report(fix(10)), 7_200)
        assert backlog.state.seen_us == T0_US + 2 * HOUR


def test_distance():
    assert distance_m(51, 0, 51, 0) == 0
    assert distance_m(51.5007, -0.1246, 48.8584, 2.2945) == pytest.approx(340_560, rel=1e-3)
    assert distance_m(0, 179.9, 0, -179.9) == pytest.approx(22_239, rel=1e-3)
    assert distance_m(90, 0, -90, 0) == pytest.approx(20_015_115, rel=1e-6)


any_fix = st.builds(
    fix,
    at_s=st.floats(-200_000, 200),
    north_m=st.floats(-90_000, 90_000),
    east_m=st.floats(-90_000, 90_000),
    recording=st.sampled_from(["recording", "off", "buffering", "unknown", None]),
    speed_mps=st.none() | st.floats(0, 50),
    accuracy_m=st.none() | st.floats(0, 5_000),
)


@given(st.lists(st.lists(any_fix, min_size=1, max_size=6), max_size=6))
def test_whatever_comes_every_fix_is_kept_or_doubted_once_and_live_never_goes_back(reports):
    state, at_us = CameraState(), None
    for number, fixes in enumerate(reports):
        message = report(*fixes, seq=number)
        merged = take(state, message, number)
        accounted = [k.fix.index for k in merged.kept] + [d.fix.index for d in merged.doubted]
        assert sorted(accounted) == list(range(len(fixes)))
        state = merged.state
        if state.fix is not None:
            assert at_us is None or state.fix.time_us >= at_us
            at_us = state.fix.time_us


class TestApartFromTheConnections:
    """What a phone says while, or after, its camera speaks for itself."""

    @pytest.mark.parametrize("epoch", [APART, 0])
    @pytest.mark.parametrize("known", ["recording", "buffering", "off"])
    @pytest.mark.parametrize("said", ["recording", "off", "unknown"])
    def test_a_known_state_is_neither_set_nor_proved(self, known, said, epoch):
        """Nor by a connection that is older than the one which set it."""
        state = after((report(fix(0, recording=known, battery_pct=80)), 0))
        for message in (
            status(said, at_s=60, battery_pct=5, rsrp_dbm=-99),
            report(fix(60, recording=said, battery_pct=5)),
            None,
        ):
            now = take(state, message, 60, epoch=epoch).state
            for name in (
                "recording",
                "recording_us",
                "recording_since_us",
                "seen_us",
                "epoch",
                "battery_pct",
            ):
                assert getattr(now, name) == getattr(state, name), name
            assert now.heard_us == state.heard_us

    def test_the_position_is_taken_like_any(self):
        state = after((report(fix(0)), 0))
        merged = take(state, report(fix(10, north_m=20), fix(-5)), 10, epoch=APART)
        assert metres_north(merged.state) == 20
        assert [kept.flags for kept in merged.kept] == [FLAG_LATE, 0]
        assert take(state, report(fix(1, north_m=9_000)), 1, epoch=APART).doubted

    def test_where_no_state_is_known_it_is_all_there_is(self):
        state = take(CameraState(), report(fix(0, battery_pct=5)), 0, epoch=APART).state
        assert (state.recording, state.recording_us, state.battery_pct) == (UNKNOWN, None, 5)
        assert state.seen_us == T0_US
        state = take(state, status("recording", battery_pct=4), 9, epoch=APART).state
        assert (state.recording, state.recording_us, state.battery_pct) == (UNKNOWN, None, 4)
        assert state.seen_us == T0_US + 9 * SECOND
        assert take(state, status("recording"), 10, epoch=0).state.recording == RECORDING
