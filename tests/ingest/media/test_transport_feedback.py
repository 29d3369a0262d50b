"""Reports of arrivals, read back by the draft's rules."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from sightline.ingest.media.transport_feedback import INTERVAL_MS, MOST_IN_ONE, TransportFeedback


def read(fci: bytes) -> tuple[int, dict[int, float | None]]:
    """The report's number, and by packet number when it came (ms; None: it did not)."""
    base, count = struct.unpack("!HH", fci[:4])
    clock = int.from_bytes(fci[4:7], "big") * 64.0
    symbols: list[int] = []
    at = 8
    while len(symbols) < count:
        (chunk,) = struct.unpack("!H", fci[at : at + 2])
        at += 2
        assert chunk >> 14 == 0b11, "a vector of two bits each"
        symbols += [chunk >> shift & 3 for shift in range(12, -1, -2)]
    assert not any(symbols[count:])
    came: dict[int, float | None] = {}
    for place, symbol in enumerate(symbols[:count]):
        number = (base + place) & 0xFFFF
        if symbol == 0:
            came[number] = None
            continue
        size, form = (1, "!B") if symbol == 1 else (2, "!h")
        clock += struct.unpack(form, fci[at : at + size])[0] / 4
        came[number] = clock
        at += size
    assert at == len(fci)
    return fci[7], came


def test_what_came_and_what_did_not_is_told_every_100_ms() -> None:
    feedback = TransportFeedback()
    assert feedback.add(65_534, 1000.0) is None
    assert feedback.add(65_535, 1010.25) is None
    assert feedback.add(1, 1090.5) is None
    report = feedback.add(2, 1000.0 + INTERVAL_MS)
    assert report is not None
    assert read(report) == (0, {65_534: 1000.0, 65_535: 1010.25, 0: None, 1: 1090.5, 2: 1100.0})
    assert feedback.add(4, 1150.0) is None
    report = feedback.add(5, 1200.0)
    assert report is not None
    assert read(report) == (1, {3: None, 4: 1150.0, 5: 1200.0})


def test_order_and_repeats_do_not_matter() -> None:
    feedback = TransportFeedback()
    for number, at in ((10, 0.0), (12, 20.0), (11, 30.0), (12, 40.0)):
        assert feedback.add(number, at) is None
    report = feedback.add(13, 100.0)
    assert report is not None
    assert read(report)[1] == {10: 0.0, 11: 30.0, 12: 20.0, 13: 100.0}
    assert feedback.add(10, 300.0) is None, "it was told of"


@given(
    st.lists(st.tuples(st.integers(0, 65_535), st.floats(0, 400)), min_size=1, max_size=200),
)
def test_whatever_arrives_a_report_can_be_read(packets) -> None:
    feedback, now = TransportFeedback(), 0.0
    for number, later in packets:
        now += later
        report = feedback.add(number, now)
        if report is not None:
            _, came = read(report)
            assert 0 < len(came) <= MOST_IN_ONE
            assert any(at is not None for at in came.values())
