"""What a camera's line carries, measured while packets wait, and at no other time."""

from __future__ import annotations

import random
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from sightline.ingest.media.line_estimate import (
    CARRIED_SHARE,
    NO_LIMIT,
    WAIT_MS,
    LineEstimate,
)

OCTETS = 1200


def send_time(ms: float) -> int:
    return int(ms / 1000 * (1 << 18)) % (1 << 24)


class Sender:
    """Sends at a rate (bit/s) over a line that carries another; keeps what it is told."""

    def __init__(self, jitter_ms: float = 0.0) -> None:
        self.estimate = LineEstimate()
        self.now = self.free_at = 0.0
        self.told: list[tuple[float, int]] = []
        self._jitter = random.Random(3), jitter_ms

    def send(self, seconds: float, rate: float, carries: float, queue_ms: float = 300) -> None:
        end = self.now + seconds * 1000
        while self.now < end:
            self.now += OCTETS * 8 / rate * 1000
            begins = max(self.now, self.free_at)
            if begins - self.now > queue_ms:
                continue
            self.free_at = begins + OCTETS * 8 / carries * 1000
            source, most = self._jitter
            arrival = round(self.free_at + 20 + source.uniform(0, most))
            limit = self.estimate.add(send_time(self.now), arrival, OCTETS)
            if limit is not None:
                self.told.append((self.now, limit))

    def when(self, suits: Callable[[int], bool]) -> float:
        return next(at for at, limit in self.told if suits(limit))


def test_of_a_wide_line_nothing_is_told_however_little_is_sent() -> None:
    sender = Sender(jitter_ms=60)
    sender.send(20, 50_000, 4e6)
    sender.send(20, 1_800_000, 4e6)
    assert sender.told == []


def test_a_full_line_is_measured_soon_and_rightly() -> None:
    sender = Sender()
    sender.send(10, 1_800_000, 4e6)
    cut_at = sender.now
    sender.send(3, 1_800_000, 600_000)
    at, _ = sender.told[0]
    assert at - cut_at < 900
    lowest = min(limit for _, limit in sender.told)
    assert 0.9 * CARRIED_SHARE * 600_000 < lowest < 1.1 * CARRIED_SHARE * 600_000


def test_a_short_delay_is_no_full_line() -> None:
    sender = Sender()
    sender.send(5, 1_000_000, 4e6)
    sender.free_at = sender.now + WAIT_MS + 80  # everything stands still for a moment
    sender.send(5, 1_000_000, 40e6)
    assert sender.told == []


def test_what_waits_at_a_busy_relay_is_no_full_line() -> None:
    estimate = LineEstimate()
    for n in range(1000):
        assert estimate.add(send_time(n * 10), n * 10 + 5, OCTETS) is None
    for n in range(1000, 1200):
        assert estimate.add(send_time(n * 10), n * 10 + 250, OCTETS, is_late=True) is None


def test_it_grows_again_once_nothing_waits_and_ends() -> None:
    sender = Sender()
    sender.send(3, 1_800_000, 600_000)
    sender.send(60, 450_000, 4e6)
    limits = [limit for _, limit in sender.told]
    lowest = limits.index(min(limits))
    assert limits[lowest:] == sorted(limits[lowest:])
    doubled_ms = sender.when(lambda limit: limit >= 1_000_000) - sender.told[lowest][0]
    assert 5_000 < doubled_ms < 15_000
    assert limits[-1] == NO_LIMIT


def test_clocks_that_drift_and_wrap_are_no_wait() -> None:
    estimate = LineEstimate()
    for n in range(20_000):  # 200 s, three wraps of the send time; the sender's clock loses 0.02%
        assert estimate.add(send_time(n * 10 * 0.9998), n * 10 + 7, OCTETS) is None


@given(
    st.lists(st.tuples(st.integers(0, (1 << 24) - 1), st.integers(0, 500), st.integers(0, 1500)))
)
def test_whatever_arrives_the_limit_is_a_rate(packets) -> None:
    estimate, now = LineEstimate(), 0
    for sent, later, octets in packets:
        now += later
        limit = estimate.add(sent, now, octets)
        assert limit is None or 60_000 <= limit <= NO_LIMIT


def test_a_clock_that_is_set_is_no_wait() -> None:
    estimate = LineEstimate()
    for n in range(3000):
        set_back_ms = 5000 if n > 1500 else 0
        assert estimate.add(send_time(n * 10 - set_back_ms), n * 10 + 7, OCTETS) is None
