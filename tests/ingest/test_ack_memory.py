"""How much of what was acknowledged is remembered."""

import numpy as np
import pytest

from sightline.ingest.ack_memory import AckMemory, fingerprint, fingerprints, marks_of_stored
from sightline.ingest.messages import Fix, Rejection, Report


def report(seq):
    return Report(seq, [Fix(0, 1_000_000 * seq, 54.0, 2.0, content=seq)], total=1)


def counts(rejected=0):
    return 1, 0, [Rejection(0, "lat", 99, "out_of_range", "-90 to 90")] * rejected


def remember(memory, seq, rejected=0):
    memory.remember(1, seq, fingerprint(report(seq)), counts(rejected))


def remembered(memory, seqs):
    return [seq for seq in seqs if memory.recall(1, report(seq)) is not None]


def test_the_newest_reports_are_remembered():
    memory = AckMemory(size=3)
    for seq in (1, 2, 3, 1, 4):
        remember(memory, seq)
    assert remembered(memory, range(1, 5)) == [1, 3, 4]


@pytest.mark.parametrize("again", [1, 5])
def test_reports_with_much_that_was_rejected_count_for_more(again):
    """A camera whose every value is wrong must not fill the memory of the gateway."""
    memory = AckMemory(size=100, most_rejected=10)
    for _ in range(again):
        for seq in range(1, 6):
            remember(memory, seq, rejected=4)
    assert remembered(memory, range(1, 6)) == [4, 5]
    for seq in range(6, 30):
        remember(memory, seq)
    assert remembered(memory, (4, 5, 29)) == [4, 5, 29]


def whole(seqs):
    """Marks of reports of which everything was stored."""
    size = np.ones(len(seqs), np.int64)
    contents = np.array([report(seq).fixes[0].content for seq in seqs])
    marks = fingerprints(contents, np.arange(len(seqs)), size)
    return marks_of_stored(marks, size, np.array(seqs)).tolist()


def test_at_least_so_many_whole_reports_are_remembered_and_at_most_twice_as_many():
    memory = AckMemory(size=10)
    for seq in range(1, 100):
        memory.remember_stored(whole([seq]))
        known = remembered(memory, range(1, seq + 1))
        assert known == list(range(seq - len(known) + 1, seq + 1))
        assert min(seq, 10) <= len(known) <= 20


def test_what_was_stored_in_part_is_told_as_it_was():
    memory = AckMemory()
    memory.remember_stored(whole([1, 2, 3]))
    memory.remember(1, 4, fingerprint(report(4)), (0, 1, []))
    assert memory.recall(1, report(2)) == (1, 0, [])
    assert memory.recall(1, report(4)) == (0, 1, [])
    assert memory.recall(2, report(2)) is None
    assert memory.recall(1, Report(2, report(3).fixes, total=1)) is None
