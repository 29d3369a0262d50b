"""What is read from the words that the page said, and from the relay's counts."""

import pytest

from benchmarks.video.loss import good_again, said_after
from benchmarks.video.uplink import kbps

WORDS = [("good", 1_000), ("fair", 12_500), ("poor", 13_500), ("good", 22_000)]


def test_a_worse_word_is_counted_from_when_the_line_got_worse():
    assert said_after(WORDS, 10, 20) == pytest.approx(2.5)
    assert said_after(WORDS, 13, 20) == pytest.approx(0.5), "fair was said before"
    assert said_after(WORDS, 14, 20) == 0, "nothing is worse than poor"
    assert said_after([*WORDS, ("frozen", 30_000)], 25, 40) == pytest.approx(5)
    assert said_after(WORDS, 2, 12) is None
    assert said_after([], 2, 12) is None


def test_good_is_good_only_where_it_was_said_last():
    assert good_again(WORDS, 20) == pytest.approx(2)
    assert good_again(WORDS, 23) == 0
    assert good_again(WORDS[:-1], 20) is None
    assert good_again([], 20) is None


def test_kilobits_a_second_between_the_counts_of_a_span():
    octets = [(second, 75_000 * second) for second in range(20)]
    assert kbps(octets, 3, 15) == pytest.approx(600)
    assert kbps(octets, 3.5, 4.5) is None
