"""What is read from RTP headers."""

import struct

import pytest

from benchmarks.video.rtp import Arrivals, is_rtp

VIDEO, AUDIO = 102, 111


def packet(sequence, *, marker=False, payload_type=VIDEO, size=1000):
    second = payload_type | (0x80 if marker else 0)
    return struct.pack("!BBHII", 0x80, second, sequence % 0x10000, 90_000, 7) + bytes(size)


def arrived(sequences, **options):
    arrivals = Arrivals(VIDEO)
    for number, sequence in enumerate(sequences):
        arrivals.take(packet(sequence, **options), float(number))
    return arrivals


@pytest.mark.parametrize(
    ("datagram", "expected"),
    [
        (packet(1), True),
        (packet(1, marker=True), True),
        (b"\x00\x01" + bytes(30), False),  # STUN
        (b"\x16\xfe\xfd" + bytes(30), False),  # DTLS
        (b"\x80\xc8" + bytes(30), False),  # sender report
        (b"\x81\xcd" + bytes(30), False),  # feedback
        (b"\x80\x66", False),  # cut short
    ],
)
def test_rtp_is_told_from_all_else(datagram, expected):
    assert is_rtp(datagram) is expected


def test_pictures_are_counted_by_their_last_packet():
    arrivals = Arrivals(VIDEO)
    for sequence in range(12):
        arrivals.take(packet(sequence, marker=sequence % 4 == 3), 0.5 * sequence)
    assert (arrivals.pictures, arrivals.packets, arrivals.lost) == (3, 12, 0)
    assert arrivals.last_s == 5.5
    assert arrivals.octets == 12 * 1012


def test_what_is_missing_is_lost_also_over_the_wrap():
    assert arrived([65533, 65534, 0, 1, 4]).lost == 3
    assert arrived(range(65000, 65000 + 70000)).lost == 0


def test_what_comes_late_is_not_lost():
    assert arrived([10, 12, 11, 13]).lost == 0
    assert arrived([65535, 1, 0, 2]).lost == 0


def test_other_payloads_and_nothing_count_nothing():
    arrivals = arrived([1, 2, 3], payload_type=AUDIO)
    assert (arrivals.packets, arrivals.pictures, arrivals.lost, arrivals.last_s) == (0, 0, 0, None)
