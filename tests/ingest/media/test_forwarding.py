"""Rewriting of packets: numbering, the key frame gate, retransmission, throttles, sender times."""

from __future__ import annotations

import itertools
import struct
from dataclasses import dataclass

import pytest
from aiortc.rtp import RtpPacket
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.ingest.media.forwarding import (
    HISTORY_PACKETS,
    KeyframeThrottle,
    OutgoingFormat,
    PacketHistory,
    RetransmissionBudget,
    SenderClock,
    TrackForwarder,
)

KEY, DELTA = b"\x65key", b"\x61delta"
CAMERA, OTHER = 111, 222
VIEWER = OutgoingFormat(ssrc=7, payload_type=102, rtx_ssrc=8, rtx_payload_type=103)


def packet(
    sequence: int, timestamp: int = 0, payload: bytes = DELTA, ssrc: int = CAMERA, marker: int = 0
) -> RtpPacket:
    return RtpPacket(96, marker, sequence % 65536, timestamp % (1 << 32), ssrc, payload)


@dataclass(frozen=True)
class Sent:
    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


def read(data: bytes | None) -> Sent | None:
    if data is None:
        return None
    first, second, sequence, timestamp, ssrc = struct.unpack("!BBHII", data[:12])
    assert first == 0x80
    return Sent(second & 0x7F, bool(second & 0x80), sequence, timestamp, ssrc, data[12:])


def forwarder(*, gated: bool = True, rtx: bool = True) -> TrackForwarder:
    format_ = VIEWER if rtx else OutgoingFormat(7, 102, 8, None)
    return TrackForwarder(
        format_,
        gated=gated,
        timestamp_step=3600,
        first_sequence=1000,
        first_timestamp=50_000,
        first_rtx_sequence=10,
    )


def test_a_viewer_begins_with_a_key_frame() -> None:
    f = forwarder()
    assert f.forward(packet(5)) is None
    assert f.waits_for_keyframe
    sent = read(f.forward(packet(6, 9000, KEY, marker=1)))
    assert sent == Sent(102, True, 1000, 50_000, 7, KEY)
    assert read(f.forward(packet(7, 12_600))) == Sent(102, False, 1001, 53_600, 7, DELTA)


def test_sound_needs_no_key_frame() -> None:
    assert read(forwarder(gated=False).forward(packet(5))).sequence == 1000


def test_late_packets_of_pictures_before_the_first_are_left_out() -> None:
    f = forwarder()
    f.forward(packet(6, payload=KEY))
    assert f.forward(packet(4)) is None
    f.forward(packet(8))
    assert read(f.forward(packet(7))).sequence == 1001, "late, but of a picture that was begun"


def test_late_packets_still_pass_after_the_numbers_went_half_round() -> None:
    f = forwarder(gated=False)
    for sequence in range(0, 40_000, 7):
        assert f.forward(packet(sequence)) is not None


@settings(deadline=None)  # machines that build are busy
@given(st.integers(0, 65535), st.lists(st.integers(1, 50), max_size=60))
def test_gaps_stay_gaps_over_the_wrap(first: int, steps: list[int]) -> None:
    f = forwarder(gated=False)
    sequence = first
    seen = [read(f.forward(packet(sequence))).sequence]
    for step in steps:
        sequence += step
        seen.append(read(f.forward(packet(sequence))).sequence)
    assert [(b - a) % 65536 for a, b in itertools.pairwise(seen)] == steps


def test_a_camera_that_begins_anew_goes_on_in_the_viewers_numbering() -> None:
    f = forwarder()
    f.forward(packet(100, 9000, KEY))
    f.forward(packet(101, 12_600))
    assert f.forward(packet(9, 700, ssrc=OTHER)) is None, "not before its key frame"
    sent = read(f.forward(packet(10, 4300, KEY, OTHER)))
    assert (sent.sequence, sent.timestamp) == (1002, 53_600 + 3600)


def test_lost_packets_are_sent_again_in_the_form_that_was_agreed() -> None:
    history = PacketHistory()
    with_rtx, without = forwarder(), forwarder(rtx=False)
    for p in (packet(6, 9000, KEY), packet(7, 9000, marker=1)):
        history.add(p)
        with_rtx.forward(p), without.forward(p)
    again = read(with_rtx.retransmit(1001, history))
    assert again == Sent(103, True, 11, 50_000, 8, b"\x03\xe9" + DELTA)
    assert read(without.retransmit(1001, history)) == Sent(102, True, 1001, 50_000, 7, DELTA)
    assert with_rtx.retransmit(1002, history) is None, "never sent"


def test_what_another_source_sent_is_not_sent_again() -> None:
    history, f = PacketHistory(), forwarder(gated=False)
    history.add(packet(6))
    f.forward(packet(6))
    f.forward(packet(50, ssrc=OTHER))
    assert f.retransmit(1000, history) is None


def test_history_is_bounded_and_forgets_the_oldest() -> None:
    history = PacketHistory()
    for sequence in range(65_000, 65_000 + 2 * HISTORY_PACKETS):
        history.add(packet(sequence))
    newest = (65_000 + 2 * HISTORY_PACKETS - 1) % 65536
    assert history.get(newest).sequence_number == newest
    assert history.get((newest - HISTORY_PACKETS + 1) % 65536) is not None
    assert history.get((newest - HISTORY_PACKETS) % 65536) is None


def test_key_frame_requests_are_bundled_and_none_is_lost() -> None:
    throttle = KeyframeThrottle(0.25)
    assert throttle.ask(10.0) == 0
    assert throttle.ask(10.0) is None, "one is on its way"
    throttle.sent(10.0)
    assert throttle.ask(10.1) == pytest.approx(0.15)
    assert throttle.ask(10.2) is None
    throttle.sent(10.25)
    assert throttle.ask(99.0) == 0


def test_a_viewer_cannot_make_the_relay_flood() -> None:
    budget = RetransmissionBudget(per_second=100, burst=10)
    assert sum(budget.take(5.0) for _ in range(1000)) == 10
    assert sum(budget.take(5.5) for _ in range(1000)) == 10
    assert sum(budget.take(5.53) for _ in range(1000)) == 3


def test_sender_times_follow_the_cameras_reports_over_the_wrap() -> None:
    clock = SenderClock(90_000)
    assert not clock.known
    assert clock.ntp_time(1) == 0
    second = 1 << 32
    clock.report(1000 * second, 0xFFFFFFFF - 44_999, offset=5 * second)
    assert clock.ntp_time((0xFFFFFFFF - 44_999 + 90_000) & 0xFFFFFFFF) == 1006 * second
    assert clock.ntp_time(0xFFFFFFFF - 44_999 - 45_000) == 1005 * second - second // 2
