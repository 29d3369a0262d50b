"""A camera's line: the pace of packets, which are sent again, what is counted as lost."""

from __future__ import annotations

import pytest

from sightline.ingest.camera.adaptation import STEPS, Adaptation
from sightline.ingest.camera.line import DRAIN_S, REPEATED_BURST, CameraLine


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def narrow(clock: Clock) -> CameraLine:
    line = CameraLine(Adaptation(STEPS, clock(), 1_000_000), clock)
    line.plan()
    assert line.adaptation.step == STEPS[3]
    return line


def test_on_a_wide_line_a_key_frame_is_spread_over_two_pictures_at_most(clock: Clock) -> None:
    line = CameraLine(Adaptation(STEPS, clock()), clock)
    line.plan()
    began = clock.now
    for _ in range(43_000 // 1200):
        clock.now += line.delay_s(1200)
    assert 0 < clock.now - began < 0.08
    assert line.delay_s(1200) < 0.01


def test_on_a_narrow_one_a_key_frame_is_spread(clock: Clock) -> None:
    line = narrow(clock)
    waited = 0.0
    for _ in range(20):
        delay = line.delay_s(1200)
        clock.now += delay
        waited += delay
    sent_bits = 20 * 1200 * 8
    assert waited == pytest.approx(sent_bits / (1.5 * STEPS[3].bit_rate), rel=0.1)
    clock.now += 1
    assert line.delay_s(1200) == 0.0


def test_on_a_narrow_line_little_is_sent_again(clock: Clock) -> None:
    line = narrow(clock)
    assert sum(line.may_repeat(n) for n in range(200)) == REPEATED_BURST
    clock.now += 1
    assert sum(line.may_repeat(n) for n in range(200, 400)) < 0.6 * STEPS[3].bit_rate / 9600
    wide = CameraLine(Adaptation(STEPS, clock()), clock)
    wide.plan()
    assert sum(wide.may_repeat(n) for n in range(200)) == 200


def test_a_packet_that_is_asked_for_twice_was_lost_once(clock: Clock) -> None:
    line = CameraLine(Adaptation(STEPS, clock()), clock)
    clock.now += 1
    for _ in range(80):
        line.sent(1200, padding=False)
    for _ in range(10):
        for sequence_number in range(6):
            line.may_repeat(sequence_number)
    line.plan()
    assert line.adaptation.step == STEPS[0]
    for sequence_number in range(6, 40):
        line.may_repeat(sequence_number)
    assert line.plan().step != STEPS[0]


def test_after_a_step_down_the_queue_empties_before_the_key_frame(clock: Clock) -> None:
    line = CameraLine(Adaptation(STEPS, clock()), clock)
    line.plan()
    line.picture_sent(65_530)
    clock.now += 1
    line.sent(225_000, padding=False)
    line.limited(500_000)
    assert line.plan().step == STEPS[3]
    assert line.delay_s(1200) == pytest.approx(DRAIN_S)
    line.picture_sent(2)
    line.picture_sent(3)
    assert not line.may_repeat(65_535), "the key frame makes good for what was before it"
    assert line.may_repeat(2)
