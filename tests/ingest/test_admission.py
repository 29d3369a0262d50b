"""How fast connections come in, and that those who wait do not come back together."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.ingest.admission import LONGEST_WAIT_S, Pace, Reconnects, advice


def test_as_many_as_a_second_holds_come_in_at_once_and_then_at_the_pace():
    pace = Pace(100)
    assert sum(pace.take(1000.0) for _ in range(500)) == 100
    assert sum(pace.take(1000.1) for _ in range(500)) == 10
    assert sum(pace.take(2000.0) for _ in range(500)) == 100


def test_those_who_wait_are_spread_over_as_long_as_it_takes():
    pace = Pace(100)
    turns = [pace.turn_s(50.0) for _ in range(1_000)]
    assert turns == pytest.approx([number / 100 for number in range(1, 1_001)])
    assert pace.turn_s(70.0) == pytest.approx(0.01)  # the queue has gone by


def test_a_queue_too_long_begins_again():
    pace = Pace(10)
    turns = [pace.turn_s(0.0) for _ in range(5_000)]
    assert max(turns) <= LONGEST_WAIT_S
    assert Counter(round(turn) for turn in turns).most_common(1)[0][1] < 100


@given(
    st.floats(1, 1000),
    st.lists(st.tuples(st.floats(0, 0.5), st.integers(1, 50)), min_size=1, max_size=60),
)
def test_no_second_lets_more_in_than_two_seconds_worth(per_s, comings):
    pace, now_s, came = Pace(per_s), 10.0, []
    for pause_s, count in comings:
        now_s += pause_s
        came += [now_s] * sum(pace.take(now_s) for _ in range(count))
    for start in came:
        assert sum(start <= other < start + 1 for other in came) <= 2 * per_s + 1


@pytest.mark.parametrize(
    ("wait_s", "draw", "said"),
    [(0, 0, "1"), (0, 1, "2"), (7.2, 0, "8"), (30, 0, "30"), (30, 1, "38")],
)
def test_advice_is_whole_seconds_never_too_early_with_a_random_part(wait_s, draw, said):
    assert advice(wait_s, lambda: draw) == said


def test_a_sender_that_connects_again_and_again_must_wait():
    reconnects = Reconnects(3)
    for now_s in (0.0, 1.0, 2.0):
        assert reconnects.wait_s("a", now_s) == 0
        reconnects.note("a", now_s)
    assert reconnects.wait_s("a", 3.0) == 57
    assert reconnects.wait_s("b", 3.0) == 0
    assert reconnects.wait_s("a", 60.0) == 0


def test_whoever_was_here_long_ago_takes_no_memory():
    reconnects = Reconnects(2)
    for number in range(300_000):
        reconnects.note(number, number / 1_000)
    assert len(reconnects._times) <= 60_001
