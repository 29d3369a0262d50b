"""The merge of columns gives what the exact merge gives, message by message, whatever cameras send."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.ingest.received import Received
from tests.ingest.walk import SECOND, T0_US, DictDatabase, fix, plain, report, status, walk


class Wanderer:
    """A camera that mostly walks, and now and then does what cameras do."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.at_s, self.north_m, self.epoch, self.seq = 0.0, 0.0, 1, 0

    def reading(self):
        chance = self._chance
        self.at_s += chance.choice((0.5, 1, 1, 1, 1, 1, 5, 0 if chance.random() < 0.2 else 1))
        self.north_m += chance.choice((0, 1, 1, 2, 2, 30, 2_000 if chance.random() < 0.05 else 3))
        more = {"recording": self._recording()}
        if chance.random() < 0.7:
            more |= {
                "rsrp_dbm": chance.randint(-120, -70),
                "cell": chance.choice("AB"),
                "operator": "234-30",
            }
        elif chance.random() < 0.3:
            more |= {"signal": {}}
        if chance.random() < 0.5:
            more |= {"battery_pct": chance.randint(1, 100), "speed_mps": chance.choice((0, 2.5))}
        if chance.random() < 0.3:
            more["accuracy_m"] = chance.choice((None, 0, 3, 4_000))
        made = fix(self.at_s, self.north_m, **more)
        odd = chance.random()
        if odd < 0.02:
            made |= {"lat": 0, "lon": 0}
        elif odd < 0.04:
            made["time"] += 3_600_000
        elif odd < 0.06:
            made["time"] -= 86_400_000 * 40
        elif odd < 0.1:
            made["time"] -= 5_000
        return made

    def _recording(self):
        return self._chance.choice(("recording",) * 8 + ("buffering", "off", "unknown"))

    def message(self):
        """Fixes of a report, or the words of a status; the same message may come again."""
        chance = self._chance
        self.seq += 1
        self.epoch += chance.random() < 0.03
        if chance.random() < 0.1:
            return None
        if chance.random() < 0.1:
            # Its clock may be ahead of that of the fixes: then it is the status that heard last.
            ahead_s = chance.choice((0, 0, 2, 10))
            return (self.seq, self._recording(), self.at_s + ahead_s, chance.choice((None, -70)))
        return (self.seq, [self.reading() for _ in range(chance.choice((1, 1, 2, 5)))])


def made(message, build):
    if message is None:
        return None
    seq, said, *heard = message
    if not isinstance(said, str):
        return build(*said, seq=seq)
    at_s, rsrp_dbm = heard
    signal = {} if rsrp_dbm is None else {"signal": {"rsrp_dbm": rsrp_dbm}}
    return status(said, at_s=at_s, seq=seq, **signal)


def state(database):
    """Everything that is known of every camera, NaN equal to NaN."""
    return {
        camera_id: {
            name: repr(column[0].item())
            for name, column in database.columns.take(np.array([camera_id])).items()
        }
        | {"suspects": database.live(camera_id).suspects}
        for camera_id in (1, 2, 3)
        if camera_id in database.columns
    }


def table(rows):
    return {key: repr(row) for key, row in rows.items()}


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32))
def test_columns_and_messages_come_to_the_same(seed):
    chance = random.Random(seed)
    cameras = {number: Wanderer(chance) for number in (1, 2, 3)}
    by_columns, by_message = DictDatabase(), DictDatabase()
    sent = []
    for flush in range(chance.randint(1, 6)):
        window = []
        for _ in range(chance.randint(1, 12)):
            camera_id = chance.randint(1, 3)
            camera = cameras[camera_id]
            again = chance.random() < 0.05 and sent
            message = chance.choice(sent) if again else (camera_id, camera.message())
            sent.append(message)
            epoch = cameras[message[0]].epoch - (chance.random() < 0.03)
            delay_s = chance.choice((0, 0.2, 0.2, 3, 200))
            window.append((message[0], epoch, round((camera.at_s + delay_s) * SECOND), message[1]))
        acks = [
            database.flush(
                *(
                    Received(camera_id, epoch, T0_US + at_us, made(message, build))
                    for camera_id, epoch, at_us, message in window
                )
            )
            for database, build in ((by_columns, plain), (by_message, report))
        ]
        assert acks[0] == acks[1], flush
        assert state(by_columns) == state(by_message), flush
        assert table(by_columns.history) == table(by_message.history)
        assert table(by_columns.archive) == table(by_message.archive)
        assert by_columns.quarantine.keys() == by_message.quarantine.keys()


def test_a_walk_is_plain_and_its_rows_are_ordered():
    database = DictDatabase()
    received = [
        Received(camera_id, 1, T0_US + 9 * SECOND, plain(*walk(8, cell="A", operator="1"), seq=1))
        for camera_id in (7, 3)
    ]
    plan = database.plan(*received)
    assert plan.plain is not None
    assert plan.plain.plain.all()
    assert not plan.states
    assert plan.plain.cameras.tolist() == [3, 7]
    assert np.array_equal(plan.plain.camera_id, [3] * 8 + [7] * 8)


def test_whoever_stands_still_is_left_to_the_exact_merge():
    database = DictDatabase()
    stuck = [fix(second, speed_mps=3) for second in range(9)]
    database.receive(plain(*stuck), 9)
    assert database.live().flags == 2
    assert database.live().stillness.signs == 8


def test_names_in_unprintable_characters_are_taken_field_by_field():
    """As the protocol says: the value becomes unknown, the fix is kept, and the sender is told."""
    from sightline.ingest import batch

    message = plain(
        fix(0, cell="A\u0007B", operator="1"), fix(1, north_m=1, cell="C", operator="1")
    )
    received = [Received(1, 1, T0_US + SECOND, message)]
    laid_out = batch.lay_out(received)
    mended = batch.without_unclean(laid_out, laid_out.pairs)
    (one,) = mended.received
    assert [(entry.index, entry.field, entry.kept) for entry in one.message.rejected] == [
        (0, "signal.cell", True)
    ]
    assert mended.made is None
    assert batch.without_unclean(laid_out, [("1", "C")]) is laid_out


def test_unprintable_names_of_one_report_are_no_names_of_those_laid_out_with_it():
    from sightline.ingest import batch

    bad = plain(fix(0, cell="A\u0000B", operator="1"))
    good = plain(fix(0, cell="C", operator="1"), seq=2)
    received = [Received(1, 1, T0_US + SECOND, bad), Received(2, 1, T0_US + SECOND, good)]
    laid_out = batch.lay_out(received)
    assert laid_out.pairs == {("1", "A\u0000B"), ("1", "C")}
    mended = batch.without_unclean(laid_out, laid_out.pairs)
    assert mended.laid_out == [1]
    assert mended.pairs == {("1", "C"), ("1", None), (None, None)}
    again = batch.without_unclean(batch.lay_out(received), laid_out.pairs)  # the database was away
    assert again.pairs == mended.pairs


def test_a_stuck_receiver_stays_stuck_while_nothing_says_that_it_moves():
    database = DictDatabase()
    database.receive(plain(*(fix(second, speed_mps=3) for second in range(9))), 9)
    database.receive(plain(fix(20), seq=2), 20)
    assert database.live().flags == 2
    assert [row["flags"] for row in database.history.values()][-1] == 2
