"""Flush windows: order, duplicates and splitting change nothing in the database; counts are exact."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.ingest.ack_memory import AckMemory
from sightline.ingest.plain import BIN_US
from sightline.ingest.received import Received
from tests.ingest.walk import SECOND, T0_US, DictDatabase, fix, plain, report, status, walk


def counts(ack):
    return ack.stored, ack.duplicate


class TestCounts:
    def test_a_report_and_its_resend_get_the_same_answer(self):
        database = DictDatabase()
        first = database.receive(report(*walk(5), seq=7), 5)
        again = database.receive(report(*walk(5), seq=7), 6)
        assert counts(first) == counts(again) == (5, 0)
        assert len(database.history) == 5

    def test_a_resend_in_the_same_flush(self):
        database = DictDatabase()
        message = Received(1, 1, T0_US, report(fix(0), seq=7))
        acks = database.flush(message, message, message)
        assert [counts(ack) for ack in acks] == [(1, 0)] * 3

    def test_the_same_seq_with_other_content_is_another_report(self):
        database = DictDatabase()
        database.receive(report(fix(0), seq=7), 0)
        assert counts(database.receive(report(fix(1), seq=7), 1)) == (1, 0)
        assert len(database.history) == 2

    def test_the_same_fixes_under_another_seq_are_duplicates(self):
        database = DictDatabase()
        database.receive(report(*walk(5), seq=7), 5)
        assert counts(database.receive(report(*walk(6), seq=8), 6)) == (1, 5)

    def test_a_resend_after_the_memory_is_gone_is_counted_as_duplicates(self):
        database = DictDatabase()
        database.receive(report(*walk(3), seq=7), 3)
        database.memory = AckMemory()
        assert counts(database.receive(report(*walk(3), seq=7), 4)) == (0, 3)

    def test_the_same_fix_twice_in_one_report(self):
        assert counts(DictDatabase().receive(report(fix(0), fix(0), fix(1)), 1)) == (2, 1)

    def test_rejected_fixes_are_neither_stored_nor_duplicates(self):
        ack = DictDatabase().receive(report(fix(0), fix(1, lat=91), fix(2)), 2)
        assert counts(ack) == (2, 0)
        assert [(entry.index, entry.kept) for entry in ack.rejected] == [(1, False)]

    def test_a_doubted_fix_is_stored_and_told(self):
        database = DictDatabase()
        for expected in ((2, 0), (0, 2)):
            database.memory = AckMemory()
            ack = database.receive(report(fix(0), fix(400)), 0)
            assert counts(ack) == expected
            (entry,) = ack.rejected
            assert (entry.index, entry.code, entry.kept) == (1, "clock_ahead", True)
            assert entry.field == "time"
        assert len(database.quarantine) == 1

    def test_a_refused_fix_goes_to_quarantine_and_the_others_stay(self):
        database = DictDatabase()
        received = Received(1, 1, T0_US + 3 * SECOND, report(*walk(3)), None, {1: "no such number"})
        (ack,) = database.flush(received)
        assert counts(ack) == (3, 0)
        assert len(database.history) == 2
        assert [row.reason for row in database.quarantine.values()] == ["refused_by_database"]
        assert [(e.index, e.code, e.kept) for e in ack.rejected] == [
            (1, "refused_by_database", True)
        ]

    def test_a_status_is_acknowledged_and_stores_nothing(self):
        assert counts(DictDatabase().receive(status("off", seq=3))) == (0, 0)

    def test_a_sign_of_life_has_no_acknowledgement(self):
        database = DictDatabase()
        assert database.receive(None, 5) is None
        assert database.live().seen_us == T0_US + 5 * SECOND

    def test_a_resent_status_is_applied_again(self):
        database = DictDatabase()
        for at_s, word in enumerate(("recording", "off", "recording", "off")):
            database.receive(status(word, seq=1), at_s)
        assert database.live().recording == 1


class TestPlan:
    def test_it_changes_nothing_by_itself(self):
        database = DictDatabase()
        message = Received(1, 1, T0_US, report(*walk(3)))
        one = database.plan(message)
        two = database.plan(message)
        assert database.live().seen_us is None
        assert one.states == two.states
        assert [row.key for row in one.fresh] == [row.key for row in two.fresh]

    def test_fresh_checked_archived(self):
        database = DictDatabase()
        database.receive(report(fix(100, north_m=100)), 100)
        old = fix(-40 * 86_400)
        message = report(fix(50, north_m=50), fix(101, north_m=101), old, seq=2)
        plan = database.plan(Received(1, 1, T0_US + 101 * SECOND, message))
        assert [row.kept.fix.index for row in plan.fresh] == [1]
        assert [row.kept.fix.index for row in plan.checked] == [0]
        assert [row.kept.fix.index for row in plan.archived] == [2]

    def test_coverage_names_each_five_minutes_once(self):
        message = report(*walk(700))
        plan = DictDatabase().plan(Received(1, 1, T0_US + 700 * SECOND, message))
        starts = sorted(start for _, start in plan.coverage)
        assert all(start % BIN_US == 0 for start in starts)
        assert starts[0] <= T0_US < starts[0] + BIN_US
        assert len(starts) == 3  # 14:00, 14:05 and 14:10

    def test_what_is_rejected_takes_room_in_a_batch_too(self):
        message = report(fix(0), {"time": "yesterday"}, 7)
        assert len(message.fixes) == 1
        assert Received(1, 1, T0_US, message).size == 4
        assert Received(1, 1, T0_US, plain(fix(0), fix(1))).size == 3
        assert Received(1, 1, T0_US, status("off")).size == 1


def stored(database):
    """What of a database must not depend on how it came there: all but arrival times and lateness."""
    live = database.live()
    return (
        {key: row["lat"] for key, row in database.history.items()},
        {key: row["lat"] for key, row in database.archive.items()},
        {key: doubted.reason for key, doubted in database.quarantine.items()},
        None if live.fix is None else (live.fix.content, live.fix.lat, live.fix.time_us),
        live.recording,
        live.signal,
        (live.battery_pct, live.battery_us),
    )


speeds = st.floats(0, 40)
walks = st.lists(speeds, min_size=1, max_size=24)


def path(steps):
    """A plausible way: any speeds up to 40 m/s, a reading every 2 s, now and then 0,0 or a clock far ahead."""
    fixes, north = [], 0.0
    for number, speed in enumerate(steps):
        north += 2 * speed
        made = fix(2 * number, north_m=north, rsrp_dbm=-60 - number % 60)
        if number % 3:
            made["battery_pct"] = 99 - number
        if int(speed) == 13:
            made = {**made, "lat": 0, "lon": 0}
        elif int(speed) == 27:
            made = {**made, "time": made["time"] + 3_600_000 * 24}
        fixes.append(made)
    return fixes


@settings(max_examples=150)
@given(walks, st.randoms(use_true_random=False))
def test_order_duplicates_and_splitting_change_nothing(steps, chance: random.Random):
    fixes = path(steps)
    received_s = 2 * len(fixes) + 30
    in_order = DictDatabase()
    in_order.receive(report(*fixes), received_s)

    mixed = DictDatabase()
    todo = fixes + chance.choices(fixes, k=chance.randrange(len(fixes) + 1))
    chance.shuffle(todo)
    total = seq = 0
    while todo:
        window = []
        for _ in range(chance.randint(1, 3)):
            size = chance.randint(1, 5)
            part, todo = todo[:size], todo[size:]
            if part:
                seq += 1
                at_us = T0_US + received_s * SECOND
                window.append(Received(1, 1, at_us, report(*part, seq=seq)))
        for received, ack in zip(window, mixed.flush(*window), strict=True):
            assert ack.stored + ack.duplicate == received.message.total
            total += ack.stored
    assert stored(mixed) == stored(in_order)
    assert total == len(mixed.history) + len(mixed.archive) + len(mixed.quarantine)
