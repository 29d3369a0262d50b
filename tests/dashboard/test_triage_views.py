"""Queue, request form and command log as the triage page shows them; who is next on call."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from sightline.dashboard.rota.on_call import OnCall, in_order, warning
from sightline.dashboard.triage.command_log.timeline import Entry, timeline, who
from sightline.dashboard.triage.queue.waiting import Waiting, first, groups, to_decide
from sightline.dashboard.triage.request.form import FIELDS, answers, filled

NOW = datetime(2026, 11, 20, 14, 2, tzinfo=UTC)


def waiting(number: int, state: str = "requested", minutes: float = 5, rank: int = 1) -> Waiting:
    asked = NOW - timedelta(minutes=minutes)
    return Waiting(
        number, state, state, True, asked, asked, None, 1, "Man on the bridge", None, "immediate",
        "Immediate", rank, False, False, "PS Hall", "Supervisor", None,
    )  # fmt: skip


def test_queue_stands_by_what_is_outstanding_then_grade_then_age():
    found = groups(
        [
            waiting(1, "returned", 90), waiting(2, "requested", 2), waiting(3, "triage", 30, rank=2),
            waiting(4, "en_route"), waiting(5, "stood_down"), waiting(6, "requested", 8),
            waiting(7, "cancelled", 10),
        ]
    )  # fmt: skip
    assert [(group.heading, [w.id for w in group.waiting]) for group in found] == [
        ("To decide", [6, 2, 3]),
        ("Team out", [4]),
        ("Return due", [5]),
        ("Settled, last 24 h", [7, 1]),
    ]


def test_the_first_to_open_is_one_that_still_needs_something():
    assert first([waiting(1, "returned"), waiting(2, "en_route")]) == 2
    assert first([waiting(1, "returned")]) is None
    assert first([]) is None


def test_the_count_is_of_what_waits_for_a_decision():
    assert to_decide([waiting(1), waiting(2, "triage"), waiting(3, "en_route")]) == 2


def test_every_field_of_a_request_is_there_also_what_was_not_said():
    said, unsaid = answers({"what": " On the parapet ", "threat": "", "pet": "a dog"})
    assert [(answer.field.label, answer.said) for answer in said] == [
        ("What is happening", "On the parapet"),
        ("Pet", "a dog"),
    ]
    assert len(said) + len(unsaid) == len(FIELDS) + 1
    assert {"threat", "rvp"} <= {field.code for field in unsaid}


def test_a_request_keeps_only_what_was_said():
    assert filled({"what": " On the parapet ", "threat": "  ", "rvp": None}) == {
        "what": "On the parapet"
    }


def entry(number: int, kind: str = "note", **more) -> Entry:
    return Entry(number, NOW + timedelta(minutes=number), kind, "DI Rowe", "NegCo", "text", **more)


def test_the_log_is_newest_first_and_shows_who_has_understood_advice():
    lines = timeline(
        [
            entry(1, "advice"),
            entry(3, "acknowledgement", about=1, acknowledged_by="PC 4417"),
            entry(2, "advice"),
        ]
    )
    assert [line.entry.id for line in lines] == [3, 2, 1]
    assert lines[1].open
    assert not lines[2].open
    assert [who(understood) for understood in lines[2].understood] == ["PC 4417 by radio"]
    assert who(entry(4)) == "DI Rowe"


def test_a_note_wants_no_answer():
    assert not timeline([entry(1, "note")])[0].open
    assert timeline([entry(1, "recommendation")])[0].open


def person(number: int, capacity="negotiator", **more) -> OnCall:
    return OnCall(
        number, f"DC {number}", str(number), capacity, "07700 900000", False, date(2027, 1, 1),
        NOW + timedelta(hours=6), **more,
    )  # fmt: skip


def test_next_is_who_had_the_fewest_call_outs_then_who_rested_longest():
    people = [
        person(1, call_outs_7=1, last_call_out=NOW - timedelta(days=2)),
        person(2, last_call_out=NOW - timedelta(days=9)),
        person(3, last_call_out=NOW - timedelta(days=20)),
        person(4),
        person(5, out=True),
        person(6, "negco"),
        person(7, call_outs_7=0, last_call_out=NOW - timedelta(hours=3)),
    ]
    assert [p.negotiator_id for p in in_order(people, NOW)] == [6, 4, 3, 2, 1, 7, 5]


def test_who_is_used_up_is_said_with_the_reason():
    assert warning(person(1), NOW) is None
    assert warning(person(1, last_call_out=NOW - timedelta(hours=10)), NOW) == (
        "called out 10 h ago, less than 11 h rest"
    )
    assert warning(person(1, call_outs_7=3), NOW) == "3 call-outs in 7 days"
    assert warning(person(1, call_outs_28=8), NOW) == "8 call-outs in 28 days"
    lapsed = OnCall(1, "DC 1", "1", "negotiator", "", False, date(2026, 11, 19), NOW)
    assert warning(lapsed, NOW) == "training lapsed on 19 November"
