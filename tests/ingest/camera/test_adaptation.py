"""What a camera sends, on lines that get narrow and wide again: by simulation, and by properties."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.ingest.camera.adaptation import (
    SETTLE_S,
    STEPS,
    UP_AFTER_S,
    Adaptation,
    Step,
    ladder,
)

FRAME_S = 0.04
PACKET_BITS = 9600
ONE_WAY_S = 0.02


@dataclass
class Line:
    """A simulated line: it carries `capacity(t)` bit/s, queues for `queue_s` at most, and loses the rest."""

    capacity: Callable[[float], float]
    queue_s: float = 0.3
    has_limit: bool = True
    """Whether the receiver estimates the line, as REMB does; else it only reports what was lost."""
    random_loss: float = 0.0

    steps: list[tuple[float, Step]] = field(default_factory=list)
    sent_bits: list[tuple[float, float]] = field(default_factory=list)
    waits: list[tuple[float, float]] = field(default_factory=list)

    _free_at: float = 0.0
    _waited: float = 0.0
    _sent: int = 0
    _lost: int = 0
    _came: list[tuple[float, float]] = field(default_factory=list)
    _limit: float = 3e7
    _lowered_at: float = 0.0
    _news: list[tuple[float, int, Callable[[float], None]]] = field(default_factory=list)
    _order: Iterator[int] = field(default_factory=itertools.count)

    def run(self, seconds: float, adaptation: Adaptation) -> None:
        for tick in range(int(seconds / FRAME_S)):
            now = tick * FRAME_S
            while self._news and self._news[0][0] <= now:
                at, _, call = heapq.heappop(self._news)
                call(at)
            plan = adaptation.plan(now)
            if not self.steps or self.steps[-1][1] != plan.step:
                self.steps.append((now, plan.step))
            self._send(plan.step.bit_rate * FRAME_S, adaptation, now, padding=False)
            self._send(plan.padding_bits_per_s * FRAME_S, adaptation, now, padding=True)
            self.waits.append((now, self._waited))
            if tick % 25 == 24:
                self._report(adaptation, now)
            if self.has_limit and tick % 12 == 11 and now > 1:
                self._estimate(adaptation, now)

    def _soon(self, at: float, call: Callable[[float], None]) -> None:
        heapq.heappush(self._news, (at, next(self._order), call))

    def _send(self, bits: float, adaptation: Adaptation, now: float, *, padding: bool) -> None:
        while bits > 0:
            size = min(PACKET_BITS, bits)
            bits -= size
            adaptation.sent(round(size / 8), now, padding=padding)
            self.sent_bits.append((now, size))
            self._sent += 1
            begins = max(self._free_at, now)
            unlucky = len(self.sent_bits) * 7919 % 1000 < self.random_loss * 1000
            if begins - now > self.queue_s or unlucky:
                self._lost += 1
                if not padding:
                    self._soon(begins + 2 * ONE_WAY_S, adaptation.lost)
                continue
            self._free_at = begins + size / self.capacity(now)
            self._waited = self._free_at - now
            self._came.append((self._free_at, size))

    def _report(self, adaptation: Adaptation, now: float) -> None:
        share, trip = self._lost / max(self._sent, 1), self._waited + 2 * ONE_WAY_S
        self._soon(now + trip, lambda at: adaptation.reported(share, trip, at))
        self._sent = self._lost = 0

    def _estimate(self, adaptation: Adaptation, now: float) -> None:
        self._came = [(at, size) for at, size in self._came if at > now - 1]
        through = sum(size for at, size in self._came if at <= now)
        if self._waited > 0.08 and now - self._lowered_at > 0.4:
            self._limit, self._lowered_at = 0.85 * through, now
        else:
            self._limit = min(self._limit * 1.04, 1.5 * through + 10_000)
        limit = self._limit
        self._soon(now + ONE_WAY_S, lambda at: adaptation.limited(limit, at))

    def rate(self, begin: float, end: float) -> float:
        return sum(bits for at, bits in self.sent_bits if begin <= at < end) / (end - begin)

    def step_at(self, moment: float) -> Step:
        return [step for at, step in self.steps if at <= moment][-1]

    def longest_wait(self, begin: float, end: float) -> float:
        return max(wait for at, wait in self.waits if begin <= at < end)


def cut(
    at: float, until: float, *, to: float = 600_000, of: float = 4e6
) -> Callable[[float], float]:
    return lambda t: to if at <= t < until else of


def top(**given: float) -> Adaptation:
    return Adaptation(STEPS, 0.0, **given)


LINES = [
    pytest.param({"queue_s": 0.3}, id="short queue"),
    pytest.param({"queue_s": 1.5}, id="long queue"),
    pytest.param({"queue_s": 0.05}, id="hardly a queue"),
    pytest.param({"queue_s": 0.3, "has_limit": False}, id="short queue, loss alone"),
    pytest.param({"queue_s": 1.5, "has_limit": False}, id="long queue, loss and round trip alone"),
]


@pytest.mark.parametrize("kind", LINES)
def test_a_line_that_gets_narrow_is_stepped_down_for_at_once_and_kept_within(kind) -> None:
    line = Line(cut(10, 60), **kind)
    line.run(60, top())
    assert line.step_at(9.9) == STEPS[0]
    allowed_s = 2.0 if kind.get("has_limit", True) or kind["queue_s"] < 1 else 5.0
    assert line.step_at(10 + allowed_s).bit_rate <= 600_000
    assert line.rate(15, 60) < 600_000
    assert line.rate(15, 60) > 250_000, "no further down than it must"
    settled = line.longest_wait(20, 60)
    assert settled < 0.6, "trials do not fill the line for long"


@pytest.mark.parametrize("kind", LINES)
def test_it_steps_up_again_once_the_line_is_wide(kind) -> None:
    line = Line(cut(10, 30), **kind)
    line.run(75, top())
    low = line.step_at(30)
    first_up = next(at for at, step in line.steps if at >= 30 and step.bit_rate > low.bit_rate)
    assert first_up - 30 < 20
    assert line.step_at(75) == STEPS[0]


def test_on_a_wide_line_nothing_changes() -> None:
    line = Line(lambda _t: 4e6)
    line.run(60, top())
    assert line.steps == [(0.0, STEPS[0])]
    assert line.rate(1, 60) == pytest.approx(STEPS[0].bit_rate, rel=0.01)


def test_a_little_loss_is_no_reason() -> None:
    line = Line(lambda _t: 4e6, random_loss=0.02)
    line.run(60, top())
    assert line.steps == [(0.0, STEPS[0])]


@pytest.mark.parametrize("share", [0.08, 0.1, 0.13, 0.2])
def test_loss_that_is_no_less_when_less_is_sent_costs_a_step_or_two_and_is_borne(share) -> None:
    line = Line(lambda _t: 4e6, random_loss=share)
    line.run(60, top())
    assert all(step.bit_rate >= 700_000 for _, step in line.steps)


def test_on_a_narrow_line_the_picture_changes_rarely() -> None:
    line = Line(lambda _t: 600_000)
    line.run(120, top())
    assert len([at for at, _ in line.steps if at > 10]) <= 4, "trials are made with padding"


def test_what_nothing_is_heard_of_is_sent_less() -> None:
    adaptation = top()
    adaptation.reported(0.0, 0.04, 1.0)
    for tick in range(25, 25 * 10):
        adaptation.plan(tick * FRAME_S)
    assert adaptation.step.bit_rate < STEPS[0].bit_rate


@pytest.mark.parametrize(
    ("uplink_kbps", "begins"), [(8_000, 0), (3_600, 0), (2_500, 1), (1_500, 2), (600, 4), (0, 4)]
)
def test_it_begins_with_what_half_of_a_known_uplink_carries(uplink_kbps: int, begins: int) -> None:
    assert Adaptation(STEPS, 0.0, uplink_kbps * 1000).step == STEPS[begins]


@given(st.integers(50_000, 8_000_000))
def test_no_step_is_above_what_the_camera_may_send(most: int) -> None:
    steps = ladder(most)
    assert steps[0].bit_rate == most
    rates = [step.bit_rate for step in steps]
    assert rates == sorted(set(rates), reverse=True)
    heights = [step.height for step in steps]
    assert heights == sorted(heights, reverse=True)


events = st.one_of(
    st.tuples(st.just("reported"), st.floats(0, 1), st.none() | st.floats(0, 5)),
    st.tuples(st.just("limited"), st.integers(0, 10_000_000)),
    st.tuples(st.just("lost"), st.integers(1, 40)),
    st.tuples(st.just("sent"), st.integers(1, 100)),
)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.floats(0.0, 2.0), events), max_size=80), st.booleans())
def test_whatever_is_heard_it_goes_up_one_step_at_a_time_and_not_soon(happened, can_pad) -> None:
    adaptation = Adaptation(STEPS, 0.0, can_pad=can_pad)
    now, changed_at, before = 0.0, 0.0, 0
    for wait, (kind, *values) in happened:
        now += wait
        if kind == "reported":
            adaptation.reported(values[0], values[1], now)
        elif kind == "limited":
            adaptation.limited(values[0], now)
        elif kind == "lost":
            for _ in range(values[0]):
                adaptation.lost(now)
        else:
            for _ in range(values[0]):
                adaptation.sent(1200, now)
        plan = adaptation.plan(now)
        at = STEPS.index(plan.step)
        assert plan.padding_bits_per_s >= 0
        assert at > 0 or plan.padding_bits_per_s == 0
        if at > 0:
            assert plan.padding_bits_per_s <= 1.05 * STEPS[at - 1].bit_rate
        if at < before:
            assert at == before - 1
            assert now - changed_at >= min(UP_AFTER_S, SETTLE_S)
        if at != before:
            before, changed_at = at, now
