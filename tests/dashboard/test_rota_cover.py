"""Cover: two negotiators and a NegCo at every hour, one of them kidnap-trained."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sightline.dashboard.rota.cover import Gap, Minimum, Shift, Shortfall, gaps, lapsed, shortfall

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
IN_DATE = date(2027, 6, 30)


def at(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def on_call(
    who: int, capacity="negotiator", start=0.0, end=24.0, kidnap=False, until=IN_DATE
) -> Shift:
    return Shift(who, f"DC {who}", capacity, kidnap, until, at(start), at(end))


def test_full_cover_has_no_gap():
    shifts = [on_call(1), on_call(2, kidnap=True), on_call(3, "negco")]
    assert gaps(shifts, at(0), at(24)) == []


def test_an_empty_rota_is_one_gap_with_everything_missing():
    assert gaps([], at(0), at(24)) == [Gap(at(0), at(24), Shortfall(2, 1, kidnap=True))]


def test_a_gap_begins_and_ends_with_the_shifts():
    shifts = [on_call(1, kidnap=True), on_call(2, end=6), on_call(4, start=8), on_call(3, "negco")]
    assert gaps(shifts, at(0), at(24)) == [Gap(at(6), at(8), Shortfall(negotiators=1))]


def test_neighbouring_times_with_the_same_shortfall_are_one_gap():
    # the first NegCo is followed by another; a negotiator stays missing throughout
    shifts = [on_call(1, kidnap=True), on_call(3, "negco", end=12), on_call(4, "negco", start=12)]
    assert gaps(shifts, at(0), at(24)) == [Gap(at(0), at(24), Shortfall(negotiators=1))]


def test_kidnap_training_may_be_the_negcos():
    assert not shortfall(
        [on_call(1), on_call(2), on_call(3, "negco", kidnap=True)], at(1), Minimum()
    )
    assert shortfall([on_call(1), on_call(2), on_call(3, "negco")], at(1), Minimum()) == Shortfall(
        kidnap=True
    )


def test_a_negco_does_not_stand_in_for_a_negotiator():
    shifts = [on_call(1, kidnap=True), on_call(3, "negco"), on_call(4, "negco")]
    assert shortfall(shifts, at(1), Minimum()).negotiators == 1


def test_lapsed_training_is_no_cover_from_local_midnight():
    shifts = [on_call(1, until=NOON.date(), kidnap=True), on_call(2), on_call(3, "negco")]
    found = gaps(shifts, at(0), at(24))
    assert found == [Gap(at(12), at(24), Shortfall(negotiators=1, kidnap=True))]
    assert lapsed(shifts, at(1)) == []
    assert [shift.name for shift in lapsed(shifts, at(13))] == ["DC 1"]


def test_the_minimum_is_the_forces():
    shifts = [on_call(1, kidnap=True), on_call(3, "negco")]
    assert gaps(shifts, at(0), at(24), Minimum(negotiators=1, negcos=1)) == []


def test_a_shift_twice_counts_once():
    same = on_call(1, kidnap=True)
    assert shortfall([same, same, on_call(3, "negco")], at(1), Minimum()).negotiators == 1


def test_words():
    assert Shortfall(1, 0, kidnap=True).words == (
        "one negotiator short; nobody trained for kidnap and extortion"
    )
    assert Shortfall(2, 1).words == "two negotiators short; one NegCo short"
    assert (
        Gap(at(18), at(20), Shortfall(negcos=1)).words(NOON)
        == "Sat 21 Nov 06:00–08:00: one NegCo short"
    )


@given(
    st.lists(
        st.tuples(
            st.integers(1, 6), st.sampled_from(["negotiator", "negco"]), st.integers(0, 40),
            st.integers(1, 20), st.booleans(),
        ),
        max_size=12,
    ),
    st.integers(0, 47),
)  # fmt: skip
def test_gaps_say_the_same_as_every_single_hour(rows, hour):
    shifts = [
        on_call(who, what, start, start + length, kidnap)
        for who, what, start, length, kidnap in rows
    ]
    found = gaps(shifts, at(0), at(48))
    moment = at(hour + 0.5)
    covering = [gap.shortfall for gap in found if gap.start <= moment < gap.end]
    expected = shortfall(shifts, moment, Minimum())
    assert covering == ([expected] if expected else [])
