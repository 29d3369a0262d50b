"""How much a camera's line carries, by how long its packets wait in a queue on the way. Pure.

Each packet says when it was sent (abs-send-time, 24 bits of which 18 are the fraction of a second);
the least difference to its arrival seen lately is the way without a queue, what is above it the wait.
While packets wait long and go on waiting, the line is full, and what arrives *is* what it carries: the
only moment in which that can be measured. A camera that sends little because little moves before it is
never mistaken for a camera on a narrow line, nor is one short delay.

    no limit ─ packets wait ─→ limit: a share of what arrives ─ they wait no longer ─→ it grows ─ far above what arrives ─→ no limit
"""

from __future__ import annotations

from collections import deque

WAIT_MS = 100
WAITING_FOR_MS = 300  # and no packet among them that did not wait
AGAIN_MS = 400  # between two measurements of one full line
CARRIED_SHARE = 0.85  # of what arrives, so that the queue empties

HOLD_MS = 1500
GROWTH = 1.05  # each `TELL_MS`
TELL_MS = 500
CLOCK_SET_MS = 1000  # no queue grows by so much between two packets
RELEASED_AT = 3.0  # times what arrives
RELEASED_AFTER_MS = 10_000
NO_LIMIT = 30_000_000  # bit/s; told once there is no limit any more
LEAST_LIMIT = 60_000

_SEND_TIME_UNITS = 1 << 18  # a second
_SEND_TIME_MODULUS = 1 << 24
_RATE_MS = 500
_SPANS = 6
_SPAN_MS = 5000  # the least way of the last 30 s counts: clocks drift


class LineEstimate:
    """The limit of one camera's line."""

    def __init__(self) -> None:
        self._limit: float | None = None
        self._told_at: int | None = None
        self._was_limited = False
        self._measured_at = -HOLD_MS
        self._waits_since: int | None = None
        self._arrived: deque[tuple[int, int]] = deque()
        self._octets = 0
        self._last_send_time: int | None = None
        self._sent_ms = self._way_ms = 0.0
        self._least: deque[float] = deque(maxlen=_SPANS)
        self._span_began: int | None = None

    def add(
        self, send_time: int, arrival_ms: int, octets: int, *, is_late: bool = False
    ) -> int | None:
        """A packet has arrived; the limit in bit/s when it is time to tell it, else None.

        `send_time` is its abs-send-time; `arrival_ms` is of a steady clock; `is_late`: who took it was
        busy, so that its wait says nothing of the line.
        """
        self._count(arrival_ms, octets)
        wait_ms = self._wait_ms(send_time, arrival_ms)
        if wait_ms < WAIT_MS or is_late:
            self._waits_since = None
        elif self._waits_since is None:
            self._waits_since = arrival_ms
        if (
            self._waits_since is not None
            and arrival_ms - self._waits_since >= WAITING_FOR_MS
            and arrival_ms - self._measured_at >= AGAIN_MS
        ):
            measured = CARRIED_SHARE * self._rate(arrival_ms)
            self._limit = max(LEAST_LIMIT, min(measured, self._limit or measured))
            self._measured_at = self._told_at = arrival_ms
            self._was_limited = True
            return round(self._limit)
        if self._told_at is None:
            self._told_at = arrival_ms
        if not self._was_limited or arrival_ms - self._told_at < TELL_MS:
            return None
        self._told_at = arrival_ms
        return self._grown(arrival_ms)

    def _grown(self, now_ms: int) -> int:
        if self._limit is None:
            return NO_LIMIT
        if self._waits_since is None and now_ms - self._measured_at >= HOLD_MS:
            self._limit *= GROWTH
            is_far_above = self._limit > RELEASED_AT * self._rate(now_ms)
            if is_far_above and now_ms - self._measured_at >= RELEASED_AFTER_MS:
                self._limit = None
                return NO_LIMIT
        return round(self._limit)

    def _count(self, now_ms: int, octets: int) -> None:
        self._arrived.append((now_ms, octets))
        self._octets += octets
        while self._arrived[0][0] <= now_ms - _RATE_MS:
            self._octets -= self._arrived.popleft()[1]

    def _rate(self, now_ms: int) -> float:
        """Bit/s that arrived of late."""
        seen_ms = max(1, min(_RATE_MS, now_ms - self._arrived[0][0] + 1))
        return self._octets * 8000 / max(seen_ms, _RATE_MS // 2)

    def _wait_ms(self, send_time: int, arrival_ms: int) -> float:
        if self._last_send_time is not None:
            step = (send_time - self._last_send_time) % _SEND_TIME_MODULUS
            if step >= _SEND_TIME_MODULUS // 2:  # it was sent before the last one
                step -= _SEND_TIME_MODULUS
            self._sent_ms += step * 1000 / _SEND_TIME_UNITS
        self._last_send_time = send_time
        way_ms = arrival_ms - self._sent_ms
        if way_ms - self._way_ms > CLOCK_SET_MS:
            self._least.clear()
            self._span_began = None
        self._way_ms = way_ms
        if self._span_began is None or arrival_ms - self._span_began >= _SPAN_MS:
            self._span_began = arrival_ms
            self._least.append(way_ms)
        self._least[-1] = min(self._least[-1], way_ms)
        return way_ms - min(self._least)
