"""What cameras are told: of their own line at once, of their viewers' lines only when all are bad."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.ingest.media.feedback import (
    ASK_AGAIN_S,
    MOST_ASKS,
    OVERDUE_S,
    TELL_S,
    Audience,
    CameraLimit,
    LossMeter,
    RateMeter,
    RepeatedAsking,
)
from sightline.ingest.media.line_estimate import NO_LIMIT

RATE = 1_800_000.0


def test_a_lost_packet_is_asked_for_at_once_and_then_not_too_often() -> None:
    asking = RepeatedAsking()
    assert asking.choose([5, 6], 0.0) == [5, 6]
    assert asking.choose([5, 6, 7], 0.01) == [7]
    assert asking.choose([5, 7], ASK_AGAIN_S) == [5]
    assert asking.choose([5, 7], ASK_AGAIN_S + 0.01) == [7]


def test_a_packet_that_never_comes_is_given_up() -> None:
    asking = RepeatedAsking()
    asked = sum(asking.choose([5], n * 0.2) == [5] for n in range(50))
    assert asked == MOST_ASKS
    assert asking.choose([], 20.0) == []
    assert asking.choose([5], 20.0) == [5], "the number is another packet's by now"


def test_what_was_lost_before_a_key_frame_is_not_asked_for() -> None:
    asking = RepeatedAsking()
    asking.keyframe_begins(2)
    assert asking.choose([65_535, 1, 2, 3], 0.0) == [2, 3]


def test_what_does_not_come_makes_a_key_frame_necessary_once() -> None:
    asking = RepeatedAsking()
    asking.choose([5, 6], 0.0)
    assert not asking.needs_keyframe(OVERDUE_S)
    asking.choose([6], OVERDUE_S)
    assert asking.needs_keyframe(OVERDUE_S + 0.01)
    assert not asking.needs_keyframe(OVERDUE_S + 0.02)
    asking.choose([], OVERDUE_S + 0.1)
    assert not asking.needs_keyframe(9.0)


def test_one_bad_line_among_others_limits_nothing() -> None:
    audience = Audience()
    for second in range(20):
        audience.reported("bad", 0.5, RATE, second)
        audience.reported("good", 0.0, RATE, second)
        assert audience.limit({"bad", "good"}, second) is None


def test_when_all_suffer_the_best_of_them_decides() -> None:
    audience = Audience()
    for second in range(5):
        audience.reported("bad", 0.6, RATE, second)
        audience.reported("less bad", 0.2, RATE, second)
    limit = audience.limit({"bad", "less bad"}, 4)
    alone = audience.limit({"bad"}, 4)
    assert limit is not None
    assert alone is not None
    assert alone < limit < RATE


def test_a_moments_loss_is_no_suffering() -> None:
    audience = Audience()
    audience.reported("one", 0.5, RATE, 0)
    audience.reported("one", 0.0, RATE, 1)
    audience.reported("one", 0.5, RATE, 2)
    assert audience.limit({"one"}, 2) is None


def test_a_newcomer_and_who_reports_nothing_suffer_not() -> None:
    audience = Audience()
    audience.reported("one", 0.5, RATE, 0)
    audience.reported("one", 0.5, RATE, 1)
    assert audience.limit({"one"}, 1) is not None
    assert audience.limit({"one", "newcomer"}, 1) is None
    assert audience.limit({"one"}, 7) is None, "its last report is old"
    audience.left("one")
    assert audience.limit({"one"}, 1) is None
    assert audience.limit(set(), 1) is None


def test_who_recovers_is_given_more_and_then_all() -> None:
    audience = Audience()
    for second in range(4):
        audience.reported("one", 0.5, RATE, second)
    before = audience.limit({"one"}, 3)
    assert before is not None
    limits = []
    for second in range(4, 60):
        audience.reported("one", 0.0, min(RATE, before), second)
        limits.append(audience.limit({"one"}, second))
    assert limits[0] is not None
    assert before < limits[0] < before * 1.2
    assert limits[-1] is None


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 1), st.floats(0, 5e6)), max_size=60))
def test_no_limit_while_anybody_fares_well(reports) -> None:
    audience = Audience()
    for second, (viewer, share_lost, rate) in enumerate(reports):
        audience.reported(viewer, share_lost, rate, second / 10)
        audience.reported("well", 0.01, rate, second / 10)
        assert audience.limit({"a", "b", "c", "well"}, second / 10) is None


def test_the_camera_is_told_the_lower_of_both_and_not_over_and_over() -> None:
    limit = CameraLimit()
    assert limit.tell(None, None, 0.0) is None
    assert limit.tell(900_000, None, 0.0) == 900_000
    assert limit.tell(None, None, 0.05) is None
    assert limit.tell(None, None, TELL_S) == 900_000
    assert limit.tell(None, 400_000.4, 1.2) == 400_000
    assert limit.tell(300_000, 400_000.4, 1.21) == 300_000
    assert limit.bits_per_s == 300_000


def test_an_audience_that_recovers_sets_the_camera_free() -> None:
    limit = CameraLimit()
    assert limit.tell(None, 400_000, 0.0) == 400_000
    assert limit.tell(None, None, 1.0) == NO_LIMIT
    assert limit.tell(None, None, 1.1) is None


def test_loss_is_of_the_last_second() -> None:
    meter = LossMeter()
    assert meter.is_due(0.0)
    meter.count(100, 90, 0.0)
    assert meter.share == pytest.approx(0.1)
    assert not meter.is_due(0.9)
    meter.count(300, 290, 1.0)
    assert meter.share == 0.0
    meter.count(310, 305, 2.0)  # what came late makes good for what was counted lost
    assert meter.share == 0.0


def test_a_rate_is_of_about_a_second() -> None:
    meter = RateMeter()
    assert meter.bits_per_s(1000, 10.0) == 0.0
    assert meter.bits_per_s(2000, 10.5) == 0.0
    assert meter.bits_per_s(251_000, 11.0) == 2_000_000
    assert meter.bits_per_s(260_000, 11.5) == 2_000_000
