"""Tells a camera when each of its packets arrived, so that it can measure its line itself. Pure.

Transport-wide congestion control (draft-holmer-rmcat-transport-wide-cc-extensions-01), which libwebrtc
and GStreamer go by: each packet has a number of its own, over all streams of a connection, and the
receiver reports about every 100 ms which came, and when, in steps of 250 µs.
"""

from __future__ import annotations

import struct

INTERVAL_MS = 100
MOST_IN_ONE = 448  # packets; what lies further apart was lost long ago

_TICKS_PER_MS = 4
_REFERENCE_TICKS = 64 * _TICKS_PER_MS
_LARGEST_SMALL = 0xFF
_LARGEST = 0x7FFF
_MASK_16 = 0xFFFF

_MISSING, _SMALL, _LARGE = 0, 1, 2
_SYMBOLS_IN_CHUNK = 7  # of two bits each
_VECTOR_OF_TWO_BITS = 0xC000


class TransportFeedback:
    """What has arrived since the last report of one connection."""

    def __init__(self) -> None:
        self._arrived: dict[int, int] = {}  # by unwrapped number: when, in ticks
        self._newest: int | None = None
        self._base: int | None = None
        self._reports = 0
        self._reported_ms: float | None = None

    def add(self, number: int, now_ms: float) -> bytes | None:
        """A packet with this number (16 bits) has arrived; what to report now, if it is time to.

        The bytes are the feedback control information of an RTCP message (RTPFB, format 15).
        """
        unwrapped = self._unwrap(number)
        if self._reported_ms is None:
            self._reported_ms = now_ms
        if self._base is None or unwrapped >= self._base:
            self._arrived.setdefault(unwrapped, round(now_ms * _TICKS_PER_MS))
        if now_ms - self._reported_ms < INTERVAL_MS or not self._arrived:
            return None
        self._reported_ms = now_ms
        return self._report()

    def _unwrap(self, number: int) -> int:
        if self._newest is None:
            self._newest = number
            return number
        step = (number - self._newest) & _MASK_16
        if step > _MASK_16 // 2:
            step -= _MASK_16 + 1
        unwrapped = self._newest + step
        self._newest = max(self._newest, unwrapped)
        return unwrapped

    def _report(self) -> bytes:
        last = max(self._arrived)
        first = max(
            min(self._arrived) if self._base is None else self._base, last + 1 - MOST_IN_ONE
        )
        numbers = [number for number in sorted(self._arrived) if number >= first]
        reference = self._arrived[numbers[0]] // _REFERENCE_TICKS
        symbols, deltas, before = [_MISSING] * (last + 1 - first), b"", reference * _REFERENCE_TICKS
        for number in numbers:
            delta = max(-_LARGEST, min(_LARGEST, self._arrived[number] - before))
            before += delta
            is_small = 0 <= delta <= _LARGEST_SMALL
            symbols[number - first] = _SMALL if is_small else _LARGE
            deltas += struct.pack("!B" if is_small else "!h", delta)
        head = struct.pack("!HH", first & _MASK_16, len(symbols))
        head += (reference & 0xFFFFFF).to_bytes(3, "big") + bytes([self._reports & 0xFF])
        self._reports += 1
        self._base = last + 1
        self._arrived.clear()
        return head + _chunks(symbols) + deltas


def _chunks(symbols: list[int]) -> bytes:
    chunks = b""
    for at in range(0, len(symbols), _SYMBOLS_IN_CHUNK):
        chunk = _VECTOR_OF_TWO_BITS
        for place, symbol in enumerate(symbols[at : at + _SYMBOLS_IN_CHUNK]):
            chunk |= symbol << 2 * (_SYMBOLS_IN_CHUNK - 1 - place)
        chunks += chunk.to_bytes(2, "big")
    return chunks
