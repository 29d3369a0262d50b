"""When pictures and sounds were taken, on one clock for both. Pure.

A track's own count of ticks is even but begins anywhere; sender reports say which moment it means, a
few milliseconds off each time; before the first report only the arrival is known. So time goes on by
the count, and is put right only where it is wrong by more than one would notice.
"""

from __future__ import annotations

AMISS_US = 100_000
"""How far the count may be from the reports."""
AMISS_UNREPORTED_US = 2_000_000
"""How far from the arrival, which a slow network makes late, while there is no report."""

_HALF_32 = 0x8000_0000
_MASK_32 = 0xFFFF_FFFF
_NTP_EPOCH_S = 2_208_988_800
"""Seconds from 1900, where NTP counts from, to 1970 (RFC 5905)."""


def unix_us(ntp_time: int) -> int:
    """Microseconds since 1970 UTC of an NTP time of 64 bits."""
    return ((ntp_time - (_NTP_EPOCH_S << 32)) * 1_000_000) >> 32


class MediaTime:
    """The time of one track, in microseconds since 1970 UTC; each later than the one before.

    Args:
        clock_rate: ticks a second.
    """

    def __init__(self, clock_rate: int) -> None:
        self._clock_rate = clock_rate
        self._ticks: int | None = None
        self._anchor_ticks = 0
        self._anchor_us = 0
        self._last_us = 0

    def at(self, rtp_time: int, arrived_us: int, reported_us: int | None) -> int:
        """When what bears this RTP time was taken.

        `reported_us` is what the sender reports make of it, None before the first.
        """
        if self._ticks is None:
            self._ticks = rtp_time
            self._anchor(arrived_us if reported_us is None else reported_us)
        self._ticks += (rtp_time - self._ticks + _HALF_32 & _MASK_32) - _HALF_32
        elapsed = self._ticks - self._anchor_ticks
        time_us = self._anchor_us + elapsed * 1_000_000 // self._clock_rate
        truth, amiss = (
            (arrived_us, AMISS_UNREPORTED_US) if reported_us is None else (reported_us, AMISS_US)
        )
        if abs(truth - time_us) > amiss:
            self._anchor(truth)
            time_us = truth
        self._last_us = max(time_us, self._last_us + 1)
        return self._last_us

    def _anchor(self, us: int) -> None:
        assert self._ticks is not None
        self._anchor_ticks, self._anchor_us = self._ticks, us
